"""A leader's vaults of one base asset seen as one: P chained over the sum of what their units own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, NamedTuple, Self

from libs.events import OrderKey
from services.analytics.fold import EntryResult, OutOfOrder
from services.analytics.metrics.drawdown import Drawdown
from services.analytics.points import NO_TOTALS, PricePoint, Totals
from services.analytics.precision import ONE, POINT, WIDE, ZERO, ratio
from services.analytics.state import key_from_json, key_to_json


class Place(NamedTuple):
    """Place of an entry among those of all of a leader's vaults: its key, then the vault's id."""

    key: OrderKey
    vault: str


@dataclass(frozen=True, slots=True)
class Change:
    """What one entry of one vault changes: Q by its result and, after it, by its flow; and the totals."""

    place: Place
    owned_by_result: int
    owned_by_flow: int
    totals: Totals


def change_of(vault: str, result: EntryResult, before: PricePoint | None, after: PricePoint) -> Change:
    """The change between two successive points of a vault, the first None at its first entry."""
    totals = after.totals.minus(before.totals if before else NO_TOTALS)
    return Change(Place(after.key, vault), result.owned_by_result, result.owned_by_flow, totals)


@dataclass(slots=True)
class LeaderState:
    """A leader's vaults of one base asset after the changes up to `last`, like one vault.

    owned is the sum of their Q; price is P, 0 once a result brought the sum to 0, 1 again in the next epoch from
    the next deposit on. drawdown follows the first epoch's price and is None before the first deposit.
    """

    owned: int = 0
    price: Decimal = ONE
    epoch: int = 1
    first_deposit_at: int | None = None
    drawdown: Drawdown | None = None
    totals: Totals = NO_TOTALS
    last: Place | None = None

    def take(self, change: Change) -> PricePoint:
        """Take in the next change and give the point after it.

        Raises:
            OutOfOrder: the change comes before the last one; nothing was changed.
        """
        if self.last is not None and change.place < self.last:
            raise OutOfOrder(f"{change.place} comes before {self.last}")
        self._result(change.owned_by_result, change.place.key.time)
        self._flow(change.owned_by_flow, change.place.key.time)
        self.totals = self.totals.plus(change.totals)
        self.last = change.place
        return PricePoint(
            change.place.key, POINT.plus(self.price), self.epoch, self.owned, self._below_peak(), self.totals
        )

    def _result(self, change: int, time: int) -> None:
        if not change:
            return
        after = self.owned + change
        self.price = WIDE.divide(WIDE.multiply(self.price, Decimal(after)), Decimal(self.owned)) if after else ZERO
        self.owned = after
        if self.epoch == 1 and self.drawdown is not None:
            self.drawdown.visit(self.price, time)

    def _flow(self, change: int, time: int) -> None:
        self.owned += change
        if change <= 0:
            return
        if self.first_deposit_at is None:
            self.first_deposit_at = time
            self.drawdown = Drawdown(peak=ONE, peak_at=time)
        if not self.price:
            self.price = ONE
            self.epoch += 1

    def _below_peak(self) -> Decimal | None:
        if self.drawdown is None:
            return None
        return ratio(self.drawdown.below_peak(self.price if self.epoch == 1 else ZERO))

    def to_json(self) -> dict[str, Any]:
        """A lossless dict that survives JSON: amounts and decimals are strings, counts and times ints."""
        return {
            "owned": str(self.owned),
            "price": str(self.price),
            "epoch": self.epoch,
            "first_deposit_at": self.first_deposit_at,
            "drawdown": None if self.drawdown is None else self.drawdown.to_json(),
            "totals": {name: str(value) for name, value in asdict(self.totals).items()},
            "last": None if self.last is None else [key_to_json(self.last.key), self.last.vault],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The state that `to_json` wrote."""
        return cls(
            owned=int(data["owned"]),
            price=Decimal(data["price"]),
            epoch=data["epoch"],
            first_deposit_at=data["first_deposit_at"],
            drawdown=None if data["drawdown"] is None else Drawdown.from_json(data["drawdown"]),
            totals=Totals(**{name: int(value) for name, value in data["totals"].items()}),
            last=None if data["last"] is None else Place(key_from_json(data["last"][0]), data["last"][1]),
        )


def leader_points(changes: Iterable[Change]) -> list[PricePoint]:
    """The points of a leader's vaults of one base asset from all their changes, given in any order."""
    state = LeaderState()
    return [state.take(change) for change in sorted(changes, key=_place)]


def _place(change: Change) -> Place:
    return change.place
