"""What holds for every ledger, whatever is in it and however it arrives."""

import json
from decimal import Context, Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.analytics import figures
from services.analytics.fold import Folded, apply_entry, fold
from services.analytics.followers import FollowerState
from services.analytics.ledger import Deposit, Entry, Settlement, Trade
from services.analytics.precision import ONE, ZERO
from services.analytics.state import VaultState
from tests.unit.ledger_builder import BASE, ledgers, with_times

EXACT = Context(prec=5000)


def snapshot(state: VaultState, followers: dict[str, FollowerState]) -> str:
    everybody = {wallet: follower.to_json() for wallet, follower in sorted(followers.items())}
    return json.dumps([state.to_json(), everybody])


def everything(outcome: Folded) -> tuple[str, list[object]]:
    return snapshot(outcome.state, outcome.followers), list(outcome.steps)


@given(ledgers(), st.randoms(use_true_random=False))
def test_any_arrival_order_gives_the_same_fold(entries: list[Entry], random: object) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert everything(fold(shuffled, BASE)) == everything(fold(entries, BASE))


@given(ledgers(max_size=12), st.data())
def test_any_arrival_order_gives_the_same_fold_when_times_are_equal(entries: list[Entry], data: st.DataObject) -> None:
    times = data.draw(st.lists(st.integers(0, 2), min_size=len(entries), max_size=len(entries)))
    crowded = with_times(entries, times)
    shuffled = data.draw(st.permutations(crowded))
    assert everything(fold(shuffled, BASE)) == everything(fold(crowded, BASE))


@given(ledgers(max_size=15))
def test_every_prefix_survives_json_and_equals_the_fold_from_scratch(entries: list[Entry]) -> None:
    state, followers = VaultState(), dict[str, FollowerState]()
    for count, entry in enumerate(entries, start=1):
        state = VaultState.from_json(json.loads(json.dumps(state.to_json())))
        followers = {
            wallet: FollowerState.from_json(json.loads(json.dumps(follower.to_json())))
            for wallet, follower in followers.items()
        }
        apply_entry(state, followers, entry, BASE)
        from_scratch = fold(entries[:count], BASE)
        assert snapshot(state, followers) == snapshot(from_scratch.state, from_scratch.followers)


@given(ledgers())
def test_an_entry_touches_only_the_follower_it_names(entries: list[Entry]) -> None:
    state, followers = VaultState(), dict[str, FollowerState]()
    for entry in entries:
        named = {} if isinstance(entry, Trade) else {w: f for w, f in followers.items() if w == entry.follower}
        apply_entry(state, named, entry, BASE)
        followers |= named
    whole = fold(entries, BASE)
    assert snapshot(state, followers) == snapshot(whole.state, whole.followers)


@given(ledgers())
def test_the_followers_pnl_adds_up_to_the_vaults(entries: list[Entry]) -> None:
    state, followers, _ = fold(entries, BASE)
    total = Decimal(0)
    for follower in followers.values():
        total = EXACT.add(total, figures.exact_pnl(state, follower))
    expected = EXACT.subtract(Decimal(figures.pnl_all(state) - state.unowned), figures.orphan_value(state))
    scale = 1 + state.owned + state.flows.deposits + state.flows.withdrawals + state.flows.settled
    assert EXACT.subtract(total, expected).copy_abs() <= EXACT.multiply(Decimal("1e-60"), Decimal(scale))


@given(ledgers())
def test_the_shares_add_up_exactly_after_every_entry(entries: list[Entry]) -> None:
    state, followers = VaultState(), dict[str, FollowerState]()
    for entry in entries:
        apply_entry(state, followers, entry, BASE)
        total = state.pool.orphan
        for follower in followers.values():
            assert state.pool.shares_of(follower) >= 0
            total = EXACT.add(total, state.pool.shares_of(follower))
        assert total == state.pool.supply
        assert (state.pool.supply > 0) == (state.owned > 0)


@given(ledgers())
def test_no_flow_moves_the_unit_price(entries: list[Entry]) -> None:
    state, followers = VaultState(), dict[str, FollowerState]()
    for entry in entries:
        price, epoch = state.price, state.epoch
        result = apply_entry(state, followers, entry, BASE)
        if state.epoch != epoch:
            assert isinstance(entry, Deposit)
            assert (price, state.price, state.epoch) == (ZERO, ONE, epoch + 1)
        elif result.owned_by_result == 0:
            assert state.price == price


@given(ledgers())
def test_a_deposit_is_never_profit_for_anyone(entries: list[Entry]) -> None:
    state, followers = VaultState(), dict[str, FollowerState]()
    for entry in entries:
        before = {wallet: figures.exact_pnl(state, follower) for wallet, follower in followers.items()}
        apply_entry(state, followers, entry, BASE)
        if isinstance(entry, Deposit):
            for wallet, follower in followers.items():
                change = EXACT.subtract(figures.exact_pnl(state, follower), before.get(wallet, Decimal(0)))
                assert change.copy_abs() < Decimal("1e-200")


@given(ledgers())
def test_totals_follow_from_the_entries(entries: list[Entry]) -> None:
    state, followers, steps = fold(entries, BASE)
    assert figures.pnl_all(state) == sum(result.pnl for _, result in steps)
    assert state.flows.tvl == sum(follower.deposit for follower in followers.values())
    assert state.flows.subscribers == sum(not follower.has_left for follower in followers.values())
    assert state.flows.followers == len(followers)
    assert state.owned == sum(result.owned_by_result + result.owned_by_flow for _, result in steps)
    trades = [result for entry, result in steps if isinstance(entry, Trade)]
    assert state.trades.wins == sum(result.is_profit for result in trades)
    assert state.trades.closes == sum(result.is_close for result in trades)
    settled = sum(entry.remaining for entry in entries if isinstance(entry, Settlement))
    assert state.flows.settled == sum(follower.settled_total for follower in followers.values()) == settled


@given(ledgers())
def test_a_drawdown_is_between_nothing_and_everything(entries: list[Entry]) -> None:
    state = fold(entries, BASE).state
    if state.drawdown is None:
        assert figures.max_drawdown_pct(state).reason == figures.current_drawdown_pct(state).reason == "no_deposits"
        return
    deepest, current = figures.max_drawdown_pct(state).value, figures.current_drawdown_pct(state).value
    assert deepest is not None
    assert current is not None
    assert 0 <= current <= deepest <= 100
    assert (deepest == 0) == (state.drawdown.trough_at is None) == (state.drawdown.deepest_peak_at is None)
    assert figures.high_water_mark(state) >= 1
    if state.liquidated:
        assert deepest == 100
