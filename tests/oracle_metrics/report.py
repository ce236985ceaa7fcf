"""Everything that time drives, for a list of jobs and a moment `now`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle import Job, System, User, Vault, expected
from tests.oracle.intake import accept
from tests.oracle_metrics.leaders import merged
from tests.oracle_metrics.moments import BEGINNING, Moment, moments_by_vault
from tests.oracle_metrics.risk import Risk, risk
from tests.oracle_metrics.windows import WindowFigures, all_windows


@dataclass(frozen=True)
class VaultFigures:
    """One vault: its row as the fold alone gives it, and its figures per window."""

    row: Vault
    moments: Sequence[Moment]
    windows: Mapping[str, WindowFigures]
    risk: Risk

    @property
    def profitable_followers_pct(self) -> Fraction | None:
        """100·followers with pnl > 0 / followers listed, None without followers."""
        return self.row.profitable_followers_pct


@dataclass(frozen=True)
class LeaderEntry:
    """One leader's vaults of one base asset together.

    `followers` counts wallets with a running subscription once, `subscriptions` counts them per vault.
    `liquidated`: the chained P reached 0.
    """

    wallet: str
    base_asset: str
    joined_at: int
    vaults: tuple[str, ...]
    tvl: int
    followers: int
    subscriptions: int
    liquidated: bool
    moments: Sequence[Moment]
    windows: Mapping[str, WindowFigures]


@dataclass(frozen=True)
class Report:
    """Vaults by checksummed address, leader entries by (wallet, base asset), users by wallet."""

    now: int
    vaults: Mapping[str, VaultFigures]
    entries: Mapping[tuple[str, str], LeaderEntry]
    users: Mapping[str, User]


def measure(jobs: Iterable[Job], now: int) -> Report:
    """Work out every figure at `now` (UNIX seconds); raises ValueError when an event is later than that."""
    jobs = list(jobs)
    events = accept(jobs).events
    if any(event.time > now for event in events):
        raise ValueError("an event is later than now")
    system = expected(jobs)
    moments = moments_by_vault(jobs)
    scored = {event.wallet for event in events if event.kind == "score"}
    vaults = {address: _vault(row, moments[address], system, scored, now) for address, row in system.vaults.items()}
    entries = {(leader, base): _entry(leader, base, vaults, system, now) for leader, base in _pairs(system)}
    return Report(now=now, vaults=vaults, entries=entries, users=system.users)


def _pairs(system: System) -> set[tuple[str, str]]:
    return {(row.leader, row.base_asset) for row in system.vaults.values()}


def _vault(row: Vault, moments: Sequence[Moment], system: System, scored: set[str], now: int) -> VaultFigures:
    windows = all_windows(moments, now)
    score = system.users[row.leader].argus_score if row.leader in scored else None
    drawdown = windows["all"].unclamped.get("maxDrawdownPct")
    volatility = windows["30d"].unclamped.get("volatilityPct")
    return VaultFigures(row, moments, windows, risk(score, drawdown, volatility))


def _entry(leader: str, base: str, vaults: Mapping[str, VaultFigures], system: System, now: int) -> LeaderEntry:
    own = {
        address: vault.moments
        for address, vault in vaults.items()
        if (vault.row.leader, vault.row.base_asset) == (leader, base)
    }
    moments = merged(own)
    end = moments[-1] if moments else BEGINNING
    return LeaderEntry(
        wallet=leader,
        base_asset=base,
        joined_at=system.users[leader].joined_at,
        vaults=tuple(sorted(own)),
        tvl=end.tvl,
        followers=len({wallet for _, wallet in end.holders}),
        subscriptions=len(end.holders),
        liquidated=end.epoch > 1 or end.unit_price == 0,
        moments=moments,
        windows=all_windows(moments, now),
    )
