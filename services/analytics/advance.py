"""Taking new points into a subject's windows, and moving the windows on with the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from services.analytics.metrics.daily_returns import DAY_SECONDS, DayClose, DaySummary, summary_of
from services.analytics.metrics.price_range import PriceRange
from services.analytics.metrics.windows import Window
from services.analytics.point_rows import PointRow
from services.analytics.points import PricePoint
from services.analytics.subject_state import SubjectState, WindowBase
from services.analytics.timeline import POINTS, Stretch, cover, ratios_of

# Whole runs of points whose ranges are kept; each is a multiple of the one before.
RUN_LENGTHS = (32, 1_024, 32_768)

# Windows that points leave, shortest first.
SLIDING = tuple(window for window in Window if window is not Window.ALL)


class Run(NamedTuple):
    """The range of a whole run of points, None without a deposit.

    level is its length's place in RUN_LENGTHS, place its own among the runs of that length; both from 0.
    """

    level: int
    place: int
    prices: PriceRange | None


class Visit(NamedTuple):
    """A point by its number: its time and the first epoch's price, None before the first deposit."""

    number: int
    time: int
    price: Decimal | None


@dataclass(slots=True)
class Produced:
    """What must be stored beside a subject's state: whole runs and days that are over."""

    runs: list[Run] = field(default_factory=list)
    days: list[DaySummary] = field(default_factory=list)


def append(state: SubjectState, rows: Sequence[PointRow], now: int) -> Produced:
    """Take the next points, none later than `now`. Windows that they or the clock made void must be joined anew."""
    produced = Produced()
    fresh: PriceRange | None = None
    for row in rows:
        visited = _range_of(row.point)
        fresh = then(fresh, visited)
        _extend_runs(state, row.number, visited, produced.runs)
        _extend_days(state, row.point, produced.days)
        if state.first_deposit_at is None and row.point.below_peak is not None:
            state.first_deposit_at = row.point.time
    if rows:
        _extend_windows(state, rows[0].point.time, fresh, now)
        state.end, state.count = rows[-1].point, rows[-1].number
    return produced


def then(earlier: PriceRange | None, later: PriceRange | None) -> PriceRange | None:
    """The range of two adjacent runs; None stands for one without prices."""
    if earlier is None or later is None:
        return later if earlier is None else earlier
    return earlier.then(later)


def _range_of(point: PricePoint) -> PriceRange | None:
    return None if point.below_peak is None else PriceRange.of(point.price, point.time)


