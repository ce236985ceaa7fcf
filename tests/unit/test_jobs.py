"""From the bytes of an entry to events and snapshot requests."""

from __future__ import annotations

import pytest

from protos.events.v1 import events_pb2 as pb
from services.ingest.jobs import Accepted, SnapshotRequested
from tests.unit.job_examples import (
    BLOCK,
    FOLLOWER,
    LEADER,
    PAYLOADS,
    TX,
    USD,
    VAULT,
    WETH,
    accepted,
    bulk,
    envelope,
    item,
    payload,
    read,
    read_one,
)


def test_a_deployment_becomes_one_event_with_all_it_says():
    event = accepted("ingest.vault_deployed").event
    assert event.identity == f"125:{TX}:5"
    assert (event.chain_id, event.occurred_at.seconds, event.time_assumed) == (125, 1788343376, False)
    assert (event.block_number, event.block_hash, event.log_index) == (21, BLOCK, 5)
    assert (event.transaction_hash, event.task_id) == (TX, "job-1")
    assert event.vault_deployed == pb.VaultDeployed(
        vault_address=VAULT, leader_address=LEADER, name="Alpha Momentum", base_asset=USD, decimals=6
    )


def test_a_trade_becomes_one_event():
    result = accepted("ingest.trade_executed")
    assert (result.task_id, result.task_name) == ("job-1", "ingest.trade_executed")
    assert result.event.trade_executed == pb.TradeExecuted(
        vault_address=VAULT,
        asset_in=USD,
        asset_out=WETH,
        amount_in="5000000000",
        amount_out="1661666666666666666",
    )


def test_a_deposit_and_a_withdrawal_differ_in_direction():
    flow = {"vault_address": VAULT, "follower_address": FOLLOWER, "amount": "1000000"}
    deposit = accepted("ingest.follower_event").event.follower_flow
    withdrawal = accepted("ingest.follower_event", action="WITHDRAW").event.follower_flow
    assert deposit == pb.FollowerFlow(direction=pb.FLOW_DIRECTION_DEPOSIT, **flow)
    assert withdrawal == pb.FollowerFlow(direction=pb.FLOW_DIRECTION_WITHDRAWAL, **flow)


def test_a_settlement_keeps_absent_cuts_absent():
    full = accepted("ingest.profit_settled").event.profit_settled
    assert full == pb.ProfitSettled(
        vault_address=VAULT,
        follower_address=FOLLOWER,
        profit="100",
        leader_cut="10",
        protocol_cut="2",
        follower_remaining="88",
    )
    bare = accepted("ingest.profit_settled", leaderCut=None, protocolCut=..., followerRemaining=None)
    assert bare.event.profit_settled == pb.ProfitSettled(vault_address=VAULT, follower_address=FOLLOWER, profit="100")


def test_a_score_is_named_by_what_was_seen_and_timed_by_when():
    event = accepted("ingest.argus_score").event
    assert event.identity == f"score:125:{LEADER}:1788270551:785"
    assert (event.occurred_at.seconds, event.time_assumed) == (1788270551, False)
    score = event.score_observed
    assert (score.wallet_address, score.reputation_score, score.win_rate_bps) == (LEADER, 785, 7487)
    assert (score.max_drawdown_bps, score.signal_count, score.observed_at.seconds) == (2916, 514, 1788270551)


def test_a_status_is_named_by_what_was_seen_and_carries_its_block_for_rewinds():
    event = accepted("ingest.vault_status", blockNumber=21, blockHash=BLOCK, txHash=TX, logIndex=5).event
    assert event.identity == f"status:125:{VAULT}:1788270551:PAUSED"
    assert (event.block_number, event.block_hash, event.transaction_hash) == (21, BLOCK, TX)
    assert (event.status_observed.status, event.status_observed.reason) == (
        pb.OBSERVED_STATUS_PAUSED,
        "drawdown",
    )
    active = accepted("ingest.vault_status", status="ACTIVE", reason=...).event
    assert active.identity == f"status:125:{VAULT}:1788270551:ACTIVE"
    assert (active.status_observed.status, active.status_observed.reason) == (pb.OBSERVED_STATUS_ACTIVE, "")


@pytest.mark.parametrize(("sent", "asked"), [(VAULT.lower(), VAULT), (None, None), (..., None)])
def test_a_snapshot_is_a_request_and_no_event(sent, asked):
    assert read_one("ingest.snapshot", vaultAddress=sent) == SnapshotRequested("job-1", asked, "1h", 1788270551)


