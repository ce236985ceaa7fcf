"""Vaults, their trades and their followers."""

from __future__ import annotations

from typing import Any

import grpc
from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.changes import LISTS, user_tag, vault_tag
from gateway.context import GATEWAY
from gateway.upstream import Upstream
from protos.analytics.v1 import analytics_pb2
from protos.vaults.v1 import vaults_pb2

LATEST_TRADES = 10


async def list_vaults(request: web.Request) -> web.Response:
    """GET /api/vaults."""
    gateway, page = request.app[GATEWAY], params.vault_page(request.query)
    upstream = gateway.upstream

    async def fetch() -> Answer:
        response = await upstream.vaults.ListVaults(
            vaults_pb2.ListVaultsRequest(page_size=page.limit, page_token=page.cursor, skip=page.offset),
            timeout=upstream.timeout_seconds,
        )
        return gateway.responder.ready(presenters.vault_list(response, page), LISTS)

    return await gateway.respond(request, page.url("/api/vaults", default_limit=params.MAX_LIST_LIMIT), fetch)


async def get_vault(request: web.Request) -> web.Response:
    """GET /api/vaults/:id."""
    gateway = request.app[GATEWAY]
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)

    async def fetch() -> Answer:
        vault, trades = await _vault_and_trades(gateway.upstream, vault_id)
        payload = presenters.vault_detail(vault, trades)
        return gateway.responder.ready(payload, vault_tag(vault_id), user_tag(vault.leader.id))

    return await gateway.respond(request, f"/api/vaults/{vault_id}", fetch)


async def list_trades(request: web.Request) -> web.Response:
    """GET /api/vaults/:id/trades."""
    gateway, page = request.app[GATEWAY], params.row_page(request.query)
    upstream = gateway.upstream
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)

    async def fetch() -> Answer:
        response = await upstream.analytics.ListTrades(
            analytics_pb2.ListTradesRequest(vault_id=vault_id, page_size=page.limit, page_token=page.cursor),
            timeout=upstream.timeout_seconds,
        )
        return gateway.responder.ready(presenters.trade_list(response, page), vault_tag(vault_id))

    key = page.url(f"/api/vaults/{vault_id}/trades", default_limit=params.DEFAULT_ROWS)
    return await gateway.respond(request, key, fetch)


async def list_followers(request: web.Request) -> web.Response:
    """GET /api/vaults/:id/followers."""
    gateway, page = request.app[GATEWAY], params.row_page(request.query)
    upstream = gateway.upstream
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)

    async def fetch() -> Answer:
        response = await upstream.analytics.ListFollowers(
            analytics_pb2.ListFollowersRequest(vault_id=vault_id, page_size=page.limit, page_token=page.cursor),
            timeout=upstream.timeout_seconds,
        )
        return gateway.responder.ready(presenters.follower_list(response, page), vault_tag(vault_id))

    key = page.url(f"/api/vaults/{vault_id}/followers", default_limit=params.DEFAULT_ROWS)
    return await gateway.respond(request, key, fetch)


async def _vault_and_trades(upstream: Upstream, vault_id: str) -> tuple[Any, Any]:
    timeout = upstream.timeout_seconds
    vault_call = upstream.vaults.GetVault(vaults_pb2.GetVaultRequest(vault_id=vault_id), timeout=timeout)
    trades_call = upstream.analytics.ListTrades(
        analytics_pb2.ListTradesRequest(vault_id=vault_id, page_size=LATEST_TRADES), timeout=timeout
    )
    try:
        vault = (await vault_call).vault
        return vault, await _trades_if_known(trades_call)
    finally:
        # When one fails, the other's answer is of no use.
        vault_call.cancel()
        trades_call.cancel()


async def _trades_if_known(call: Any) -> Any:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        # A vault reaches analytics a moment after the vaults service: until then it has no trades.
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return analytics_pb2.ListTradesResponse()
        raise
