"""Which board is asked for and which part of it, parsed strictly and written back canonically."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlencode

from multidict import MultiMapping

from gateway.params.pages import DEFAULT_ROWS, MAX_LEADERS, Page
from gateway.params.reader import DEFAULT_FORM, FORMS, Reader
from libs.paging import MAX_SKIP

WINDOWS = ("24h", "7d", "30d", "90d", "1y", "all")
DEFAULT_WINDOW = "all"
REPUTATION = "reputation"
SORTS = ("roi", "pnl", "sharpe", "tvl", "followers", "winRate", "volume")
DEFAULT_SORT = "roi"
# They compare amounts, which only makes sense within one base asset.
AMOUNT_SORTS = ("pnl", "tvl", "volume")
DEFAULT_REACH = 2
MAX_REACH = 10

_MAX_COUNT = 10**15


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """A board by `sort` (empty: what the contender's kind is ranked by) of a window and who of it is listed.

    base_asset is an EIP-55 address, min_tvl an integer; both empty when not given; form is json or csv.
    """

    sort: str
    window: str = DEFAULT_WINDOW
    base_asset: str = ""
    min_tvl: str = ""
    min_followers: int = 0
    min_trades: int = 0
    page: Page = field(default_factory=lambda: Page(DEFAULT_ROWS))
    reach: int = DEFAULT_REACH
    form: str = DEFAULT_FORM

    def url(self, path: str, *, default_sort: str) -> str:
        """The canonical URL of this part: it parses to the same part, and defaults are left out."""
        parts: dict[str, str | int | None] = {
            "sort": self.sort if self.sort != default_sort else None,
            "window": self.window if self.window != DEFAULT_WINDOW else None,
            "baseAsset": self.base_asset or None,
            "minTvl": self.min_tvl or None,
            "minFollowers": self.min_followers or None,
            "minTrades": self.min_trades or None,
            "limit": self.page.limit if self.page.limit != DEFAULT_ROWS else None,
            "offset": self.page.offset or None,
            "cursor": self.page.cursor or None,
            "reach": self.reach if self.reach != DEFAULT_REACH else None,
            "format": self.form if self.form != DEFAULT_FORM else None,
        }
        given = {name: value for name, value in parts.items() if value is not None}
        return f"{path}?{urlencode(given)}" if given else path


def vault_board_query(query: MultiMapping[str]) -> BoardQuery:
    """A board of vaults: by default roi of all; limit 1 to 100 (default 50); InvalidArgument."""
    reader = Reader(query)
    sort = reader.choice("sort", SORTS, default=DEFAULT_SORT)
    limit = reader.integer("limit", default=DEFAULT_ROWS, minimum=1, maximum=MAX_LEADERS)
    return reader.checked(_board(reader, sort, limit))


def leader_board_query(query: MultiMapping[str]) -> BoardQuery | None:
    """A board of leaders: a limit from 1 (default 50, above 100 it becomes 100); InvalidArgument.

    None for the board by reputation, which has one order only and no base assets.
    """
    reader = Reader(query)
    sort = reader.choice("sort", (REPUTATION, *SORTS), default=REPUTATION)
    if sort == REPUTATION:
        for name in ("baseAsset", "minTvl", "minFollowers", "minTrades", "cursor"):
            if reader.single(name):
                reader.refuse(name, "is not for the board by reputation")
        reader.choice("window", WINDOWS, default=DEFAULT_WINDOW)
        return reader.checked(None)
    limit = reader.integer("limit", default=DEFAULT_ROWS, minimum=1, maximum=None)
    return reader.checked(_board(reader, sort, min(limit, MAX_LEADERS)))


def rank_query(query: MultiMapping[str]) -> BoardQuery:
    """A board to find a place on, and how many neighbours to show: 1 to 10 (default 2); InvalidArgument."""
    reader = Reader(query)
    sort = reader.choice("sort", (REPUTATION, *SORTS), default="")
    base_asset = _base_asset(reader, sort)
    if base_asset and sort == REPUTATION:
        reader.refuse("baseAsset", "is not for the board by reputation")
    window = reader.choice("window", WINDOWS, default=DEFAULT_WINDOW)
    reach = reader.integer("reach", default=DEFAULT_REACH, minimum=1, maximum=MAX_REACH)
    return reader.checked(BoardQuery(sort=sort, window=window, base_asset=base_asset, reach=reach))


def _board(reader: Reader, sort: str, limit: int) -> BoardQuery:
    base_asset, min_tvl = _base_asset(reader, sort), reader.amount("minTvl")
    if min_tvl and not base_asset:
        reader.refuse("minTvl", "needs a baseAsset: amounts of different assets can't be compared")
    page = Page(limit, reader.integer("offset", default=0, minimum=0, maximum=MAX_SKIP), reader.cursor())
    if page.cursor and page.offset:
        reader.refuse("cursor", "can't be combined with offset")
    return BoardQuery(
        sort=sort,
        window=reader.choice("window", WINDOWS, default=DEFAULT_WINDOW),
        base_asset=base_asset,
        min_tvl=min_tvl,
        min_followers=reader.integer("minFollowers", default=0, minimum=0, maximum=_MAX_COUNT),
        min_trades=reader.integer("minTrades", default=0, minimum=0, maximum=_MAX_COUNT),
        page=page,
        form=reader.choice("format", FORMS, default=DEFAULT_FORM),
    )


def _base_asset(reader: Reader, sort: str) -> str:
    base_asset = reader.address("baseAsset")
    if sort in AMOUNT_SORTS and not reader.single("baseAsset"):
        reader.refuse("baseAsset", f"is needed for a board by {sort}: amounts of different assets can't be compared")
    return base_asset
