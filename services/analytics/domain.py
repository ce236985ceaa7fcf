"""What analytics keeps of a vault, its trades and its followers, and what it answers with."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from libs.events import Event, Flow, Settlement, Trade
from libs.identifiers import Address, TradeId, UserId, VaultId
from services.analytics import figures, ledger
from services.analytics.fold import EntryResult
from services.analytics.followers import FollowerState
from services.analytics.ledger import Entry
from services.analytics.precision import ZERO
from services.analytics.state import VaultState

# Beyond what is ever published (10^15), and within what every reader can hold.
ROI_LIMIT = Decimal("1e18")


@dataclass(frozen=True, slots=True)
class TradeResult:
    """What the fold made of a trade."""

    pnl: int
    is_close: bool
    volume: int
    flags: tuple[str, ...]

    @classmethod
    def of(cls, result: EntryResult) -> TradeResult:
        """The stored part of an entry's result, with its flags in a fixed order."""
        return cls(result.pnl, result.is_close, result.volume, tuple(sorted(result.flags)))


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An entry with its identity; `stored` is the result that a trade's row holds, None for a new trade."""

    identity: str
    entry: Entry
    stored: TradeResult | None = None


@dataclass(frozen=True, slots=True)
class VaultFigures:
    """What the vaults table shows of a state."""

    tvl: int
    roi_pct: Decimal | None
    max_drawdown_pct: Decimal
    is_liquidated: bool
    listed_follower_count: int
    follower_count: int
    trade_count: int
    winning_trade_count: int
    as_of: int | None
    block_number: int | None


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of one vault at one version of its ledger; amounts and ratios as decimal text."""

    vault_id: str
    ledger_version: int
    tvl: str
    roi_pct: str | None
    max_drawdown_pct: str
    is_liquidated: bool
    follower_count: int
    trade_count: int
    winning_trade_count: int
    as_of: int
    block_number: int | None


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A stored trade; amounts as decimal text, times in seconds."""

    id: TradeId
    vault_id: VaultId
    transaction_hash: str
    log_index: int | None
    asset_in: str
    asset_out: str
    amount_in: str
    amount_out: str
    pnl: int
    is_close: bool
    flags: list[str]
    executed_at: int
    block_number: int | None
    position: TradePosition


@dataclass(frozen=True, slots=True)
class TradePosition:
    """Place of a trade in the list of a vault's trades, latest first."""

    time: int
    block_order: int
    log_order: int
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class FollowerRow:
    """A stored follower."""

    user_id: UserId
    state: FollowerState


@dataclass(frozen=True, slots=True)
class GlobalFigures:
    """Figures over all ACTIVE vaults; the last two over all vaults."""

    active_vault_count: int
    total_tvl: str
    trade_count: int
    winning_trade_count: int
    as_of: int | None
    block_number: int | None


@dataclass(frozen=True, slots=True)
class Leader:
    """A user with a score above 0."""

    user_id: str
    wallet_address: str
    argus_score: int
    joined_at: int
    led_vault_count: int


def entry_of(event: Event) -> Entry | None:
    """The ledger entry of an event; None when it is none, or a flow of 0, which changes nothing at all."""
    key, body, assumed = event.order_key, event.body, event.time_assumed
    match body:
        case Trade():
            return ledger.Trade(
                key,
                body.asset_in,
                body.asset_out,
                body.amount_in,
                body.amount_out,
                body.pnl_override,
                body.input_unpaid,
                assumed,
            )
        case Flow(amount=0):
            return None
        case Flow(is_deposit=True):
            return ledger.Deposit(key, body.follower, body.amount, assumed)
        case Flow():
            return ledger.Withdrawal(key, body.follower, body.amount, assumed)
        case Settlement():
            return ledger.Settlement(
                key,
                body.follower,
                body.profit,
                body.leader_cut,
                body.protocol_cut,
                body.follower_remaining,
                assumed,
            )
        case _:
            return None


def follower_of(entry: Entry) -> Address | None:
    """The wallet that an entry names."""
    return None if isinstance(entry, ledger.Trade) else Address(entry.follower)


def figures_of(state: VaultState) -> VaultFigures:
    """What the vaults table shows of a state."""
    roi = figures.roi_all(state)
    drawdown = figures.max_drawdown_pct(state).value
    return VaultFigures(
        tvl=state.flows.tvl,
        roi_pct=None if roi is None else max(-ROI_LIMIT, min(ROI_LIMIT, roi)),
        max_drawdown_pct=ZERO if drawdown is None else drawdown,
        is_liquidated=state.liquidated,
        listed_follower_count=state.flows.followers,
        follower_count=state.flows.subscribers,
        trade_count=state.trades.trades,
        winning_trade_count=state.trades.wins,
        as_of=state.last_key.time if state.last_key else None,
        block_number=state.block_number,
    )
