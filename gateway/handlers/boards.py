"""Boards of vaults and of leaders, and a contender's place on one."""

from __future__ import annotations

from aiohttp import web

from gateway import params, presenters
from gateway.answers import Answer
from gateway.changes import LISTS
from gateway.context import GATEWAY, Gateway
from gateway.listing import listed
from gateway.params.boards import DEFAULT_SORT, REPUTATION, BoardQuery
from gateway.presenters.boards import LEADER_COLUMNS, VAULT_COLUMNS
from protos.analytics.v1 import leaderboards_pb2 as pb


async def list_vault_board(request: web.Request) -> web.Response:
    """GET /api/leaderboard/vaults."""
    gateway, wanted = request.app[GATEWAY], params.vault_board_query(request.query)
    upstream, url = gateway.upstream, wanted.url("/api/leaderboard/vaults", default_sort=DEFAULT_SORT)

    async def fetch() -> Answer:
        response = await upstream.boards.ListVaultBoard(
            pb.ListVaultBoardRequest(
                board=_board(wanted),
                filter=_filter(wanted),
                page_size=wanted.page.limit,
                page_token=wanted.page.cursor,
                skip=wanted.page.offset,
            ),
            timeout=upstream.timeout_seconds,
        )
        return listed(gateway.responder, presenters.vault_board(response, wanted), url, VAULT_COLUMNS, LISTS)

    return await gateway.respond(request, url, fetch)


async def list_leader_board(gateway: Gateway, request: web.Request, wanted: BoardQuery) -> web.Response:
    """GET /api/leaderboard by anything but reputation."""
    upstream, url = gateway.upstream, wanted.url("/api/leaderboard", default_sort=REPUTATION)

    async def fetch() -> Answer:
        response = await upstream.boards.ListLeaderBoard(
            pb.ListLeaderBoardRequest(
                board=_board(wanted),
                filter=_filter(wanted),
                page_size=wanted.page.limit,
                page_token=wanted.page.cursor,
                skip=wanted.page.offset,
            ),
            timeout=upstream.timeout_seconds,
        )
        return listed(gateway.responder, presenters.leader_board(response, wanted), url, LEADER_COLUMNS, LISTS)

    return await gateway.respond(request, url, fetch)


async def get_rank(request: web.Request) -> web.Response:
    """GET /api/leaderboard/rank/:id: of a vault or of a user."""
    gateway, wanted = request.app[GATEWAY], params.rank_query(request.query)
    upstream = gateway.upstream
    contender = params.parse_contender(request.match_info, gateway.settings.chain_id)

    async def fetch() -> Answer:
        response = await upstream.boards.GetRank(
            pb.GetRankRequest(
                vault_id=contender.vault_id, user_id=contender.user_id, board=_board(wanted), reach=wanted.reach
            ),
            timeout=upstream.timeout_seconds,
        )
        return gateway.responder.ready(presenters.rank(response, wanted.window), LISTS)

    path = f"/api/leaderboard/rank/{contender.written}"
    return await gateway.respond(request, wanted.url(path, default_sort=""), fetch)


def _board(wanted: BoardQuery) -> pb.Board:
    return pb.Board(window=wanted.window, sort=wanted.sort, base_asset=wanted.base_asset)


def _filter(wanted: BoardQuery) -> pb.BoardFilter:
    return pb.BoardFilter(min_tvl=wanted.min_tvl, min_followers=wanted.min_followers, min_trades=wanted.min_trades)
