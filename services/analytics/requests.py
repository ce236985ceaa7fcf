"""Filters of requests and page tokens of lists, to the domain and back."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import violation
from libs.events import END_OF_TIME, NO_BLOCK, NO_LOG_INDEX, Kind
from libs.identifiers import Address, UserId, parse_any_case_address, user_id
from libs.paging import decode_page_token, encode_page_token, token_kind
from protos.analytics.v1 import analytics_pb2 as pb
from protos.analytics.v1 import people_pb2
from services.analytics.domain import TradePosition
from services.analytics.followers import FollowerState
from services.analytics.listing import FlowFilter, FlowPosition, FollowerStatus, TradeFilter
from services.analytics.mapping import FLAGS_TO_PROTO, uuid_from_proto

_FLAGS = {number: name for name, number in FLAGS_TO_PROTO.items()}
_SIGNS = {pb.TRADE_OUTCOME_UNSPECIFIED: None, pb.TRADE_OUTCOME_WIN: 1, pb.TRADE_OUTCOME_LOSS: -1}
_STATUSES = {
    pb.FOLLOWER_STATUS_UNSPECIFIED: FollowerStatus.ANY,
    pb.FOLLOWER_STATUS_ACTIVE: FollowerStatus.ACTIVE,
    pb.FOLLOWER_STATUS_LEFT: FollowerStatus.LEFT,
}
_KINDS = {
    people_pb2.FLOW_KIND_UNSPECIFIED: None,
    people_pb2.FLOW_KIND_DEPOSIT: Kind.DEPOSIT,
    people_pb2.FLOW_KIND_WITHDRAWAL: Kind.WITHDRAWAL,
    people_pb2.FLOW_KIND_SETTLEMENT: Kind.SETTLEMENT,
}


def trade_filter_from_proto(message: pb.TradeFilter) -> TradeFilter:
    """What trades must be; InvalidArgument names the field."""
    if message.outcome not in _SIGNS:
        raise violation("outcome", "is not known")
    if message.flag and message.flag not in _FLAGS:
        raise violation("flag", "is not known")
    return TradeFilter(
        since=seconds_from_proto(message, "since"),
        until=seconds_from_proto(message, "until"),
        asset=address_from_proto(message.asset, "asset") if message.asset else None,
        is_close=message.is_close if message.HasField("is_close") else None,
        sign=_SIGNS[message.outcome],
        flag=_FLAGS[message.flag] if message.flag else None,
    )


def flow_filter_from_proto(message: people_pb2.FlowFilter, chain_id: int) -> FlowFilter:
    """What flows must be; InvalidArgument names the field."""
    if message.kind not in _KINDS:
        raise violation("kind", "is not known")
    return FlowFilter(
        kind=_KINDS[message.kind],
        user=user_from_proto(message.wallet_address, chain_id) if message.wallet_address else None,
        since=seconds_from_proto(message, "since"),
        until=seconds_from_proto(message, "until"),
    )


def follower_status_from_proto(number: pb.FollowerStatus) -> FollowerStatus:
    """Which followers are wanted."""
    if number not in _STATUSES:
        raise violation("status", "is not known")
    return _STATUSES[number]


def user_from_proto(wallet: str, chain_id: int) -> UserId:
    """The user that a wallet address in any letter case names."""
    return user_id(chain_id, address_from_proto(wallet, "wallet_address"))


def address_from_proto(text: str, field: str) -> Address:
    """An address in any letter case, or InvalidArgument that names the field."""
    try:
        return parse_any_case_address(text)
    except ValueError as error:
        raise violation(field, str(error)) from None


def seconds_from_proto(message: pb.TradeFilter | people_pb2.FlowFilter, field: str) -> int | None:
    """A time in seconds since 1970, None where it is unset; InvalidArgument outside 1970 to 9999."""
    if not message.HasField(field):
        return None
    time: Timestamp = getattr(message, field)
    if not 0 <= time.seconds < END_OF_TIME:
        raise violation(field, "must be from 1970 to 9999")
    return time.seconds


def trade_token(wanted: TradeFilter, position: TradePosition) -> str:
    """The token of the page after a trade."""
    place = (position.time, position.block_order, position.log_order, position.source, position.id)
    return encode_page_token(token_kind("trades", wanted.conditions()), place)


def trade_position(wanted: TradeFilter, token: str) -> TradePosition | None:
    """The trade that a page follows; InvalidArgument."""
    key = decode_page_token(token_kind("trades", wanted.conditions()), token, (int, int, int, str, str))
    if key is None:
        return None
    time, block_order, log_order, source, identifier = key
    uuid_from_proto(str(identifier), "page_token")
    _require_place(int(time), int(block_order), int(log_order), str(source))
    return TradePosition(int(time), int(block_order), int(log_order), str(source), str(identifier))


def flow_token(wanted: FlowFilter, place: FlowPosition) -> str:
    """The token of the page after a flow."""
    key = (
        place.time, place.block_order, place.log_order, place.source, place.kind, place.wallet, place.identity,
    )  # fmt: skip
    return encode_page_token(token_kind("flows", wanted.conditions()), key)


def flow_position(wanted: FlowFilter, token: str) -> FlowPosition | None:
    """The flow that a page follows; InvalidArgument."""
    types = (int, int, int, str, int, str, str)
    key = decode_page_token(token_kind("flows", wanted.conditions()), token, types)
    if key is None:
        return None
    time, block_order, log_order, source, kind, wallet, identity = key
    _require_place(int(time), int(block_order), int(log_order), f"{source}{wallet}{identity}")
    _require_token(int(kind) in (Kind.DEPOSIT, Kind.SETTLEMENT, Kind.WITHDRAWAL))
    return FlowPosition(int(time), int(block_order), int(log_order), str(source), int(kind), str(wallet), str(identity))


def follower_token(status: FollowerStatus, last: FollowerState) -> str:
    """The token of the page after a follower."""
    return encode_page_token(_follower_kind(status), (str(last.deposit), last.wallet))


def follower_position(status: FollowerStatus, token: str) -> tuple[int, str] | None:
    """Deposit and wallet of the follower that a page follows; InvalidArgument."""
    key = decode_page_token(_follower_kind(status), token, (str, str))
    if key is None:
        return None
    deposit, wallet = str(key[0]), str(key[1])
    _require_token(deposit.isascii() and deposit.isdigit() and len(deposit) < 1_000 and "\x00" not in wallet)
    return int(deposit), wallet


def _follower_kind(status: FollowerStatus) -> str:
    return token_kind("followers", None if status is FollowerStatus.ANY else status.value)


def _require_place(time: int, block_order: int, log_order: int, text: str) -> None:
    for number, limit in ((time, END_OF_TIME), (block_order, NO_BLOCK + 1), (log_order, NO_LOG_INDEX + 1)):
        _require_token(0 <= number < limit)
    _require_token("\x00" not in text)


def _require_token(is_one: bool) -> None:
    if not is_one:
        raise violation("page_token", "is not a token of this list")
