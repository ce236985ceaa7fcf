"""Moments in requests: ISO 8601 or Unix seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# What a Timestamp and every date library can hold: up to the year 9999.
MAX_SECONDS = 253_402_300_799

_SECONDS = re.compile(r"[0-9]{1,12}")
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def parse_instant(text: str) -> int:
    """Seconds since 1970, fractions cut off; without an offset it is UTC.

    Raises:
        ValueError: neither form, no such day or time, or outside 1970 to 9999.
    """
    if _SECONDS.fullmatch(text):
        seconds = int(text)
    elif _ISO.fullmatch(text):
        # Python 3.11 and 3.12 read nine digits of a second but not a small z or t.
        moment = datetime.fromisoformat(text.upper())
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() // 1)
    else:
        raise ValueError("neither ISO 8601 nor seconds")
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError("outside 1970 to 9999")
    return seconds
