"""Daily returns of the unit price: one for each complete UTC day on which units existed."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from services.analytics.precision import NOISE, ONE, RETURN, WIDE, ZERO

DAY_SECONDS = 86_400


class DayClose(NamedTuple):
    """A UTC day with events: its number since 1970, the first epoch's price after the last of them, and exposure.

    was_exposed says that Q > 0 in the first epoch after some event of the day, is_exposed after the last.
    """

    day: int
    close: Decimal
    was_exposed: bool
    is_exposed: bool


class DailyReturns(NamedTuple):
    """How many days count, and the returns of those that moved, in order; the others are 0."""

    days: int
    moved: tuple[Decimal, ...]


def daily_returns(days: Iterable[DayClose], until: int, first: int | None = None) -> DailyReturns:
    """close / previous close - 1 (40 significant digits) of the days first..until - 1 that count.

    `days` are the days with events in order: all of them or, for `first`, from the last one before it on. A day
    counts if Q > 0 in the first epoch when it begins or after some event of it; quiet days count as flat. The
    price before all events is 1; without `first` all days count from the first deposit's on.
    """
    count, moved = 0, list[Decimal]()
    close, exposed, following = ONE, False, first
    for day in days:
        if day.day >= until:
            break
        if first is None or day.day >= first:
            if exposed and following is not None:
                count += day.day - following
            count += exposed or day.was_exposed
            change = _change(day.close, close)
            if change:
                moved.append(change)
            following = day.day + 1
        close, exposed = day.close, day.is_exposed
    if exposed and following is not None:
        count += until - following
    return DailyReturns(count, tuple(moved))


def _change(close: Decimal, previous: Decimal) -> Decimal:
    if not previous:
        return ZERO
    change = WIDE.subtract(WIDE.divide(close, previous), ONE)
    return RETURN.plus(change) if change.copy_abs() > NOISE else ZERO
