"""What the refresh knows of a subject (a vault, or a leader's vaults of one base asset) up to its moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Self

from services.analytics.figures import Figure
from services.analytics.leader_chain import LeaderState
from services.analytics.metrics.daily_ratios import NO_RATIOS, DailyRatios
from services.analytics.metrics.daily_returns import DayClose, DaySummary, ReturnSums
from services.analytics.metrics.price_range import Fall, PriceRange
from services.analytics.metrics.windows import Window, WindowData
from services.analytics.points import NO_TOTALS, PricePoint, Totals
from services.analytics.state import key_from_json, key_to_json

Json = Any


@dataclass(slots=True)
class WindowBase:
    """What a window's figures follow from.

    start is the last point up to the window's start, start_number its number (0 for none); prices covers the points
    after it. leaves_at is the moment from which the first of those is before the window; None when there is none,
    and of all.
    """

    start: PricePoint | None = None
    start_number: int = 0
    prices: PriceRange | None = None
    leaves_at: int | None = None
    ratios: DailyRatios = NO_RATIOS


class MemberPlace(NamedTuple):
    """How far a chain has taken in one of its vaults: time and number of its last point, its Q and its totals there."""

    time: int
    number: int
    owned: int
    totals: Totals


NOWHERE = MemberPlace(0, 0, 0, NO_TOTALS)


@dataclass(slots=True)
class SubjectState:
    """A subject up to the last refresh: `count` points, of which `end` is the last.

    windows holds a base for each window. open_runs are the ranges of the points behind the last whole run of each
    length. today is the last UTC day with points and day_before the summary of the one before it. ratios_day is the
    day for which the daily ratios hold. later_at is the time of the first point that is later than the refresh.
    chain and members are those of a leader's vaults, None and empty for a vault.
    """

    count: int = 0
    end: PricePoint | None = None
    first_deposit_at: int | None = None
    windows: dict[Window, WindowBase] = field(default_factory=lambda: {window: WindowBase() for window in Window})
    open_runs: list[PriceRange | None] = field(default_factory=lambda: [None, None, None])
    today: DayClose | None = None
    day_before: DaySummary | None = None
    ratios_day: int = 0
    later_at: int | None = None
    chain: LeaderState | None = None
    members: dict[str, MemberPlace] = field(default_factory=dict)

    def window(self, window: Window) -> WindowData:
        """What the window's figures follow from, as of the refresh."""
        base = self.windows[window]
        return WindowData(self.first_deposit_at, base.start, self.end, base.prices, base.ratios)

    def to_json(self) -> Json:
        """A lossless value that survives JSON."""
        return {
            "count": self.count,
            "end": _or_none(point_to_json, self.end),
            "first_deposit_at": self.first_deposit_at,
            "windows": [_base_to_json(self.windows[window]) for window in Window],
            "open_runs": [_or_none(range_to_json, prices) for prices in self.open_runs],
            "today": _or_none(_day_to_json, self.today),
            "day_before": _or_none(summary_to_json, self.day_before),
            "ratios_day": self.ratios_day,
            "later_at": self.later_at,
            "chain": None if self.chain is None else self.chain.to_json(),
            "members": {
                vault: [place.time, place.number, str(place.owned), _totals_to_json(place.totals)]
                for vault, place in self.members.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Self:
        """The state that `to_json` wrote."""
        return cls(
            count=data["count"],
            end=_or_none(point_from_json, data["end"]),
            first_deposit_at=data["first_deposit_at"],
            windows={window: _base_from_json(base) for window, base in zip(Window, data["windows"], strict=True)},
            open_runs=[_or_none(range_from_json, prices) for prices in data["open_runs"]],
            today=_or_none(_day_from_json, data["today"]),
            day_before=_or_none(summary_from_json, data["day_before"]),
            ratios_day=data["ratios_day"],
            later_at=data["later_at"],
            chain=_or_none(LeaderState.from_json, data["chain"]),
            members={
                vault: MemberPlace(time, number, int(owned), _totals_from_json(totals))
                for vault, (time, number, owned, totals) in data["members"].items()
            },
        )


def _or_none(convert: Any, value: Any) -> Any:
    return None if value is None else convert(value)


def point_to_json(point: PricePoint) -> Json:
    """A list of strings and ints."""
    fallen = None if point.below_peak is None else str(point.below_peak)
    totals = _totals_to_json(point.totals)
    return [key_to_json(point.key), str(point.unit_price), point.epoch, str(point.owned), fallen, totals]


def point_from_json(data: Sequence[Json]) -> PricePoint:
    """The point that `point_to_json` wrote."""
    key, price, epoch, owned, fallen, totals = data
    return PricePoint(
        key_from_json(key), Decimal(price), epoch, int(owned), _or_none(Decimal, fallen), _totals_from_json(totals)
    )


def _totals_to_json(totals: Totals) -> list[str]:
    return [str(value) for value in totals.values()]


def _totals_from_json(data: Sequence[str]) -> Totals:
    return Totals(*map(int, data))


def range_to_json(prices: PriceRange) -> Json:
    """A list of strings and ints."""
    fall = prices.fall
    fallen = [str(fall.depth), str(fall.peak), fall.peak_at, fall.trough_at]
    return [str(prices.high), prices.high_at, str(prices.low), prices.low_at, fallen]


def range_from_json(data: Sequence[Json]) -> PriceRange:
    """The range that `range_to_json` wrote."""
    high, high_at, low, low_at, (depth, peak, peak_at, trough_at) = data
    return PriceRange(
        Decimal(high), high_at, Decimal(low), low_at, Fall(Decimal(depth), Decimal(peak), peak_at, trough_at)
    )


def summary_to_json(summary: DaySummary) -> Json:
    """A list of strings, ints and bools."""
    sums = [summary.sums.days, *(str(value) for value in summary.sums[1:])]
    return [summary.day, str(summary.close), summary.is_exposed, sums]


def summary_from_json(data: Sequence[Json]) -> DaySummary:
    """The summary that `summary_to_json` wrote."""
    day, close, is_exposed, (days, total, squares, down_squares) = data
    sums = ReturnSums(days, Decimal(total), Decimal(squares), Decimal(down_squares))
    return DaySummary(day, Decimal(close), is_exposed, sums)


def _day_to_json(day: DayClose) -> Json:
    return [day.day, str(day.close), day.was_exposed, day.is_exposed]


def _day_from_json(data: Sequence[Json]) -> DayClose:
    day, close, was_exposed, is_exposed = data
    return DayClose(day, Decimal(close), was_exposed, is_exposed)


def _base_to_json(base: WindowBase) -> Json:
    ratios = base.ratios
    figures = [_figure_to_json(figure) for figure in (ratios.volatility_pct, ratios.sharpe, ratios.sortino)]
    prices = _or_none(range_to_json, base.prices)
    start = _or_none(point_to_json, base.start)
    return [start, base.start_number, prices, base.leaves_at, [ratios.days, *figures]]


def _base_from_json(data: Sequence[Json]) -> WindowBase:
    start, number, prices, leaves_at, (days, *figures) = data
    return WindowBase(
        _or_none(point_from_json, start),
        number,
        _or_none(range_from_json, prices),
        leaves_at,
        DailyRatios(days, *(_figure_from_json(figure) for figure in figures)),
    )


def _figure_to_json(figure: Figure) -> Json:
    return [_or_none(str, figure.value), figure.reason]


def _figure_from_json(data: Sequence[Json]) -> Figure:
    value, reason = data
    return Figure(_or_none(Decimal, value), reason)
