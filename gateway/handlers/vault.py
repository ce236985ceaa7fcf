"""One vault in full."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.calls import if_known, together
from gateway.changes import user_tag, vault_tag
from gateway.context import GATEWAY
from gateway.upstream import Upstream
from protos.analytics.v1 import analytics_pb2, people_pb2, performance_pb2
from protos.vaults.v1 import vaults_pb2

LATEST_TRADES = 10


async def get_vault(request: web.Request) -> web.Response:
    """GET /api/vaults/:id, with the position of `user` if one is given."""
    gateway = request.app[GATEWAY]
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)
    wallet = params.position_owner(request.query)

    async def fetch() -> Answer:
        parts = await _parts(gateway.upstream, vault_id, wallet)
        payload = presenters.vault_detail(parts, with_position=bool(wallet))
        return gateway.responder.ready(payload, vault_tag(vault_id), user_tag(parts.vault.vault.leader.id))

    path = f"/api/vaults/{vault_id}"
    return await gateway.respond(request, f"{path}?user={wallet}" if wallet else path, fetch)


async def _parts(upstream: Upstream, vault_id: str, wallet: str) -> presenters.VaultParts:
    timeout = upstream.timeout_seconds
    vault = upstream.vaults.GetVault(vaults_pb2.GetVaultRequest(vault_id=vault_id), timeout=timeout)
    # A vault reaches analytics a moment after the vaults service: until then nothing has happened to it.
    calls: list[Any] = [
        upstream.analytics.ListTrades(
            analytics_pb2.ListTradesRequest(vault_id=vault_id, page_size=LATEST_TRADES), timeout=timeout
        ),
        upstream.performance.GetVaultPerformance(
            performance_pb2.GetVaultPerformanceRequest(vault_id=vault_id), timeout=timeout
        ),
    ]
    if wallet:
        asked = people_pb2.GetFollowerRequest(vault_id=vault_id, wallet_address=wallet)
        calls.append(upstream.people.GetFollower(asked, timeout=timeout))
    async with together(vault, *calls):
        return presenters.VaultParts(await vault, *[await if_known(call) for call in calls])
