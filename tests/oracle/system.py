"""The final state that the real system must show for a set of jobs, whatever order they came in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import floor

from tests.oracle.intake import Event, Job, accept, address, amount, amount_out, cuts, optional_amount, remaining
from tests.oracle.ledger import Deposit, Entry, Holding, Ledger, Settlement, Withdrawal, fold
from tests.oracle.state import Follower, System, TradeRow, User, Vault
from tests.oracle.trades import Identity, Outcome, Trade

LEDGER_KINDS = ("deposit", "trade", "settlement", "withdrawal")
FLOOR_TOLERANCE = Fraction(1, 10**20)


def expected(jobs: Iterable[Job]) -> System:
    """Work out the final state from valid jobs in any order, duplicates included."""
    intake = accept(jobs)
    events = sorted(intake.events, key=lambda event: event.key)
    deployments = _deployments(events)
    vaults: dict[str, Vault] = {}
    followers: dict[tuple[str, str], Follower] = {}
    trades: dict[Identity, TradeRow] = {}
    for vault_address, deployment in deployments.items():
        own = [event for event in events if event.vault == vault_address]
        entries = [_entry(event) for event in own if event.kind in LEDGER_KINDS]
        ledger = fold(entries, address(deployment.body, "baseAsset"))
        vaults[vault_address] = _vault(deployment, ledger, _is_paused(own))
        for wallet, holding in ledger.holdings.items():
            followers[vault_address, wallet] = _follower(holding)
        for trade, outcome in ledger.trades:
            trades[trade.identity] = _trade_row(vault_address, trade, outcome)
    waiting = [event for event in events if event.vault and event.vault not in deployments]
    return System(
        vaults=vaults,
        followers=followers,
        trades=trades,
        users=_users(events, deployments),
        deferred=frozenset(event.identity for event in waiting),
        conflicts=intake.conflicts,
    )


def _deployments(ordered: Sequence[Event]) -> dict[str, Event]:
    """The deployment that counts for each vault: the first in order."""
    first: dict[str, Event] = {}
    for event in ordered:
        if event.kind == "deployment":
            first.setdefault(event.vault, event)
    return first


def _entry(event: Event) -> Entry:
    body = event.body
    if event.kind == "deposit":
        return Deposit(event.time, event.wallet, amount(body, "amount"))
    if event.kind == "withdrawal":
        return Withdrawal(event.time, event.wallet, amount(body, "amount"))
    if event.kind == "settlement":
        return Settlement(event.time, event.wallet, cuts(body), remaining(body))
    return _trade(event)


def _trade(event: Event) -> Trade:
    body = event.body
    flags: set[str] = set()
    if event.time_assumed:
        flags.add("time_assumed")
    paid = optional_amount(body, "amountInPaid")
    if paid is not None and paid < amount(body, "amountIn"):
        flags.add("input_unpaid")
    return Trade(
        identity=event.identity,
        time=event.time,
        tx_hash=event.tx_hash,
        log_index=event.log_index,
        asset_in=address(body, "assetIn"),
        asset_out=address(body, "assetOut"),
        amount_in=amount(body, "amountIn"),
        amount_out=amount_out(body),
        stated_pnl=amount(body, "pnlAmount"),
        flags=frozenset(flags),
    )


def _is_paused(events: Sequence[Event]) -> bool:
    """Whether the latest status says so; among statuses observed in the same second PAUSED wins."""
    statuses = [(event.time, event.body["status"] == "PAUSED") for event in events if event.kind == "status"]
    return max(statuses)[1] if statuses else False


def _vault(deployment: Event, ledger: Ledger, paused: bool) -> Vault:
    results = [outcome.result for _, outcome in ledger.trades]
    holdings = ledger.holdings.values()
    started = ledger.had_deposit
    winners = sum(holding.pnl > 0 for holding in holdings)
    return Vault(
        address=deployment.vault,
        leader=deployment.wallet,
        name=deployment.body["name"],
        base_asset=ledger.base_asset,
        decimals=deployment.body.get("decimals"),
        created_at=deployment.time,
        status="LIQUIDATED" if ledger.liquidated else "PAUSED" if paused else "ACTIVE",
        tvl=sum(holding.deposit for holding in holdings),
        roi=100 * (ledger.first_epoch_price - 1) if started else None,
        epoch=ledger.epoch,
        epoch_roi_pct=100 * (ledger.price - 1) if started else None,
        max_drawdown_pct=100 * ledger.max_drawdown if started else None,
        current_drawdown_pct=100 * ledger.drawdown if started else None,
        pnl=ledger.pnl,
        equity=ledger.equity,
        q=ledger.owned,
        r=ledger.unowned,
        unit_price=ledger.price,
        high_water_mark=ledger.peak,
        orphan=ledger.orphan,
        unallocated_equity=_floor(ledger.orphan) + ledger.unowned,
        trade_count=len(results),
        wins=sum(result > 0 for result in results),
        losses=sum(result < 0 for result in results),
        closes=sum(outcome.is_close for _, outcome in ledger.trades),
        gains=sum(result for result in results if result > 0),
        losses_sum=-sum(result for result in results if result < 0),
        volume=sum(outcome.volume for _, outcome in ledger.trades),
        deposits=ledger.deposits,
        withdrawals=ledger.withdrawals,
        settled=ledger.settled,
        follower_count=sum(holding.deposit > 0 for holding in holdings),
        profitable_followers_pct=Fraction(100 * winners, len(holdings)) if holdings else None,
        flags=frozenset(ledger.flags),
    )


def _follower(holding: Holding) -> Follower:
    equity = _floor(holding.value)
    return Follower(
        deposited=holding.deposit,
        deposited_total=holding.deposited,
        withdrawn_total=holding.withdrawn,
        settled_total=holding.settled,
        value=holding.value,
        equity=equity,
        exact_pnl=holding.pnl,
        pnl=equity + holding.withdrawn + holding.settled - holding.deposited,
        roi_pct=100 * holding.pnl / holding.deposited if holding.deposited else None,
        subscribed_at=holding.subscribed_at,
        left=holding.deposit == 0,
    )


def _trade_row(vault: str, trade: Trade, outcome: Outcome) -> TradeRow:
    return TradeRow(
        vault=vault,
        tx_hash=trade.tx_hash,
        log_index=trade.log_index,
        asset_in=trade.asset_in,
        asset_out=trade.asset_out,
        amount_in=trade.amount_in,
        amount_out=trade.amount_out or 0,
        pnl=outcome.result,
        is_profit=outcome.result > 0,
        is_close=outcome.is_close,
        flags=outcome.flags,
        executed_at=trade.time,
    )


def _users(events: Sequence[Event], deployments: dict[str, Event]) -> dict[str, User]:
    named: dict[str, list[int]] = {}
    scores: dict[str, list[tuple[int, int]]] = {}
    for event in events:
        if event.kind == "score":
            scores.setdefault(event.wallet, []).append((event.time, event.body["reputationScore"]))
        elif event.vault in deployments and _names_a_user(event):
            named.setdefault(event.wallet, []).append(event.time)
    led = Counter(deployment.wallet for deployment in deployments.values())
    return {
        wallet: User(
            argus_score=max(scores[wallet])[1] if wallet in scores else 0,
            joined_at=min(named[wallet]) if wallet in named else min(scores[wallet])[0],
            vaults_led=led[wallet],
        )
        for wallet in named.keys() | scores.keys()
    }


def _names_a_user(event: Event) -> bool:
    if event.kind in ("deposit", "withdrawal"):
        return amount(event.body, "amount") > 0
    return event.kind in ("deployment", "settlement")


def _floor(value: Fraction) -> int:
    """A published equity: floor(value + 10^-20)."""
    return floor(value + FLOOR_TOLERANCE)
