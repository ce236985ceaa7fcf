"""RPC methods about boards: parse, read one snapshot, map."""

from __future__ import annotations

from typing import Any, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from libs.database import Connection, Pool, database_errors, read_from_one_snapshot
from libs.errors import NotFound, violation
from libs.paging import page_size, skip_rows
from protos.analytics.v1 import leaderboards_pb2 as pb
from protos.analytics.v1 import leaderboards_pb2_grpc
from services.analytics import mapping, mapping_boards
from services.analytics.board_rows import BoardRow, Least
from services.analytics.metrics.boards import Sort
from services.analytics.repository import boards, figures, reputation, subjects
from services.analytics.repository.reputation import Contender

MAX_PAGE = 100
DEFAULT_PAGE = 50


class _Page(NamedTuple):
    rows: list[BoardRow]
    next_page_token: str
    total_size: int
    as_of: Timestamp | None


class BoardServicer(leaderboards_pb2_grpc.BoardServiceServicer):
    """protos.analytics.v1.BoardService on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ListVaultBoard(  # noqa: N802
        self, request: pb.ListVaultBoardRequest, context: Any
    ) -> pb.ListVaultBoardResponse:
        page = await self._page(request, is_leaders=False)
        return pb.ListVaultBoardResponse(
            entries=[mapping_boards.vault_entry_to_proto(row) for row in page.rows],
            next_page_token=page.next_page_token,
            total_size=page.total_size,
            as_of=page.as_of,
        )

    async def ListLeaderBoard(  # noqa: N802
        self, request: pb.ListLeaderBoardRequest, context: Any
    ) -> pb.ListLeaderBoardResponse:
        page = await self._page(request, is_leaders=True)
        return pb.ListLeaderBoardResponse(
            entries=[mapping_boards.leader_entry_to_proto(row) for row in page.rows],
            next_page_token=page.next_page_token,
            total_size=page.total_size,
            as_of=page.as_of,
        )

    async def GetRank(self, request: pb.GetRankRequest, context: Any) -> pb.GetRankResponse:  # noqa: N802
        vault = mapping_boards.optional_uuid(request.vault_id, "vault_id")
        user = mapping_boards.optional_uuid(request.user_id, "user_id")
        reach = mapping_boards.reach_from_proto(request.reach)
        async with database_errors(), self._pool.connection() as conn:
            await read_from_one_snapshot(conn)
            contender = await reputation.find_contender(conn, vault, user)
            if contender is None:
                raise NotFound("neither a vault nor a user", reason="CONTENDER_NOT_FOUND")
            if not contender.is_vault and request.board.sort in ("", mapping_boards.REPUTATION):
                return await _reputation_rank(conn, contender, reach)
            return await _rank(conn, contender, request.board, reach)

    async def _page(self, request: pb.ListVaultBoardRequest | pb.ListLeaderBoardRequest, *, is_leaders: bool) -> _Page:
        board = mapping_boards.board_from_proto(request.board, is_leaders=is_leaders)
        least = mapping_boards.least_from_proto(request.filter, board)
        limit = page_size(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        skip, after = skip_rows(request.skip), mapping_boards.board_key_from_token(board, least, request.page_token)
        if skip and after:
            raise violation("page_token", "can't be combined with skip")
        async with database_errors(), self._pool.connection() as conn:
            await read_from_one_snapshot(conn)
            refresh = await subjects.find_refresh(conn)
            rank = await boards.count_up_to(conn, board, after) if after else 0
            rows = await boards.list_board(conn, board, least, limit=limit + 1, skip=skip, after_rank=rank)
            total = await boards.count_board(conn, board, least)
        token = mapping_boards.board_token(board, least, rows[limit - 1]) if len(rows) > limit else ""
        return _Page(rows[:limit], token, total, mapping.timestamp(refresh.as_of if refresh else None))


async def _rank(conn: Connection, contender: Contender, asked: pb.Board, reach: int) -> pb.GetRankResponse:
    if contender.is_vault and not asked.sort:
        asked = pb.Board(window=asked.window, sort=Sort.ROI, base_asset=asked.base_asset)
    board = mapping_boards.board_from_proto(asked, is_leaders=not contender.is_vault)
    rows = await boards.list_neighbours(conn, board, contender.id, reach=reach)
    refresh = await subjects.find_refresh(conn)
    own = next((row for row in rows if row.id == contender.id), None)
    answer = pb.GetRankResponse(
        contender_id=str(contender.id),
        address=contender.address,
        place=mapping_boards.place_to_proto(own) if own else None,
        total_size=await boards.count_board(conn, board, Least()),
        as_of=mapping.timestamp(refresh.as_of if refresh else None),
        base_asset=own.base_asset if own else board.base_asset or "",
        sort=board.sort,
    )
    if contender.is_vault:
        entries = [mapping_boards.vault_entry_to_proto(row) for row in rows]
        answer.vaults.CopyFrom(pb.VaultNeighbours(entries=entries))
    else:
        answer.leaders.CopyFrom(
            pb.LeaderNeighbours(entries=[mapping_boards.leader_entry_to_proto(row) for row in rows])
        )
    return answer


async def _reputation_rank(conn: Connection, contender: Contender, reach: int) -> pb.GetRankResponse:
    rows = await reputation.list_reputation_neighbours(conn, contender.id, reach=reach)
    total, as_of = await figures.count_leaders(conn)
    own = next((row for row in rows if row.leader.user_id == str(contender.id)), None)
    entries = [mapping_boards.reputation_entry_to_proto(row) for row in rows]
    return pb.GetRankResponse(
        contender_id=str(contender.id),
        address=contender.address,
        reputation=pb.ReputationNeighbours(entries=entries),
        place=mapping_boards.place_to_proto(own) if own else None,
        total_size=total,
        as_of=mapping.timestamp(as_of),
        sort=mapping_boards.REPUTATION,
    )
