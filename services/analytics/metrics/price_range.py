"""Highest and lowest price and deepest fall of a stretch of time; ranges of adjacent stretches merge to one."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from services.analytics.precision import NOISE, ONE, ROUGH, WIDE, ZERO

# More than what ROUGH arithmetic can be off by.
_ROUGHLY_ONE = Decimal("1.000000000000000000000001")


class Fall(NamedTuple):
    """A fall by `depth` (0..1) below `peak`, with the times of both ends; they are None while it is 0."""

    depth: Decimal = ZERO
    peak: Decimal = ZERO
    peak_at: int | None = None
    trough_at: int | None = None


NO_FALL = Fall()


class PriceRange(NamedTuple):
    """What a run of first-epoch prices, visited in ledger order, shows; times are seconds since 1970.

    Of equal prices and equal falls the earliest counts; numbers that differ by rounding noise only are equal.
    The deepest fall is max(1 - P_t / max P_{s<=t}). Merging adjacent ranges is associative and gives what one
    visit of all their prices gives (`Drawdown`), so that stored ranges of hours and days make up any window.
    """

    high: Decimal
    high_at: int
    low: Decimal
    low_at: int
    fall: Fall = NO_FALL

    @classmethod
    def of(cls, price: Decimal, time: int) -> PriceRange:
        """The range of one price >= 0."""
        return cls(price, time, price, time)

    def then(self, later: PriceRange) -> PriceRange:
        """The range of this run and the one that follows it."""
        high, high_at = (later.high, later.high_at) if _above(later.high, self.high) else (self.high, self.high_at)
        low, low_at = (later.low, later.low_at) if _above(self.low, later.low) else (self.low, self.low_at)
        return PriceRange(high, high_at, low, low_at, self._deepest_with(later))

    def below_high(self, price: Decimal) -> Decimal:
        """How far a price not above `high` > 0 is below it, 0..1."""
        depth = WIDE.subtract(ONE, WIDE.divide(price, self.high))
        return depth if depth > NOISE else ZERO

    def _deepest_with(self, later: PriceRange) -> Fall:
        """The deepest fall: one inside either run, or from this run's high to the later one's low."""
        found = later.fall
        if not self._is_surely_less(later.low, max(self.fall.depth, found.depth)):
            across = Fall(self.below_high(later.low), self.high, self.high_at, later.low_at)
            if _deeper(across, found) or (not _deeper(found, across) and self._is_first(across, later)):
                found = across
        return found if _deeper(found, self.fall) else self.fall

    def _is_surely_less(self, low: Decimal, depth: Decimal) -> bool:
        """A cheap answer to whether a fall from `high` to `low` is less deep; False if that is close."""
        limit = ROUGH.multiply(ROUGH.multiply(self.high, ROUGH.subtract(ONE, depth)), _ROUGHLY_ONE)
        return low > limit or not self.high

    def _is_first(self, across: Fall, later: PriceRange) -> bool:
        """Whether the fall across both runs, equal to the later run's own one, comes first.

        Falls that are equal in the same second end at different prices, the lower one first, or both at 0, where
        the fall is from the higher peak.
        """
        if across.trough_at is None or later.fall.trough_at is None:
            return False
        if across.trough_at != later.fall.trough_at:
            return across.trough_at < later.fall.trough_at
        return later.low > 0 or not _above(later.fall.peak, self.high)


def _above(price: Decimal, other: Decimal) -> bool:
    """Whether a price is higher by more than rounding noise."""
    return price > other and WIDE.subtract(price, other) > WIDE.multiply(NOISE, other)


def _deeper(fall: Fall, other: Fall) -> bool:
    return fall.depth > other.depth and WIDE.subtract(fall.depth, other.depth) > NOISE
