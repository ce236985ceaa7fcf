"""The stream broker in good times: reading, holding, acknowledging, sending."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from taskiq.message import BrokerMessage

from services.ingest import lease
from services.ingest.batch import Batch
from services.ingest.broker import HardenedStreamBroker
from services.ingest.streams import BULK, EVENTS, SNAPSHOTS
from tests.integration.queue_harness import (
    LEASE_SECONDS,
    RecordingIntake,
    drained,
    pending_count,
    until,
    working,
)
from tests.integration.redis_server import RedisServer, running_server


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_server() as server:
        yield server


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url, protocol=2) as client:
        yield client


async def test_what_was_accepted_leaves_neither_the_stream_nor_the_pending_list(server, client):
    for number in range(1200):
        await client.xadd(EVENTS, {"data": f"job-{number}"})
    async with working(server.url) as worker:
        await until(lambda: worker.broker.stats.acked == 1200)
        assert await drained(client, EVENTS)
        assert worker.broker.stats.in_hand == 0
    assert worker.intake.accepted == Counter(f"job-{number}".encode() for number in range(1200))
    assert [len(batch.entries) for batch in worker.intake.batches] == [500, 500, 200]


async def test_entries_written_before_the_group_existed_are_read(server, client):
    await client.xadd(SNAPSHOTS, {"data": "early"})
    async with working(server.url) as worker:
        await until(lambda: worker.intake.accepted == {b"early": 1})


async def test_one_worker_reads_all_three_streams_each_with_its_own_count(server, client):
    for stream in (EVENTS, BULK, SNAPSHOTS):
        for number in range(10):
            await client.xadd(stream, {"data": f"{stream}-{number}"})
    async with working(server.url) as worker:
        await until(lambda: worker.broker.stats.acked == 30)
    sizes: dict[str, list[int]] = {stream: [] for stream in (EVENTS, BULK, SNAPSHOTS)}
    for batch in worker.intake.batches:
        assert {entry.stream for entry in batch.entries} == {batch.stream}
        sizes[batch.stream].append(len(batch.entries))
    assert sizes == {EVENTS: [10], BULK: [4, 4, 2], SNAPSHOTS: [10]}


async def test_an_entry_without_data_or_with_strange_bytes_arrives_beside_its_neighbours(server, client):
    await client.xadd(EVENTS, {"data": "before"})
    await client.xadd(EVENTS, {"payload": "no such field"})
    await client.xadd(EVENTS, {"data": b"\xff\xfe\x00"})
    await client.xadd(EVENTS, {"data": "", "more": "x"})
    await client.xadd(EVENTS, {"data": "after"})
    async with working(server.url) as worker:
        await until(lambda: worker.broker.stats.acked == 5)
        assert await drained(client, EVENTS)
    assert worker.intake.accepted == {b"before": 1, None: 1, b"\xff\xfe\x00": 1, b"": 1, b"after": 1}


@pytest.mark.parametrize("query", ["", "?protocol=3", "?decode_responses=True", "?protocol=3&decode_responses=True"])
async def test_the_url_cannot_change_the_shape_of_replies(server, client, query):
    await client.xadd(EVENTS, {"data": "job"})
    async with working(server.url + query) as worker:
        await until(lambda: worker.intake.accepted == {b"job": 1})


async def test_two_workers_share_a_stream_without_doubling(server, client):
    async def slowly(batch: Batch) -> None:
        await asyncio.sleep(0.02)

    async with (
        working(server.url, RecordingIntake(slowly), streams={EVENTS: 5}) as one,
        working(server.url, RecordingIntake(slowly), streams={EVENTS: 5}) as two,
    ):
        await one.broker.send_many(EVENTS, [b"%d" % number for number in range(200)])
        await until(lambda: one.broker.stats.acked + two.broker.stats.acked == 200)
    assert one.intake.accepted + two.intake.accepted == Counter(b"%d" % number for number in range(200))
    assert min(len(one.intake.accepted), len(two.intake.accepted)) > 0


async def test_work_slower_than_three_leases_runs_once_while_others_look_for_work(server, client):
    async def slowly(batch: Batch) -> None:
        await asyncio.sleep(3 * LEASE_SECONDS)

    await client.xadd(EVENTS, {"data": "slow"})
    async with (
        working(server.url, RecordingIntake(slowly)) as one,
        working(server.url, RecordingIntake(slowly)) as two,
    ):
        await until(lambda: one.broker.stats.acked + two.broker.stats.acked == 1)
        assert one.intake.calls + two.intake.calls == 1
        assert one.broker.stats.reclaimed + two.broker.stats.reclaimed == 0
        # A beat every third of the lease makes eight or nine of them in three leases.
        assert one.broker.stats.renewed + two.broker.stats.renewed >= 6


async def test_busy_lanes_stop_the_reading_at_one_waiting_batch(server, client):
    gate = asyncio.Event()

    async def wait(batch: Batch) -> None:
        await gate.wait()

    for _ in range(100):
        await client.xadd(EVENTS, {"data": "x"})
    async with working(server.url, RecordingIntake(wait), streams={EVENTS: 10}, lanes=2) as worker:
        await until(lambda: worker.broker.stats.in_hand == 30)
        await until(lambda: worker.broker.stats.renewed >= 60)
        assert worker.intake.calls == 2
        assert worker.broker.stats.read == 30
        assert await pending_count(client, EVENTS) == 30
        gate.set()
        await until(lambda: worker.broker.stats.acked == 100)


async def test_a_stopping_worker_hands_over_at_once_and_uncounted(server, client):
    async def never(batch: Batch) -> None:
        await asyncio.Event().wait()

    await client.xadd(EVENTS, {"data": "first"})
    await client.xadd(EVENTS, {"data": "second"})
    async with working(server.url, RecordingIntake(never), grace_seconds=0.0, lease_seconds=600) as first:
        await until(lambda: first.intake.calls == 1)
    async with working(server.url, lease_seconds=600) as second:
        await until(lambda: second.broker.stats.acked == 2, seconds=5)
    assert [len(batch.entries) for batch in second.intake.batches] == [2]
    assert {entry.delivery_count for entry in second.intake.batches[0].entries} == {1}


async def test_a_stopped_worker_finishes_what_is_in_hand_within_its_grace(server, client):
    gate = asyncio.Event()

    async def wait(batch: Batch) -> None:
        await gate.wait()

    await client.xadd(EVENTS, {"data": "job"})
    async with working(server.url, RecordingIntake(wait)) as worker:
        await until(lambda: worker.intake.calls == 1)
        worker.stop.set()
        gate.set()
    assert worker.intake.accepted == {b"job": 1}
    assert await drained(client, EVENTS)


async def test_a_stopped_worker_leaves_no_consumer_behind(server, client):
    await client.xadd(EVENTS, {"data": "job"})
    async with working(server.url) as worker:
        await until(lambda: worker.broker.stats.acked == 1)
        assert len(await client.xinfo_consumers(EVENTS, "ingest")) == 1
    assert await client.xinfo_consumers(EVENTS, "ingest") == []


async def test_only_dead_consumers_that_own_nothing_are_removed(server, client, monkeypatch):
    monkeypatch.setattr(lease, "_DEAD_CONSUMER_MS", -1)
    await client.xgroup_create(EVENTS, "ingest", id="0", mkstream=True)
    await client.xadd(EVENTS, {"data": "held"})
    await client.xreadgroup("ingest", "owner", {EVENTS: ">"})
    await client.xgroup_createconsumer(EVENTS, "ingest", "empty")
    async with working(server.url, lease_seconds=600) as worker:
        await worker.broker.send_many(EVENTS, [b"job"])
        await until(lambda: worker.broker.stats.acked == 1)
    assert [consumer["name"] for consumer in await client.xinfo_consumers(EVENTS, "ingest")] == [b"owner"]


async def test_kick_writes_the_one_field_data_and_never_trims(server, client):
    broker = HardenedStreamBroker(server.url)

    @broker.task(task_name="ingest.trade_executed")
    async def trade_executed(txHash: str) -> None:  # noqa: N803
        raise AssertionError("producers don't run it")

    await trade_executed.kicker().with_task_id("125:0xabc:7").kiq(txHash="0xabc")
    await broker.kick(BrokerMessage(task_id="b", task_name="t", message=b"raw", labels={"queue_name": BULK}))
    await broker.shutdown()
    ((_, fields),) = await client.xrange(EVENTS)
    message = json.loads(fields.pop(b"data"))
    assert fields == {}
    assert (message["task_id"], message["task_name"]) == ("125:0xabc:7", "ingest.trade_executed")
    assert (message["args"], message["kwargs"]) == ([], {"txHash": "0xabc"})
    assert [fields for _, fields in await client.xrange(BULK)] == [{b"data": b"raw"}]


async def test_send_many_keeps_order_beyond_one_pipeline(server, client):
    broker = HardenedStreamBroker(server.url)
    await broker.send_many(EVENTS, (b"%d" % number for number in range(2500)))
    await broker.send_many(BULK, [b"x" * 3_000_000] * 3)
    await broker.shutdown()
    assert [fields[b"data"] for _, fields in await client.xrange(EVENTS)] == [b"%d" % n for n in range(2500)]
    assert [len(fields[b"data"]) for _, fields in await client.xrange(BULK)] == [3_000_000] * 3
