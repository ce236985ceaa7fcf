"""Boards on the wire, and what is asked for of them."""

from __future__ import annotations

import re
from decimal import Decimal
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import violation
from libs.events import END_OF_TIME
from libs.paging import decode_page_token, encode_page_token, token_kind
from libs.uint256 import parse_uint256
from protos.analytics.v1 import leaderboards_pb2 as pb
from services.analytics.board_rows import Board, BoardKey, BoardRow, Least
from services.analytics.mapping import leader_to_proto, uuid_from_proto
from services.analytics.metrics.boards import Sort
from services.analytics.metrics.windows import Window
from services.analytics.repository.reputation import RankedLeader
from services.analytics.requests import address_from_proto

REPUTATION = "reputation"
DEFAULT_REACH = 2
MAX_REACH = 10

_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?")


def board_from_proto(message: pb.Board, *, is_leaders: bool) -> Board:
    """Which board; InvalidArgument names the field."""
    if message.sort not in [sort.value for sort in Sort]:
        raise violation("sort", f"must be one of {', '.join(Sort)}")
    if message.window not in [window.value for window in Window]:
        raise violation("window", f"must be one of {', '.join(Window)}")
    sort = Sort(message.sort)
    asset = address_from_proto(message.base_asset, "base_asset") if message.base_asset else None
    if sort.is_amount and asset is None:
        raise violation("base_asset", f"is needed for a board by {sort}")
    return Board(is_leaders, sort, Window(message.window), asset)


def least_from_proto(message: pb.BoardFilter, board: Board) -> Least:
    """What rows must have at least; InvalidArgument names the field."""
    tvl = None
    if message.min_tvl:
        if board.base_asset is None:
            raise violation("min_tvl", "needs a base asset")
        try:
            tvl = parse_uint256(message.min_tvl)
        except ValueError as error:
            raise violation("min_tvl", str(error)) from None
    for name in ("min_followers", "min_trades"):
        # What the database counts in.
        if getattr(message, name) >= 2**63:
            raise violation(name, "is too large")
    return Least(tvl, message.min_followers, message.min_trades)


def reach_from_proto(reach: int) -> int:
    """How many neighbours on either side."""
    if not 0 <= reach <= MAX_REACH:
        raise violation("reach", f"must be from 1 to {MAX_REACH}, or 0 for {DEFAULT_REACH}")
    return reach or DEFAULT_REACH


def optional_uuid(text: str, field: str) -> UUID | None:
    """A UUID, None for an empty text; InvalidArgument names the field."""
    return uuid_from_proto(text, field) if text else None


def board_token(board: Board, least: Least, row: BoardRow) -> str:
    """The token of the page after a row."""
    key = BoardKey.of(row)
    place = (format(key.value, "f"), str(key.tvl), key.since, key.address, key.base_asset)
    return encode_page_token(_kind(board, least), place)


def board_key_from_token(board: Board, least: Least, token: str) -> BoardKey | None:
    """The row that a page follows, None for the first page; InvalidArgument."""
    parts = decode_page_token(_kind(board, least), token, (str, str, int, str, str))
    if parts is None:
        return None
    value, tvl, since, address, asset = parts
    for text in (str(value), str(tvl)):
        _require_token(_NUMBER.fullmatch(text) is not None)
    _require_token("." not in str(tvl) and abs(int(since)) < END_OF_TIME and "\x00" not in f"{address}{asset}")
    return BoardKey(Decimal(str(value)), int(tvl), int(since), str(address), str(asset))


def _kind(board: Board, least: Least) -> str:
    return token_kind("board", (board, least))


def _require_token(is_one: bool) -> None:
    if not is_one:
        raise violation("page_token", "is not a token of this list")


def place_to_proto(row: BoardRow | RankedLeader) -> pb.Place:
    """A place on the wire."""
    value = row.value if isinstance(row, BoardRow) else Decimal(row.leader.argus_score)
    return pb.Place(rank=row.rank, previous_rank=row.previous_rank, value=format(value, "f"))


def vault_entry_to_proto(row: BoardRow) -> pb.VaultEntry:
    """A vault's row on the wire."""
    return pb.VaultEntry(
        place=place_to_proto(row),
        vault_id=str(row.id),
        contract_address=row.address,
        name=row.name,
        base_asset=row.base_asset,
        status=row.status,
        tvl=str(row.tvl),
        follower_count=row.followers,
        leader_wallet_address=row.leader_address,
        trade_count=row.trades,
    )


def leader_entry_to_proto(row: BoardRow) -> pb.LeaderEntry:
    """A leader's row on the wire."""
    return pb.LeaderEntry(
        place=place_to_proto(row),
        user_id=str(row.id),
        wallet_address=row.address,
        base_asset=row.base_asset,
        argus_score=row.argus_score,
        joined_at=Timestamp(seconds=row.since),
        tvl=str(row.tvl),
        follower_count=row.followers,
        led_vault_count=row.vault_count,
        trade_count=row.trades,
    )


def reputation_entry_to_proto(row: RankedLeader) -> pb.ReputationEntry:
    """A row of the board by argus score on the wire."""
    return pb.ReputationEntry(place=place_to_proto(row), leader=leader_to_proto(row.leader))
