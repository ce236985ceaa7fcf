"""History points: the last real value of every bucket, carried through quiet ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tests.oracle_metrics.exact import decimal
from tests.oracle_metrics.moments import Moment

RESOLUTIONS = {"5m": 300, "1h": 3_600, "8h": 28_800, "1d": 86_400, "1w": 604_800}
FIRST_MONDAY = 4 * 86_400
"""1970-01-05: buckets of a week begin on Mondays, all others at multiples of their length in UTC."""


@dataclass(frozen=True)
class Point:
    """The state at the end of the bucket that begins at `t`; `price` is the running epoch's unit price.

    `drawdown` is in percent, of the first epoch's price below its highest so far; None before a deposit.
    """

    t: int
    price: Fraction
    equity: int
    tvl: int
    pnl: int
    drawdown: Decimal | None
    followers: int


def bucket(time: int, resolution: str) -> int:
    """Where the bucket of `time` begins."""
    return time - (time - FIRST_MONDAY) % RESOLUTIONS[resolution]


def history(moments: Sequence[Moment], resolution: str, start: int, end: int, now: int) -> list[Point]:
    """The buckets that begin within [start, end], from that of the first event to that of `now`."""
    if not moments:
        return []
    size = RESOLUTIONS[resolution]
    first, last = bucket(moments[0].time, resolution), bucket(now, resolution)
    return [_point(moments, t, t + size) for t in range(first, last + 1, size) if start <= t <= end]


def _point(moments: Sequence[Moment], t: int, end: int) -> Point:
    seen = [moment for moment in moments if moment.time < end]
    state = seen[-1]
    highest = max(Fraction(1), *(moment.price for moment in seen))
    return Point(
        t=t,
        price=state.unit_price,
        equity=state.equity,
        tvl=state.tvl,
        pnl=state.pnl,
        drawdown=decimal(100 * (1 - state.price / highest)) if state.paid_in else None,
        followers=len({wallet for _, wallet in state.holders}),
    )
