"""The deepest fall of the unit price below its highest value so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from services.analytics.precision import NOISE, ONE, WIDE, ZERO


@dataclass(slots=True)
class Drawdown:
    """max(1 - P_t / max P_{s<=t}) over the prices visited, with the times of that peak and trough.

    Times are seconds since 1970. Of equal peaks and of equal falls the earliest counts; numbers that differ by
    rounding noise only are equal. `deepest` is 0..1; `deepest_peak_at` and `trough_at` are None while it is 0.
    """

    peak: Decimal
    peak_at: int
    deepest: Decimal = ZERO
    deepest_peak_at: int | None = None
    trough_at: int | None = None

    def visit(self, price: Decimal, time: int) -> None:
        """Take in the price after an event; call it in ledger order, with price >= 0."""
        if WIDE.subtract(price, self.peak) > WIDE.multiply(NOISE, self.peak):
            self.peak, self.peak_at = price, time
            return
        fall = self.below_peak(price)
        if WIDE.subtract(fall, self.deepest) > NOISE:
            self.deepest, self.deepest_peak_at, self.trough_at = fall, self.peak_at, time

    def below_peak(self, price: Decimal) -> Decimal:
        """How far a price not above the peak is below it, 0..1."""
        fall = WIDE.subtract(ONE, WIDE.divide(price, self.peak))
        return fall if fall > NOISE else ZERO

    def to_json(self) -> dict[str, Any]:
        """A lossless dict of strings (decimals) and ints (times)."""
        return {
            "peak": str(self.peak),
            "peak_at": self.peak_at,
            "deepest": str(self.deepest),
            "deepest_peak_at": self.deepest_peak_at,
            "trough_at": self.trough_at,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The drawdown that `to_json` wrote."""
        return cls(
            peak=Decimal(data["peak"]),
            peak_at=data["peak_at"],
            deepest=Decimal(data["deepest"]),
            deepest_peak_at=data["deepest_peak_at"],
            trough_at=data["trough_at"],
        )
