"""Reorganisations: after a rewind both services are as if the orphaned blocks had never been."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import strategies as st

from tests.integration.generated_systems import LONG_SYSTEMS, deliver, try_systems
from tests.integration.oracle_checks import check_everything
from tests.integration.service_pair import REJECTED, ServicePair, difference, event_of, id_of, service_pair
from tests.oracle import expected
from tests.oracle.jobs import LEADER, VAULT, deployed, flow, job, trade, tx
from tests.oracle.sending import START, RawJob, shuffled_with_duplicates, split_in_batches
from tests.oracle.strategies import TRANSACTIONS
from tests.servers import Database

FIRST_BLOCK = 1_000
BLOCKS = 10
BLOCK_OF = {transaction["txHash"]: transaction["blockNumber"] for transaction in TRANSACTIONS}


def block_hash(number: int, branch: str) -> str:
    return "0x" + hashlib.sha256(f"{branch} {number}".encode()).hexdigest()


def block_of(job: RawJob) -> int | None:
    """The block of a ledger event, also of one whose producer does not tell; None for what is observed."""
    if job["task_name"] in ("ingest.argus_score", "ingest.vault_status"):
        return None
    if job["kwargs"].get("blockNumber") is not None:
        return int(job["kwargs"]["blockNumber"])
    transaction = job["kwargs"].get("txHash")
    if transaction:
        return int(BLOCK_OF[transaction.lower()])
    return FIRST_BLOCK + int(job["task_id"].split("-")[1]) % BLOCKS


def in_branch(job: RawJob, branch: str, seconds_later: int = 0) -> RawJob:
    """The job with the hash of its block in a branch of the chain, where it may have another time."""
    number = block_of(job)
    if number is None:
        return job
    body = job["kwargs"] | {"blockHash": block_hash(number, branch)}
    if body.get("timestamp") is not None:
        body["timestamp"] += seconds_later
    return job | {"kwargs": body}


async def compare(pair: ServicePair, jobs: Sequence[RawJob]) -> None:
    """The services hold what the oracle and a fresh index of these jobs hold."""
    await check_everything(pair, jobs, expected(jobs))
    rows, waiting = await pair.rows(), dict(pair.waiting)
    fences = await pair.fences()
    await pair.clear()
    await deliver(pair, [jobs])
    assert difference(rows, await pair.rows()) == []
    await pair.restore_fences(fences)
    pair.waiting.update(waiting)


async def rewind_and_mine_again(pair: ServicePair, jobs: list[RawJob], data: st.DataObject) -> None:
    jobs = [in_branch(one, "old") for one in jobs]
    arrival = data.draw(shuffled_with_duplicates(jobs))
    await deliver(pair, data.draw(split_in_batches(arrival)))
    cut = data.draw(st.integers(FIRST_BLOCK, FIRST_BLOCK + BLOCKS))
    orphaned = {block_hash(number, "old"): number for number in range(cut, FIRST_BLOCK + BLOCKS)}
    await pair.rewind(orphaned, [event_of(one) for one in arrival])
    kept = [one for one in jobs if one["kwargs"].get("blockHash") not in orphaned]
    await compare(pair, kept)
    lost = [one for one in jobs if one["kwargs"].get("blockHash") in orphaned]
    if lost:
        # However late they come.
        rows = await pair.rows()
        assert set(await pair.deliver([event_of(one) for one in lost])) == {REJECTED}
        assert difference(rows, await pair.rows()) == []
    seconds_later = data.draw(st.sampled_from((0, 0, 1, 86_400)))
    gone = data.draw(st.sets(st.sampled_from(sorted({one["task_id"] for one in lost})))) if lost else set()
    mined = [in_branch(one, "new", seconds_later) for one in lost if one["task_id"].removesuffix("-again") not in gone]
    await deliver(pair, data.draw(split_in_batches(mined)))
    await compare(pair, [*kept, *mined])


def test_after_a_rewind_only_the_remaining_events_count_and_mined_again_they_count_again(database: Database) -> None:
    try_systems(database, 50, rewind_and_mine_again)


@pytest.mark.long
def test_thousands_of_rewinds_leave_only_the_remaining_events(database: Database) -> None:
    try_systems(database, LONG_SYSTEMS, rewind_and_mine_again)


async def test_a_rewind_counts_what_it_removed_and_names_the_vaults_that_are_gone(database: Database) -> None:
    other = "0x" + "12" * 20
    jobs = [
        deployed(blockHash=tx(90)),
        flow(1, "A", "DEPOSIT", 10),
        trade(2, 5),
        deployed(1001, vaultAddress=other, blockHash=tx(91)),
        trade(3, 7, vaultAddress=other, blockHash=tx(90), blockNumber=1),
        flow(4, "B", "DEPOSIT", 10, vaultAddress=other, blockHash=tx(90), blockNumber=1),
        job("argus_score", "s", walletAddress=LEADER, reputationScore=9, winRateBps=0, maxDrawdownBps=0,
            signalCount=1, observedAt=START),
    ]  # fmt: skip
    async with service_pair(database) as pair:
        await pair.apply([event_of(one) for one in jobs])
        vaults, analytics = await pair.send_rewind({tx(90): 1, tx(95): 2})
        # The deployment, its vault's flow and trade, and the two events of the other vault.
        assert (vaults.removed_event_count, analytics.removed_event_count) == (3, 5)
        assert list(vaults.removed_vault_addresses) == list(analytics.removed_vault_addresses) == [VAULT]
        (performance,) = analytics.performances
        assert (performance.vault_id, performance.tvl, performance.trade_count) == (id_of(other), "0", 0)
        again = await pair.send_rewind({tx(90): 1})
        assert [answer.removed_event_count for answer in again] == [0, 0]


async def test_a_block_of_another_number_keeps_its_events(database: Database) -> None:
    async with service_pair(database) as pair:
        await pair.apply([event_of(deployed(blockHash=tx(90))), event_of(flow(1, "A", "DEPOSIT", 1))])
        answers = await pair.send_rewind({tx(90): 2})
        assert [answer.removed_event_count for answer in answers] == [0, 0]


async def test_events_of_a_reinstated_block_are_taken_again(database: Database) -> None:
    events = [event_of(deployed()), event_of(flow(1, "A", "DEPOSIT", 10, blockHash=tx(90)))]
    async with service_pair(database) as pair:
        await pair.apply(events)
        rows = await pair.rows()
        await pair.send_rewind({tx(90): 11})
        assert [reason for _, reason in await pair.apply(events)] == ["", "ORPHANED_BLOCK"]
        await pair.send_rewind({}, reinstated={tx(90): 11})
        await pair.apply(events)
        assert difference(rows, await pair.rows()) == []
