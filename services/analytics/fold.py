"""The fold over a vault's ledger: every figure of a vault follows from its entries in their one order."""

from collections.abc import Iterable, MutableMapping
from decimal import Decimal
from typing import NamedTuple

from libs.events import NO_BLOCK, OrderKey
from services.analytics.flags import INPUT_UNPAID, TIME_ASSUMED, WITHDRAWAL_EXCEEDS_DEPOSIT
from services.analytics.followers import FollowerState
from services.analytics.ledger import Deposit, Entry, Settlement, Trade, Withdrawal
from services.analytics.metrics.drawdown import Drawdown
from services.analytics.positions import book_trade
from services.analytics.precision import ONE, WIDE, ZERO
from services.analytics.state import VaultState

Followers = MutableMapping[str, FollowerState]


class OutOfOrder(ValueError):
    """The entry belongs before the last one folded: the vault must be folded again from its ledger."""


class EntryResult(NamedTuple):
    """What one entry did.

    pnl is the result it brought (a trade's; for a settlement minus the cuts), volume its base-asset side.
    owned_by_result and owned_by_flow are by how much Q changed through the result and, after it, the flow.
    """

    pnl: int = 0
    is_close: bool = False
    volume: int = 0
    flags: frozenset[str] = frozenset()
    owned_by_result: int = 0
    owned_by_flow: int = 0

    @property
    def is_profit(self) -> bool:
        """Whether the result is above 0."""
        return self.pnl > 0


class Folded(NamedTuple):
    """A whole ledger folded: the vault, its followers by wallet, and each entry with what it did, in order."""

    state: VaultState
    followers: dict[str, FollowerState]
    steps: list[tuple[Entry, EntryResult]]


NO_FLAGS: frozenset[str] = frozenset()
NOTHING = EntryResult()


def fold(entries: Iterable[Entry], base_asset: str) -> Folded:
    """Fold a whole ledger, given in any order; entries with the same key count in the order given."""
    state = VaultState()
    followers: dict[str, FollowerState] = {}
    ordered = sorted(entries, key=_key_of)
    steps = [(entry, apply_entry(state, followers, entry, base_asset)) for entry in ordered]
    return Folded(state, followers, steps)


def apply_entry(state: VaultState, followers: Followers, entry: Entry, base_asset: str) -> EntryResult:
    """Take the next entry into the state and into the one follower it names, both changed in place.

    `followers` must hold the named follower if the ledger has named it before; it is created when absent.
    The cost does not depend on how many followers or entries there are.

    Raises:
        OutOfOrder: the entry comes before `state.last_key`; nothing was changed.
    """
    key = entry.key
    if state.last_key is not None and key < state.last_key:
        raise OutOfOrder(f"{key} comes before {state.last_key}")
    result = _apply(state, followers, entry, base_asset)
    state.flags |= result.flags
    state.entries += 1
    state.last_key = key
    if key.block_number != NO_BLOCK:
        state.block_number = max(key.block_number, state.block_number or 0)
    return result


def _key_of(entry: Entry) -> OrderKey:
    return entry.key


def _apply(state: VaultState, followers: Followers, entry: Entry, base_asset: str) -> EntryResult:
    match entry:
        case Trade():
            return _trade(state, entry, base_asset)
        case Deposit():
            return _deposit(state, followers, entry) if entry.amount else NOTHING
        case Withdrawal():
            return _withdrawal(state, followers, entry) if entry.amount else NOTHING
        case Settlement():
            return _settlement(state, followers, entry)


def _trade(state: VaultState, trade: Trade, base_asset: str) -> EntryResult:
    outcome = book_trade(state.positions, trade, base_asset)
    time = trade.key.time
    state.trades.count(outcome.pnl, outcome.volume, time, is_close=outcome.is_close)
    flags = _flags(trade, outcome.flags)
    if trade.input_unpaid:
        flags |= {INPUT_UNPAID}
    changed = _book_result(state, outcome.pnl, time)
    return EntryResult(outcome.pnl, outcome.is_close, outcome.volume, flags, owned_by_result=changed)


