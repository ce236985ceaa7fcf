"""What happens to BullMQ jobs when the bridge, Redis or a worker of another system dies: with real processes."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from bullmq import Queue
from redis.asyncio import Redis

from services.ingest.bridge.settler import Settler
from services.ingest.bridge.worker import BridgeWorker
from tests.integration.bridge_stage import (
    DEPLOYED,
    FOLLOWERS,
    PREFIX,
    SNAPSHOTS,
    TRADES,
    add,
    bridge_process,
    bridging,
    count,
    flow,
    identities,
    job,
    letters,
    rows,
    trade,
    until_completed,
)
from tests.integration.queue_harness import RecordingIntake, eventually, until
from tests.oracle.jobs import tx
from tests.servers import RestartableRedis

NOWHERE = Path()


def expected(queue: str, number: int) -> list[str]:
    """Identities of a queue's first so many jobs, sorted."""
    return sorted(f"task:bullmq:{queue}:{n}" for n in range(1, number + 1))


async def test_a_bridge_killed_with_a_job_in_hand_loses_and_doubles_nothing_however_often(database, redis_url):
    """By its own default the library fails a job at its second death."""
    await add("python", NOWHERE, redis_url, job(TRADES, trade(tx(1))), job(TRADES, trade(tx(1))))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(3):
        with psycopg.connect(database.admin_url) as admin:
            admin.execute("LOCK TABLE ingest.inbox IN EXCLUSIVE MODE")
            async with bridge_process(database, redis_url) as child:
                await until(lambda: rows(database, waiting) == [(2,)], seconds=20)
                child.send_signal(signal.SIGKILL)
                assert await child.wait() == -signal.SIGKILL
                await until(lambda: rows(database, waiting) == [(0,)] or _cancel(database), seconds=20)
            assert await count(redis_url, TRADES, "active", "failed") == (2, 0)
    async with bridge_process(database, redis_url):
        await until_completed(redis_url, TRADES, 2)
    assert identities(database) == expected(TRADES, 2)
    assert letters(database) == []


def _cancel(database) -> bool:
    """End the statements that the dead bridge left behind; always False."""
    rows(
        database,
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'""",
    )
    return False


async def test_a_bridge_killed_at_any_moment_of_its_work_loses_and_doubles_nothing(database, redis_url):
    chance = random.Random(125)
    jobs = [job(queue, data) for _ in range(150) for queue, data in ((TRADES, trade(tx(1))), (FOLLOWERS, flow(5)))]
    await add("python", NOWHERE, redis_url, *jobs)
    for done in sorted(chance.sample(range(1, 280), 3)):
        async with bridge_process(database, redis_url) as child:
            await until(lambda: len(identities(database)) >= done, seconds=30)  # noqa: B023
            child.send_signal(signal.SIGKILL)
            await child.wait()
    async with bridge_process(database, redis_url):
        for queue in (TRADES, FOLLOWERS):
            await until_completed(redis_url, queue, 150, seconds=40)
    assert identities(database) == sorted(expected(TRADES, 150) + expected(FOLLOWERS, 150))
    assert letters(database) == []


async def test_the_process_takes_jobs_until_it_is_told_to_stop_and_says_what_it_did(database, redis_url):
    await add("python", NOWHERE, redis_url, *(job(FOLLOWERS, flow(1, blockNumber=n)) for n in (7, 8, 9)))
    async with bridge_process(database, redis_url, BRIDGE_UNTIL_BLOCK="8") as child:
        await until_completed(redis_url, FOLLOWERS, 3)
        child.terminate()
        async with asyncio.timeout(10):
            out, _ = await child.communicate()
    assert child.returncode == 0
    last = out.decode().splitlines()[-1]
    assert '"event": "stopped"' in last
    assert '"stored": 2, "skipped": 1, "gave_up": 0' in last


