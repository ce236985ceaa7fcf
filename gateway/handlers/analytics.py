"""Figures over all vaults and of one."""

from __future__ import annotations

from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.calls import together
from gateway.changes import LISTS, vault_tag
from gateway.context import GATEWAY
from protos.analytics.v1 import analytics_pb2, performance_pb2


async def get_global(request: web.Request) -> web.Response:
    """GET /api/analytics/global."""
    gateway = request.app[GATEWAY]
    upstream = gateway.upstream

    async def fetch() -> Answer:
        timeout = upstream.timeout_seconds
        totals = upstream.analytics.GetGlobalAnalytics(analytics_pb2.GetGlobalAnalyticsRequest(), timeout=timeout)
        sums = upstream.performance.GetGlobalPerformance(performance_pb2.GetGlobalPerformanceRequest(), timeout=timeout)
        async with together(totals, sums):
            payload = presenters.global_analytics(await totals, await sums)
        return gateway.responder.ready(payload, LISTS)

    return await gateway.respond(request, "/api/analytics/global", fetch)


async def get_vault(request: web.Request) -> web.Response:
    """GET /api/analytics/vault/:id."""
    gateway = request.app[GATEWAY]
    upstream = gateway.upstream
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)

    async def fetch() -> Answer:
        response = await upstream.analytics.GetVaultAnalytics(
            analytics_pb2.GetVaultAnalyticsRequest(vault_id=vault_id), timeout=upstream.timeout_seconds
        )
        return gateway.responder.ready(presenters.vault_analytics(response), vault_tag(vault_id))

    return await gateway.respond(request, f"/api/analytics/vault/{vault_id}", fetch)
