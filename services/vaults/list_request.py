"""Requests for lists of vaults and their page tokens, to the domain and back."""

from __future__ import annotations

import re
from decimal import Decimal

from libs.errors import violation
from libs.events import END_OF_TIME, NO_BLOCK
from libs.identifiers import parse_any_case_address
from libs.paging import decode_page_token, encode_page_token, token_kind
from libs.uint256 import parse_uint256
from protos.vaults.v1 import vaults_pb2 as pb
from services.vaults.domain import VaultStatus
from services.vaults.listing import ALL, NEWEST, WINDOWS, Place, VaultFilter, VaultQuery, VaultSort
from services.vaults.mapping import parse_uuid

MAX_QUERY = 100
FULL_SCORE = 100

_STATUSES = {
    pb.VAULT_STATUS_ACTIVE: VaultStatus.ACTIVE,
    pb.VAULT_STATUS_PAUSED: VaultStatus.PAUSED,
    pb.VAULT_STATUS_LIQUIDATED: VaultStatus.LIQUIDATED,
}
_SORTS = {
    pb.VAULT_SORT_UNSPECIFIED: VaultSort.CREATED_AT,
    pb.VAULT_SORT_CREATED_AT: VaultSort.CREATED_AT,
    pb.VAULT_SORT_TVL: VaultSort.TVL,
    pb.VAULT_SORT_ROI: VaultSort.ROI,
    pb.VAULT_SORT_DRAWDOWN: VaultSort.DRAWDOWN,
    pb.VAULT_SORT_RISK_SCORE: VaultSort.RISK_SCORE,
    pb.VAULT_SORT_FOLLOWERS: VaultSort.FOLLOWERS,
    pb.VAULT_SORT_TRADES: VaultSort.TRADES,
    pb.VAULT_SORT_NAME: VaultSort.NAME,
}
_PERCENT = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_COUNT = re.compile(r"[0-9]{1,18}")
# As PostgreSQL writes it: no exponent, but all the digits of a small ratio.
_DECIMAL = re.compile(r"-?[0-9]{1,200}(\.[0-9]{1,2000})?")


def query_from_proto(request: pb.ListVaultsRequest) -> VaultQuery:
    """What a request asks for; InvalidArgument names the field."""
    if request.sort not in _SORTS:
        raise violation("sort", "is not known")
    if request.order not in pb.SortOrder.values():
        raise violation("order", "is not known")
    if request.window and request.window not in WINDOWS:
        raise violation("window", "must be one of " + ", ".join(WINDOWS))
    sort = _SORTS[request.sort]
    by_default = pb.SORT_ORDER_ASCENDING if sort is VaultSort.NAME else pb.SORT_ORDER_DESCENDING
    return VaultQuery(
        _filter(request.filter),
        request.window or ALL,
        sort,
        is_descending=(request.order or by_default) == pb.SORT_ORDER_DESCENDING,
    )


def _filter(message: pb.VaultFilter) -> VaultFilter:
    if len(message.query) > MAX_QUERY or "\x00" in message.query:
        raise violation("query", f"must be text of at most {MAX_QUERY} characters")
    return VaultFilter(
        statuses=_statuses(message),
        base_asset=_address(message.base_asset),
        leader_id=str(parse_uuid(message.leader_id, "leader_id")) if message.leader_id else None,
        query=message.query or None,
        min_tvl=_amount(message, "min_tvl"),
        max_tvl=_amount(message, "max_tvl"),
        min_roi_pct=_percent(message, "min_roi_pct"),
        max_drawdown_pct=_percent(message, "max_drawdown_pct"),
        max_risk_score=_number(message, "max_risk_score", FULL_SCORE),
        min_followers=_number(message, "min_followers", NO_BLOCK),
        min_trades=_number(message, "min_trades", NO_BLOCK),
    )


def _statuses(message: pb.VaultFilter) -> tuple[str, ...] | None:
    if any(status not in _STATUSES for status in message.statuses):
        raise violation("statuses", "holds one that is not known")
    return tuple(sorted({_STATUSES[status].value for status in message.statuses})) or None


def _address(text: str) -> str | None:
    try:
        return parse_any_case_address(text) if text else None
    except ValueError as error:
        raise violation("base_asset", str(error)) from None


def _amount(message: pb.VaultFilter, name: str) -> str | None:
    if not message.HasField(name):
        return None
    try:
        return str(parse_uint256(getattr(message, name)))
    except ValueError as error:
        raise violation(name, str(error)) from None


def _percent(message: pb.VaultFilter, name: str) -> str | None:
    if not message.HasField(name):
        return None
    text = getattr(message, name)
    if not _PERCENT.fullmatch(text):
        raise violation(name, "must be a decimal number")
    # One number, one list: "5.0" and "5" page alike.
    return format(Decimal(text).normalize() + 0, "f")


def _number(message: pb.VaultFilter, name: str, maximum: int) -> int | None:
    if not message.HasField(name):
        return None
    value = int(getattr(message, name))
    if value > maximum:
        raise violation(name, f"must be at most {maximum}")
    return value


def _kind(query: VaultQuery) -> str:
    return token_kind("vaults", None if query == NEWEST else query)


def token_of_place(query: VaultQuery, place: Place) -> str:
    """The page token of the rows after a place."""
    if query.sort is VaultSort.CREATED_AT:
        return encode_page_token(_kind(query), (int(place.value or 0), place.id))
    # A mark apart, as a value may be empty text.
    return encode_page_token(_kind(query), ("" if place.value is None else f"={place.value}", place.id))


def place_of_token(query: VaultQuery, token: str) -> Place | None:
    """The place after which a page begins, None for the first page; InvalidArgument names page_token."""
    by_time = query.sort is VaultSort.CREATED_AT
    key = decode_page_token(_kind(query), token, (int if by_time else str, str))
    if key is None:
        return None
    identifier = str(parse_uuid(str(key[1]), "page_token"))
    if by_time:
        _require(0 <= int(key[0]) < END_OF_TIME)
        return Place(str(key[0]), identifier)
    mark, value = str(key[0])[:1], str(key[0])[1:]
    if not mark and query.sort in (VaultSort.ROI, VaultSort.DRAWDOWN):
        return Place(None, identifier)
    _require(mark == "=" and _is_value(query.sort, value))
    return Place(value, identifier)


def _is_value(sort: VaultSort, text: str) -> bool:
    match sort:
        case VaultSort.NAME:
            return "\x00" not in text
        case VaultSort.FOLLOWERS | VaultSort.TRADES:
            return _COUNT.fullmatch(text) is not None
        case VaultSort.RISK_SCORE:
            return _COUNT.fullmatch(text) is not None and int(text) <= FULL_SCORE
        case _:
            return _DECIMAL.fullmatch(text) is not None


def _require(is_one: bool) -> None:
    if not is_one:
        raise violation("page_token", "is not a token of this list")
