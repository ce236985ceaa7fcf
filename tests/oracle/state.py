"""What the oracle answers: the rows of vaults, followers, trades and users, and the whole system."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.trades import Identity


@dataclass(frozen=True)
class Vault:
    """One deployed vault. Amounts are in the base asset's smallest unit, times UNIX seconds.

    Ratios (`…pct`, `roi`, in percent) are exact and None without a deposit. `q`, `r`, `orphan` and
    `unit_price` are Q, R, O and P; `losses_sum` is positive; `withdrawals` leaves `settled` out.
    """

    address: str
    leader: str
    name: str
    base_asset: str
    decimals: int | None
    created_at: int
    status: str
    tvl: int
    roi: Fraction | None
    epoch: int
    epoch_roi_pct: Fraction | None
    max_drawdown_pct: Fraction | None
    current_drawdown_pct: Fraction | None
    pnl: int
    equity: int
    q: int
    r: int
    unit_price: Fraction
    high_water_mark: Fraction
    orphan: Fraction
    unallocated_equity: int
    trade_count: int
    wins: int
    losses: int
    closes: int
    gains: int
    losses_sum: int
    volume: int
    deposits: int
    withdrawals: int
    settled: int
    follower_count: int
    profitable_followers_pct: Fraction | None
    flags: frozenset[str]


@dataclass(frozen=True)
class Follower:
    """One wallet in one vault, leavers included.

    `value` and `exact_pnl` are exact; `equity` and `pnl` are the published integers; `roi_pct` comes from
    the exact pnl, None without deposits; `subscribed_at` is None once left.
    """

    deposited: int
    deposited_total: int
    withdrawn_total: int
    settled_total: int
    value: Fraction
    equity: int
    exact_pnl: Fraction
    pnl: int
    roi_pct: Fraction | None
    subscribed_at: int | None
    left: bool


@dataclass(frozen=True)
class TradeRow:
    """One trade of a deployed vault; `amount_out` is 0 when unknown, `pnl` is its result."""

    vault: str
    tx_hash: str | None
    log_index: int | None
    asset_in: str
    asset_out: str
    amount_in: int
    amount_out: int
    pnl: int
    is_profit: bool
    is_close: bool
    flags: frozenset[str]
    executed_at: int


@dataclass(frozen=True)
class User:
    """One wallet; `vaults_led` counts the vaults whose counting deployment names it."""

    argus_score: int
    joined_at: int
    vaults_led: int


@dataclass(frozen=True)
class System:
    """Everything, keyed by checksummed addresses, by (vault, wallet), and by identity.

    `deferred` holds the identities that wait for a vault never deployed, `conflicts` those that came
    again with other content.
    """

    vaults: dict[str, Vault] = field(default_factory=dict)
    followers: dict[tuple[str, str], Follower] = field(default_factory=dict)
    trades: dict[Identity, TradeRow] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    deferred: frozenset[Identity] = frozenset()
    conflicts: frozenset[Identity] = frozenset()
