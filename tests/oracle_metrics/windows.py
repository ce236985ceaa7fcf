"""The figures of one window (start, now], each by its definition, over the moments of a vault or leader entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tests.oracle_metrics import daily
from tests.oracle_metrics.daily import DAY, FEWEST_RETURNS
from tests.oracle_metrics.drawdowns import Drawdown, drawdown
from tests.oracle_metrics.exact import CONTEXT, OUT_OF_RANGE, decimal, power
from tests.oracle_metrics.moments import BEGINNING, Moment

WINDOW_DAYS: dict[str, int | None] = {"24h": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365, "all": None}
FEWEST_DAYS_TO_ANNUALISE = 30

Ratio = Decimal | str
"""A value, or the reason why it is null."""


@dataclass(frozen=True)
class WindowFigures:
    """Ratios to 60 digits by their published names, None where undefined or beyond 10^15 (then with a reason).

    `pnl` and `volume` are in the base asset's smallest unit; times are UNIX seconds. `unclamped` has every
    ratio that is defined, also those out of range. `ties`: see Drawdown.
    """

    ratios: Mapping[str, Decimal | None]
    pnl: int
    volume: int
    peak_at: int | None
    trough_at: int | None
    partial: bool
    coverage_days: Decimal
    null_reasons: Mapping[str, str]
    unclamped: Mapping[str, Decimal]
    ties: frozenset[tuple[int, int]]

    def answer(self) -> dict[str, object]:
        """Under the names of the REST contract."""
        own: dict[str, object] = {"pnl": self.pnl, "volume": self.volume}
        own |= {"peakAt": self.peak_at, "troughAt": self.trough_at, "partial": self.partial}
        own |= {"coverageDays": self.coverage_days, "nullReasons": dict(self.null_reasons)}
        return own | dict(self.ratios)


@dataclass(frozen=True)
class _Window:
    """`since` is where returns begin: the start, or the first deposit when that came later (None: no deposit)."""

    days: int | None
    now: int
    since: int | None
    partial: bool
    before: Moment
    inside: Sequence[Moment]

    @property
    def covered_seconds(self) -> int:
        return 0 if self.since is None else self.now - self.since

    @property
    def end(self) -> Moment:
        return self.inside[-1] if self.inside else self.before


def all_windows(moments: Sequence[Moment], now: int) -> dict[str, WindowFigures]:
    """The figures of every window, by its name. No moment may be later than `now`."""
    returns = daily.daily_returns(moments, now)
    return {name: _figures(_window(moments, now, days), returns) for name, days in WINDOW_DAYS.items()}


def _window(moments: Sequence[Moment], now: int, days: int | None) -> _Window:
    start = None if days is None else now - days * DAY
    before = [moment for moment in moments if start is not None and moment.time <= start]
    first = next((moment.time for moment in moments if moment.paid_in > 0), None)
    since = first if first is None or start is None else max(start, first)
    partial = start is not None and (first is None or first > start)
    return _Window(
        days=days,
        now=now,
        since=since,
        partial=partial,
        before=before[-1] if before else BEGINNING,
        inside=moments[len(before) :],
    )


def _figures(window: _Window, returns: Sequence[daily.DailyReturn]) -> WindowFigures:
    fall = _drawdown(window)
    ratios: dict[str, Ratio] = {"roiPct": _roi(window), "annualisedPct": _annualised(window)}
    ratios |= _drawdown_ratios(fall) | _statistics(window, returns, ratios["annualisedPct"], fall) | _counts(window)
    values = {name: value for name, value in ratios.items() if isinstance(value, Decimal)}
    reasons = {name: value for name, value in ratios.items() if isinstance(value, str)}
    reasons |= {name: "out_of_range" for name, value in values.items() if abs(value) > OUT_OF_RANGE}
    peak_at, trough_at, why, ties = _extremes(fall)
    if why is not None:
        reasons |= {"peakAt": why, "troughAt": why}
    return WindowFigures(
        ratios={name: None if name in reasons else values[name] for name in ratios},
        pnl=window.end.pnl - window.before.pnl,
        volume=sum(moment.trade.volume for moment in window.inside),
        peak_at=peak_at,
        trough_at=trough_at,
        partial=window.partial,
        coverage_days=decimal(Fraction(window.covered_seconds, DAY)),
        null_reasons=reasons,
        unclamped=values,
        ties=ties,
    )


def _growth(window: _Window) -> Fraction | str:
    """P_end/P_start."""
    if window.since is None:
        return "no_deposits"
    if window.before.price == 0:
        return "liquidated"
    return window.end.price / window.before.price


def _roi(window: _Window) -> Ratio:
    growth = _growth(window)
    return growth if isinstance(growth, str) else decimal(100 * (growth - 1))


def _annualised(window: _Window) -> Ratio:
    growth = _growth(window)
    if isinstance(growth, str):
        return growth
    if window.covered_seconds < FEWEST_DAYS_TO_ANNUALISE * DAY:
        return "too_few_days"
    grown = power(growth, Fraction(365 * DAY, window.covered_seconds))
    return CONTEXT.multiply(CONTEXT.subtract(grown, Decimal(1)), Decimal(100))


def _drawdown(window: _Window) -> Drawdown | str:
    if window.since is None:
        return "no_deposits"
    if window.before.price == 0:
        return "liquidated"
    visits = [(window.since, window.before.price)]
    return drawdown(visits + [(moment.time, moment.price) for moment in window.inside if moment.paid_in > 0])


def _drawdown_ratios(fall: Drawdown | str) -> dict[str, Ratio]:
    if isinstance(fall, str):
        return {"maxDrawdownPct": fall, "currentDrawdownPct": fall}
    return {"maxDrawdownPct": decimal(100 * fall.deepest), "currentDrawdownPct": decimal(100 * fall.current)}


def _extremes(fall: Drawdown | str) -> tuple[int | None, int | None, str | None, frozenset[tuple[int, int]]]:
    if isinstance(fall, str):
        return None, None, fall, frozenset()
    return fall.peak_at, fall.trough_at, None if fall.deepest else "no_drawdown", fall.ties


def _statistics(
    window: _Window, returns: Sequence[daily.DailyReturn], annualised: Ratio, fall: Drawdown | str
) -> dict[str, Ratio]:
    first_day = 0 if window.days is None else window.now // DAY - window.days
    own = [r for day, r in returns if day >= first_day]
    if len(own) < FEWEST_RETURNS:
        return dict.fromkeys(("volatilityPct", "sharpe", "sortino", "calmar"), "too_few_days")
    return {
        "volatilityPct": daily.volatility_pct(own),
        "sharpe": daily.sharpe(own),
        "sortino": daily.sortino(own),
        "calmar": _calmar(annualised, fall),
    }


def _calmar(annualised: Ratio, fall: Drawdown | str) -> Ratio:
    if isinstance(annualised, str):
        return annualised
    if isinstance(fall, str):
        return fall
    if fall.deepest == 0:
        return "no_drawdown"
    return CONTEXT.divide(annualised, decimal(100 * fall.deepest))


def _counts(window: _Window) -> dict[str, Ratio]:
    trades = [moment.trade for moment in window.inside]
    closes = sum(trade.is_close for trade in trades)
    wins = sum(trade.result > 0 for trade in trades)
    gains = sum(trade.result for trade in trades if trade.result > 0)
    losses = -sum(trade.result for trade in trades if trade.result < 0)
    return {
        "closedWinRatePct": decimal(Fraction(100 * wins, closes)) if closes else "no_closes",
        "profitFactor": decimal(Fraction(gains, losses)) if losses else "no_losses",
    }
