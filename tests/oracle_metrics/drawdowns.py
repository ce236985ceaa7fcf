"""Maximum and current drawdown of a visited price, with the times of the peak and the trough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

NOISE = Fraction(1, 10**30)
"""Below this, prices kept to 50 digits can't be told apart: a rounded fold may pick another of the tied times."""

Visit = tuple[int, Fraction]
"""(UNIX second, P)."""


@dataclass(frozen=True)
class Drawdown:
    """`deepest` and `current` are 0 … 1; the times are None at 0.

    `ties` holds every (peak, trough) that comes within 10^-30 of the deepest drawdown.
    """

    deepest: Fraction
    current: Fraction
    peak_at: int | None
    trough_at: int | None
    ties: frozenset[tuple[int, int]]


def drawdown(visits: Sequence[Visit]) -> Drawdown:
    """Of at least one visit, in order, the first with P > 0; ties take the earliest time."""
    depths = [1 - price / max(earlier for _, earlier in visits[: n + 1]) for n, (_, price) in enumerate(visits)]
    deepest = max(depths)
    if deepest == 0:
        return Drawdown(deepest, depths[-1], None, None, frozenset())
    trough = depths.index(deepest)
    prices = [price for _, price in visits[: trough + 1]]
    peak = prices.index(max(prices))
    return Drawdown(deepest, depths[-1], visits[peak][0], visits[trough][0], _ties(visits, depths, deepest))


def _ties(visits: Sequence[Visit], depths: Sequence[Fraction], deepest: Fraction) -> frozenset[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for n, depth in enumerate(depths):
        if depth < deepest - NOISE:
            continue
        top = max(price for _, price in visits[: n + 1])
        found |= {(time, visits[n][0]) for time, price in visits[: n + 1] if price >= top * (1 - NOISE)}
    return frozenset(found)
