"""The batch receiver when the intake fails: outages are waited out, faults are singled out, nothing is dropped."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs
from taskiq.api import run_receiver_task

from services.ingest import receiver
from services.ingest.backoff import Backoff
from services.ingest.batch import Batch, Outage
from services.ingest.broker import HardenedStreamBroker
from services.ingest.receiver import BatchReceiver, run_worker
from services.ingest.streams import EVENTS
from tests.integration.queue_harness import RecordingIntake, Worker, drained, pending_count, until, working
from tests.integration.redis_server import RedisServer, running_server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_server() as server:
        yield server


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url, protocol=2) as client:
        yield client


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off of a millisecond, so that many attempts fit into a test."""
    monkeypatch.setattr(receiver, "Backoff", lambda **_: Backoff(base_seconds=0.001, cap_seconds=0.002))


@pytest.mark.usefixtures("hasty")
async def test_a_long_outage_neither_acknowledges_nor_gives_up_nor_counts(server, client):
    away = True

    async def database(batch: Batch) -> None:
        if away:
            raise Outage("database is away")

    with capture_logs() as logs:
        async with working(server.url, RecordingIntake(database), max_deliveries=2) as worker:
            await worker.broker.send_many(EVENTS, [b"one", b"two"])
            await until(lambda: worker.intake.calls >= 500)
            assert await pending_count(client, EVENTS) == 2
            assert await client.xlen(EVENTS) == 2
            rows = await client.xpending_range(EVENTS, "ingest", "-", "+", 10)
            assert [row["times_delivered"] for row in rows] == [1, 1]
            assert worker.intake.given_up == []
            away = False
            await until(lambda: worker.broker.stats.acked == 2)
            assert await drained(client, EVENTS)
    assert worker.intake.accepted == {b"one": 1, b"two": 1}
    assert 1 <= len([line for line in logs if line["event"] == "queue.outage"]) <= 20


@pytest.mark.usefixtures("hasty")
async def test_a_cancellation_from_inside_the_intake_is_an_outage(server, client):
    attempts = 0

    async def closed_channel(batch: Batch) -> None:
        nonlocal attempts
        attempts += 1
        if attempts <= 3:
            raise asyncio.CancelledError

    async with working(server.url, RecordingIntake(closed_channel)) as worker:
        await worker.broker.send_many(EVENTS, [b"job"])
        await until(lambda: worker.broker.stats.acked == 1)
    assert worker.intake.calls == 4
    assert worker.intake.accepted == {b"job": 1}


async def test_a_cancelled_worker_acknowledges_nothing(server, client):
    async def never(batch: Batch) -> None:
        await asyncio.Event().wait()

    worker = Worker(server.url, RecordingIntake(never))
    await worker.broker.send_many(EVENTS, [b"one", b"two"])
    worker.start()
    await until(lambda: worker.intake.calls > 0)
    assert worker.task is not None
    worker.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker.task
    assert await client.xlen(EVENTS) == 2
    assert await pending_count(client, EVENTS) == 2
    assert worker.broker.stats.acked == 0
    assert worker.broker.stats.in_hand == 0


async def test_a_stop_during_an_outage_ends_the_worker_before_its_grace_is_over(server, client):
    async def database(batch: Batch) -> None:
        raise Outage("database is away")

    worker = Worker(server.url, RecordingIntake(database), streams={EVENTS: 1}, lanes=2)
    await worker.broker.send_many(EVENTS, [b"%d" % number for number in range(10)])
    worker.start(grace_seconds=600)
    await until(lambda: worker.broker.stats.in_hand == 3)
    await worker.finish()
    assert await client.xlen(EVENTS) == 10
    assert worker.broker.stats.acked == 0
    rows = await client.xpending_range(EVENTS, "ingest", "-", "+", 10)
    assert [(row["consumer"], row["times_delivered"]) for row in rows] == [(b"handed-back", 0)] * 3


async def test_hanging_work_is_cancelled_after_the_grace_even_with_a_batch_waiting(server, client):
    async def never(batch: Batch) -> None:
        await asyncio.Event().wait()

    worker = Worker(server.url, RecordingIntake(never), streams={EVENTS: 1}, lanes=2)
    await worker.broker.send_many(EVENTS, [b"%d" % number for number in range(10)])
    worker.start(grace_seconds=0.1)
    await until(lambda: worker.broker.stats.in_hand == 3)
    await worker.finish()
    assert worker.intake.calls == 2
    assert await client.xlen(EVENTS) == 10


@pytest.mark.usefixtures("hasty")
async def test_a_fault_singles_out_its_entry_and_the_neighbours_are_accepted(server, client):
    async def bug(batch: Batch) -> None:
        if any(entry.data == b"bad" for entry in batch.entries):
            raise ValueError("no such vault kind")

    for data in ("1", "2", "bad", "3"):
        await client.xadd(EVENTS, {"data": data})
    async with working(server.url, RecordingIntake(bug)) as worker:
        await until(lambda: worker.broker.stats.acked == 4)
        assert await drained(client, EVENTS)
    assert worker.intake.accepted == {b"1": 1, b"2": 1, b"3": 1}
    given_up = [(entry.data, batch.reason) for batch in worker.intake.given_up for entry in batch.entries]
    assert given_up == [(b"bad", "ValueError: no such vault kind")]
    assert worker.intake.calls == 1 + 3 + 3


