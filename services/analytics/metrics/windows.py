"""The figures of one window (start, now] from what is known at its edges and between them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from services.analytics.definitions import LIQUIDATED, NO_DEPOSITS, NO_DRAWDOWN, TOO_FEW_DAYS
from services.analytics.figures import Figure, gains_per_loss, growth_pct, published, wins_per_close
from services.analytics.metrics.annualised import MIN_SECONDS, annualised_pct
from services.analytics.metrics.daily_ratios import MIN_RETURNS, NO_RATIOS, DailyRatios
from services.analytics.metrics.daily_returns import DAY_SECONDS
from services.analytics.metrics.price_range import PriceRange
from services.analytics.points import NO_TOTALS, PricePoint, Totals
from services.analytics.precision import HUNDRED, ONE, RATIO, WIDE, ZERO


class Window(StrEnum):
    """How far back figures reach."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    YEAR = "1y"
    ALL = "all"

    @property
    def days(self) -> int | None:
        """Length in days of 86400 seconds; None of all."""
        return _DAYS[self]

    @property
    def has_daily_ratios(self) -> bool:
        """Whether volatility, Sharpe, Sortino and Calmar exist: from 30 days."""
        return self.days is None or self.days >= 30

    def start(self, now: int) -> int | None:
        """The second at which the window starts; events of that second count as before it. None of all."""
        return None if self.days is None else now - self.days * DAY_SECONDS

    def first_day(self, now: int) -> int | None:
        """The first of the window's complete UTC days before now's, counted from 1970. None of all."""
        return None if self.days is None else now // DAY_SECONDS - self.days


_DAYS = {Window.DAY: 1, Window.WEEK: 7, Window.MONTH: 30, Window.QUARTER: 90, Window.YEAR: 365, Window.ALL: None}


@dataclass(frozen=True, slots=True)
class WindowData:
    """What a window's figures follow from; nothing in it is later than now.

    start and end are the last points up to the window's start (None for all) and up to now. prices covers the
    points after the start, None when there was none since the first deposit. ratios are those of the window's days.
    """

    first_deposit_at: int | None
    start: PricePoint | None
    end: PricePoint | None
    prices: PriceRange | None
    ratios: DailyRatios = NO_RATIOS


class Moment(NamedTuple):
    """A time in seconds since 1970 or, when there is none, the reason why."""

    value: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """What is published of a window; definitions.py says what each figure means."""

    roi_pct: Figure
    annualised_pct: Figure
    pnl: int
    volume: int
    max_drawdown_pct: Figure
    current_drawdown_pct: Figure
    peak_at: Moment
    trough_at: Moment
    volatility_pct: Figure
    sharpe: Figure
    sortino: Figure
    calmar: Figure
    closed_win_rate_pct: Figure
    profit_factor: Figure
    partial: bool
    coverage_days: Decimal

    @property
    def null_reasons(self) -> dict[str, str]:
        """The reason of every figure that is null, by its published name."""
        nullable: dict[str, Figure | Moment] = {
            "roiPct": self.roi_pct,
            "annualisedPct": self.annualised_pct,
            "maxDrawdownPct": self.max_drawdown_pct,
            "currentDrawdownPct": self.current_drawdown_pct,
            "peakAt": self.peak_at,
            "troughAt": self.trough_at,
            "volatilityPct": self.volatility_pct,
            "sharpe": self.sharpe,
            "sortino": self.sortino,
            "calmar": self.calmar,
            "closedWinRatePct": self.closed_win_rate_pct,
            "profitFactor": self.profit_factor,
        }
        return {name: figure.reason for name, figure in nullable.items() if figure.reason is not None}


class RankedFigures(NamedTuple):
    """Those figures of a window that boards are sorted by."""

    roi_pct: Figure
    pnl: int
    volume: int
    sharpe: Figure
    closed_win_rate_pct: Figure


class _Span(NamedTuple):
    """The part of a window since the first deposit: the price at both ends, the prices visited, its seconds."""

    before: Decimal
    after: Decimal
    prices: PriceRange
    seconds: int


