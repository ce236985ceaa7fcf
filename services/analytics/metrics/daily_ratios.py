"""Volatility and Sharpe (as Binance has it) and Sortino (as empyrical has it) of daily returns, for 365 days a year."""

from decimal import Decimal
from typing import NamedTuple

from services.analytics.definitions import NO_DOWN_DAY, NO_VARIANCE, TOO_FEW_DAYS
from services.analytics.figures import Figure
from services.analytics.metrics.daily_returns import ReturnSums
from services.analytics.precision import EXACT, GUARDED, HUNDRED, RATIO

MIN_RETURNS = 30
_YEAR = Decimal(365)


class DailyRatios(NamedTuple):
    """The ratios of one window's daily returns, unclamped, and how many days counted."""

    days: int
    volatility_pct: Figure
    sharpe: Figure
    sortino: Figure


_TOO_FEW = Figure(None, TOO_FEW_DAYS)
NO_RATIOS = DailyRatios(0, _TOO_FEW, _TOO_FEW, _TOO_FEW)


def daily_ratios(returns: ReturnSums) -> DailyRatios:
    """All three, or `too_few_days` below 30 returns."""
    if returns.days < MIN_RETURNS:
        return NO_RATIOS._replace(days=returns.days)
    return DailyRatios(returns.days, Figure(volatility_pct(returns)), sharpe(returns), sortino(returns))


def volatility_pct(returns: ReturnSums) -> Decimal:
    """100 * std(r, ddof 1) * sqrt(365), for two returns or more."""
    n = returns.days
    return RATIO.multiply(HUNDRED, _root(EXACT.multiply(_YEAR, _spread(returns)), Decimal(n * (n - 1))))


def sharpe(returns: ReturnSums) -> Figure:
    """mean(r) / std(r, ddof 1) * sqrt(365), for two returns or more; `no_variance` when all are equal."""
    spread = _spread(returns)
    if not spread:
        return Figure(None, NO_VARIANCE)
    scale = _root(EXACT.multiply(_YEAR, Decimal(returns.days - 1)), EXACT.multiply(Decimal(returns.days), spread))
    return Figure(RATIO.multiply(returns.total, scale))


def sortino(returns: ReturnSums) -> Figure:
    """mean(r) / sqrt(mean(min(r, 0)^2)) * sqrt(365), both means over all days; `no_down_day` without a loss."""
    if not returns.down_squares:
        return Figure(None, NO_DOWN_DAY)
    scale = _root(_YEAR, EXACT.multiply(Decimal(returns.days), returns.down_squares))
    return Figure(RATIO.multiply(returns.total, scale))


def _spread(returns: ReturnSums) -> Decimal:
    """n * sum(r^2) - sum(r)^2 = n * (n - 1) * variance: exact, so 0 means that all returns are equal."""
    squares = EXACT.multiply(Decimal(returns.days), returns.squares)
    return EXACT.subtract(squares, EXACT.multiply(returns.total, returns.total))


def _root(above: Decimal, below: Decimal) -> Decimal:
    """sqrt(above / below)."""
    return GUARDED.sqrt(GUARDED.divide(above, below))
