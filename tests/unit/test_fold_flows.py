"""Deposits, withdrawals and settlements: what they change for the vault and for the follower they name."""

from dataclasses import replace
from decimal import Decimal

import pytest

from services.analytics import figures
from services.analytics.fold import EntryResult, Folded, OutOfOrder, apply_entry, fold
from services.analytics.ledger import Deposit, Settlement, Withdrawal
from services.analytics.precision import ZERO
from services.analytics.state import VaultState
from tests.unit.ledger_builder import (
    BASE,
    UINT256_MAX,
    deposit,
    entries_of,
    folded,
    result,
    settlement,
    withdrawal,
)


def equities(outcome: Folded) -> dict[str, int]:
    state, followers, _ = outcome
    return {wallet: figures.follower_figures(state, follower).equity for wallet, follower in followers.items()}


@pytest.mark.parametrize(
    "nothing", [deposit(0, "A", 0), withdrawal(0, "A", 0), settlement(0, "A", 0, 0, 0)], ids=lambda e: type(e).__name__
)
def test_a_flow_of_zero_changes_nothing_and_creates_nobody(nothing: Deposit | Withdrawal | Settlement) -> None:
    state, followers, [(_, outcome)] = fold([replace(nothing, time_assumed=True)], BASE)
    assert outcome == EntryResult()
    assert followers == {}
    assert state == replace(VaultState(), entries=1, last_key=state.last_key)


def test_a_deposit_of_zero_after_a_liquidation_opens_no_epoch() -> None:
    state = folded("dep 1000, -1000, dep B 0").state
    assert (state.epoch, state.price, state.flows.followers) == (1, ZERO, 1)


def test_a_loss_of_exactly_the_owned_equity_liquidates() -> None:
    state = folded("dep 1000, -1000").state
    assert (state.liquidated, state.price, state.equity) == (True, ZERO, 0)


def test_a_cut_can_liquidate() -> None:
    state, followers, steps = folded("dep 1000, settle A 900/100/50")
    assert (state.liquidated, state.owned, state.unowned) == (True, 0, -50)
    assert steps[1][1] == EntryResult(pnl=-1000, owned_by_result=-1000, owned_by_flow=0)
    assert figures.follower_figures(state, followers["A"]).pnl == -950


def test_a_withdrawal_above_the_deposit_counts_in_full_and_is_flagged() -> None:
    state, followers, steps = folded("dep A 100, +100, wd A 150")
    assert (state.flows.tvl, state.flows.withdrawals, state.equity) == (0, 150, 50)
    assert steps[2][1].flags == state.flags == followers["A"].flags == {"withdrawal_exceeds_deposit"}
    # The subscription is over: the 50 that A held above the 150 are nobody's.
    assert figures.unallocated_equity(state) == 50
    assert equities(folded("dep A 100, +100, wd A 150")) == {"A": 0}


def test_a_settlement_above_the_deposit_is_not_flagged_and_keeps_the_subscription() -> None:
    state, followers, _ = folded("dep A 100, +200, settle A 0/0/250")
    assert (state.flags, state.flows.tvl, followers["A"].subscribed_at) == (set(), 100, 0)
    assert (followers["A"].settled_total, followers["A"].withdrawn_total) == (250, 0)


def test_what_a_leaver_still_held_pays_the_next_withdrawal_before_the_others_do() -> None:
    # A's and B's 100 become 200 each; A leaves with 100, so 100 are nobody's.
    assert equities(folded("dep A 100, dep B 100, +200, wd A 100")) == {"A": 0, "B": 200}
    # C joins with 10 and takes 60: 10 of its own, 50 of nobody's.
    before = folded("dep A 100, dep B 100, +200, wd A 100, dep C 10, wd C 60")
    assert equities(before) == {"A": 0, "B": 200, "C": 0}
    assert figures.unallocated_equity(before.state) == 50
    # D joins with 100 and takes 300: its own 100, the 50 left of nobody's, 150 of B's 200.
    after = folded("dep A 100, dep B 100, +200, wd A 100, dep C 10, wd C 60, dep D 100, wd D 300")
    assert equities(after) == {"A": 0, "B": 50, "C": 0, "D": 0}
    assert figures.unallocated_equity(after.state) == 0


def test_the_others_pay_in_proportion_to_what_they_hold() -> None:
    assert equities(folded("dep A 100, dep B 300, dep C 10, wd C 90")) == {"A": 80, "B": 240, "C": 0}


def test_a_payment_above_the_owned_equity_comes_out_of_the_rest() -> None:
    state, followers, steps = folded("dep A 100, wd A 130")
    assert (state.owned, state.unowned, state.equity) == (0, -30, -30)
    assert steps[1][1].owned_by_flow == -100
    assert figures.follower_figures(state, followers["A"]).pnl == 30


def test_shares_of_an_emptied_vault_are_worth_nothing_when_new_money_comes() -> None:
    # A's withdrawal empties the vault though B never left.
    emptied = folded("dep A 500, dep B 500, wd A 1000, dep C 70, +70")
    assert equities(emptied) == {"A": 0, "B": 0, "C": 140}
    assert emptied.followers["B"].deposit == 500


def test_shares_of_an_earlier_epoch_are_worth_nothing_and_a_new_deposit_starts_afresh() -> None:
    outcome = folded("dep A 500, dep B 500, -1000, dep A 40, dep C 40, +80")
    assert equities(outcome) == {"A": 80, "B": 0, "C": 80}
    assert outcome.followers["A"].deposit == 540