def window_figures(window: Window, data: WindowData, now: int) -> WindowFigures:
    """All figures of the window that ends at `now` (seconds since 1970)."""
    start = window.start(now)
    span = _span(start, data, now)
    change = _totals(data.end).minus(_totals(data.start))
    annualised = _annualised(span)
    peak_at, trough_at = _fall_times(span)
    ratios = data.ratios if window.has_daily_ratios else NO_RATIOS
    is_partial = start is not None and (data.first_deposit_at is None or data.first_deposit_at > start)
    return WindowFigures(
        roi_pct=_roi(span),
        annualised_pct=_clamped(annualised),
        pnl=change.pnl,
        volume=change.volume,
        max_drawdown_pct=_max_drawdown(span),
        current_drawdown_pct=_current_drawdown(span),
        peak_at=peak_at,
        trough_at=trough_at,
        volatility_pct=_clamped(ratios.volatility_pct),
        sharpe=_clamped(ratios.sharpe),
        sortino=_clamped(ratios.sortino),
        calmar=_calmar(ratios, annualised, span),
        closed_win_rate_pct=wins_per_close(change.wins, change.closes),
        profit_factor=gains_per_loss(change.gains, change.losses),
        partial=is_partial,
        coverage_days=_coverage_days(start, data.first_deposit_at, now),
    )


def ranked_figures(window: Window, data: WindowData, now: int) -> RankedFigures:
    """The same numbers as those of `window_figures`, without the costly others."""
    change = _totals(data.end).minus(_totals(data.start))
    ratios = data.ratios if window.has_daily_ratios else NO_RATIOS
    return RankedFigures(
        roi_pct=_roi(_span(window.start(now), data, now)),
        pnl=change.pnl,
        volume=change.volume,
        sharpe=_clamped(ratios.sharpe),
        closed_win_rate_pct=wins_per_close(change.wins, change.closes),
    )


def _totals(point: PricePoint | None) -> Totals:
    return NO_TOTALS if point is None else point.totals


def _coverage_days(start: int | None, first_deposit_at: int | None, now: int) -> Decimal:
    if first_deposit_at is None:
        return ZERO
    seconds = now - (first_deposit_at if start is None else max(start, first_deposit_at))
    return RATIO.divide(Decimal(seconds), Decimal(DAY_SECONDS))


def _span(start: int | None, data: WindowData, now: int) -> _Span | str:
    """The span, or the reason why returns have no value."""
    first = data.first_deposit_at
    if first is None or data.end is None:
        return NO_DEPOSITS
    if start is None or first > start:
        assert data.prices is not None, "the first deposit is a point of the window"
        return _Span(ONE, data.end.price, data.prices, now - first)
    assert data.start is not None, "the first deposit is a point before the window"
    before = data.start.price
    if not before:
        return LIQUIDATED
    prices = PriceRange.of(before, start)
    return _Span(before, data.end.price, prices.then(data.prices) if data.prices else prices, now - start)


def _roi(span: _Span | str) -> Figure:
    return Figure(None, span) if isinstance(span, str) else published(growth_pct(span.after, span.before))


def _annualised(span: _Span | str) -> Figure:
    """Unclamped."""
    if isinstance(span, str):
        return Figure(None, span)
    if span.seconds < MIN_SECONDS:
        return Figure(None, TOO_FEW_DAYS)
    return Figure(annualised_pct(span.after, span.before, span.seconds))


def _max_drawdown(span: _Span | str) -> Figure:
    return Figure(None, span) if isinstance(span, str) else Figure(RATIO.multiply(HUNDRED, span.prices.fall.depth))


def _current_drawdown(span: _Span | str) -> Figure:
    if isinstance(span, str):
        return Figure(None, span)
    return Figure(RATIO.multiply(HUNDRED, span.prices.below_high(span.after)))


def _fall_times(span: _Span | str) -> tuple[Moment, Moment]:
    reason = span if isinstance(span, str) else NO_DRAWDOWN
    if isinstance(span, str) or not span.prices.fall.depth:
        return Moment(None, reason), Moment(None, reason)
    return Moment(span.prices.fall.peak_at), Moment(span.prices.fall.trough_at)


def _calmar(ratios: DailyRatios, annualised: Figure, span: _Span | str) -> Figure:
    if ratios.days < MIN_RETURNS:
        return Figure(None, TOO_FEW_DAYS)
    if annualised.value is None or isinstance(span, str):
        return annualised
    if not span.prices.fall.depth:
        return Figure(None, NO_DRAWDOWN)
    return published(RATIO.divide(annualised.value, WIDE.multiply(HUNDRED, span.prices.fall.depth)))


def _clamped(figure: Figure) -> Figure:
    return figure if figure.value is None else published(figure.value)