@pytest.mark.parametrize(
    ("task", "changes", "identity"),
    [
        ("ingest.vault_deployed", {"logIndex": ...}, f"125:{TX}:deployment:{VAULT}:"),
        ("ingest.trade_executed", {"logIndex": None}, f"125:{TX}:trade:{VAULT}:"),
        ("ingest.follower_event", {"logIndex": ...}, f"125:{TX}:deposit:{VAULT}:{FOLLOWER}"),
        (
            "ingest.follower_event",
            {"logIndex": ..., "action": "WITHDRAW"},
            f"125:{TX}:withdrawal:{VAULT}:{FOLLOWER}",
        ),
        ("ingest.follower_event", {"txHash": ...}, "task:job-1"),
        ("ingest.follower_event", {"txHash": None, "logIndex": None}, "task:job-1"),
        ("ingest.profit_settled", {}, f"125:{TX}:5"),
    ],
)
def test_the_identity_is_the_best_that_the_job_offers(task, changes, identity):
    assert accepted(task, **changes).event.identity == identity


def test_without_a_timestamp_the_time_of_entering_redis_is_assumed():
    event = accepted("ingest.follower_event", timestamp=...).event
    assert (event.occurred_at.seconds, event.occurred_at.nanos, event.time_assumed) == (1788343390, 0, True)


@pytest.mark.parametrize(
    ("changes", "amount_out"),
    [
        ({"amountOut": ..., "amountOutKnown": True}, None),
        ({"amountOut": "0", "amountOutKnown": ...}, None),
        ({"amountOut": "0", "amountOutKnown": False}, None),
        ({"amountOut": "000", "amountOutKnown": None}, None),
        ({"amountOut": "0", "amountOutKnown": True}, "0"),
        ({"amountOut": "7", "amountOutKnown": ...}, "7"),
    ],
)
def test_an_amount_out_of_zero_counts_only_when_it_is_said_to_be_known(changes, amount_out):
    trade = accepted("ingest.trade_executed", **changes).event.trade_executed
    assert (trade.amount_out if trade.HasField("amount_out") else None) == amount_out


@pytest.mark.parametrize(
    ("sent", "override"),
    [(..., None), (None, None), ("0", None), ("-0", None), ("00", None), ("-25", "-25"), ("025", "25")],
)
def test_only_a_pnl_that_is_not_zero_replaces_the_result(sent, override):
    trade = accepted("ingest.trade_executed", pnlAmount=sent).event.trade_executed
    assert (trade.pnl_override if trade.HasField("pnl_override") else None) == override


@pytest.mark.parametrize(
    ("paid", "unpaid"), [(..., False), ("4999999999", True), ("5000000000", False), ("6000000000", False)]
)
def test_a_trade_that_cost_less_than_it_says_is_marked(paid, unpaid):
    assert accepted("ingest.trade_executed", amountInPaid=paid).event.trade_executed.input_unpaid is unpaid


def test_labels_and_args_may_be_missing():
    data = envelope("ingest.snapshot", payload("ingest.snapshot"), labels=..., args=None)
    assert isinstance(read(data)[0], SnapshotRequested)


def test_of_a_repeated_key_the_last_counts():
    data = envelope("ingest.follower_event", payload("ingest.follower_event"))
    data = data.replace(b'"amount": "1000000"', b'"amount": "x", "amount": "5"')
    (result,) = read(data)
    assert isinstance(result, Accepted)
    assert result.event.follower_flow.amount == "5"


def test_a_bulk_job_gives_one_result_per_item_in_its_order():
    results = read(bulk(*(item(task, f"id-{at}") for at, task in enumerate(PAYLOADS))))
    assert [type(result) for result in results] == [Accepted] * 6 + [SnapshotRequested]
    assert [result.task_id for result in results] == [f"id-{at}" for at in range(7)]
    first = results[0]
    assert isinstance(first, Accepted)
    assert (first.task_name, first.event.task_id) == ("ingest.vault_deployed", "id-0")


def test_a_bulk_job_may_be_larger_than_a_single_one_and_hold_1000_items():
    items = [item("ingest.trade_executed", f"id-{at}", logIndex=at) for at in range(1_000)]
    data = bulk(*items)
    assert len(data) > 65_536
    assert [type(result) for result in read(data)] == [Accepted] * 1_000
    assert read(bulk()) == []