def test_who_withdraws_without_ever_depositing_is_listed_without_a_return() -> None:
    state, followers, _ = folded("dep A 100, wd B 30")
    shown = figures.follower_figures(state, followers["B"])
    assert (shown.equity, shown.pnl, shown.roi_pct.reason) == (0, 30, "no_deposits")
    assert followers["B"].has_left
    assert equities(folded("dep A 100, wd B 30")) == {"A": 70, "B": 0}
    assert (state.flows.followers, state.flows.subscribers) == (2, 1)


def test_a_return_comes_from_the_exact_pnl_and_the_pnl_from_the_floored_equity() -> None:
    state, followers, _ = folded("dep A 1, dep B 2, +2")
    shown = figures.follower_figures(state, followers["A"])
    # A holds 5/3: equity 1, pnl 0, but a return of 66.7 % and a profit.
    assert (shown.equity, shown.pnl, shown.is_profitable) == (1, 0, True)
    assert shown.roi_pct.value == Decimal("66.666666666666666666666666666666666666666666666667")


def test_a_value_that_rounding_left_just_below_an_integer_is_that_integer() -> None:
    # C's 5 cost 10/3 shares, which no decimal holds.
    outcome = folded("dep A 1, dep B 1, +1, dep C 5")
    value = figures.follower_value(outcome.state, outcome.followers["C"])
    assert Decimal("4.99999999999999999999999999999999999999999999999999") < value < 5
    assert equities(outcome)["C"] == 5
    shown = figures.follower_figures(outcome.state, outcome.followers["C"])
    assert (shown.pnl, shown.roi_pct.value, shown.is_profitable) == (0, Decimal(0), False)


def test_the_running_subscription_starts_with_the_deposit_that_opened_it() -> None:
    followers = folded("dep A 10, dep A 10, wd A 20, +5, dep A 3, dep A 4").followers
    assert (followers["A"].first_deposit_at, followers["A"].subscribed_at) == (0, 240)


def test_a_full_exit_ends_the_subscription_and_keeps_the_history() -> None:
    state, followers, _ = folded("dep A 10, dep B 10, wd A 10")
    gone = followers["A"]
    assert (gone.has_left, gone.subscribed_at, gone.deposited_total, gone.withdrawn_total) == (True, None, 10, 10)
    assert (state.flows.followers, state.flows.subscribers, state.flows.tvl) == (2, 1, 10)


def test_an_entry_before_the_last_one_is_refused_and_changes_nothing() -> None:
    state, followers, _ = folded("dep A 10, +5")
    before = state.to_json()
    with pytest.raises(OutOfOrder):
        apply_entry(state, followers, deposit(0, "B", 10), BASE)
    assert state.to_json() == before
    assert list(followers) == ["A"]


def test_two_entries_at_the_same_place_count_in_the_order_given() -> None:
    entries = [result(0, 1), result(0, 2)]
    assert [entry for entry, _ in fold(entries, BASE).steps] == entries


def test_an_assumed_time_is_flagged() -> None:
    state, _, [(_, outcome)] = fold([replace(deposit(0, "A", 5), time_assumed=True)], BASE)
    assert outcome.flags == state.flags == {"time_assumed"}


def test_the_highest_block_is_remembered_and_a_missing_one_is_not_a_block() -> None:
    first, second, third = entries_of("dep 10, +1, +1")
    first = replace(first, key=first.key._replace(block_number=70))
    second = replace(second, key=second.key._replace(block_number=60))
    assert fold([first, second, third], BASE).state.block_number == 70
    assert fold([third], BASE).state.block_number is None


def test_the_changes_of_the_owned_equity_are_told_apart() -> None:
    steps = folded("+9, dep A 100, +50, settle A 10/10/200, dep A 5, -7").steps
    changes = [(step.owned_by_result, step.owned_by_flow) for _, step in steps]
    assert changes == [(0, 0), (0, 100), (50, 0), (-20, -130), (0, 5), (-5, 0)]


def test_thousands_of_epochs_fold_exactly() -> None:
    entries = entries_of(", ".join(["dep A 7, dep B 3, +5, -15"] * 2000))
    state, followers, _ = fold(entries, BASE)
    assert (state.epoch, state.owned, state.unowned, state.pool.generation) == (2000, 0, 0, 2000)
    assert figures.follower_figures(state, followers["A"]).pnl == -14_000


def test_prices_far_beyond_any_float_keep_their_digits() -> None:
    # Each round takes 2 units to 2 * 2^256, 256 doublings of the price, and pays all but 2 of them out.
    gain, left = UINT256_MAX * 2, 2
    entries = [deposit(0, "A", left)]
    for n in range(400):
        entries += [result(3 * n + 1, gain), withdrawal(3 * n + 2, "B", gain)]  # type: ignore[list-item]
    state, followers, _ = fold(entries, BASE)
    assert (state.owned, state.price.adjusted()) == (2, 30_825)
    assert figures.follower_figures(state, followers["A"]).equity == 2
    assert figures.roi_pct(state).reason == "out_of_range"
    assert figures.legacy_number(figures.roi_all(state)) == Decimal("999999999999.99")
    assert VaultState.from_json(state.to_json()) == state
