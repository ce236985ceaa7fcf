"""Volatility and Sharpe (as Binance has it) and Sortino (as empyrical has it) of daily returns, for 365 days a year."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from services.analytics.definitions import NO_DOWN_DAY, NO_VARIANCE, TOO_FEW_DAYS
from services.analytics.figures import Figure
from services.analytics.metrics.daily_returns import DailyReturns
from services.analytics.precision import GUARDED, HUNDRED, RATIO, WIDE, ZERO

MIN_RETURNS = 30
_YEAR = Decimal(365)


class DailyRatios(NamedTuple):
    """The ratios of one window's daily returns, unclamped; they change once a day only."""

    days: int
    volatility_pct: Figure
    sharpe: Figure
    sortino: Figure


_TOO_FEW = Figure(None, TOO_FEW_DAYS)
NO_RATIOS = DailyRatios(0, _TOO_FEW, _TOO_FEW, _TOO_FEW)


def daily_ratios(returns: DailyReturns) -> DailyRatios:
    """All three, or `too_few_days` below 30 returns."""
    if returns.days < MIN_RETURNS:
        return NO_RATIOS._replace(days=returns.days)
    return DailyRatios(returns.days, Figure(volatility_pct(returns)), sharpe(returns), sortino(returns))


def volatility_pct(returns: DailyReturns) -> Decimal:
    """100 * std(r, ddof 1) * sqrt(365), for two returns or more."""
    spread = _spread(returns)
    n = returns.days
    return RATIO.multiply(HUNDRED, _root(WIDE.multiply(_YEAR, spread), Decimal(n * n * (n - 1))))


def sharpe(returns: DailyReturns) -> Figure:
    """mean(r) / std(r, ddof 1) * sqrt(365), for two returns or more; `no_variance` when all are equal."""
    if _are_equal(returns):
        return Figure(None, NO_VARIANCE)
    scale = _root(WIDE.multiply(_YEAR, Decimal(returns.days - 1)), _spread(returns))
    return Figure(RATIO.multiply(_sum(returns.moved), scale))


def sortino(returns: DailyReturns) -> Figure:
    """mean(r) / sqrt(mean(min(r, 0)^2)) * sqrt(365), both means over all days; `no_down_day` without a loss."""
    downside = _sum_of_squares(change for change in returns.moved if change < 0)
    if not downside:
        return Figure(None, NO_DOWN_DAY)
    scale = _root(_YEAR, WIDE.multiply(Decimal(returns.days), downside))
    return Figure(RATIO.multiply(_sum(returns.moved), scale))


def _spread(returns: DailyReturns) -> Decimal:
    """n * (n * sum(r^2) - sum(r)^2) = n^2 * (n - 1) * variance; nothing cancels, as WIDE holds the sums exactly."""
    total = _sum(returns.moved)
    squares = WIDE.multiply(Decimal(returns.days), _sum_of_squares(returns.moved))
    return WIDE.multiply(Decimal(returns.days), WIDE.subtract(squares, WIDE.multiply(total, total)))


def _are_equal(returns: DailyReturns) -> bool:
    if not returns.moved:
        return True
    return len(returns.moved) == returns.days and min(returns.moved) == max(returns.moved)


def _sum(numbers: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for number in numbers:
        total = WIDE.add(total, number)
    return total


def _sum_of_squares(numbers: Iterable[Decimal]) -> Decimal:
    return _sum(WIDE.multiply(number, number) for number in numbers)


def _root(above: Decimal, below: Decimal) -> Decimal:
    """sqrt(above / below)."""
    return GUARDED.sqrt(GUARDED.divide(above, below))
