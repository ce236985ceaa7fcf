"""Numbers and times of the wire as JSON shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

_MAX_LEGACY = Decimal("999999999999.99")
_MAX_RATIO = Decimal(10) ** 15
_CENT = Decimal("0.01")
# Lists repeat the same times and ratios in answer after answer.
_REMEMBERED = 16_384
_instant = attrgetter("seconds", "nanos")
# Digits of a price as text: at most so many in all, and at least so many that count.
_MAX_PRICE_DIGITS = 50
_MIN_PRICE_DIGITS = 15


@lru_cache(maxsize=_REMEMBERED)
def legacy_percent(text: str) -> float:
    """A decimal string rounded once, half away from zero, to two places and clamped to ±999999999999.99; '' is 0."""
    if not text:
        return 0.0
    clamped = max(-_MAX_LEGACY, min(_MAX_LEGACY, Decimal(text)))
    # Adding 0.0 turns -0.0 into 0.0.
    return float(clamped.quantize(_CENT, ROUND_HALF_UP)) + 0.0


def win_rate(wins: int, trades: int) -> float:
    """100 * wins / trades in percent, rounded half up to two places; 0 without trades."""
    return (20_000 * wins + trades) // (2 * trades) / 100 if trades else 0.0


def ratio(text: str) -> tuple[float | None, str | None]:
    """A percentage at full precision, or None and why: beyond ±10^15 it is `out_of_range`."""
    value = Decimal(text)
    if abs(value) > _MAX_RATIO:
        return None, "out_of_range"
    return float(value) + 0.0, None


def amount(text: str) -> str:
    """A base-10 integer string; an amount that was never set is '0'."""
    return text or "0"


def iso_time(time: Timestamp) -> str:
    """ISO 8601 in UTC with milliseconds and Z."""
    return _iso_time(time.seconds, time.nanos)


def iso_seconds(seconds: int) -> str:
    """ISO 8601 in UTC of a whole second, with milliseconds and Z."""
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.000Z"


@lru_cache(maxsize=_REMEMBERED)
def _iso_time(seconds: int, nanos: int) -> str:
    whole = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{whole}.{nanos // 1_000_000:03d}Z"


def optional_time(message: Any, name: str) -> str | None:
    """ISO time of a Timestamp field, None where it is unset."""
    return iso_time(getattr(message, name)) if message.HasField(name) else None


def optional_int(message: Any, name: str) -> int | None:
    """An optional integer field, None where it is unset."""
    return int(getattr(message, name)) if message.HasField(name) else None


def last_change(*messages: Any) -> dict[str, Any]:
    """`meta` of an answer: the latest as_of and the highest block_number among its messages."""
    times = [message.as_of for message in messages if message.HasField("as_of")]
    latest = max(times, key=_instant, default=None)
    blocks = [message.block_number for message in messages if message.HasField("block_number")]
    return {
        "asOf": None if latest is None else iso_time(latest),
        "blockNumber": max(blocks, default=None),
    }


def number(text: str) -> float:
    """A decimal string at float precision."""
    # Adding 0.0 turns -0.0 into 0.0.
    return float(text) + 0.0


def price(text: str) -> str:
    """A decimal string without trailing zeros and with at most 50 digits.

    What would need more, or leave less than 15 digits that count after the zeros, has an exponent.
    """
    value = Decimal(text)
    if not value:
        return "0"
    zeros = max(0, -value.adjusted())
    room = _MAX_PRICE_DIGITS - zeros
    rounded = value.normalize(Context(prec=max(room, _MIN_PRICE_DIGITS), Emax=MAX_EMAX, Emin=MIN_EMIN))
    if room < _MIN_PRICE_DIGITS or rounded.adjusted() >= _MAX_PRICE_DIGITS:
        return str(value.normalize(Context(prec=_MAX_PRICE_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN))).lower()
    return format(rounded, "f")
