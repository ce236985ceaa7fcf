"""A vault's trades, flows and followers."""

from __future__ import annotations

from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.changes import vault_tag
from gateway.context import GATEWAY
from gateway.listing import listed
from gateway.presenters.flows import FLOW_COLUMNS
from gateway.presenters.followers import FOLLOWER_COLUMNS
from gateway.presenters.trades import TRADE_COLUMNS
from gateway.timestamps import optional_timestamp
from protos.analytics.v1 import analytics_pb2, people_pb2

_OUTCOMES = {
    "": analytics_pb2.TRADE_OUTCOME_UNSPECIFIED,
    "win": analytics_pb2.TRADE_OUTCOME_WIN,
    "loss": analytics_pb2.TRADE_OUTCOME_LOSS,
}
_FLAGS = {
    "": analytics_pb2.TRADE_FLAG_UNSPECIFIED,
    "cost_basis_partial": analytics_pb2.TRADE_FLAG_COST_BASIS_PARTIAL,
    "amount_out_unknown": analytics_pb2.TRADE_FLAG_AMOUNT_OUT_UNKNOWN,
    "self_trade": analytics_pb2.TRADE_FLAG_SELF_TRADE,
    "input_unpaid": analytics_pb2.TRADE_FLAG_INPUT_UNPAID,
    "time_assumed": analytics_pb2.TRADE_FLAG_TIME_ASSUMED,
}
_KINDS = {
    "": people_pb2.FLOW_KIND_UNSPECIFIED,
    "deposit": people_pb2.FLOW_KIND_DEPOSIT,
    "withdrawal": people_pb2.FLOW_KIND_WITHDRAWAL,
    "settlement": people_pb2.FLOW_KIND_SETTLEMENT,
}
_STATUSES = {
    "all": analytics_pb2.FOLLOWER_STATUS_UNSPECIFIED,
    "active": analytics_pb2.FOLLOWER_STATUS_ACTIVE,
    "left": analytics_pb2.FOLLOWER_STATUS_LEFT,
}


async def list_trades(request: web.Request) -> web.Response:
    """GET /api/vaults/:id/trades."""
    gateway, wanted = request.app[GATEWAY], params.trade_list_query(request.query)
    upstream = gateway.upstream
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)
    url = wanted.url(f"/api/vaults/{vault_id}/trades")
    wire = analytics_pb2.ListTradesRequest(
        vault_id=vault_id,
        page_size=wanted.page.limit,
        page_token=wanted.page.cursor,
        filter=analytics_pb2.TradeFilter(
            since=optional_timestamp(wanted.since),
            until=optional_timestamp(wanted.until),
            asset=wanted.asset,
            is_close=wanted.is_close,
            outcome=_OUTCOMES[wanted.result],
            flag=_FLAGS[wanted.flag],
        ),
    )

    async def fetch() -> Answer:
        response = await upstream.analytics.ListTrades(wire, timeout=upstream.timeout_seconds)
        payload = presenters.trade_list(response, wanted.page)
        return listed(gateway.responder, payload, url, TRADE_COLUMNS, vault_tag(vault_id))

    return await gateway.respond(request, url, fetch)


async def list_flows(request: web.Request) -> web.Response:
    """GET /api/vaults/:id/flows."""
    gateway, wanted = request.app[GATEWAY], params.flow_list_query(request.query)
    upstream = gateway.upstream
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)
    url = wanted.url(f"/api/vaults/{vault_id}/flows")
    wire = people_pb2.ListFlowsRequest(
        vault_id=vault_id,
        page_size=wanted.page.limit,
        page_token=wanted.page.cursor,
        filter=people_pb2.FlowFilter(
            kind=_KINDS[wanted.kind],
            wallet_address=wanted.wallet,
            since=optional_timestamp(wanted.since),
            until=optional_timestamp(wanted.until),
        ),
    )

    async def fetch() -> Answer:
        response = await upstream.people.ListFlows(wire, timeout=upstream.timeout_seconds)
        payload = presenters.flow_list(response, wanted.page)
        return listed(gateway.responder, payload, url, FLOW_COLUMNS, vault_tag(vault_id))

    return await gateway.respond(request, url, fetch)


async def list_followers(request: web.Request) -> web.Response:
    """GET /api/vaults/:id/followers."""
    gateway, wanted = request.app[GATEWAY], params.follower_list_query(request.query)
    upstream = gateway.upstream
    vault_id = params.parse_vault_id(request.match_info, gateway.settings.chain_id)
    url = wanted.url(f"/api/vaults/{vault_id}/followers")
    wire = analytics_pb2.ListFollowersRequest(
        vault_id=vault_id,
        page_size=wanted.page.limit,
        page_token=wanted.page.cursor,
        status=_STATUSES[wanted.status],
    )

    async def fetch() -> Answer:
        response = await upstream.analytics.ListFollowers(wire, timeout=upstream.timeout_seconds)
        payload = presenters.follower_list(response, wanted.page)
        return listed(gateway.responder, payload, url, FOLLOWER_COLUMNS, vault_tag(vault_id))

    return await gateway.respond(request, url, fetch)
