"""The decoder against a recording of the real protocol and what its contracts reported at the end."""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.chain.decoder import Decoded, decode_window, deployed_vaults
from services.ingest.chain.job import Job, encode_bulk, encode_job
from services.ingest.chain.protocol import initial_state
from services.ingest.chain.recording import (
    Recording,
    decode_recording,
    load_recording,
    recorded_facts,
    recorded_protocol,
    recording_jobs,
)
from services.ingest.jobs import Accepted, read_entry

PATH = Path(__file__).parent.parent / "data" / "protocol-small.tar.gz"
HEAD_TIME = 1_789_532_423


@cache
def recording() -> Recording:
    return load_recording(PATH)


@cache
def decoded() -> Decoded:
    return decode_recording(recording())


def of_task(task: str) -> list[Job]:
    return [job for job in decoded().jobs if job.task_name == task]


def intake(data: bytes) -> list[Any]:
    return read_entry(data, entered_at_ms=0, now=HEAD_TIME, chain_id=125)


def test_every_protocol_log_that_is_an_event_becomes_one_job_and_nothing_is_odd():
    assert Counter(job.task_name for job in decoded().jobs) == {
        "ingest.vault_deployed": 7,
        "ingest.trade_executed": 112,
        "ingest.follower_event": 103,
        "ingest.vault_status": 4,
    }
    actions = Counter(job.kwargs["action"] for job in of_task("ingest.follower_event"))
    assert actions == {"DEPOSIT": 61, "WITHDRAW": 42}
    assert (decoded().oddities, decoded().unread_vaults, decoded().damaged) == ((), (), ())


def test_every_trade_has_the_amounts_that_really_moved():
    found = {
        (job.kwargs["txHash"], job.kwargs["logIndex"]): (
            job.kwargs["vaultAddress"],
            job.kwargs["assetIn"],
            job.kwargs["assetOut"],
            job.kwargs["amountIn"],
            job.kwargs["amountOut"],
            job.kwargs["amountInPaid"],
            job.kwargs["blockNumber"],
            job.kwargs["timestamp"],
        )
        for job in of_task("ingest.trade_executed")
    }
    amounts = ("amountIn", "amountOut", "tokenInPaidByVault")
    names = ("vault", "tokenIn", "tokenOut", *amounts, "blockNumber", "blockTimestamp")
    expected = {
        (trade["transactionHash"], trade["logIndex"]): tuple(trade[name] for name in names)
        for trade in recording().trades
    }
    assert len(expected) == 112
    assert found == expected


def test_deposits_of_every_follower_add_up_to_what_the_contracts_report():
    # the contract pays deposits back at their nominal amount: no recorded exit was above the deposit
    deposits: defaultdict[tuple[str, str], int] = defaultdict(int)
    for job in of_task("ingest.follower_event"):
        sign = 1 if job.kwargs["action"] == "DEPOSIT" else -1
        deposits[job.kwargs["vaultAddress"], job.kwargs["followerAddress"]] += sign * int(job.kwargs["amount"])
    expected = {
        (vault["address"], follower["follower"]): int(follower["deposited"])
        for vault in recording().vaults
        for follower in vault["followers"]
    }
    assert deposits == expected
    for vault in recording().vaults:
        mine = sum(amount for (address, _), amount in deposits.items() if address == vault["address"])
        assert mine == int(vault["totalVaultTVL"])


def test_every_vault_is_deployed_once_with_its_leader_name_and_asset():
    found = {
        job.kwargs["vaultAddress"]: tuple(
            job.kwargs[name] for name in ("leader", "name", "baseAsset", "decimals", "txHash", "timestamp")
        )
        for job in of_task("ingest.vault_deployed")
    }
    names = ("leader", "vaultName", "baseAsset", "baseDecimals", "createdTx", "createdTimestamp")
    assert found == {vault["address"]: tuple(vault[n] for n in names) for vault in recording().vaults}


def test_freezes_carry_the_risk_managers_words_and_only_for_vaults():
    found = [
        (job.kwargs["vaultAddress"][:6], job.kwargs["reason"], job.kwargs["blockNumber"])
        for job in of_task("ingest.vault_status")
    ]
    assert found == [
        ("0xb35b", "drawdown > 30% — Notbremse 🧯", 38),
        ("0xb35b", "", 39),
        ("0xb9cD", "drawdown", 128),
        ("0x2073", "final freeze", 135),
    ]


def test_foreign_logs_produce_nothing():
    protocol = recorded_protocol(recording())
    for state in (initial_state(protocol), decoded().state):
        foreign = decode_window(protocol, state, recording().foreign_logs, facts=recorded_facts(recording()))
        assert (foreign.jobs, foreign.state, foreign.oddities, foreign.damaged) == ((), state, (), ())


def test_the_vaults_to_ask_are_known_before_decoding():
    protocol = recorded_protocol(recording())
    vaults = deployed_vaults(protocol, initial_state(protocol), recording().all_logs)
    assert sorted(vaults) == sorted(vault["address"] for vault in recording().vaults)


def in_windows(last_blocks: list[int]) -> tuple[list[Job], Any]:
    """Jobs and final state when the chain is cut after each of these blocks."""
    protocol, facts = recorded_protocol(recording()), recorded_facts(recording())
    jobs: list[Job] = []
    state, first = initial_state(protocol), 0
    for last in [*sorted(set(last_blocks)), 10**6]:
        logs = [log for log in recording().all_logs if first <= int(log["blockNumber"], 16) <= last]
        part = decode_window(protocol, state, logs, facts=facts)
        state, first = part.state, last + 1
        jobs.extend(part.jobs)
    return jobs, state


