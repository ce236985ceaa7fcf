"""The oracle on small systems worked out by hand, one rule each."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle import System, Vault, expected
from tests.oracle.jobs import (
    LEADER,
    VAULT,
    WALLETS,
    deployed,
    flow,
    job,
    settlement,
    story,
    trade,
    tx,
)
from tests.oracle.sending import MAX_UINT256, START, RawJob


def only(system: System) -> Vault:
    (vault,) = system.vaults.values()
    return vault


def test_value_comes_from_the_leaver_then_the_orphan_then_the_others() -> None:
    system = expected(story("A dep 100, +100, A wd 100, B dep 50, C dep 50, B wd 160"))
    vault = only(system)
    assert (vault.q, vault.r) == (40, 0)
    assert vault.orphan == 0
    assert vault.unit_price == 2
    assert system.followers[VAULT, WALLETS["C"]].value == 40
    assert vault.flags == {"withdrawal_exceeds_deposit"}
    assert (vault.tvl, vault.follower_count) == (50, 1)
    assert vault.profitable_followers_pct == Fraction(100, 3)


def test_equity_is_floored_with_a_hair_of_tolerance() -> None:
    system = expected(story(f"A dep 1, B dep {10**21 - 1}, -1"))
    small, big = (system.followers[VAULT, WALLETS[who]] for who in "AB")
    assert (small.equity, small.pnl, small.exact_pnl) == (1, 0, Fraction(-1, 10**21))
    assert (big.equity, big.pnl) == (10**21 - 2, -1)


def test_amounts_near_the_top_of_uint256_stay_exact() -> None:
    vault = only(expected(story(f"A dep {MAX_UINT256}, B dep {MAX_UINT256}, -{MAX_UINT256}, -{MAX_UINT256 - 1}")))
    assert (vault.q, vault.unit_price, vault.tvl) == (1, Fraction(1, 2 * MAX_UINT256), 2 * MAX_UINT256)


def test_a_loss_of_exactly_everything_liquidates() -> None:
    vault = only(expected(story("dep 100, -100, dep 100")))
    assert (vault.status, vault.epoch, vault.q, vault.r) == ("LIQUIDATED", 2, 100, 0)


def test_a_received_amount_of_zero_counts_only_when_the_producer_knows_it() -> None:
    jobs = [deployed(), trade(1, amountIn="9", amountOutKnown=True), trade(2, amountOutKnown=False)]
    jobs += [trade(3, amountOut=None), trade(4, amountOut="8")]
    system = expected(jobs)
    rows = [system.trades[125, tx(number), 0] for number in (1, 2, 3, 4)]
    assert [(row.pnl, row.is_close, row.amount_out) for row in rows] == [
        (-9, True, 0),
        (0, False, 0),
        (0, False, 0),
        (0, False, 8),
    ]
    assert [bool(row.flags) for row in rows] == [False, True, True, False]


def test_a_return_to_the_vault_opens_a_new_subscription() -> None:
    system = expected(story("dep 100, dep 1, wd 101, dep 5, dep 6"))
    follower = system.followers[VAULT, WALLETS["A"]]
    assert (follower.subscribed_at, follower.deposited, follower.left) == (START + 4, 11, False)
    assert (follower.deposited_total, follower.withdrawn_total) == (112, 101)


def test_a_leaver_stays_listed_without_a_subscription() -> None:
    system = expected(story("dep 100, wd 100"))
    assert only(system).flags == frozenset()
    follower = system.followers[VAULT, WALLETS["A"]]
    assert (follower.subscribed_at, follower.left) == (None, True)
    assert follower.roi_pct == 0


def test_flows_of_zero_make_no_follower_user_or_epoch() -> None:
    system = expected(story("dep 10, -10, B dep 0, C wd 0"))
    assert only(system).epoch == 1
    assert set(system.followers) == {(VAULT, WALLETS["A"])}
    assert set(system.users) == {LEADER, WALLETS["A"]}


def test_a_missing_remainder_is_what_the_cuts_leave_of_the_profit() -> None:
    jobs = [deployed(), flow(1, "A", "DEPOSIT", 1000), settlement(2, "A", profit="100", leaderCut="30")]
    jobs.append(settlement(3, "A", profit="10", leaderCut="8", protocolCut="7"))
    vault = only(expected(jobs))
    assert (vault.settled, vault.q, vault.unit_price) == (70, 885, Fraction(97, 100) * Fraction(885, 900))


def test_of_two_deployments_the_earlier_counts_and_both_leaders_join() -> None:
    other = "0x" + "aa" * 20
    jobs = [deployed(7, leader=other, timestamp=START), deployed(8, name="First", timestamp=START - 1)]
    system = expected(jobs)
    assert (only(system).name, only(system).leader, only(system).created_at) == ("First", LEADER, START - 1)
    assert system.users[LEADER].vaults_led == 1
    loser = next(user for wallet, user in system.users.items() if wallet.lower() == other)
    assert (loser.vaults_led, loser.joined_at) == (0, START)


def test_events_of_a_vault_never_deployed_wait_without_effect() -> None:
    paused = job("vault_status", "status-1", vaultAddress=VAULT, status="PAUSED", reason="", observedAt=START)
    system = expected([flow(1, "A", "DEPOSIT", 5), trade(2, 9), paused])
    assert system.deferred == {(125, tx(1), 0), (125, tx(2), 0), ("status-1",)}
    assert (system.vaults, system.users, system.followers, system.trades) == ({}, {}, {}, {})


def test_a_missing_log_index_or_block_comes_last_in_its_second() -> None:
    jobs = [
        deployed(),
        trade(1, 70, timestamp=START, blockNumber=None),
        trade(2, -50, timestamp=START, blockNumber=5, logIndex=None),
        flow(3, "A", "DEPOSIT", 100, timestamp=START, blockNumber=5, logIndex=9),
    ]
    vault = only(expected(jobs))
    assert (vault.q, vault.r, vault.unit_price) == (120, 0, Fraction("1.2"))
    assert vault.max_drawdown_pct == 50


def test_one_transaction_without_log_indexes_is_ordered_by_kind() -> None:
    same = {"txHash": tx(1), "logIndex": None, "blockNumber": 5, "timestamp": START}
    jobs = [
        flow(1, "A", "WITHDRAW", 100, **same),
        settlement(2, "A", leaderCut="100", followerRemaining="10", **same),
        trade(3, 100, **same),
        flow(4, "A", "DEPOSIT", 100, **same),
        deployed(),
    ]
    system = expected(jobs)
    follower = system.followers[VAULT, WALLETS["A"]]
    assert (follower.settled_total, follower.withdrawn_total) == (10, 100)
    assert (only(system).status, only(system).q, only(system).r) == ("ACTIVE", 0, -10)
    assert set(system.trades) == {(125, tx(1), "trade", VAULT, "")}


def test_without_a_transaction_the_task_id_is_the_identity() -> None:
    jobs = [deployed(), *(flow(n, "A", "DEPOSIT", 100, txHash=None, timestamp=START) for n in (1, 2, 2))]
    assert only(expected(jobs)).deposits == 200


def test_the_moment_of_arrival_is_the_last_resort_for_the_time() -> None:
    late = trade(1, 5, timestamp=None) | {"received_at": START + 77}
    row = expected([deployed(), late]).trades[125, tx(1), 0]
    assert row.executed_at == START + 77
    assert row.flags == {"amount_out_unknown", "time_assumed"}


def test_an_unpaid_input_flags_the_trade_and_its_vault() -> None:
    system = expected([deployed(), trade(1, amountIn="10", amountInPaid="9"), trade(2, amountInPaid="1")])
    assert system.trades[125, tx(1), 0].flags == {"amount_out_unknown", "input_unpaid"}
    assert system.trades[125, tx(2), 0].flags == {"amount_out_unknown"}
    assert only(system).flags == {"input_unpaid"}


def test_the_same_identity_with_another_amount_is_a_conflict_and_the_first_stays() -> None:
    first, second = flow(1, "A", "DEPOSIT", 5), flow(1, "A", "DEPOSIT", 6) | {"received_at": START + 1}
    system = expected([second, deployed(), first])
    assert system.conflicts == {(125, tx(1), 0)}
    assert only(system).deposits == 5


def test_the_latest_status_counts_and_paused_wins_a_tie() -> None:
    def status(task_id: str, value: str, at: int) -> RawJob:
        return job("vault_status", task_id, vaultAddress=VAULT, status=value, reason="", observedAt=at)

    paused, active = status("a", "PAUSED", START), status("b", "ACTIVE", START)
    assert only(expected([deployed(), paused, active])).status == "PAUSED"
    later = status("c", "ACTIVE", START + 1)
    assert only(expected([later, deployed(), paused, active])).status == "ACTIVE"


def test_the_latest_score_counts_and_the_first_observation_makes_a_stranger_join() -> None:
    def score(task_id: str, who: str, value: int, at: int) -> RawJob:
        return job("argus_score", task_id, walletAddress=WALLETS[who], reputationScore=value, observedAt=at)

    jobs = [score("1", "B", 900, START), score("2", "B", 10, START + 5), score("3", "B", 20, START + 5)]
    jobs += [deployed(), flow(9, "A", "DEPOSIT", 1), score("4", "A", 7, START)]
    users = expected(jobs).users
    assert (users[WALLETS["B"]].argus_score, users[WALLETS["B"]].joined_at) == (20, START)
    assert (users[WALLETS["A"]].argus_score, users[WALLETS["A"]].joined_at) == (7, START + 9)
    assert (users[LEADER].argus_score, users[LEADER].vaults_led) == (0, 1)


def test_a_bulk_job_is_the_sum_of_its_events() -> None:
    singles = [deployed(), flow(1, "A", "DEPOSIT", 100), trade(2, 20)]
    events = [{"task": one["task_name"], "taskId": one["task_id"], **one["kwargs"]} for one in singles]
    assert expected([job("events", "bulk-1", events=events)]) == expected(singles)
