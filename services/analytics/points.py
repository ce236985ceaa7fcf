"""Price points: what a vault shows after an event, and segments that sum up runs of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import reduce
from operator import attrgetter

from libs.events import OrderKey
from services.analytics.figures import pnl_all
from services.analytics.metrics.price_range import PriceRange
from services.analytics.precision import POINT, ZERO, ratio
from services.analytics.state import VaultState


@dataclass(frozen=True, slots=True)
class Totals:
    """What adds up over time and over vaults of one base asset; amounts in its smallest unit.

    equity, pnl and losses are signed (losses <= 0). followers counts running subscriptions.
    """

    equity: int = 0
    tvl: int = 0
    pnl: int = 0
    volume: int = 0
    trades: int = 0
    wins: int = 0
    closes: int = 0
    gains: int = 0
    losses: int = 0
    followers: int = 0

    @property
    def net_deposits(self) -> int:
        """Deposits - withdrawals - settled parts."""
        return self.equity - self.pnl

    def plus(self, other: Totals) -> Totals:
        """The sum, field by field."""
        return Totals(*(mine + its for mine, its in zip(self.values(), other.values(), strict=True)))

    def minus(self, other: Totals) -> Totals:
        """The change since `other`, field by field."""
        return Totals(*(mine - its for mine, its in zip(self.values(), other.values(), strict=True)))

    def values(self) -> tuple[int, ...]:
        """The fields in their order; `astuple` takes ten times as long."""
        return _FIELDS(self)


_FIELDS = attrgetter(*(field.name for field in fields(Totals)))

NO_TOTALS = Totals()


@dataclass(frozen=True, slots=True)
class PricePoint:
    """A vault (or a leader's vaults of one base asset) after the event at `key`.

    unit_price is P of the current epoch, to 240 digits; owned is Q. below_peak is how far the first epoch's price
    is below its highest, 0..1, to 50 digits, None before the first deposit. totals run from the first event on.
    """

    key: OrderKey
    unit_price: Decimal
    epoch: int
    owned: int
    below_peak: Decimal | None
    totals: Totals

    @property
    def time(self) -> int:
        """Seconds since 1970."""
        return self.key.time

    @property
    def price(self) -> Decimal:
        """The first epoch's price, by which returns are measured: 0 for ever after the first liquidation."""
        return self.unit_price if self.epoch == 1 else ZERO

    @property
    def is_exposed(self) -> bool:
        """Whether units of the first epoch exist: Q > 0 in it."""
        return self.owned > 0 and self.epoch == 1


def point_of(state: VaultState) -> PricePoint:
    """What the state shows after the entry that was folded last.

    Raises:
        ValueError: nothing was folded.
    """
    if state.last_key is None:
        raise ValueError("a point needs an entry")
    fallen = None if state.drawdown is None else ratio(state.drawdown.below_peak(state.first_epoch_price))
    return PricePoint(state.last_key, POINT.plus(state.price), state.epoch, state.owned, fallen, _totals_of(state))


def _totals_of(state: VaultState) -> Totals:
    trades, flows = state.trades, state.flows
    return Totals(
        equity=state.equity,
        tvl=flows.tvl,
        pnl=pnl_all(state),
        volume=trades.volume,
        trades=trades.trades,
        wins=trades.wins,
        closes=trades.closes,
        gains=trades.gains,
        losses=trades.losses,
        followers=flows.subscribers,
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of points without a gap: its last one, the prices visited, and whether units existed after any of them.

    prices is None while there was no deposit. Segments of adjacent runs join to the segment of both.
    """

    last: PricePoint
    prices: PriceRange | None
    was_exposed: bool

    @classmethod
    def of(cls, point: PricePoint) -> Segment:
        """The segment of one point."""
        prices = None if point.below_peak is None else PriceRange.of(point.price, point.time)
        return cls(point, prices, point.is_exposed)

    def then(self, later: Segment) -> Segment:
        """The segment of this run and the one that follows it."""
        prices = later.prices if self.prices is None else self.prices
        if self.prices is not None and later.prices is not None:
            prices = self.prices.then(later.prices)
        return Segment(later.last, prices, self.was_exposed or later.was_exposed)


def joined(segments: Iterable[Segment]) -> Segment | None:
    """The segment of all these adjacent runs, given in order; None of none."""
    found = list(segments)
    return reduce(Segment.then, found) if found else None
