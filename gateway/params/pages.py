"""Pages of lists, parsed strictly and written back canonically."""

from __future__ import annotations

from dataclasses import dataclass

from multidict import MultiMapping

from gateway.params.reader import Reader
from gateway.params.urls import canonical_url
from libs.paging import MAX_SKIP

MAX_LIST_LIMIT = 1_000
DEFAULT_ROWS = 50
MAX_LEADERS = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a list: `offset` rows left out, or after an opaque `cursor` (empty = from the start).

    as_csv asks for CSV instead of JSON.
    """

    limit: int
    offset: int = 0
    cursor: str = ""
    as_csv: bool = False

    def parts(self, *, default_limit: int) -> dict[str, str | int | None]:
        """The parameters of this page, None for defaults."""
        return {
            "limit": self.limit if self.limit != default_limit else None,
            "offset": self.offset or None,
            "cursor": self.cursor or None,
            "format": "csv" if self.as_csv else None,
        }

    def url(self, path: str, *, default_limit: int) -> str:
        """The canonical URL of this page: it parses to the same page, and defaults are left out."""
        return canonical_url(path, self.parts(default_limit=default_limit))


def read_vault_page(reader: Reader) -> Page:
    """Page of vaults: limit 1 to 1,000 (default 1,000), offset to 1,000,000 or cursor."""
    page = Page(
        limit=reader.integer("limit", default=MAX_LIST_LIMIT, minimum=1, maximum=MAX_LIST_LIMIT),
        offset=reader.integer("offset", default=0, minimum=0, maximum=MAX_SKIP),
        cursor=reader.cursor(),
        as_csv=reader.wants_csv(),
    )
    if page.cursor and page.offset:
        reader.refuse("cursor", "can't be combined with offset")
    return page


def read_row_page(reader: Reader) -> Page:
    """Page of a vault's rows: limit 1 to 1,000 (default 50), cursor."""
    limit = reader.integer("limit", default=DEFAULT_ROWS, minimum=1, maximum=MAX_LIST_LIMIT)
    return Page(limit=limit, cursor=reader.cursor(), as_csv=reader.wants_csv())


def leader_page(query: MultiMapping[str]) -> Page:
    """Page of the leaderboard: limit from 1 (default 50, above 100 it becomes 100), offset from 0; InvalidArgument."""
    reader = Reader(query)
    limit = reader.integer("limit", default=DEFAULT_ROWS, minimum=1, maximum=None)
    offset = reader.integer("offset", default=0, minimum=0, maximum=None)
    return reader.checked(Page(limit=min(limit, MAX_LEADERS), offset=offset, as_csv=reader.wants_csv()))


def position_owner(query: MultiMapping[str]) -> str:
    """The wallet whose position is to be shown with a vault, empty without one; InvalidArgument."""
    reader = Reader(query)
    return reader.checked(reader.address("user"))
