"""Rows of price points and followers' points, as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from services.analytics.followers import FollowerState, SharePool
from services.analytics.points import PricePoint
from services.analytics.precision import ZERO
from services.analytics.state import VaultState


class PointRow(NamedTuple):
    """A point with its number in the ledger (from 1) and how much of the change of Q came by the flow."""

    number: int
    point: PricePoint
    owned_by_flow: int


@dataclass(frozen=True, slots=True)
class FollowerPoint:
    """A wallet's part of a vault after the entry with this number; supply and pool_generation are the pool's.

    Amounts are in the base asset; shares are void when `generation` is not the pool's.
    """

    vault_id: UUID
    user_id: UUID
    number: int
    time: int
    deposit: int
    deposited_total: int
    withdrawn_total: int
    settled_total: int
    shares: Decimal
    generation: int
    supply: Decimal
    pool_generation: int

    @property
    def net_paid_in(self) -> int:
        """Deposits less everything paid out."""
        return self.deposited_total - self.withdrawn_total - self.settled_total

    def value_at(self, owned: int, supply: Decimal, pool_generation: int) -> Decimal:
        """v at a later moment: of Q = `owned` then, with the pool's supply and generation of the vault's last point
        of any follower up to it."""
        if not owned or self.generation != pool_generation:
            return ZERO
        return SharePool(supply, ZERO, pool_generation).value_of(self.shares, owned)


def follower_point(vault: UUID, user: UUID, follower: FollowerState, state: VaultState) -> FollowerPoint:
    """What a follower holds after the entry that was folded last, which names it."""
    assert state.last_key is not None, "an entry was folded"
    pool = state.pool
    return FollowerPoint(
        vault_id=vault,
        user_id=user,
        number=state.entries,
        time=state.last_key.time,
        deposit=follower.deposit,
        deposited_total=follower.deposited_total,
        withdrawn_total=follower.withdrawn_total,
        settled_total=follower.settled_total,
        shares=follower.shares,
        generation=follower.generation,
        supply=pool.supply,
        pool_generation=pool.generation,
    )


Points = Sequence[PointRow]