def _extend_runs(state: SubjectState, number: int, visited: PriceRange | None, whole: list[Run]) -> None:
    for level, length in enumerate(RUN_LENGTHS):
        state.open_runs[level] = visited = then(state.open_runs[level], visited)
        if number % length:
            return
        # A whole run is the next part of a longer one.
        state.open_runs[level] = None
        whole.append(Run(level, number // length - 1, visited))


def _extend_days(state: SubjectState, point: PricePoint, over: list[DaySummary]) -> None:
    day, was_exposed = point.time // DAY_SECONDS, point.is_exposed
    if state.today is not None:
        if state.today.day == day:
            was_exposed = was_exposed or state.today.was_exposed
        else:
            state.day_before = summary_of(state.today, state.day_before)
            over.append(state.day_before)
    state.today = DayClose(day, point.price, was_exposed, point.is_exposed)
    if day < state.ratios_day:
        state.ratios_day = 0


def _extend_windows(state: SubjectState, first_time: int, fresh: PriceRange | None, now: int) -> None:
    for window, base in state.windows.items():
        start = window.start(now)
        if start is not None and first_time <= start:
            # Some of the points are before the window: from now on it is void.
            base.leaves_at = now
        elif start is None or base.leaves_at is None or base.leaves_at > now:
            base.prices = then(base.prices, fresh)
            if window.days is not None and base.leaves_at is None:
                base.leaves_at = first_time + window.days * DAY_SECONDS


def void_windows(state: SubjectState, now: int) -> list[Window]:
    """Windows that a point has left since they were joined, shortest first."""
    return [w for w in SLIDING if (at := state.windows[w].leaves_at) is not None and at <= now]


def next_shorter(window: Window) -> Window | None:
    """The longest window that is inside a sliding one; None of the shortest."""
    place = SLIDING.index(window)
    return SLIDING[place - 1] if place else None


class Places(NamedTuple):
    """The last point up to the starts of windows and up to now, by second; seconds before all points are missing."""

    at: Mapping[int, PointRow]

    def number(self, second: int) -> int:
        """How many points there are up to a second."""
        row = self.at.get(second)
        return 0 if row is None else row.number


def cuts_of(windows: Iterable[Window], now: int) -> list[int]:
    """The seconds at which points must be known to join these windows anew."""
    seconds = set()
    for window in windows:
        shorter = next_shorter(window)
        seconds |= {_start(window, now), now if shorter is None else _start(shorter, now)}
    return sorted(seconds)


def _start(window: Window, now: int) -> int:
    start = window.start(now)
    assert start is not None, "it slides"
    return start


def gaps_of(windows: Iterable[Window], places: Places, now: int) -> dict[Window, list[Stretch]]:
    """The stretches of each void window that the next shorter one does not have, as runs and points.

    Positions are numbers from 0: the point with number n is at n - 1.
    """
    gaps = {}
    for window in windows:
        shorter = next_shorter(window)
        end = places.number(now if shorter is None else _start(shorter, now))
        gaps[window] = list(cover(places.number(_start(window, now)), end, RUN_LENGTHS))
    return gaps


class Pieces(NamedTuple):
    """What stretches consist of: visits by their number, and the ranges of whole runs by level and index."""

    visits: Mapping[int, Visit]
    runs: Mapping[tuple[int, int], PriceRange | None]

    def range_of(self, stretch: Stretch) -> PriceRange | None:
        """The range of a stretch; KeyError when a piece is missing."""
        if stretch.width == POINTS:
            found = [self._visited(number) for number in range(stretch.begin + 1, stretch.end + 1)]
        else:
            level, width = RUN_LENGTHS.index(stretch.width), stretch.width
            found = [self.runs[level, index] for index in range(stretch.begin // width, stretch.end // width)]
        return reduce(then, found, None)

    def _visited(self, number: int) -> PriceRange | None:
        visit = self.visits[number]
        return None if visit.price is None else PriceRange.of(visit.price, visit.time)


def rejoin(
    state: SubjectState, gaps: Mapping[Window, Sequence[Stretch]], places: Places, pieces: Pieces, now: int
) -> None:
    """Join void windows anew, each from what it has beyond the next shorter one."""
    for window in SLIDING:
        if window not in gaps:
            continue
        shorter = next_shorter(window)
        inner = None if shorter is None else state.windows[shorter].prices
        row = places.at.get(_start(window, now))
        number = 0 if row is None else row.number
        outer = reduce(then, (pieces.range_of(stretch) for stretch in gaps[window]), None)
        state.windows[window] = WindowBase(
            start=None if row is None else row.point,
            start_number=number,
            prices=then(outer, inner),
            leaves_at=_leaves_at(state, window, number, pieces),
            ratios=state.windows[window].ratios,
        )


def _leaves_at(state: SubjectState, window: Window, number: int, pieces: Pieces) -> int | None:
    if number == state.count:
        return None
    assert window.days is not None, "it slides"
    return pieces.visits[number + 1].time + window.days * DAY_SECONDS


def renew_ratios(state: SubjectState, now: int, earlier: Mapping[int, DaySummary]) -> None:
    """Work out the daily ratios for now's UTC day; `earlier` has the last stored summaries before `days_needed`."""
    today = now // DAY_SECONDS
    last = _summary_before(state, today, earlier)
    for window, base in state.windows.items():
        if window.has_daily_ratios:
            first = window.first_day(now)
            before = None if first is None else _summary_before(state, first, earlier)
            base.ratios = ratios_of(window, now, before, last)
    state.ratios_day = today


def has_old_ratios(state: SubjectState, now: int) -> bool:
    """Whether a UTC day began or an earlier day changed since the ratios were worked out."""
    return state.first_deposit_at is not None and state.ratios_day != now // DAY_SECONDS


def days_needed(state: SubjectState, now: int) -> list[int]:
    """Days before which the last stored summary is needed for the ratios of now's day."""
    firsts = (window.first_day(now) for window in SLIDING if window.has_daily_ratios)
    return [day for day in firsts if day is not None and _is_stored(state, day)]


def _is_stored(state: SubjectState, day: int) -> bool:
    """Whether the last summary before a day is older than those that the state has."""
    return state.day_before is not None and state.day_before.day >= day


def _summary_before(state: SubjectState, day: int, earlier: Mapping[int, DaySummary]) -> DaySummary | None:
    if state.today is not None and state.today.day < day:
        return summary_of(state.today, state.day_before)
    return earlier.get(day) if _is_stored(state, day) else state.day_before


def next_change_at(state: SubjectState, now: int) -> int | None:
    """When the subject's windows change without a new event; None if never."""
    moments = [base.leaves_at for base in state.windows.values()]
    moments.append(state.later_at)
    if state.first_deposit_at is not None:
        moments.append((now // DAY_SECONDS + 1) * DAY_SECONDS)
    return min((moment for moment in moments if moment is not None), default=None)
