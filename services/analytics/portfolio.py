"""A wallet's positions over time, summed over the vaults of each base asset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from libs.identifiers import VaultId
from services.analytics.figures import follower_figures
from services.analytics.followers import FollowerState, SharePool
from services.analytics.history import Buckets, Resolution
from services.analytics.state import VaultState


class Worth(NamedTuple):
    """Equity, pnl (signed) and deposit; integers in the base asset's smallest unit."""

    equity: int = 0
    pnl: int = 0
    deposit: int = 0

    def plus(self, other: Worth) -> Worth:
        """The sum, field by field."""
        return Worth(self.equity + other.equity, self.pnl + other.pnl, self.deposit + other.deposit)

    def minus(self, other: Worth) -> Worth:
        """The difference, field by field."""
        return Worth(self.equity - other.equity, self.pnl - other.pnl, self.deposit - other.deposit)


NOTHING = Worth()


class Holding(NamedTuple):
    """What a wallet holds in a vault from a second on."""

    vault_id: VaultId
    time: int
    worth: Worth


def holding_of(vault: VaultId, time: int, owned: int, pool: SharePool, follower: FollowerState) -> Holding:
    """The holding in a vault whose units own `owned`; shares, pool and Q are of one moment."""
    if not owned:
        # A liquidation voids all shares without a flow, so no point of a follower tells.
        pool = SharePool(generation=pool.generation + 1)
    valued = follower_figures(VaultState(owned=owned, pool=pool), follower)
    return Holding(vault, time, Worth(valued.equity, valued.pnl, follower.deposit))


class PortfolioPoint(NamedTuple):
    """What the holdings were worth together at the end of the bucket that starts at `at`."""

    at: int
    worth: Worth


def portfolio_history(holdings: Iterable[Holding], resolution: Resolution, wanted: Buckets) -> list[PortfolioPoint]:
    """One point for each of the wanted buckets from the first that has a value on.

    `holdings` are by time: of each vault the last one before the first bucket if there is one, and of each bucket the
    last one up to `wanted.until`.
    """
    rows: list[PortfolioPoint] = []
    held: dict[VaultId, Worth] = {}
    total, at, width = NOTHING, wanted.first, resolution.seconds
    for holding in holdings:
        bucket = max(wanted.first, resolution.bucket(holding.time))
        if held:
            rows += [PortfolioPoint(start, total) for start in range(at, bucket, width)]
        total = total.plus(holding.worth).minus(held.get(holding.vault_id, NOTHING))
        at, held[holding.vault_id] = bucket, holding.worth
    if held:
        rows += [PortfolioPoint(start, total) for start in range(at, wanted.last + width, width)]
    return rows
