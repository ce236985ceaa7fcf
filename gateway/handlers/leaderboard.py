"""The leaderboard of leaders."""

from __future__ import annotations

from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.changes import LISTS
from gateway.context import GATEWAY
from gateway.handlers.boards import list_leader_board
from gateway.listing import listed
from gateway.presenters.leaderboard import LEADER_COLUMNS
from libs.paging import MAX_SKIP
from protos.analytics.v1 import analytics_pb2


async def list_leaders(request: web.Request) -> web.Response:
    """GET /api/leaderboard: by reputation unless told."""
    gateway, wanted = request.app[GATEWAY], params.leader_board_query(request.query)
    if wanted is not None:
        return await list_leader_board(gateway, request, wanted)
    page = params.leader_page(request.query)
    upstream, url = gateway.upstream, page.url("/api/leaderboard", default_limit=params.DEFAULT_ROWS)

    async def fetch() -> Answer:
        response = await upstream.leaderboard.ListLeaders(
            analytics_pb2.ListLeadersRequest(page_size=page.limit, skip=min(page.offset, MAX_SKIP)),
            timeout=upstream.timeout_seconds,
        )
        if page.offset > MAX_SKIP:
            # Any offset is valid here, but the service does not page that far.
            response.ClearField("leaders")
        return listed(gateway.responder, presenters.leaderboard(response, page), url, LEADER_COLUMNS, LISTS)

    return await gateway.respond(request, url, fetch)