def test_one_block_windows_give_the_same_jobs_as_one_window():
    assert in_windows(list(range(139))) == (list(decoded().jobs), decoded().state)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 138), max_size=12))
def test_any_cut_into_windows_gives_the_same_jobs(last_blocks):
    assert in_windows(last_blocks) == (list(decoded().jobs), decoded().state)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_in_which_a_node_lists_its_logs_does_not_matter(chance):
    shuffled = list(recording().all_logs)
    chance.shuffle(shuffled)
    protocol = recorded_protocol(recording())
    again = decode_window(protocol, initial_state(protocol), shuffled, facts=recorded_facts(recording()))
    assert again == decoded()


def test_every_job_of_the_recording_is_accepted_under_its_own_identity():
    jobs = recording_jobs(PATH)
    assert Counter(job.task_name for job in jobs) == {
        "ingest.vault_deployed": 7,
        "ingest.trade_executed": 112,
        "ingest.follower_event": 103,
        "ingest.argus_score": 9,
        "ingest.vault_status": 12,
    }
    results = [intake(encode_job(job))[0] for job in jobs]
    assert all(isinstance(result, Accepted) for result in results)
    assert len({result.event.identity for result in results}) == 243
    logged = [result.event for result in results if not result.event.identity.startswith(("score:", "status:"))]
    assert all(event.identity == event.task_id for event in logged)
    assert all(event.block_hash and event.HasField("block_number") for event in (r.event for r in results))
    (bulk,) = encode_bulk(jobs)
    assert [result.event for result in intake(bulk)] == [result.event for result in results]


def test_jobs_of_the_recording_come_in_chain_order():
    blocks = [job.kwargs["blockNumber"] for job in recording_jobs(PATH)]
    assert blocks == sorted(blocks)


def latest(task: str, subject: str, value: str) -> dict[str, Any]:
    """Of each vault or wallet, what was observed last."""
    found: dict[str, tuple[int, Any]] = {}
    for job in recording_jobs(PATH):
        if job.task_name == task:
            key, time = job.kwargs[subject], job.kwargs["observedAt"]
            if time >= found.get(key, (0, None))[0]:
                found[key] = (time, job.kwargs[value])
    return {key: value for key, (_, value) in found.items()}


def test_the_last_status_of_every_vault_is_the_one_at_head():
    frozen = {vault["address"]: "PAUSED" if vault["isVaultFrozen"] else "ACTIVE" for vault in recording().vaults}
    assert Counter(frozen.values()) == {"ACTIVE": 5, "PAUSED": 2}
    assert latest("ingest.vault_status", "vaultAddress", "status") == frozen


def test_an_unfreeze_is_among_the_statuses():
    statuses = [
        (job.kwargs["observedAt"], job.kwargs["status"])
        for job in recording_jobs(PATH)
        if job.task_name == "ingest.vault_status" and job.kwargs["vaultAddress"].startswith("0xb35b")
    ]
    assert statuses == [
        (1788731597, "PAUSED"),
        (1788731599, "PAUSED"),
        (1788731601, "ACTIVE"),
        (HEAD_TIME, "ACTIVE"),
    ]


def test_the_last_score_of_every_leader_is_the_one_at_head():
    for field, recorded in (
        ("reputationScore", "reputationScore"),
        ("winRateBps", "winRate"),
        ("maxDrawdownBps", "maxDrawdown"),
        ("signalCount", "signalCount"),
    ):
        expected = {leader["leader"]: leader[recorded] for leader in recording().leaders}
        assert latest("ingest.argus_score", "walletAddress", field) == expected


HOSTILE: list[Any] = [
    None,
    5,
    "",
    "0x",
    "0x0",
    "0x1",
    "0x" + "f" * 64,
    "0x" + "0" * 63,
    [],
    {},
    True,
    "\0",
    "龍",
]
MUTATIONS: list[str] = [
    *sorted(recording().all_logs[0]),
    "a topic",
    "fewer topics",
    "more topics",
    "less data",
]


def mutate(log: dict[str, Any], mutation: str, data: st.DataObject) -> None:
    if mutation == "a topic":
        at = data.draw(st.integers(0, len(log["topics"]) - 1))
        log["topics"][at] = data.draw(st.sampled_from([*HOSTILE, *recording().all_logs[0]["topics"]]))
    elif mutation == "fewer topics":
        log["topics"] = log["topics"][: data.draw(st.integers(0, 2))]
    elif mutation == "more topics":
        log["topics"] = [*log["topics"], "0x" + "0" * 64]
    elif mutation == "less data":
        log["data"] = log["data"][: data.draw(st.integers(0, 80))]
    else:
        log[mutation] = data.draw(st.sampled_from(HOSTILE))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_mutated_logs_never_raise_and_what_comes_out_is_always_acceptable(data):
    start = data.draw(st.sampled_from([0, 400, 800]))
    logs: list[Any] = copy.deepcopy(recording().all_logs[start : start + 300])
    for at in data.draw(st.lists(st.integers(0, 299), min_size=1, max_size=8, unique=True)):
        mutate(logs[at], data.draw(st.sampled_from(MUTATIONS)), data)
    protocol = recorded_protocol(recording())
    result = decode_window(protocol, decoded().state, logs, facts=recorded_facts(recording()))
    for job in result.jobs:
        (outcome,) = read_entry(encode_job(job), entered_at_ms=0, now=2.0**70, chain_id=125)
        assert isinstance(outcome, Accepted), outcome
