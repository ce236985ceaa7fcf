"""The naive fold of one vault's ledger: exact fractions and a plain loop over every follower."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.trades import Outcome, Positions, Trade, settle_trade


@dataclass(frozen=True)
class Deposit:
    """`amount` of the base asset paid in by `wallet`."""

    time: int
    wallet: str
    amount: int


@dataclass(frozen=True)
class Withdrawal:
    """`amount` of the base asset paid out to `wallet`."""

    time: int
    wallet: str
    amount: int


@dataclass(frozen=True)
class Settlement:
    """`cuts` (leader's and protocol's together) leave the vault, then `remaining` is paid to `wallet`."""

    time: int
    wallet: str
    cuts: int
    remaining: int


Entry = Deposit | Withdrawal | Settlement | Trade


@dataclass
class Holding:
    """One follower while folding: `deposit` is what the contract owes nominally, `value` is exact."""

    deposit: int = 0
    value: Fraction = Fraction(0)
    deposited: int = 0
    withdrawn: int = 0
    settled: int = 0
    subscribed_at: int | None = None

    @property
    def pnl(self) -> Fraction:
        """Value plus everything paid out, minus everything paid in (unrounded)."""
        return self.value + self.withdrawn + self.settled - self.deposited


@dataclass
class Ledger:
    """The state of one vault. Q, R, P are `owned`, `unowned`, `price`; `orphan` is value nobody holds."""

    base_asset: str
    owned: int = 0
    unowned: int = 0
    price: Fraction = Fraction(1)
    epoch: int = 1
    orphan: Fraction = Fraction(0)
    peak: Fraction = Fraction(1)
    max_drawdown: Fraction = Fraction(0)
    had_deposit: bool = False
    liquidated: bool = False
    deposits: int = 0
    withdrawals: int = 0
    settled: int = 0
    flags: set[str] = field(default_factory=set)
    holdings: dict[str, Holding] = field(default_factory=dict)
    positions: Positions = field(default_factory=dict)
    trades: list[tuple[Trade, Outcome]] = field(default_factory=list)

    @property
    def equity(self) -> int:
        """E = Q + R."""
        return self.owned + self.unowned

    @property
    def first_epoch_price(self) -> Fraction:
        """P of the first epoch: 0 from its liquidation on, whatever later deposits do."""
        return self.price if self.epoch == 1 else Fraction(0)

    @property
    def drawdown(self) -> Fraction:
        """How far the first epoch's price is below its peak now, 0 … 1."""
        return 1 - self.first_epoch_price / self.peak

    @property
    def pnl(self) -> int:
        """E minus deposits plus everything paid out, over the whole life."""
        return self.equity - self.deposits + self.withdrawals + self.settled


def fold(entries: Iterable[Entry], base_asset: str) -> Ledger:
    """Fold entries that are already in ledger order, each identity once."""
    ledger = Ledger(base_asset)
    for entry in entries:
        if isinstance(entry, Deposit):
            _deposit(ledger, entry)
        elif isinstance(entry, Withdrawal):
            _withdrawal(ledger, entry)
        elif isinstance(entry, Settlement):
            _settlement(ledger, entry)
        else:
            _trade(ledger, entry)
        _note_price(ledger)
        _check(ledger)
    return ledger


def _deposit(ledger: Ledger, entry: Deposit) -> None:
    if entry.amount == 0:
        return
    if ledger.price == 0:
        ledger.price = Fraction(1)
        ledger.epoch += 1
    ledger.owned += entry.amount
    ledger.deposits += entry.amount
    ledger.had_deposit = True
    holding = ledger.holdings.setdefault(entry.wallet, Holding())
    if holding.deposit == 0:
        holding.subscribed_at = entry.time
    holding.deposit += entry.amount
    holding.deposited += entry.amount
    holding.value += entry.amount


def _withdrawal(ledger: Ledger, entry: Withdrawal) -> None:
    if entry.amount == 0:
        return
    holding = ledger.holdings.setdefault(entry.wallet, Holding())
    _pay_out(ledger, holding, entry.amount)
    ledger.withdrawals += entry.amount
    holding.withdrawn += entry.amount
    if entry.amount > holding.deposit:
        ledger.flags.add("withdrawal_exceeds_deposit")
    holding.deposit = max(0, holding.deposit - entry.amount)
    if holding.deposit == 0:
        holding.subscribed_at = None
        ledger.orphan += holding.value
        holding.value = Fraction(0)


def _settlement(ledger: Ledger, entry: Settlement) -> None:
    _result(ledger, -entry.cuts)
    if entry.remaining == 0:
        return
    holding = ledger.holdings.setdefault(entry.wallet, Holding())
    _pay_out(ledger, holding, entry.remaining)
    ledger.settled += entry.remaining
    holding.settled += entry.remaining


def _trade(ledger: Ledger, trade: Trade) -> None:
    outcome = settle_trade(trade, ledger.base_asset, ledger.positions)
    ledger.trades.append((trade, outcome))
    if "input_unpaid" in trade.flags:
        ledger.flags.add("input_unpaid")
    _result(ledger, outcome.result)


def _pay_out(ledger: Ledger, holding: Holding, amount: int) -> None:
    """Take `amount` from Q as far as it goes: own value first, then the orphan, then the others pro rata."""
    taken = min(amount, ledger.owned)
    ledger.owned -= taken
    ledger.unowned -= amount - taken
    from_own = min(holding.value, Fraction(taken))
    from_orphan = min(ledger.orphan, taken - from_own)
    from_others = taken - from_own - from_orphan
    holding.value -= from_own
    ledger.orphan -= from_orphan
    if from_others == 0:
        return
    others = [other for other in ledger.holdings.values() if other is not holding]
    total = sum((other.value for other in others), Fraction(0))
    for other in others:
        other.value -= from_others * other.value / total


def _result(ledger: Ledger, delta: int) -> None:
    """A profit or loss: it scales the price and every value, or liquidates, or has no owner."""
    if delta == 0:
        return
    if ledger.owned == 0:
        ledger.unowned += delta
        return
    after = ledger.owned + delta
    if after > 0:
        factor = Fraction(after, ledger.owned)
        ledger.owned = after
    else:
        factor = Fraction(0)
        ledger.unowned += after
        ledger.owned = 0
        ledger.liquidated = True
    ledger.price *= factor
    ledger.orphan *= factor
    for holding in ledger.holdings.values():
        holding.value *= factor


def _note_price(ledger: Ledger) -> None:
    ledger.peak = max(ledger.peak, ledger.first_epoch_price)
    ledger.max_drawdown = max(ledger.max_drawdown, ledger.drawdown)


def _check(ledger: Ledger) -> None:
    """The oracle's own invariants: the values fill Q exactly, and the pnls add up."""
    held = sum((holding.value for holding in ledger.holdings.values()), Fraction(0))
    assert held + ledger.orphan == ledger.owned
    assert ledger.owned >= 0
    assert ledger.orphan >= 0
    assert all(holding.value >= 0 for holding in ledger.holdings.values())
    pnl = sum((holding.pnl for holding in ledger.holdings.values()), Fraction(0))
    assert pnl == ledger.pnl - ledger.orphan - ledger.unowned
