"""What boards are made of and what a page of one shows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from services.analytics.metrics.boards import Sort
from services.analytics.metrics.windows import Window


@dataclass(frozen=True, slots=True)
class Board:
    """Which board: of leaders' entries or of vaults; of one base asset or (ratios and counts only) of all."""

    is_leaders: bool
    sort: Sort
    window: Window
    base_asset: str | None = None


@dataclass(frozen=True, slots=True)
class Least:
    """What a row must have at least to be shown; ranks are those of the whole board. None or 0: anything."""

    tvl: int | None = None
    followers: int = 0
    trades: int = 0


class BoardRow(NamedTuple):
    """A place on a board, from 1; previous_rank is that at the UTC day's first refresh, None for who was not on it.

    id is the vault's or the leader's. value: percent, ratio, count or amount. Of a leader's row, address is the
    wallet, name and status are empty, vault_count says how many vaults of the base asset it sums up.
    """

    rank: int
    previous_rank: int | None
    value: Decimal
    id: UUID
    address: str
    name: str
    base_asset: str
    status: str
    tvl: int
    followers: int
    trades: int
    vault_count: int
    leader_id: UUID
    leader_address: str
    argus_score: int
    since: int


class BoardKey(NamedTuple):
    """What decides about a row's place on a board; the address is in lower case."""

    value: Decimal
    tvl: int
    since: int
    address: str
    base_asset: str

    @classmethod
    def of(cls, row: BoardRow) -> BoardKey:
        """The key of a row."""
        return cls(row.value, row.tvl, row.since, row.address.lower(), row.base_asset)


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """What boards are sorted by, of a vault or of a leader's vaults of a base asset; tuples are by window.

    subject_id is where the windows come from: the vault, the leader's only vault, or the chained vaults.
    """

    id: UUID
    is_leader: bool
    subject_id: UUID
    leader_id: UUID
    base_asset: str
    vault_count: int
    tvl: int
    followers: int
    trades: int
    roi_pct: tuple[Decimal | None, ...]
    pnl: tuple[int, ...]
    volume: tuple[int, ...]
    net_flow: tuple[int, ...]
    sharpe: tuple[Decimal | None, ...]
    closed_win_rate_pct: tuple[Decimal | None, ...]


class AssetWindowSums(NamedTuple):
    """Sums of one base asset's vaults over a window, in its smallest unit."""

    base_asset: str
    window: Window
    volume: int
    net_flow: int
    pnl: int
