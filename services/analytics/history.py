"""A vault's history by resolution: the last real value of each bucket, carried through quiet ones, nothing invented."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from services.analytics.points import PricePoint
from services.analytics.precision import HUNDRED, RATIO, ratio

MAX_POINTS = 10_000

_WEEK = 7 * 86_400
# 1970-01-05, a Monday.
_FIRST_MONDAY = 4 * 86_400


class Resolution(StrEnum):
    """Width of a bucket; weeks start on Monday 00:00 UTC, all others at multiples of their width since 1970."""

    FIVE_MINUTES = "5m"
    HOUR = "1h"
    EIGHT_HOURS = "8h"
    DAY = "1d"
    WEEK = "1w"

    @property
    def seconds(self) -> int:
        """Width of a bucket."""
        return _SECONDS[self]

    def bucket(self, time: int) -> int:
        """Start of the bucket that a second belongs to."""
        offset = _FIRST_MONDAY if self is Resolution.WEEK else 0
        return (time - offset) // self.seconds * self.seconds + offset


_SECONDS = {
    Resolution.FIVE_MINUTES: 300,
    Resolution.HOUR: 3_600,
    Resolution.EIGHT_HOURS: 8 * 3_600,
    Resolution.DAY: 86_400,
    Resolution.WEEK: _WEEK,
}


class HistoryPoint(NamedTuple):
    """What held at the end of the bucket that starts at `at` (seconds since 1970), or at the end of the request.

    price is that of the current epoch (50 digits). drawdown_pct is how far the first epoch's price is below its
    highest, None before the first deposit. Amounts are in the base asset's smallest unit.
    """

    at: int
    price: Decimal
    equity: int
    tvl: int
    pnl: int
    drawdown_pct: Decimal | None
    followers: int


# A history point without its time.
_Values: TypeAlias = tuple[Decimal, int, int, int, Decimal | None, int]


class Buckets(NamedTuple):
    """Starts of the first and the last bucket of an answer, and the last second that counts."""

    first: int
    last: int
    until: int


def buckets(
    resolution: Resolution, first_at: int | None, now: int, *, since: int | None, until: int | None, limit: int
) -> Buckets | None:
    """The buckets to answer with: from that of `since` to that of `until` (both included), at most `limit` >= 1.

    None when there are none. They start with that of the vault's first point (`first_at`) at the earliest and end
    with that of now at the latest. When there are more, `since` given keeps the first ones, else the last ones stay.
    """
    end = now if until is None else min(now, until)
    if first_at is None or end < first_at or (since is not None and since > end):
        return None
    first, last = resolution.bucket(max(first_at, since or first_at)), resolution.bucket(end)
    span = (limit - 1) * resolution.seconds
    if since is None:
        return Buckets(max(first, last - span), last, end)
    last = min(last, first + span)
    return Buckets(first, last, min(end, last + resolution.seconds - 1))


def history(points: Iterable[PricePoint], resolution: Resolution, wanted: Buckets) -> list[HistoryPoint]:
    """One point for each of the buckets from the first that has a value on.

    `points` are in order: the last one before the first bucket if there is one, and of each bucket all or just the
    last up to `wanted.until`; later ones are left out.
    """
    rows: list[HistoryPoint] = []
    at, width = wanted.first, resolution.seconds
    values: _Values | None = None
    for point in points:
        if point.time > wanted.until:
            break
        bucket = max(wanted.first, resolution.bucket(point.time))
        if values is not None:
            rows += [HistoryPoint(start, *values) for start in range(at, bucket, width)]
        at, values = bucket, _values(point)
    if values is not None:
        rows += [HistoryPoint(start, *values) for start in range(at, wanted.last + width, width)]
    return rows


def _values(point: PricePoint) -> _Values:
    totals = point.totals
    fallen = None if point.below_peak is None else RATIO.multiply(HUNDRED, point.below_peak)
    return ratio(point.unit_price), totals.equity, totals.tvl, totals.pnl, fallen, totals.followers
