"""What a vault shows after each event of its ledger: a second fold of Q, R, P, written apart from the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle import Job
from tests.oracle.intake import Event, OrderKey, accept, address, amount, amount_out, cuts, remaining
from tests.oracle.trades import Outcome, Positions, Trade, settle_trade

NO_TRADE = Outcome(0, False, 0, frozenset())


@dataclass(frozen=True)
class Moment:
    """The state after one event at `time` (UNIX seconds); amounts in the base asset's smallest unit.

    `price` is the first epoch's P (0 from its liquidation on), `unit_price` the running epoch's. `owned` is
    Q, `unowned` R, `paid_in` and `paid_out` sum up all flows so far (settled parts are paid out). `by_result`
    and `by_flow` are how this event changed Q. `trade` is this event's own outcome; `tvl` the sum of deposits.
    """

    key: OrderKey | None
    time: int
    price: Fraction = Fraction(1)
    unit_price: Fraction = Fraction(1)
    epoch: int = 1
    owned: int = 0
    unowned: int = 0
    paid_in: int = 0
    paid_out: int = 0
    by_result: int = 0
    by_flow: int = 0
    tvl: int = 0
    holders: frozenset[tuple[str, str]] = frozenset()
    trade: Outcome = NO_TRADE

    @property
    def equity(self) -> int:
        """E = Q + R."""
        return self.owned + self.unowned

    @property
    def pnl(self) -> int:
        """PnL since the beginning: E minus what came in plus what went out."""
        return self.equity - self.paid_in + self.paid_out

    @property
    def active(self) -> bool:
        """Whether units of the first epoch own anything."""
        return self.epoch == 1 and self.owned > 0


BEGINNING = Moment(key=None, time=0)
"""Before every event: Q = R = 0, P = 1, epoch 1."""


@dataclass
class Chain:
    """P over a Q that results and flows change, for one vault or for several together."""

    owned: int = 0
    unit_price: Fraction = Fraction(1)
    epoch: int = 1

    def result(self, change_of_owned: int) -> None:
        """A result that Q felt; with Q = 0 nobody feels anything."""
        if self.owned == 0:
            return
        after = self.owned + change_of_owned
        self.unit_price = self.unit_price * after / self.owned
        self.owned = after

    def flow(self, change_of_owned: int) -> None:
        """A flow never moves P, but a deposit after a liquidation opens the next epoch."""
        if change_of_owned > 0 and self.unit_price == 0:
            self.unit_price = Fraction(1)
            self.epoch += 1
        self.owned += change_of_owned

    @property
    def first_price(self) -> Fraction:
        """The first epoch's P."""
        return self.unit_price if self.epoch == 1 else Fraction(0)


def moments_by_vault(jobs: Iterable[Job]) -> dict[str, list[Moment]]:
    """Fold the ledger of every deployed vault; flows of 0 are left out, they change nothing at all."""
    events = sorted(accept(jobs).events, key=lambda event: event.key)
    bases: dict[str, str] = {}
    for event in events:
        if event.kind == "deployment":
            bases.setdefault(event.vault, address(event.body, "baseAsset"))
    return {vault: _fold([e for e in events if e.vault == vault], base) for vault, base in bases.items()}


def _fold(events: Iterable[Event], base: str) -> list[Moment]:
    book = _Book(base)
    return [book.after(event) for event in events if _counts(event)]


def _counts(event: Event) -> bool:
    if event.kind in ("deposit", "withdrawal"):
        return amount(event.body, "amount") > 0
    return event.kind in ("trade", "settlement")


class _Book:
    """One vault while it is folded."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.chain = Chain()
        self.equity = 0
        self.paid_in = 0
        self.paid_out = 0
        self.deposits: dict[tuple[str, str], int] = {}
        self.positions: Positions = {}

    def after(self, event: Event) -> Moment:
        trade = self._trade(event) if event.kind == "trade" else NO_TRADE
        by_result = self._result(trade.result - (cuts(event.body) if event.kind == "settlement" else 0))
        by_flow = self._flow(event)
        return Moment(
            key=event.key,
            time=event.time,
            price=self.chain.first_price,
            unit_price=self.chain.unit_price,
            epoch=self.chain.epoch,
            owned=self.chain.owned,
            unowned=self.equity - self.chain.owned,
            paid_in=self.paid_in,
            paid_out=self.paid_out,
            by_result=by_result,
            by_flow=by_flow,
            tvl=sum(self.deposits.values()),
            holders=frozenset(who for who, deposit in self.deposits.items() if deposit > 0),
            trade=trade,
        )

    def _trade(self, event: Event) -> Outcome:
        body = event.body
        trade = Trade(
            identity=event.identity,
            time=event.time,
            tx_hash=event.tx_hash,
            log_index=event.log_index,
            asset_in=address(body, "assetIn"),
            asset_out=address(body, "assetOut"),
            amount_in=amount(body, "amountIn"),
            amount_out=amount_out(body),
            stated_pnl=amount(body, "pnlAmount"),
        )
        return settle_trade(trade, self.base, self.positions)

    def _result(self, delta: int) -> int:
        """Equity takes all of it; Q takes what it can, and nothing when it is empty."""
        self.equity += delta
        felt = max(delta, -self.chain.owned) if self.chain.owned else 0
        self.chain.result(felt)
        return felt

    def _flow(self, event: Event) -> int:
        who = (event.vault, event.wallet)
        if event.kind == "deposit":
            paid = amount(event.body, "amount")
            self.deposits[who] = self.deposits.get(who, 0) + paid
            self.paid_in += paid
            self.equity += paid
            self.chain.flow(paid)
            return paid
        if event.kind == "withdrawal":
            paid = amount(event.body, "amount")
            self.deposits[who] = max(0, self.deposits.get(who, 0) - paid)
        else:
            paid = remaining(event.body) if event.kind == "settlement" else 0
        self.paid_out += paid
        self.equity -= paid
        taken = min(paid, self.chain.owned)
        self.chain.flow(-taken)
        return -taken
