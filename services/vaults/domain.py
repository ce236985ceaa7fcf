"""What the vaults service knows: users, vaults, subscriptions, and the rules that derive them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from libs.events import Kind, OrderKey
from libs.identifiers import Address, SubscriptionId, UserId, VaultId


class VaultStatus(StrEnum):
    """State of a vault for followers."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    LIQUIDATED = "LIQUIDATED"


@dataclass(frozen=True, slots=True)
class User:
    """A wallet that leads, follows or has a score."""

    id: UserId
    wallet_address: Address
    argus_score: int
    joined_at: datetime


class Vault(NamedTuple):
    """A vault with its current figures; decimals as text in percent, amounts as text in the smallest unit."""

    id: str
    contract_address: str
    leader_id: str
    leader_wallet: str
    leader_score: int
    leader_joined_at: int
    name: str
    base_asset: str
    decimals: int | None
    tvl: str
    roi_pct: str | None
    max_drawdown_pct: str
    risk_score: int
    monthly_fee: str
    status: VaultStatus
    created_at: int
    follower_count: int
    trade_count: int
    as_of: int
    block_number: int | None


RISK_VERSION = 1


class Risk(NamedTuple):
    """The risk score and the parts that it is the rounded sum of, as decimal text: 0..50, 0..30 and 0..20."""

    score: int
    argus: str
    drawdown: str
    volatility: str


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A flow as the subscription fold needs it; a settlement leaves the deposit unchanged."""

    key: OrderKey
    amount: int


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """A pair's deposit after the flows up to last_key; it runs while the deposit is above zero."""

    deposited_amount: int
    subscribed_at: int | None
    last_key: OrderKey


@dataclass(frozen=True, slots=True)
class Subscription:
    """A running subscription."""

    id: SubscriptionId
    vault_id: VaultId
    user_id: UserId
    deposited_amount: int
    subscribed_at: datetime


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of one vault at one version of its ledger, as analytics sent them."""

    vault_id: VaultId
    ledger_version: int
    tvl: int
    roi_pct: str | None
    max_drawdown_pct: str
    is_liquidated: bool
    follower_count: int
    trade_count: int
    as_of: int | None
    block_number: int | None


class WindowFigures(NamedTuple):
    """Figures of one window of a vault as decimal text; None is not known."""

    window: str
    roi_pct: str | None
    pnl: str
    volume: str
    max_drawdown_pct: str | None
    volatility_pct: str | None
    sharpe: str | None
    closed_win_rate_pct: str | None


@dataclass(frozen=True, slots=True)
class VaultWindows:
    """Figures of all windows of a vault, as one refresh of analytics worked them out."""

    vault_id: VaultId
    refresh_number: int
    windows: tuple[WindowFigures, ...]

    @property
    def volatility_30d_pct(self) -> str | None:
        """The volatility that the risk score counts."""
        return next(figures.volatility_pct for figures in self.windows if figures.window == "30d")


def fold_flows(state: SubscriptionState | None, flows: Iterable[FlowRow]) -> SubscriptionState | None:
    """The pair's state after flows in ledger order; a withdrawal above the deposit ends it (metrics.md)."""
    for flow in flows:
        deposit = state.deposited_amount if state else 0
        opened_at = state.subscribed_at if state else None
        if flow.key.kind == Kind.DEPOSIT:
            if deposit == 0 and flow.amount > 0:
                opened_at = flow.key.time
            deposit += flow.amount
        elif flow.key.kind == Kind.WITHDRAWAL:
            deposit = max(0, deposit - flow.amount)
        state = SubscriptionState(deposit, opened_at, flow.key)
    return state


def highest_versions(performances: Iterable[Performance]) -> list[Performance]:
    """At most one per vault, the one with the highest ledger version, by vault id."""
    best: dict[VaultId, Performance] = {}
    for performance in performances:
        known = best.get(performance.vault_id)
        if known is None or performance.ledger_version > known.ledger_version:
            best[performance.vault_id] = performance
    return [best[vault] for vault in sorted(best)]


def newest_windows(sent: Iterable[VaultWindows]) -> list[VaultWindows]:
    """At most one per vault, the one with the highest refresh number, by vault id."""
    best: dict[VaultId, VaultWindows] = {}
    for windows in sent:
        known = best.get(windows.vault_id)
        if known is None or windows.refresh_number > known.refresh_number:
            best[windows.vault_id] = windows
    return [best[vault] for vault in sorted(best)]
