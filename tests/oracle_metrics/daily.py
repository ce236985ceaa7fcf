"""Daily returns of the first epoch's price over complete UTC days, and the statistics made of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from tests.oracle_metrics.exact import CONTEXT, change, decimal, root
from tests.oracle_metrics.moments import BEGINNING, Moment

DAY = 86_400
FEWEST_RETURNS = 30
YEAR_ROOT = root(365)

DailyReturn = tuple[int, Decimal]
"""(UTC day as days since 1970, close/previous close - 1)."""


def daily_returns(moments: Sequence[Moment], now: int) -> list[DailyReturn]:
    """One for each day that counts, from the first deposit's day to the day before that of `now`.

    A day is [00:00, 24:00). It counts when Q > 0 in the first epoch as it begins (before its own events)
    or after one of its events. Flat days stay.
    """
    by_day: dict[int, list[Moment]] = defaultdict(list)
    for moment in moments:
        by_day[moment.time // DAY].append(moment)
    deposits = [moment.time // DAY for moment in moments if moment.paid_in > 0]
    if not deposits:
        return []
    returns: list[DailyReturn] = []
    state = BEGINNING
    for day in range(deposits[0], now // DAY):
        own = by_day.get(day, [])
        closing = own[-1] if own else state
        if state.active or any(moment.active for moment in own):
            returns.append((day, change(state.price, closing.price) if own else Decimal(0)))
        state = closing
    return returns


def volatility_pct(returns: Sequence[Decimal]) -> Decimal:
    """100·std(r, ddof 1)·√365."""
    return CONTEXT.multiply(CONTEXT.multiply(_deviation(returns), YEAR_ROOT), Decimal(100))


def sharpe(returns: Sequence[Decimal]) -> Decimal | str:
    """mean/std·√365, or why there is none."""
    if len(set(returns)) == 1:
        return "no_variance"
    return CONTEXT.multiply(CONTEXT.divide(_mean(returns), _deviation(returns)), YEAR_ROOT)


def sortino(returns: Sequence[Decimal]) -> Decimal | str:
    """mean/√mean(min(r,0)²)·√365 with the mean over all days, or why there is none."""
    if min(returns) >= 0:
        return "no_down_day"
    squares = sum((Fraction(r) ** 2 for r in returns if r < 0), Fraction(0))
    return CONTEXT.multiply(CONTEXT.divide(_mean(returns), root(squares / len(returns))), YEAR_ROOT)


def _mean(returns: Sequence[Decimal]) -> Decimal:
    return decimal(_average(Counter(map(Fraction, returns))))


def _deviation(returns: Sequence[Decimal]) -> Decimal:
    days = Counter(map(Fraction, returns))
    mean = _average(days)
    squares = sum(((r - mean) ** 2 * count for r, count in days.items()), Fraction(0))
    return root(squares / (days.total() - 1))


def _average(days: Counter[Fraction]) -> Fraction:
    """Of equal returns in one step: most days are flat."""
    return sum((r * count for r, count in days.items()), Fraction(0)) / days.total()
