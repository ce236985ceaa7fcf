"""Wallets: as a vault's follower, as a user, and what their positions were worth over time."""

from __future__ import annotations

from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.calls import together
from gateway.changes import LISTS, vault_tag
from gateway.context import GATEWAY
from gateway.handlers.performance import history_range
from gateway.listing import listed
from gateway.presenters.users import PORTFOLIO_COLUMNS
from protos.analytics.v1 import people_pb2
from protos.vaults.v1 import vaults_pb2


async def get_follower(request: web.Request) -> web.Response:
    """GET /api/vaults/:id/followers/:wallet."""
    gateway = request.app[GATEWAY]
    upstream = gateway.upstream
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)
    wallet = params.parse_wallet(request.match_info)

    async def fetch() -> Answer:
        response = await upstream.people.GetFollower(
            people_pb2.GetFollowerRequest(vault_id=vault_id, wallet_address=wallet), timeout=upstream.timeout_seconds
        )
        return gateway.responder.ready(presenters.follower_detail(response), vault_tag(vault_id))

    return await gateway.respond(request, f"/api/vaults/{vault_id}/followers/{wallet}", fetch)


async def get_user(request: web.Request) -> web.Response:
    """GET /api/users/:wallet: it changes with every vault that the wallet leads or follows."""
    gateway, wallet = request.app[GATEWAY], params.parse_wallet(request.match_info)
    upstream = gateway.upstream

    async def fetch() -> Answer:
        timeout = upstream.timeout_seconds
        user = upstream.vaults.GetUser(vaults_pb2.GetUserRequest(wallet_address=wallet), timeout=timeout)
        positions = upstream.people.ListPositions(
            people_pb2.ListPositionsRequest(wallet_address=wallet), timeout=timeout
        )
        async with together(user, positions):
            payload = presenters.user(await user, await positions)
        return gateway.responder.ready(payload, LISTS)

    return await gateway.respond(request, f"/api/users/{wallet}", fetch)


async def get_portfolio_history(request: web.Request) -> web.Response:
    """GET /api/users/:wallet/portfolio/history."""
    gateway, wanted = request.app[GATEWAY], params.asset_history_query(request.query)
    upstream, wallet = gateway.upstream, params.parse_wallet(request.match_info)
    url = wanted.url(f"/api/users/{wallet}/portfolio/history")

    async def fetch() -> Answer:
        response = await upstream.people.GetPortfolioHistory(
            people_pb2.GetPortfolioHistoryRequest(
                wallet_address=wallet, range=history_range(wanted), base_asset=wanted.base_asset
            ),
            timeout=upstream.timeout_seconds,
        )
        return listed(gateway.responder, presenters.portfolio_history(response), url, PORTFOLIO_COLUMNS, LISTS)

    return await gateway.respond(request, url, fetch)
