"""The stream broker while Redis restarts, is emptied, is full or cuts connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError
from structlog.testing import capture_logs

from services.ingest.batch import Batch
from services.ingest.broker import HardenedStreamBroker
from services.ingest.streams import EVENTS
from tests.integration.queue_harness import (
    LEASE_SECONDS,
    RecordingIntake,
    Worker,
    drained,
    eventually,
    until,
    working,
)
from tests.integration.redis_server import RedisServer, running_server


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_server("--appendonly", "yes", "--appendfsync", "always") as server:
        yield server


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url, protocol=2) as client:
        yield client


async def test_a_worker_outlives_a_restart_of_redis_in_the_middle_of_its_work(server, client):
    gate = asyncio.Event()

    async def wait(batch: Batch) -> None:
        await gate.wait()

    await client.xadd(EVENTS, {"data": "before"})
    async with working(server.url, RecordingIntake(wait)) as worker:
        await until(lambda: worker.intake.calls == 1)
        server.kill()
        await until(lambda: worker.broker.stats.redis_errors >= 3)
        gate.set()
        await until(lambda: worker.intake.accepted == {b"before": 1})
        server.start()
        await worker.broker.send_many(EVENTS, [b"after"])
        await until(lambda: worker.broker.stats.acked == 2)
        assert await drained(client, EVENTS)
    assert worker.intake.accepted == {b"before": 1, b"after": 1}
    assert worker.broker.stats.reclaimed == 0


async def test_a_worker_may_start_before_redis_does(server):
    server.kill()
    async with working(server.url) as worker:
        await until(lambda: worker.broker.stats.redis_errors >= 2)
        server.start()
        await worker.broker.send_many(EVENTS, [b"job"])
        await until(lambda: worker.broker.stats.acked == 1)


async def test_an_outage_of_redis_longer_than_the_lease_takes_nothing_from_living_workers(server, client):
    gate = asyncio.Event()

    async def wait(batch: Batch) -> None:
        await gate.wait()

    await client.xadd(EVENTS, {"data": "slow"})
    async with (
        working(server.url, RecordingIntake(wait)) as one,
        working(server.url, RecordingIntake(wait)) as two,
    ):
        await until(lambda: one.intake.calls + two.intake.calls == 1)
        server.kill()
        # At most six seconds of back-off, but surely longer than the lease of 0.6 s.
        await until(lambda: min(one.broker.stats.redis_errors, two.broker.stats.redis_errors) >= 5)
        server.start()
        renewed = one.broker.stats.renewed + two.broker.stats.renewed
        await until(lambda: one.broker.stats.renewed + two.broker.stats.renewed >= renewed + 5)
        assert one.intake.calls + two.intake.calls == 1
        gate.set()
        await until(lambda: one.broker.stats.acked + two.broker.stats.acked == 1)


async def test_flushall_under_a_listening_worker_costs_it_only_the_old_entries(server, client):
    gate = asyncio.Event()

    async def wait(batch: Batch) -> None:
        await gate.wait()

    await client.xadd(EVENTS, {"data": "wiped while in hand"})
    async with working(server.url, RecordingIntake(wait)) as worker:
        await until(lambda: worker.intake.calls == 1)
        await client.flushall()
        await until(lambda: worker.broker.stats.lost_ownership == 1)
        await worker.broker.send_many(EVENTS, [b"new"])
        gate.set()
        await until(lambda: worker.broker.stats.acked == 1)
        assert await drained(client, EVENTS)
    assert worker.intake.accepted == {b"wiped while in hand": 1, b"new": 1}


async def test_a_destroyed_group_is_declared_again_from_the_first_entry(server, client):
    async with working(server.url) as worker:
        await worker.broker.send_many(EVENTS, [b"one"])
        await until(lambda: worker.broker.stats.acked == 1)
        await client.xgroup_destroy(EVENTS, "ingest")
        await worker.broker.send_many(EVENTS, [b"two"])
        await until(lambda: worker.intake.accepted == {b"one": 1, b"two": 1})


async def test_cut_connections_are_opened_again(server, client):
    async with working(server.url) as worker:
        for number in range(3):
            await worker.broker.send_many(EVENTS, [b"%d" % number])
            await until(lambda: worker.broker.stats.acked == number + 1)  # noqa: B023
            await client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await until(lambda: worker.broker.stats.redis_errors > 0)
        await worker.broker.send_many(EVENTS, [b"last"])
        await until(lambda: worker.broker.stats.acked == 4)
    assert worker.intake.accepted == {b"0": 1, b"1": 1, b"2": 1, b"last": 1}


async def test_at_maxmemory_producers_are_refused_and_workers_drain_the_queue(server, client):
    await client.config_set("maxmemory-policy", "noeviction")
    async with working(server.url) as earlier:
        await earlier.broker.send_many(EVENTS, [b"the group exists"])
        await until(lambda: earlier.broker.stats.acked == 1)
    producer = HardenedStreamBroker(server.url)
    await producer.send_many(EVENTS, [b"x" * 2000] * 1500)
    await client.config_set("maxmemory", 1_500_000)
    with pytest.raises(OutOfMemoryError):
        await producer.send_many(EVENTS, [b"refused"])
    await producer.shutdown()
    async with working(server.url, streams={EVENTS: 100}) as worker:
        await until(lambda: worker.broker.stats.acked == 1500)
        assert await drained(client, EVENTS)
        await worker.broker.send_many(EVENTS, [b"welcome again"])
        await until(lambda: worker.broker.stats.acked == 1501)
    assert worker.intake.accepted[b"refused"] == 0


async def test_a_full_redis_still_renews_what_is_in_hand(server, client):
    async def slowly(batch: Batch) -> None:
        await asyncio.sleep(2 * LEASE_SECONDS)

    for _ in range(20):
        await client.xadd(EVENTS, {"data": b"x" * 100_000})
    async with working(server.url, RecordingIntake(slowly)) as worker:
        await until(lambda: worker.broker.stats.in_hand == 20)
        await client.config_set("maxmemory", 1_000_000)
        await until(lambda: worker.broker.stats.acked == 20)
        assert worker.broker.stats.renewed >= 40
        assert worker.broker.stats.reclaimed == 0
        assert worker.broker.stats.redis_errors == 0


async def test_a_read_only_redis_is_waited_for(server, client):
    async with working(server.url) as worker:
        await worker.broker.send_many(EVENTS, [b"one"])
        await until(lambda: worker.broker.stats.acked == 1)
        await client.execute_command("REPLICAOF", "127.0.0.1", "1")
        await until(lambda: worker.broker.stats.redis_errors >= 2)
        await client.execute_command("REPLICAOF", "NO", "ONE")
        await worker.broker.send_many(EVENTS, [b"two"])
        await until(lambda: worker.intake.accepted == {b"one": 1, b"two": 1})


async def test_entries_deleted_while_pending_are_acknowledged(server, client):
    await client.xgroup_create(EVENTS, "ingest", id="0", mkstream=True)
    ids = [await client.xadd(EVENTS, {"data": f"{number}"}) for number in range(3)]
    await client.xreadgroup("ingest", "dead worker", {EVENTS: ">"})
    await client.xdel(EVENTS, ids[0], ids[2])
    async with working(server.url) as worker:
        await eventually(lambda: drained(client, EVENTS))
    assert worker.intake.accepted == {b"1": 1}


async def test_handed_back_entries_deleted_since_are_acknowledged(server, client):
    await client.xgroup_create(EVENTS, "ingest", id="0", mkstream=True)
    ids = [await client.xadd(EVENTS, {"data": f"{number}"}) for number in range(4)]
    await client.xreadgroup("ingest", "stopped worker", {EVENTS: ">"})
    await client.xclaim(EVENTS, "ingest", "handed-back", 0, ids, idle=60_000, retrycount=0, justid=True)
    await client.xdel(EVENTS, ids[1])
    async with working(server.url) as worker:
        await eventually(lambda: drained(client, EVENTS))
    assert [len(batch.entries) for batch in worker.intake.batches] == [3]


async def test_work_that_another_worker_took_over_still_finishes_harmlessly(server, client):
    gate = asyncio.Event()

    async def wait(batch: Batch) -> None:
        await gate.wait()

    await client.xadd(EVENTS, {"data": "job"})
    async with working(server.url, RecordingIntake(wait)) as worker:
        await until(lambda: worker.intake.calls == 1)
        ((entry_id, _),) = await client.xrange(EVENTS)
        await client.xclaim(EVENTS, "ingest", "thief", 0, [entry_id])
        await until(lambda: worker.broker.stats.lost_ownership == 1)
        (row,) = await client.xpending_range(EVENTS, "ingest", "-", "+", 10)
        assert row["consumer"] == b"thief"
        gate.set()
        await until(lambda: worker.broker.stats.acked == 1)
        assert await drained(client, EVENTS)


async def test_a_long_outage_of_redis_is_a_handful_of_log_lines(server):
    worker = Worker(server.url, RecordingIntake())
    server.kill()
    worker.broker._backoff._jitter._cap = 0.001
    with capture_logs() as logs:
        worker.start()
        await until(lambda: worker.broker.stats.redis_errors >= 100)
        await worker.finish()
    assert len([line for line in logs if line["event"] == "queue.redis_error"]) <= 8
