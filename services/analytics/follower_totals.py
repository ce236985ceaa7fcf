"""Sums over all followers of a vault."""

from __future__ import annotations

from dataclasses import dataclass

from libs.database import Connection
from libs.identifiers import VaultId
from services.analytics.figures import Figure, exact_pnl, profitable_followers_pct, unallocated_equity
from services.analytics.listing import FollowerStatus
from services.analytics.repository import people
from services.analytics.state import VaultState

# Numeric holds 131,072 digits before the point and 16,383 after it; products of two such numbers must fit.
_MAX_EXPONENT = 5_000
_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class FollowerTotals:
    """Followers ever listed, those with a deposit, those with an exact pnl above 0; amounts in the base asset."""

    listed: int
    active: int
    profitable: int
    deposited: int
    unallocated: int

    @property
    def profitable_pct(self) -> Figure:
        """profitableFollowersPct."""
        return profitable_followers_pct(self.profitable, self.listed)

    def count(self, status: FollowerStatus) -> int:
        """Followers of a status."""
        match status:
            case FollowerStatus.ACTIVE:
                return self.active
            case FollowerStatus.LEFT:
                return self.listed - self.active
            case _:
                return self.listed


async def follower_totals(conn: Connection, vault: VaultId, state: VaultState) -> FollowerTotals:
    """Totals of a vault's followers by its state, which is of the connection's snapshot."""
    flows = state.flows
    profitable = await _count_profitable(conn, vault, state) if flows.followers else 0
    return FollowerTotals(flows.followers, flows.subscribers, profitable, flows.tvl, unallocated_equity(state))


async def _count_profitable(conn: Connection, vault: VaultId, state: VaultState) -> int:
    pool = state.pool
    if abs(pool.supply.adjusted()) <= _MAX_EXPONENT:
        return await people.count_profitable(
            conn, vault, owned=state.owned, supply=pool.supply, generation=pool.generation
        )
    # Nearly everything was lost and won back dozens of times: numbers that only the fold's own arithmetic holds.
    rows = await people.list_followers(conn, vault, FollowerStatus.ANY, after=None, limit=_ALL)
    return sum(exact_pnl(state, row.state) > 0 for row in rows)
