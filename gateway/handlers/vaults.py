"""The list of vaults."""

from __future__ import annotations

from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.changes import LISTS
from gateway.context import GATEWAY
from gateway.listing import listed
from gateway.presenters.vaults import VAULT_COLUMNS
from protos.vaults.v1 import vaults_pb2 as pb

_PATH = "/api/vaults"
_STATUSES = {
    "ACTIVE": pb.VAULT_STATUS_ACTIVE,
    "PAUSED": pb.VAULT_STATUS_PAUSED,
    "LIQUIDATED": pb.VAULT_STATUS_LIQUIDATED,
}
_SORTS = {
    "createdAt": pb.VAULT_SORT_CREATED_AT,
    "tvl": pb.VAULT_SORT_TVL,
    "roi": pb.VAULT_SORT_ROI,
    "drawdown": pb.VAULT_SORT_DRAWDOWN,
    "riskScore": pb.VAULT_SORT_RISK_SCORE,
    "followers": pb.VAULT_SORT_FOLLOWERS,
    "trades": pb.VAULT_SORT_TRADES,
    "name": pb.VAULT_SORT_NAME,
}
_ORDERS = {"asc": pb.SORT_ORDER_ASCENDING, "desc": pb.SORT_ORDER_DESCENDING}


async def list_vaults(request: web.Request) -> web.Response:
    """GET /api/vaults."""
    gateway = request.app[GATEWAY]
    upstream = gateway.upstream
    wanted = params.vault_list_query(request.query, gateway.settings.chain_id)
    url = wanted.url(_PATH)

    async def fetch() -> Answer:
        response = await upstream.vaults.ListVaults(_request(wanted), timeout=upstream.timeout_seconds)
        payload = presenters.vault_list(response, wanted.page)
        return listed(gateway.responder, payload, url, VAULT_COLUMNS, LISTS)

    return await gateway.respond(request, url, fetch)


def _request(wanted: params.VaultListQuery) -> pb.ListVaultsRequest:
    page = wanted.page
    return pb.ListVaultsRequest(
        page_size=page.limit,
        page_token=page.cursor,
        skip=page.offset,
        filter=_filter(wanted),
        window=wanted.window,
        sort=_SORTS[wanted.sort],
        order=_ORDERS[wanted.order],
    )


def _filter(wanted: params.VaultListQuery) -> pb.VaultFilter:
    return pb.VaultFilter(
        statuses=[_STATUSES[status] for status in wanted.statuses],
        base_asset=wanted.base_asset,
        leader_id=wanted.leader,
        query=wanted.query,
        min_tvl=wanted.min_tvl or None,
        max_tvl=wanted.max_tvl or None,
        min_roi_pct=wanted.min_roi_pct or None,
        max_drawdown_pct=wanted.max_drawdown_pct or None,
        # Every score passes the highest, and every count the lowest.
        max_risk_score=wanted.max_risk_score if wanted.max_risk_score < params.FULL_RISK else None,
        min_followers=wanted.min_followers or None,
        min_trades=wanted.min_trades or None,
    )
