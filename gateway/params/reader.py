"""Reads the query of a request strictly and says everything that is wrong with it at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import TypeVar

from multidict import MultiMapping

from gateway.params.instants import parse_instant
from libs.errors import FieldViolation, InvalidArgument
from libs.identifiers import parse_any_case_address
from libs.uint256 import parse_uint256

Parsed = TypeVar("Parsed")

# What lists are answered as.
FORMS = ("json", "csv")
DEFAULT_FORM = "json"

_INTEGER = re.compile(r"[0-9]+")
_CURSOR = re.compile(r"[A-Za-z0-9_=-]{0,1024}")
_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_EXACT = Context(prec=80)
# Any number with more digits is out of every range.
_MAX_DIGITS = 18


class Reader:
    """Reads known parameters and collects what is wrong with them; unknown ones are ignored."""

    def __init__(self, query: MultiMapping[str]) -> None:
        self._query = query
        self._violations: list[FieldViolation] = []

    def integer(self, name: str, *, default: int, minimum: int, maximum: int | None) -> int:
        """A whole number within bounds, both included (maximum None: no upper one)."""
        text = self.single(name)
        if text is None:
            return default
        if _INTEGER.fullmatch(text):
            value = int(text) if len(text) <= _MAX_DIGITS else 10**_MAX_DIGITS
            if minimum <= value and (maximum is None or value <= maximum):
                return value
        bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        self.refuse(name, f"must be an integer {bounds}")
        return default

    def choice(self, name: str, allowed: Sequence[str], *, default: str) -> str:
        """One of the allowed words, exactly as written."""
        text = self.single(name)
        if text is None or text in allowed:
            return default if text is None else text
        self.refuse(name, f"must be one of {', '.join(allowed)}")
        return default

    def instant(self, name: str) -> int | None:
        """A moment in seconds since 1970, given in ISO 8601 or Unix seconds; None when it is not given."""
        text = self.single(name)
        if text is None:
            return None
        try:
            return parse_instant(text)
        except ValueError:
            self.refuse(name, "must be a time from 1970 to 9999, in ISO 8601 or in seconds since 1970")
            return None

    def address(self, name: str) -> str:
        """An address in any letter case as EIP-55 has it; empty when it is not given."""
        text = self.single(name)
        if text is None:
            return ""
        try:
            return parse_any_case_address(text)
        except ValueError:
            self.refuse(name, "must be 0x followed by 40 hex digits")
            return ""

    def amount(self, name: str) -> str:
        """A base-10 integer from 0 to 2^256 - 1 without leading zeros; empty when it is not given."""
        text = self.single(name)
        if text is None:
            return ""
        try:
            return str(parse_uint256(text))
        except ValueError as error:
            self.refuse(name, str(error))
            return ""

    def decimal(self, name: str) -> str:
        """A decimal number of up to 40 digits on either side, without trailing zeros; empty when it is not given."""
        text = self.single(name)
        if text is None:
            return ""
        if not _DECIMAL.fullmatch(text):
            self.refuse(name, "must be a decimal number")
            return ""
        # Adding 0 turns -0 into 0.
        return format(_EXACT.add(_EXACT.normalize(Decimal(text)), 0), "f")

    def period(self) -> tuple[int | None, int | None]:
        """`from` and `to`, both included."""
        since, until = self.instant("from"), self.instant("to")
        if since is not None and until is not None and since > until:
            self.refuse("from", "must not be later than to")
        return since, until

    def wants_csv(self) -> bool:
        """Whether the list is wanted as CSV."""
        return self.choice("format", ("json", "csv"), default="json") == "csv"

    def cursor(self) -> str:
        """An opaque cursor; empty when there is none."""
        text = self.single("cursor") or ""
        if not _CURSOR.fullmatch(text):
            self.refuse("cursor", "is not a cursor of this list")
        return text

    def refuse(self, name: str, reason: str) -> None:
        """Remember what is wrong with a parameter."""
        self._violations.append(FieldViolation(name, reason))

    def checked(self, parsed: Parsed) -> Parsed:
        """The result of parsing, unless something was wrong: InvalidArgument."""
        if self._violations:
            raise InvalidArgument(self._violations)
        return parsed

    def single(self, name: str) -> str | None:
        """The text of a parameter; None when it is not given."""
        values = self._query.getall(name, ())
        if len(values) > 1:
            self.refuse(name, "must be given once")
            return None
        return values[0] if values else None
