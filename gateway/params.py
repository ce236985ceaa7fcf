"""Parameters of requests: parsed strictly, named in errors as the caller names them, and written back canonically."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from multidict import MultiMapping

from libs.errors import FieldViolation, InvalidArgument, violation
from libs.identifiers import parse_any_case_address, vault_id
from libs.paging import MAX_SKIP

MAX_LIST_LIMIT = 1_000
DEFAULT_ROWS = 50
MAX_LEADERS = 100

_INTEGER = re.compile(r"[0-9]+")
_CURSOR = re.compile(r"[A-Za-z0-9_=-]{0,1024}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Any number with more digits is out of every range.
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a list: `offset` rows left out, or after an opaque `cursor` (empty = from the start)."""

    limit: int
    offset: int = 0
    cursor: str = ""

    def url(self, path: str, *, default_limit: int) -> str:
        """The canonical URL of this page: it parses to the same page, and defaults are left out."""
        given: dict[str, str | int] = {}
        if self.limit != default_limit:
            given["limit"] = self.limit
        if self.offset:
            given["offset"] = self.offset
        if self.cursor:
            given["cursor"] = self.cursor
        return f"{path}?{urlencode(given)}" if given else path


def vault_page(query: MultiMapping[str]) -> Page:
    """Page of vaults: limit 1 to 1,000 (default 1,000), offset to 1,000,000 or cursor; InvalidArgument."""
    reader = _Reader(query)
    page = Page(
        limit=reader.integer("limit", default=MAX_LIST_LIMIT, minimum=1, maximum=MAX_LIST_LIMIT),
        offset=reader.integer("offset", default=0, minimum=0, maximum=MAX_SKIP),
        cursor=reader.cursor(),
    )
    if page.cursor and page.offset:
        reader.refuse("cursor", "can't be combined with offset")
    return reader.checked(page)


def row_page(query: MultiMapping[str]) -> Page:
    """Page of a vault's trades or followers: limit 1 to 1,000 (default 50), cursor; InvalidArgument."""
    reader = _Reader(query)
    limit = reader.integer("limit", default=DEFAULT_ROWS, minimum=1, maximum=MAX_LIST_LIMIT)
    return reader.checked(Page(limit=limit, cursor=reader.cursor()))


def leader_page(query: MultiMapping[str]) -> Page:
    """Page of the leaderboard: limit from 1 (default 50, above 100 it becomes 100), offset from 0; InvalidArgument."""
    reader = _Reader(query)
    limit = reader.integer("limit", default=DEFAULT_ROWS, minimum=1, maximum=None)
    offset = reader.integer("offset", default=0, minimum=0, maximum=None)
    return reader.checked(Page(limit=min(limit, MAX_LEADERS), offset=offset))


def parse_vault_id(path: Mapping[str, str], chain_id: int) -> str:
    """UUID of the vault in the path, given by UUID or address in any letter case; InvalidArgument."""
    text = path["id"].lower()
    if _UUID.fullmatch(text):
        return text
    try:
        return str(vault_id(chain_id, parse_any_case_address(text)))
    except ValueError:
        raise violation("id", "must be a UUID or 0x followed by 40 hex digits") from None


class _Reader:
    """Reads known parameters and collects what is wrong with them; unknown ones are ignored."""

    def __init__(self, query: MultiMapping[str]) -> None:
        self._query = query
        self._violations: list[FieldViolation] = []

    def integer(self, name: str, *, default: int, minimum: int, maximum: int | None) -> int:
        text = self._single(name)
        if text is None:
            return default
        if _INTEGER.fullmatch(text):
            value = int(text) if len(text) <= _MAX_DIGITS else 10**_MAX_DIGITS
            if minimum <= value and (maximum is None or value <= maximum):
                return value
        bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        self.refuse(name, f"must be an integer {bounds}")
        return default

    def cursor(self) -> str:
        text = self._single("cursor") or ""
        if not _CURSOR.fullmatch(text):
            self.refuse("cursor", "is not a cursor of this list")
        return text

    def refuse(self, name: str, reason: str) -> None:
        self._violations.append(FieldViolation(name, reason))

    def checked(self, page: Page) -> Page:
        if self._violations:
            raise InvalidArgument(self._violations)
        return page

    def _single(self, name: str) -> str | None:
        values = self._query.getall(name, ())
        if len(values) > 1:
            self.refuse(name, "must be given once")
            return None
        return values[0] if values else None
