"""A vault's points with their segments of hours, days and 32 days, which make up any window from a few pieces."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from services.analytics.metrics.daily_ratios import NO_RATIOS, DailyRatios, daily_ratios
from services.analytics.metrics.daily_returns import DAY_SECONDS, DayClose, DaySummary, summary_of, sums_before
from services.analytics.metrics.windows import Window, WindowData
from services.analytics.points import PricePoint, Segment, joined

HOUR_SECONDS = 3_600

# Each is a multiple of the one before; a segment's stretch starts at a multiple of its width since 1970.
WIDTHS = (HOUR_SECONDS, DAY_SECONDS, 32 * DAY_SECONDS)

# The width of single points in a cover.
POINTS = 1


class Stretch(NamedTuple):
    """Whole segments of one width from `begin` up to, not including, `end` (seconds since 1970)."""

    width: int
    begin: int
    end: int


def cover(begin: int, end: int, widths: Sequence[int] = WIDTHS) -> Iterator[Stretch]:
    """Split the seconds begin..end - 1 into few stretches of the widest segments that fit, in order."""
    if begin >= end:
        return
    if not widths:
        yield Stretch(POINTS, begin, end)
        return
    *narrower, width = widths
    first, last = -(-begin // width) * width, end // width * width
    if first >= last:
        yield from cover(begin, end, narrower)
        return
    yield from cover(begin, first, narrower)
    yield Stretch(width, first, last)
    yield from cover(last, end, narrower)


def summary_of_segment(day: int, segment: Segment, before: DaySummary | None) -> DaySummary:
    """The summary of the day (counted from 1970) whose points the segment sums up."""
    return summary_of(DayClose(day, segment.last.price, segment.was_exposed, segment.last.is_exposed), before)


def ratios_of(window: Window, now: int, before: DaySummary | None, last: DaySummary | None) -> DailyRatios:
    """The ratios of the window's complete days before now's.

    `before` is the last summary before window.first_day(now) (unused for all), `last` the last one before now's
    day. The ratios stay the same until the next UTC day begins or an event of an earlier day comes late.
    """
    if not window.has_daily_ratios:
        return NO_RATIOS
    sums = sums_before(now // DAY_SECONDS, last)
    first = window.first_day(now)
    return daily_ratios(sums if first is None else sums.minus(sums_before(first, before)))


class Timeline:
    """All points of a vault, or of a leader's vaults of one base asset, in the ledger's order."""

    def __init__(self, points: Iterable[PricePoint] = ()) -> None:
        """Take the points in their order."""
        self.points: list[PricePoint] = []
        self.segments: dict[int, dict[int, Segment]] = {width: {} for width in WIDTHS}
        self.days: list[DaySummary] = []
        self.first_deposit_at: int | None = None
        for point in points:
            self.append(point)

    def append(self, point: PricePoint) -> None:
        """Take the next point: it changes one segment of each width.

        Raises:
            ValueError: the point comes before the last one.
        """
        if self.points and point.key < self.points[-1].key:
            raise ValueError("a late point needs a new timeline")
        self.points.append(point)
        if self.first_deposit_at is None and point.below_peak is not None:
            self.first_deposit_at = point.time
        for width, segments in self.segments.items():
            start = point.time // width * width
            segment = Segment.of(point)
            segments[start] = segments[start].then(segment) if start in segments else segment
        self._summarise(point.time // DAY_SECONDS)

    def at(self, time: int) -> PricePoint | None:
        """The last point up to and including a second."""
        index = bisect_right(self.points, time, key=_time)
        return self.points[index - 1] if index else None

    def segment(self, begin: int, end: int) -> Segment | None:
        """The segment of all points of the seconds begin..end - 1."""
        return joined(found for stretch in cover(begin, end) for found in self._of(stretch))

    def day_before(self, day: int) -> DaySummary | None:
        """The summary of the last day with points before a day, counted from 1970."""
        index = bisect_left(self.days, day, key=_day)
        return self.days[index - 1] if index else None

    def window(self, window: Window, now: int) -> WindowData:
        """What the figures of the window that ends at `now` follow from; later points do not count."""
        start = window.start(now)
        begin = self._beginning(now) if start is None else start + 1
        inside = self.segment(begin, now + 1)
        first = self.first_deposit_at
        return WindowData(
            first_deposit_at=None if first is None or first > now else first,
            start=None if start is None else self.at(start),
            end=self.at(now),
            prices=None if inside is None else inside.prices,
            ratios=ratios_of(
                window, now, self.day_before(window.first_day(now) or 0), self.day_before(now // DAY_SECONDS)
            ),
        )

    def _summarise(self, day: int) -> None:
        if self.days and self.days[-1].day == day:
            self.days.pop()
        before = self.days[-1] if self.days else None
        self.days.append(summary_of_segment(day, self.segments[DAY_SECONDS][day * DAY_SECONDS], before))

    def _beginning(self, now: int) -> int:
        return self.points[0].time if self.points else now

    def _of(self, stretch: Stretch) -> Iterator[Segment]:
        if stretch.width == POINTS:
            first = bisect_left(self.points, stretch.begin, key=_time)
            last = bisect_left(self.points, stretch.end, key=_time)
            yield from (Segment.of(point) for point in self.points[first:last])
            return
        segments = self.segments[stretch.width]
        # Stretches without points have no segments.
        yield from (segments[s] for s in range(stretch.begin, stretch.end, stretch.width) if s in segments)


def _time(point: PricePoint) -> int:
    return point.time


def _day(summary: DaySummary) -> int:
    return summary.day
