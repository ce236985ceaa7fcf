"""The leaderboard of leaders."""

from __future__ import annotations

from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.changes import LISTS
from gateway.context import GATEWAY
from libs.paging import MAX_SKIP
from protos.analytics.v1 import analytics_pb2


async def list_leaders(request: web.Request) -> web.Response:
    """GET /api/leaderboard."""
    gateway, page = request.app[GATEWAY], params.leader_page(request.query)
    upstream = gateway.upstream

    async def fetch() -> Answer:
        response = await upstream.leaderboard.ListLeaders(
            analytics_pb2.ListLeadersRequest(page_size=page.limit, skip=min(page.offset, MAX_SKIP)),
            timeout=upstream.timeout_seconds,
        )
        if page.offset > MAX_SKIP:
            # Any offset is valid here, but the service does not page that far.
            response.ClearField("leaders")
        return gateway.responder.ready(presenters.leaderboard(response, page), LISTS)

    return await gateway.respond(request, page.url("/api/leaderboard", default_limit=params.DEFAULT_ROWS), fetch)