@pytest.mark.usefixtures("hasty")
async def test_a_fault_that_passes_is_no_dead_letter(server, client):
    failures = 0

    async def flaky(batch: Batch) -> None:
        nonlocal failures
        failures += 1
        if failures <= 2:
            raise RuntimeError("once in a while")

    async with working(server.url, RecordingIntake(flaky)) as worker:
        await worker.broker.send_many(EVENTS, [b"job"])
        await until(lambda: worker.broker.stats.acked == 1)
    assert worker.intake.accepted == {b"job": 1}
    assert worker.intake.given_up == []


@pytest.mark.usefixtures("hasty")
async def test_what_cannot_even_be_given_up_stays_in_redis_and_comes_again(server, client):
    class Broken(RecordingIntake):
        def __init__(self) -> None:
            super().__init__()
            self.refusals = 2

        async def accept(self, batch: Batch) -> None:
            raise ValueError("bad entry")

        async def give_up(self, batch: Batch) -> None:
            if self.refusals:
                self.refusals -= 1
                raise TypeError("and a bad dead letter")
            await super().give_up(batch)

    async with working(server.url, Broken(), lease_seconds=0.3) as worker:
        await worker.broker.send_many(EVENTS, [b"job"])
        await until(lambda: worker.broker.stats.acked == 1)
    assert [batch.entries[0].delivery_count for batch in worker.intake.given_up] == [3]


async def test_an_entry_beyond_its_deliveries_is_given_up_without_another_try(server, client):
    await client.xgroup_create(EVENTS, "ingest", id="0", mkstream=True)
    entry_id = await client.xadd(EVENTS, {"data": "killer"})
    await client.xreadgroup("ingest", "dead worker", {EVENTS: ">"})
    await client.xclaim(EVENTS, "ingest", "dead worker", 0, [entry_id], idle=60_000, retrycount=5, justid=True)
    async with working(server.url) as worker:
        await until(lambda: worker.broker.stats.acked == 1)
        assert await drained(client, EVENTS)
    (batch,) = worker.intake.given_up
    assert (batch.exhausted, batch.reason) == (True, "delivered 5 times and never settled")
    assert batch.entries[0].delivery_count == 6
    assert worker.intake.calls == 0
    assert worker.broker.stats.exhausted == 1


async def test_an_outage_while_giving_up_is_waited_out(server, client):
    class AwayOnce(RecordingIntake):
        async def give_up(self, batch: Batch) -> None:
            self.calls += 1
            if self.calls == 1:
                raise Outage("database is away")
            await super().give_up(batch)

    await client.xgroup_create(EVENTS, "ingest", id="0", mkstream=True)
    entry_id = await client.xadd(EVENTS, {"data": "killer"})
    await client.xclaim(EVENTS, "ingest", "dead worker", 0, [entry_id], idle=60_000, retrycount=5, force=True)
    async with working(server.url, AwayOnce()) as worker:
        await until(lambda: worker.broker.stats.acked == 1)
    assert [batch.entries[0].data for batch in worker.intake.given_up] == [b"killer"]


async def test_a_worker_without_an_intake_refuses_to_start(server):
    broker = HardenedStreamBroker(server.url)
    with pytest.raises(RuntimeError, match=r"broker\.intake"):
        await run_worker(broker, asyncio.Event())


async def test_the_receiver_runs_under_taskiqs_own_api(server, client):
    broker = HardenedStreamBroker(server.url, lease_seconds=0.6, block_seconds=0.1)
    broker.intake = intake = RecordingIntake()
    task = asyncio.create_task(run_receiver_task(broker, receiver_cls=BatchReceiver))
    await broker.send_many(EVENTS, [b"%d" % number for number in range(50)])
    await until(lambda: broker.stats.acked == 50)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await broker.shutdown()
    assert intake.accepted == Counter(b"%d" % number for number in range(50))
    assert await drained(client, EVENTS)


async def test_the_receiver_runs_under_the_taskiq_worker_command(server, client, tmp_path):
    journal = tmp_path / "journal"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "taskiq", "worker", "tests.integration.queue_worker:broker_of_environment"),
        *("--receiver", "services.ingest.receiver:BatchReceiver", "--workers", "1"),
        *("--receiver_arg", "grace_seconds=0.5", "--log-level", "WARNING"),
        cwd=ROOT,
        env=os.environ | {"TEST_QUEUE_URL": server.url, "TEST_QUEUE_JOURNAL": str(journal)},
    )
    for number in range(10):
        await client.xadd(EVENTS, {"data": f"{number}"})
    await until(lambda: journal.exists() and len(journal.read_text().splitlines()) == 10)
    child.terminate()
    async with asyncio.timeout(10):
        await child.wait()
    assert sorted(journal.read_text().splitlines()) == sorted(f"accepted {number} 1" for number in range(10))
    assert await drained(client, EVENTS)


async def test_a_worker_stops_at_once_wherever_the_stop_finds_it(server, client):
    """The client may swallow a cancellation that arrives while it sends (Python 3.11): once in twenty stops."""
    for number in range(80):
        await client.xadd(EVENTS, {"data": f"{number}"})
        worker = Worker(server.url, RecordingIntake())
        worker.start()
        await until(lambda: worker.intake.calls == 1)  # noqa: B023
        worker.stop.set()
        assert worker.task is not None
        await until(worker.task.done, seconds=3)
