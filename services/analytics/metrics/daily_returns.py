"""Daily returns of the unit price: one for each complete UTC day on which units existed, kept as running sums."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from services.analytics.precision import EXACT, NOISE, ONE, RETURN, WIDE, ZERO

DAY_SECONDS = 86_400


class ReturnSums(NamedTuple):
    """Over a run of days that count: how many, and the exact sums of r, r^2 and min(r, 0)^2."""

    days: int = 0
    total: Decimal = ZERO
    squares: Decimal = ZERO
    down_squares: Decimal = ZERO

    def plus(self, change: Decimal) -> ReturnSums:
        """With one more day of return r."""
        square = EXACT.multiply(change, change)
        return ReturnSums(
            self.days + 1,
            EXACT.add(self.total, change),
            EXACT.add(self.squares, square),
            EXACT.add(self.down_squares, square) if change < 0 else self.down_squares,
        )

    def minus(self, earlier: ReturnSums) -> ReturnSums:
        """Without the first days, whose sums are `earlier`."""
        return ReturnSums(
            self.days - earlier.days,
            EXACT.subtract(self.total, earlier.total),
            EXACT.subtract(self.squares, earlier.squares),
            EXACT.subtract(self.down_squares, earlier.down_squares),
        )


NO_RETURNS = ReturnSums()


class DayClose(NamedTuple):
    """A UTC day with events: its number since 1970, the first epoch's price after the last of them, and exposure.

    was_exposed says that Q > 0 in the first epoch after some event of the day, is_exposed after the last.
    """

    day: int
    close: Decimal
    was_exposed: bool
    is_exposed: bool


class DaySummary(NamedTuple):
    """A day with events and the sums of all days that count up to its end; the sums of any days are a difference."""

    day: int
    close: Decimal
    is_exposed: bool
    sums: ReturnSums


def summary_of(day: DayClose, before: DaySummary | None) -> DaySummary:
    """The summary of a day from that of the last day with events before it.

    r = close / previous close - 1 (40 significant digits); the price before all events is 1. A day counts if Q > 0
    in the first epoch when it begins or after some event of it; a quiet day that counts has r = 0.
    """
    sums = sums_before(day.day, before)
    previous, was_open = (ONE, False) if before is None else (before.close, before.is_exposed)
    if was_open or day.was_exposed:
        sums = sums.plus(_change(day.close, previous))
    return DaySummary(day.day, day.close, day.is_exposed, sums)


def sums_before(day: int, last: DaySummary | None) -> ReturnSums:
    """The sums of all days that count before a day; `last` is the last summary before it."""
    if last is None:
        return NO_RETURNS
    quiet = day - last.day - 1 if last.is_exposed else 0
    return last.sums._replace(days=last.sums.days + quiet)


def _change(close: Decimal, previous: Decimal) -> Decimal:
    if not previous:
        return ZERO
    change = WIDE.subtract(WIDE.divide(close, previous), ONE)
    return RETURN.plus(change) if change.copy_abs() > NOISE else ZERO
