"""The intake on a real PostgreSQL: what a batch leaves in the inbox and in the dead letters."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import orjson
import psycopg
import pytest

from libs.database import open_pool
from libs.identifiers import checksum_address
from services.ingest.batch import Batch, Outage
from services.ingest.intake import InboxIntake
from tests.integration.ingest_jobs import batch, bulk, item
from tests.integration.ingest_stage import CHAIN_ID, NOW, until
from tests.oracle.jobs import VAULT, deployed, flow, job, settlement, trade, tx
from tests.oracle.sending import START
from tests.servers import Database

BLOCK_A = "0x" + "a1" * 32
BLOCK_B = "0x" + "b2" * 32


@pytest.fixture
async def intake(database: Database) -> AsyncIterator[InboxIntake]:
    async with open_pool(database.url("ingest"), name="intake") as pool:
        yield InboxIntake(pool, CHAIN_ID, clock=lambda: NOW)


def rows(database: Database, query: str):
    with psycopg.connect(database.admin_url) as conn:
        return conn.execute(query).fetchall()


def inbox(database: Database) -> list[str]:
    """Identities in the order in which they are dispatched."""
    return [row[0] for row in rows(database, "SELECT identity FROM ingest.inbox ORDER BY sequence")]


def letters(database: Database):
    """(reason, identity, item) of every dead letter."""
    return rows(database, "SELECT reason, identity, item_index FROM ingest.dead_letters ORDER BY id")


async def test_a_batch_enters_the_inbox_in_the_order_of_the_ledger(database, intake):
    await intake.accept(batch(trade(3), settlement(4, "A"), flow(2, "A", "DEPOSIT", 5), deployed()))
    assert inbox(database) == [f"125:{tx(number)}:0" for number in (999, 2, 3, 4)]
    found = rows(
        database,
        """SELECT i.kind, i.vault_address, i.block_number, d.partition = i.partition, d.attempts, d.deferred_for
           FROM ingest.inbox i JOIN ingest.deliveries d USING (sequence) ORDER BY i.sequence""",
    )
    vault = checksum_address(VAULT)
    assert found == [(kind, vault, block, True, 0, None) for kind, block in ((4, 1), (0, 12), (1, 13), (2, 14))]
    assert letters(database) == []


async def test_all_events_of_a_vault_share_a_partition_in_any_spelling(database, intake):
    vault = "0x" + "ab" * 20
    spellings = (vault, checksum_address(vault), "0x" + "AB" * 20)
    await intake.accept(batch(*(flow(n, "A", "DEPOSIT", 1, vaultAddress=s) for n, s in enumerate(spellings, 1))))
    assert rows(database, "SELECT count(*), count(DISTINCT partition) FROM ingest.inbox") == [(3, 1)]


async def test_a_duplicate_is_one_row_within_a_batch_and_across_batches(database, intake):
    again = flow(1, "A", "DEPOSIT", 500) | {"task_id": "another task"}
    later = flow(1, "A", "DEPOSIT", 500, timestamp=START + 77, blockNumber=99)
    await intake.accept(batch(flow(1, "A", "DEPOSIT", 500), again))
    await intake.accept(batch(later, flow(2, "A", "DEPOSIT", 1)))
    assert inbox(database) == [f"125:{tx(1)}:0", f"125:{tx(2)}:0"]
    assert rows(database, "SELECT count(*) FROM ingest.deliveries") == [(2,)]
    assert letters(database) == []


async def test_a_job_without_a_transaction_is_known_by_its_task_id(database, intake):
    bare = flow(1, "A", "DEPOSIT", 500, txHash=None, logIndex=None, timestamp=None)
    await intake.accept(batch(bare))
    await intake.accept(batch(bare | {"received_at": START + 60}))
    assert inbox(database) == ["task:flow-1"]


async def test_other_content_under_the_same_identity_is_a_dead_letter_and_the_first_stays(database, intake):
    first, second, third = (flow(1, "A", "DEPOSIT", amount) for amount in (500, 501, 502))
    await intake.accept(batch(first, second))
    await intake.accept(batch(third))
    identity = f"125:{tx(1)}:0"
    assert letters(database) == [("CONFLICTING_DUPLICATE", identity, -1)] * 2
    assert inbox(database) == [identity]
    stored = rows(database, "SELECT event FROM ingest.inbox")[0][0]
    assert b"500" in stored
    payloads = rows(database, "SELECT payload, task_name, task_id, detail FROM ingest.dead_letters ORDER BY id")
    assert [orjson.loads(payload)["kwargs"]["amount"] for payload, *_ in payloads] == ["501", "502"]
    assert payloads[0][1:] == (
        "ingest.follower_event",
        "flow-1",
        f"another event with the identity {identity} was accepted before",
    )


async def test_a_transaction_mined_again_in_another_block_is_a_new_row(database, intake):
    await intake.accept(batch(flow(1, "A", "DEPOSIT", 500, blockHash=BLOCK_A)))
    await intake.accept(batch(flow(1, "A", "DEPOSIT", 500, blockHash=BLOCK_B)))
    await intake.accept(batch(flow(1, "A", "DEPOSIT", 700, blockHash=BLOCK_B)))
    found = rows(database, "SELECT identity, block_hash FROM ingest.inbox ORDER BY sequence")
    assert found == [(f"125:{tx(1)}:0", BLOCK_A), (f"125:{tx(1)}:0", BLOCK_B)]
    assert letters(database) == [("CONFLICTING_DUPLICATE", f"125:{tx(1)}:0", -1)]


async def test_a_producer_that_knows_no_block_repeats_the_fact_and_adds_nothing(database, intake):
    await intake.accept(batch(flow(1, "A", "DEPOSIT", 500, blockHash=BLOCK_A)))
    await intake.accept(batch(flow(1, "A", "DEPOSIT", 500)))
    assert rows(database, "SELECT block_hash FROM ingest.inbox") == [(BLOCK_A,)]
    assert letters(database) == []


async def test_each_bad_item_of_a_bulk_job_is_laid_aside_alone_as_a_job_of_its_own(database, intake):
    unpayable = item(flow(2, "A", "DEPOSIT", -5))
    conflict = item(flow(1, "A", "DEPOSIT", 501))
    nameless = {"task": "ingest.nothing", "taskId": "x"}
    job_bytes = bulk(item(flow(1, "A", "DEPOSIT", 500)), unpayable, conflict, 17, nameless, item(trade(3)))
    await intake.accept(batch(job_bytes))
    assert inbox(database) == [f"125:{tx(1)}:0", f"125:{tx(3)}:0"]
    found = rows(
        database,
        "SELECT reason, item_index, task_name, task_id, detail, payload FROM ingest.dead_letters ORDER BY item_index",
    )
    assert [(reason, index, name, task_id) for reason, index, name, task_id, *_ in found] == [
        ("INVALID_PAYLOAD", 1, "ingest.follower_event", "flow-2"),
        ("CONFLICTING_DUPLICATE", 2, "ingest.follower_event", "flow-1"),
        ("INVALID_PAYLOAD", 3, "", ""),
        ("UNKNOWN_TASK", 4, "ingest.nothing", "x"),
    ]
    assert found[0][4] == "amount: must be a base-10 integer from 0 to 2^256-1"
    alone = orjson.loads(found[0][5])
    assert (alone["task_name"], alone["task_id"], alone["kwargs"]) == ("ingest.follower_event", "flow-2", unpayable)
    assert len(found[0][5]) < len(job_bytes) / 3


async def test_a_bulk_job_of_nothing_is_accepted_and_leaves_nothing(database, intake):
    await intake.accept(batch(bulk()))
    assert (inbox(database), letters(database)) == ([], [])


async def test_a_batch_that_comes_again_after_its_commit_changes_nothing(database, intake):
    """A worker died after the commit and before the acknowledgement."""
    first = batch(
        deployed(),
        flow(1, "A", "DEPOSIT", 500),
        flow(1, "A", "DEPOSIT", 501),
        None,
        b"\xff\xfe",
        bulk(item(flow(2, "B", "DEPOSIT", 3)), "no object", item(flow(3, "B", "DEPOSIT", -3))),
    )
    everything = """
        SELECT (SELECT json_agg(i) FROM ingest.inbox i)::text, (SELECT json_agg(d) FROM ingest.deliveries d)::text,
            (SELECT json_agg(l) FROM ingest.dead_letters l)::text
    """
    await intake.accept(first)
    before = rows(database, everything)
    assert [reason for reason, *_ in letters(database)] == [
        "MISSING_DATA",
        "UNDECODABLE",
        "INVALID_PAYLOAD",
        "INVALID_PAYLOAD",
        "CONFLICTING_DUPLICATE",
    ]
    again = Batch([entry._replace(delivery_count=2) for entry in first.entries])
    await intake.accept(again)
    for entry in again.entries:
        await intake.accept(Batch([entry]))
    assert rows(database, everything) == before


async def test_a_batch_is_one_transaction_that_leaves_all_or_nothing(database, intake):
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE ingest.dead_letters ADD CONSTRAINT never CHECK (reason <> 'UNDECODABLE')")
        with pytest.raises(psycopg.errors.CheckViolation):
            await intake.accept(batch(flow(1, "A", "DEPOSIT", 500), b"no json"))
        assert (inbox(database), letters(database)) == ([], [])
        admin.execute("ALTER TABLE ingest.dead_letters DROP CONSTRAINT never")
    await intake.accept(batch(flow(1, "A", "DEPOSIT", 500), b"no json"))
    assert (len(inbox(database)), len(letters(database))) == (1, 1)


async def test_without_a_time_of_its_own_an_event_takes_the_time_of_its_entry_but_never_the_future(database, intake):
    bare = flow(1, "A", "DEPOSIT", 1, timestamp=None)
    ahead = flow(2, "A", "DEPOSIT", 1, timestamp=None)
    await intake.accept(batch(ahead | {"received_at": NOW + 10**9}, bare | {"received_at": START + 5}))
    # Ordered by time: the one that claims to come from the future is as old as the clock.
    assert inbox(database) == [f"125:{tx(1)}:0", f"125:{tx(2)}:0"]


async def test_given_up_entries_are_laid_aside_with_the_reason_of_their_batch(database, intake):
    entries = batch(flow(1, "A", "DEPOSIT", 1), None).entries
    await intake.give_up(Batch(entries, exhausted=True, reason="delivered 5 times and never settled"))
    await intake.give_up(Batch(entries, exhausted=True, reason="delivered 5 times and never settled"))
    found = rows(database, "SELECT reason, detail, entry_id, payload FROM ingest.dead_letters ORDER BY id")
    assert [row[:3] for row in found] == [
        ("GAVE_UP", "delivered 5 times and never settled", entry.entry_id) for entry in entries
    ]
    assert [row[3] for row in found] == [entries[0].data, b""]
    assert inbox(database) == []


async def test_snapshot_jobs_of_one_vault_and_interval_are_one_request(database, intake):
    def asked(task_id: str, **more):
        return job("snapshot", task_id, interval="1h", triggeredAt=START, **more)

    await intake.accept(batch(asked("s1"), asked("s2"), asked("s3", vaultAddress=VAULT)))
    await intake.accept(batch(asked("s4")))
    found = rows(database, "SELECT vault_address, interval FROM ingest.snapshots ORDER BY vault_address")
    assert found == [("", "1h"), (checksum_address(VAULT), "1h")]
    assert inbox(database) == []


async def test_an_outage_of_the_database_is_an_outage_and_passes(database, intake):
    await intake.accept(batch(flow(1, "A", "DEPOSIT", 1)))
    waiting = batch(flow(2, "A", "DEPOSIT", 1), b"no json")
    with psycopg.connect(database.admin_url, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {database.name} WITH ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database.name])
        with pytest.raises(Outage):
            await intake.accept(waiting)
        with pytest.raises(Outage):
            await intake.give_up(waiting)
        admin.execute(f"ALTER DATABASE {database.name} WITH ALLOW_CONNECTIONS true")
    async with asyncio.timeout(15):
        while True:
            try:
                await intake.accept(waiting)
                break
            except Outage:
                await asyncio.sleep(0.05)
    assert inbox(database) == [f"125:{tx(1)}:0", f"125:{tx(2)}:0"]
    assert letters(database) == [("UNDECODABLE", "", -1)]


async def test_concurrent_intakes_of_overlapping_batches_lose_nothing_and_repeat_nothing(database, intake):
    """Eight workers put the same 300 events through in orders and batches of their own."""
    events = [flow(number, "ABC"[number % 3], "DEPOSIT", number) for number in range(1, 301)]

    async def work(seed: int) -> None:
        chosen = random.Random(seed).sample(events, 250)
        for start in range(0, 250, 40):
            await intake.accept(batch(*chosen[start : start + 40]))

    async with open_pool(database.url("ingest"), name="more", max_size=8) as pool:
        intake = InboxIntake(pool, CHAIN_ID, clock=lambda: NOW)
        await asyncio.gather(*(work(seed) for seed in range(8)))
    assert sorted(inbox(database)) == sorted(f"125:{tx(number)}:0" for number in range(1, 301))
    assert rows(database, "SELECT count(*) FROM ingest.deliveries") == [(300,)]
    assert letters(database) == []


async def test_of_two_contradicting_events_at_the_same_moment_one_becomes_a_dead_letter(database, intake):
    """Both look before either has written: the one that comes second must notice."""
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("LOCK TABLE ingest.inbox IN EXCLUSIVE MODE")
        both = [
            asyncio.create_task(intake.accept(batch(flow(1, "A", "DEPOSIT", amount), flow(2, "A", "DEPOSIT", 9))))
            for amount in (500, 501)
        ]
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        await until(lambda: rows(database, waiting) == [(2,)])
        admin.commit()
    await asyncio.gather(*both)
    assert inbox(database) == [f"125:{tx(1)}:0", f"125:{tx(2)}:0"]
    assert letters(database) == [("CONFLICTING_DUPLICATE", f"125:{tx(1)}:0", -1)]
