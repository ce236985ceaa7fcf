"""The ingest service and the scheduler as processes: replicas share the work, and each outlives what it needs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import redis

from libs.rpc.client import open_channel
from protos.ingest.v1 import ingest_pb2 as pb
from protos.ingest.v1 import ingest_pb2_grpc
from services.ingest.jobs import SnapshotRequested, read_entry
from services.ingest.streams import SNAPSHOTS
from tests.integration.ingest_jobs import batch, vault_address
from tests.integration.ingest_processes import LEASE_SECONDS, ingest, scheduler
from tests.integration.ingest_stage import CHAIN_ID, Stage, staged, until
from tests.oracle.jobs import deployed, job
from tests.oracle.sending import START
from tests.servers import Database, short_folder

SHARES = "SELECT count(*) FROM ingest.leases WHERE expires_at > now() GROUP BY owner ORDER BY 1"


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    with short_folder() as folder:
        async with staged(database, folder) as stage:
            yield stage


async def test_two_replicas_share_the_partitions_and_one_takes_over_when_the_other_is_killed(
    stage, redis_url, tmp_path
):
    targets = stage.targets
    with (
        ingest(stage.database, redis_url, tmp_path / "1", listen=f"unix:{stage.folder}/1", targets=targets) as first,
        ingest(stage.database, redis_url, tmp_path / "2", listen=f"unix:{stage.folder}/2", targets=targets) as second,
    ):
        await until(lambda: stage.rows(SHARES) == [(4,), (4,)])
        await stage.feed(*(deployed(100 + n, vaultAddress=vault_address(n)) for n in range(1, 25)))
        await stage.until_delivered(24)
        first.kill()
        killed_at = time.monotonic()
        await stage.feed(*(deployed(200 + n, vaultAddress=vault_address(n)) for n in range(25, 49)))
        await stage.until_delivered(48)
        assert time.monotonic() - killed_at < LEASE_SECONDS + 2
        await until(lambda: stage.rows(SHARES) == [(8,)])
        assert second.terminate() == 0
    assert stage.rows(SHARES) == []
    assert sorted(stage.vaults.sent) == sorted(set(stage.vaults.sent))


async def test_the_process_delivers_answers_snapshots_and_tells_its_watchers(stage, redis_url, tmp_path):
    """With everything that `python -m services.ingest` puts together."""
    listen = f"unix:{stage.folder}/i"
    with ingest(stage.database, redis_url, tmp_path / "log", listen=listen, targets=stage.targets) as process:
        async with open_channel(listen) as channel:
            stub = ingest_pb2_grpc.IngestServiceStub(channel)
            watching = stub.WatchChanges(pb.WatchChangesRequest(after_sequence=0), wait_for_ready=True)
            await stage.feed(deployed())
            await stage.until_delivered(1)
            stage.run("UPDATE vaults.vaults SET ledger_version = -1, tvl = 666")
            await stage.intake.accept(batch(job("snapshot", "s", interval="1h", triggeredAt=START)))
            kinds: list[int] = []
            async for message in watching:
                kinds += [change.kind for change in message.changes]
                if len(kinds) == 2:
                    break
            watching.cancel()
            assert kinds == [pb.CHANGE_KIND_VAULT, pb.CHANGE_KIND_SNAPSHOT]
            assert stage.value("SELECT tvl::int FROM vaults.vaults") == 0
            status = await stub.GetPipelineStatus(pb.GetPipelineStatusRequest())
            assert (status.delivered_event_count, status.redis_error) == (1, "")
        assert process.terminate() == 0


async def test_the_scheduler_waits_for_redis_and_then_asks_for_a_snapshot_at_every_interval(
    restartable_redis, tmp_path
):
    restartable_redis.stop()
    log = tmp_path / "log"
    with scheduler(restartable_redis.url, log, interval_seconds=1) as process:
        await until(lambda: "snapshot not sent yet" in log.read_text())
        assert process.is_alive
        restartable_redis.start()
        with redis.Redis.from_url(restartable_redis.url) as queue:
            await until(lambda: queue.xlen(SNAPSHOTS) >= 3)
            entries = [(entry_id, fields) for entry_id, fields in queue.xrange(SNAPSHOTS, count=3)]
        assert process.terminate() == 0
    times = []
    for entry_id, fields in entries:
        entered_at_ms = int(entry_id.partition(b"-")[0])
        (asked,) = read_entry(fields[b"data"], entered_at_ms=entered_at_ms, now=time.time(), chain_id=CHAIN_ID)
        assert isinstance(asked, SnapshotRequested), asked
        assert (asked.vault_address, asked.interval) == (None, "1s")
        assert asked.task_id == f"snapshot:{asked.triggered_at}"
        assert 0 <= entered_at_ms / 1000 - asked.triggered_at < 2
        times.append(asked.triggered_at)
    assert times[0] <= times[1] < times[2]