def _deposit(state: VaultState, followers: Followers, entry: Deposit) -> EntryResult:
    amount, time = entry.amount, entry.key.time
    if state.first_deposit_at is None:
        state.first_deposit_at = time
        state.drawdown = Drawdown(peak=ONE, peak_at=time)
    if not state.price:
        state.price = ONE
        state.epoch += 1
    follower = _named(state, followers, entry.follower)
    state.pool.issue(follower, amount, state.owned)
    state.owned += amount
    if not follower.deposit:
        follower.subscribed_at = time
        state.flows.subscribers += 1
    if follower.first_deposit_at is None:
        follower.first_deposit_at = time
    follower.deposit += amount
    follower.deposited_total += amount
    state.flows.deposits += amount
    state.flows.tvl += amount
    return EntryResult(flags=_flags(entry), owned_by_flow=amount)


def _withdrawal(state: VaultState, followers: Followers, entry: Withdrawal) -> EntryResult:
    amount = entry.amount
    follower = _named(state, followers, entry.follower)
    flags = _flags(entry)
    if amount > follower.deposit:
        flags |= {WITHDRAWAL_EXCEEDS_DEPOSIT}
        follower.flags.add(WITHDRAWAL_EXCEEDS_DEPOSIT)
    changed = _pay_out(state, follower, amount)
    follower.withdrawn_total += amount
    state.flows.withdrawals += amount
    _reduce_deposit(state, follower, min(amount, follower.deposit))
    return EntryResult(flags=flags, owned_by_flow=changed)


def _reduce_deposit(state: VaultState, follower: FollowerState, amount: int) -> None:
    """Lower the nominal deposit; at 0 the subscription ends and what the follower still held is nobody's."""
    if not amount:
        return
    follower.deposit -= amount
    state.flows.tvl -= amount
    if not follower.deposit:
        state.pool.abandon(follower)
        follower.subscribed_at = None
        state.flows.subscribers -= 1


def _settlement(state: VaultState, followers: Followers, entry: Settlement) -> EntryResult:
    by_result = _book_result(state, -entry.cuts, entry.key.time)
    by_flow = 0
    if entry.remaining:
        follower = _named(state, followers, entry.follower)
        by_flow = _pay_out(state, follower, entry.remaining)
        follower.settled_total += entry.remaining
        state.flows.settled += entry.remaining
    elif not entry.cuts:
        return NOTHING
    return EntryResult(pnl=-entry.cuts, flags=_flags(entry), owned_by_result=by_result, owned_by_flow=by_flow)


def _book_result(state: VaultState, result: int, time: int) -> int:
    """Let a profit, loss or cut move the unit price; gives the change of Q."""
    if not result or not state.owned:
        state.unowned += result
        return 0
    before, after = state.owned, max(0, state.owned + result)
    if after:
        state.price = WIDE.divide(WIDE.multiply(state.price, Decimal(after)), Decimal(before))
    else:
        # The loss beyond Q stays as equity that no unit owns.
        state.unowned += before + result
        state.price = ZERO
        state.liquidated = True
        state.pool.void()
    state.owned = after
    if state.epoch == 1 and state.drawdown is not None:
        state.drawdown.visit(state.price, time)
    return after - before


def _pay_out(state: VaultState, follower: FollowerState, amount: int) -> int:
    """Take a payment out of Q as far as it goes and the rest out of R, at an unchanged price; gives Q's change."""
    paid = min(amount, state.owned)
    if paid:
        state.pool.redeem(follower, paid, state.owned)
    state.owned -= paid
    state.unowned -= amount - paid
    return -paid


def _named(state: VaultState, followers: Followers, wallet: str) -> FollowerState:
    follower = followers.get(wallet)
    if follower is None:
        follower = followers[wallet] = FollowerState(wallet)
        state.flows.followers += 1
    return follower


def _flags(entry: Entry, found: tuple[str, ...] = ()) -> frozenset[str]:
    if not found and not entry.time_assumed:
        return NO_FLAGS
    return frozenset((*found, TIME_ASSUMED) if entry.time_assumed else found)
