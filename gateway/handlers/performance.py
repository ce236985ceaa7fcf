"""How vaults and the platform have performed: figures of windows, histories, and what the figures mean."""

from __future__ import annotations

from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.changes import vault_tag
from gateway.context import GATEWAY
from gateway.listing import listed
from gateway.params.history import HistoryQuery
from gateway.presenters.history import ASSET_COLUMNS
from gateway.timestamps import optional_timestamp
from protos.analytics.v1 import performance_pb2 as pb


async def get_performance(request: web.Request) -> web.Response:
    """GET /api/vaults/:id/performance."""
    gateway = request.app[GATEWAY]
    upstream = gateway.upstream
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)

    async def fetch() -> Answer:
        response = await upstream.performance.GetVaultPerformance(
            pb.GetVaultPerformanceRequest(vault_id=vault_id), timeout=upstream.timeout_seconds
        )
        return gateway.responder.ready(presenters.vault_performance(response), vault_tag(vault_id))

    return await gateway.respond(request, f"/api/vaults/{vault_id}/performance", fetch)


async def get_vault_history(request: web.Request) -> web.Response:
    """GET /api/vaults/:id/history."""
    gateway, wanted = request.app[GATEWAY], params.vault_history_query(request.query)
    upstream = gateway.upstream
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)
    url, columns = wanted.url(f"/api/vaults/{vault_id}/history"), ("t", *wanted.metrics)

    async def fetch() -> Answer:
        response = await upstream.performance.GetVaultHistory(
            pb.GetVaultHistoryRequest(vault_id=vault_id, range=history_range(wanted)), timeout=upstream.timeout_seconds
        )
        payload = presenters.vault_history(response, wanted)
        return listed(gateway.responder, payload, url, columns, vault_tag(vault_id))

    return await gateway.respond(request, url, fetch)


async def get_global_history(request: web.Request) -> web.Response:
    """GET /api/analytics/global/history: it changes with each refresh, which makes every answer stale."""
    gateway, wanted = request.app[GATEWAY], params.asset_history_query(request.query)
    upstream, url = gateway.upstream, wanted.url("/api/analytics/global/history")

    async def fetch() -> Answer:
        response = await upstream.performance.GetGlobalHistory(
            pb.GetGlobalHistoryRequest(range=history_range(wanted), base_asset=wanted.base_asset),
            timeout=upstream.timeout_seconds,
        )
        return listed(gateway.responder, presenters.global_history(response), url, ASSET_COLUMNS)

    return await gateway.respond(request, url, fetch)


async def list_definitions(request: web.Request) -> web.Response:
    """GET /api/metrics/definitions."""
    gateway = request.app[GATEWAY]
    upstream = gateway.upstream

    async def fetch() -> Answer:
        response = await upstream.performance.ListDefinitions(
            pb.ListDefinitionsRequest(), timeout=upstream.timeout_seconds
        )
        return gateway.responder.ready(presenters.definitions(response))

    return await gateway.respond(request, "/api/metrics/definitions", fetch)


def history_range(wanted: HistoryQuery) -> pb.HistoryRange:
    """The buckets of a query on the wire."""
    return pb.HistoryRange(
        resolution=wanted.resolution,
        since=optional_timestamp(wanted.since),
        until=optional_timestamp(wanted.until),
        limit=wanted.limit,
    )