async def test_jobs_whose_workers_stalled_or_failed_them_in_secret_are_taken(database, redis_url):
    """A worker of the system that is replaced may have died with them."""
    await add("python", NOWHERE, redis_url, *(job(FOLLOWERS, flow(1)) for _ in range(2)))
    async with Redis.from_url(redis_url) as client:
        await client.hset(f"{PREFIX}:{FOLLOWERS}:1", "defa", "job stalled more than allowable limit")
        await client.hset(f"{PREFIX}:{FOLLOWERS}:2", "stc", 7)
        # The second is in the hands of a worker that is gone.
        assert await client.lrem(f"{PREFIX}:{FOLLOWERS}:wait", 1, "2") == 1
        await client.lpush(f"{PREFIX}:{FOLLOWERS}:active", "2")
    async with bridging(database, redis_url, lock_seconds=1.0):
        await until_completed(redis_url, FOLLOWERS, 2)
    assert identities(database) == expected(FOLLOWERS, 2)


async def test_the_bridge_outlives_redis_and_starts_before_it(database, restartable_redis: RestartableRedis):
    url = restartable_redis.url
    await add("python", NOWHERE, url, job(FOLLOWERS, flow(1)))
    restartable_redis.stop()
    async with bridging(database, url, lock_seconds=1.0):
        restartable_redis.start()
        await until_completed(url, FOLLOWERS, 1)
        restartable_redis.stop()
        restartable_redis.start()
        await add("python", NOWHERE, url, job(FOLLOWERS, flow(1)), job(DEPLOYED, "text"))
        await until_completed(url, FOLLOWERS, 2)
        await until_completed(url, DEPLOYED, 1)
        restartable_redis.stop()
    restartable_redis.start()
    assert identities(database) == expected(FOLLOWERS, 2)


async def test_a_job_that_hangs_does_not_hold_up_the_end_and_comes_again(database, redis_url):
    never = asyncio.Event()

    async def hang(_batch: Any) -> None:
        await never.wait()

    stuck = RecordingIntake(hang)
    await add("python", NOWHERE, redis_url, job(FOLLOWERS, flow(1)))
    async with bridging(database, redis_url, intake=stuck, grace_seconds=0.2):
        await until(lambda: stuck.calls == 1)
    assert await count(redis_url, FOLLOWERS, "active", "failed") == (1, 0)
    async with bridging(database, redis_url):
        await until_completed(redis_url, FOLLOWERS, 1)
    assert identities(database) == expected(FOLLOWERS, 1)


async def test_a_loop_of_the_library_that_ends_by_itself_ends_the_bridge_loudly(redis_url):
    class Short(BridgeWorker):
        async def run(self) -> None:
            return

    stop = asyncio.Event()
    worker = Short(
        FOLLOWERS, Settler(RecordingIntake(), stop), url=redis_url, prefix=PREFIX, concurrency=1, lock_seconds=1
    )
    with pytest.raises(RuntimeError, match="the worker of FollowerEventQueue has ended"):
        await worker.work(stop, grace_seconds=1)


async def test_two_bridges_share_the_jobs(database, redis_url):
    await add("python", NOWHERE, redis_url, *(job(FOLLOWERS, flow(n)) for n in range(200)))
    async with bridging(database, redis_url) as one, bridging(database, redis_url) as other:
        await until_completed(redis_url, FOLLOWERS, 200, seconds=40)
        assert one.stats.stored + other.stats.stored == 200
        assert min(one.stats.stored, other.stats.stored) > 0
    assert identities(database) == expected(FOLLOWERS, 200)


async def test_delayed_urgent_and_repeated_jobs_are_taken_too(database, redis_url):
    async with Redis.from_url(redis_url, decode_responses=True, protocol=2) as client:
        queue = Queue(SNAPSHOTS, {"connection": client, "prefix": PREFIX})
        await queue.upsertJobScheduler("hourly", {"every": 300}, "snapshot", {"interval": "1h"})
        await add(
            "python",
            NOWHERE,
            redis_url,
            *(job(FOLLOWERS, flow(1), **options) for options in ({"delay": 50}, {"priority": 3}, {"lifo": True})),
        )
        async with bridging(database, redis_url) as settler:
            await until_completed(redis_url, FOLLOWERS, 3)

            async def repeated() -> bool:
                return (await count(redis_url, SNAPSHOTS, "completed"))[0] >= 3

            await eventually(repeated)
    assert settler.stats.gave_up == 0
    assert identities(database) == expected(FOLLOWERS, 3)
    assert rows(database, "SELECT vault_address, interval FROM ingest.snapshots") == [("", "1h")]
