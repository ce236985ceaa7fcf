"""What each follower of a vault put in, took out and still holds: shares in the equity that units own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from services.analytics.precision import PART, TOTAL, WIDE, ZERO


@dataclass(slots=True)
class FollowerState:
    """One wallet's history with one vault; amounts are in the base asset, times in seconds since 1970.

    `deposit` is d, the nominal amount that the contract would pay back now. `shares` counts only while
    `generation` is the pool's. `subscribed_at` is the deposit that opened the running subscription, None
    without one.
    """

    wallet: str
    deposit: int = 0
    deposited_total: int = 0
    withdrawn_total: int = 0
    settled_total: int = 0
    shares: Decimal = ZERO
    generation: int = 0
    subscribed_at: int | None = None
    first_deposit_at: int | None = None
    flags: set[str] = field(default_factory=set)

    @property
    def has_left(self) -> bool:
        """Whether no subscription is running (the history stays)."""
        return self.deposit == 0

    @property
    def net_paid_in(self) -> int:
        """Deposits less everything paid out: what the value must exceed for a profit."""
        return self.deposited_total - self.withdrawn_total - self.settled_total

    def to_json(self) -> dict[str, Any]:
        """A lossless dict of strings (amounts, shares), ints (times, generation) and lists."""
        return {
            "wallet": self.wallet,
            "deposit": str(self.deposit),
            "deposited_total": str(self.deposited_total),
            "withdrawn_total": str(self.withdrawn_total),
            "settled_total": str(self.settled_total),
            "shares": str(self.shares),
            "generation": self.generation,
            "subscribed_at": self.subscribed_at,
            "first_deposit_at": self.first_deposit_at,
            "flags": sorted(self.flags),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The follower that `to_json` wrote."""
        return cls(
            wallet=data["wallet"],
            deposit=int(data["deposit"]),
            deposited_total=int(data["deposited_total"]),
            withdrawn_total=int(data["withdrawn_total"]),
            settled_total=int(data["settled_total"]),
            shares=Decimal(data["shares"]),
            generation=data["generation"],
            subscribed_at=data["subscribed_at"],
            first_deposit_at=data["first_deposit_at"],
            flags=set(data["flags"]),
        )


@dataclass(slots=True)
class SharePool:
    """Splits a vault's owned equity Q: a follower's value is Q * shares / supply, the orphan's Q * orphan / supply.

    A result changes Q alone, so it scales every value at once without touching a follower. Invariant:
    supply = sum of the followers' shares of this generation + orphan. When Q falls to 0 all shares are void:
    a new generation begins.
    """

    supply: Decimal = ZERO
    orphan: Decimal = ZERO
    generation: int = 0

    def shares_of(self, follower: FollowerState) -> Decimal:
        """The follower's shares that still count."""
        return follower.shares if follower.generation == self.generation else ZERO

    def value_of(self, shares: Decimal, owned: int) -> Decimal:
        """What shares are worth while the owned equity is `owned`, to about 400 digits."""
        if not shares:
            return ZERO
        return WIDE.divide(WIDE.multiply(shares, Decimal(owned)), self.supply)

    def issue(self, follower: FollowerState, amount: int, owned: int) -> None:
        """Give shares worth `amount` > 0 at the price before the deposit; `owned` is Q before it."""
        held = self.shares_of(follower)
        # With Q = 0 nothing else holds shares: the first ones of a generation cost 1 each.
        issued = self._worth(amount, owned) if owned else Decimal(amount)
        self._set_shares(follower, WIDE.add(held, issued))
        self.supply = TOTAL.add(self.supply, TOTAL.subtract(follower.shares, held))

    def redeem(self, follower: FollowerState, amount: int, owned: int) -> None:
        """Take 0 < `amount` <= `owned` (Q before it): the follower's own value, then the orphan, then the others.

        What the others lose needs no change here: Q falls and their shares stay.
        """
        if amount == owned:
            self.void()
            return
        held = self.shares_of(follower)
        due = self._worth(amount, owned)
        own = min(held, due)
        from_orphan = min(self.orphan, WIDE.subtract(due, own))
        self._set_shares(follower, WIDE.subtract(held, own))
        self.orphan = PART.subtract(self.orphan, from_orphan)
        self.supply = TOTAL.subtract(self.supply, PART.add(PART.subtract(held, follower.shares), from_orphan))

    def abandon(self, follower: FollowerState) -> None:
        """The follower's subscription ended: what it still holds becomes orphan."""
        self.orphan = PART.add(self.orphan, self.shares_of(follower))
        self._set_shares(follower, ZERO)

    def void(self) -> None:
        """Q is 0: no share is worth anything, now or later."""
        self.supply = ZERO
        self.orphan = ZERO
        self.generation += 1

    def _worth(self, amount: int, owned: int) -> Decimal:
        """The shares that are worth `amount`."""
        return WIDE.divide(WIDE.multiply(Decimal(amount), self.supply), Decimal(owned))

    def _set_shares(self, follower: FollowerState, shares: Decimal) -> None:
        follower.shares = shares
        follower.generation = self.generation

    def to_json(self) -> dict[str, Any]:
        """A lossless dict."""
        return {"supply": str(self.supply), "orphan": str(self.orphan), "generation": self.generation}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The pool that `to_json` wrote."""
        return cls(Decimal(data["supply"]), Decimal(data["orphan"]), data["generation"])
