"""SIGKILL in the middle of the work, on a quiet stream: what was in hand is done by another, and takes effect once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis

from services.ingest.streams import EVENTS
from tests.integration.ingest_jobs import envelope
from tests.integration.ingest_processes import LEASE_SECONDS, ingest, worker
from tests.integration.ingest_stage import Stage, staged, until
from tests.oracle.jobs import deployed, flow, trade
from tests.servers import Database, short_folder

INBOX = "SELECT count(*), count(DISTINCT identity) FROM ingest.inbox"
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = %(name)s
"""
JOBS = 100


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    with short_folder() as folder:
        async with staged(database, folder) as stage:
            yield stage


@pytest.fixture
def queue(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@contextmanager
def locked(stage: Stage, statement: str) -> Iterator[Callable[[], None]]:
    """A lock in somebody else's transaction; gives what ends it."""
    with psycopg.connect(stage.database.admin_url) as conn:
        conn.execute(statement)
        yield conn.rollback


def in_work(queue: redis.Redis) -> int:
    """Entries that a worker holds."""
    return int(queue.xpending(EVENTS, "ingest")["pending"])


def is_drained(queue: redis.Redis) -> bool:
    """Whether nothing is left in the stream nor in anybody's hands."""
    return queue.xlen(EVENTS) == 0 and in_work(queue) == 0


def send(queue: redis.Redis, count: int) -> None:
    """Put so many deposits on the stream at the same moment, so that one read takes them all."""
    pipeline = queue.pipeline(transaction=True)
    for number in range(1, count + 1):
        pipeline.xadd(EVENTS, {"data": envelope(flow(number, "A", "DEPOSIT", 1))})
    pipeline.execute()


async def is_listening(queue: redis.Redis, workers: int) -> None:
    """Wait until so many workers read."""
    await until(lambda: sum(client["cmd"] == "xreadgroup" for client in queue.client_list()) >= workers)


async def test_jobs_of_a_worker_killed_inside_its_transaction_are_done_within_the_lease_plus_two_seconds(
    stage, queue, redis_url, tmp_path
):
    with (
        worker(stage.database, redis_url, tmp_path / "first") as first,
        locked(stage, "LOCK TABLE ingest.inbox IN EXCLUSIVE MODE") as release,
    ):
        await is_listening(queue, 1)
        send(queue, JOBS)
        await until(lambda: in_work(queue) == JOBS and stage.value(WAITING, name="worker") > 0)
        with worker(stage.database, redis_url, tmp_path / "second") as second:
            await is_listening(queue, 2)
            first.kill()
            killed_at = time.monotonic()
            release()
            # Nothing is added any more: only a clock can find what the dead worker held.
            await until(lambda: is_drained(queue))
            assert time.monotonic() - killed_at < LEASE_SECONDS + 2
            assert second.is_alive
    assert stage.rows(INBOX) == [(JOBS, JOBS)]
    assert stage.rows("SELECT count(*) FROM ingest.deliveries") == [(JOBS,)]
    assert stage.dead_letters() == []


async def test_jobs_of_a_worker_killed_between_its_commit_and_its_acknowledgement_take_effect_once(
    stage, queue, redis_url, tmp_path
):
    """Redis holds back every write, the acknowledgement among them, while the worker commits."""
    with (
        worker(stage.database, redis_url, tmp_path / "first") as first,
        locked(stage, "LOCK TABLE ingest.inbox IN EXCLUSIVE MODE") as release,
    ):
        await is_listening(queue, 1)
        send(queue, JOBS)
        await until(lambda: in_work(queue) == JOBS and stage.value(WAITING, name="worker") > 0)
        queue.client_pause(30_000, all=False)
        release()
        await until(lambda: stage.rows(INBOX) == [(JOBS, JOBS)])
        first.kill()
        queue.client_unpause()
        assert in_work(queue) == JOBS
        with worker(stage.database, redis_url, tmp_path / "second"):
            await until(lambda: is_drained(queue))
    assert stage.rows(INBOX) == [(JOBS, JOBS)]
    assert stage.rows("SELECT count(*) FROM ingest.deliveries") == [(JOBS,)]
    assert stage.dead_letters() == []


async def after_analytics_applied(stage: Stage) -> asyncio.Event:
    """The answer of analytics never arrives."""
    reached = asyncio.Event()

    async def hold(request, context) -> None:
        stage.analytics.after = None
        reached.set()
        await asyncio.Event().wait()

    stage.analytics.after = hold
    return reached


async def before_the_figures_travel(stage: Stage) -> asyncio.Event:
    """Both services have applied; the figures don't reach the vaults service."""
    reached = asyncio.Event()

    async def hold(request, context) -> None:
        stage.vaults.update = None
        reached.set()
        await asyncio.Event().wait()

    stage.vaults.update = hold
    return reached


EVENTS_OF_A_VAULT = [deployed(), *(flow(n, "A", "DEPOSIT", 10) for n in range(1, 21)), trade(30, 50)]
FIGURES = """
    SELECT v.tvl::int, v.trade_count, v.follower_count, v.ledger_version = a.ledger_version
    FROM vaults.vaults v JOIN analytics.vaults a USING (id)
"""


def everything_took_effect_once(stage: Stage) -> None:
    """Twenty deposits of ten and a trade, in both services and in the change log."""
    assert stage.rows(FIGURES) == [(200, 1, 1, True)]
    assert stage.rows("SELECT count(*), sum(amount)::int FROM vaults.flows") == [(20, 200)]
    assert stage.rows("SELECT count(*), sum(amount)::int FROM analytics.flows") == [(20, 200)]
    assert stage.rows("SELECT count(*), sum(pnl)::int FROM analytics.trades") == [(1, 50)]
    log = stage.rows("SELECT sequence, identity FROM ingest.changes ORDER BY sequence")
    assert [sequence for sequence, _ in log] == list(range(1, 23))
    assert len({identity for _, identity in log}) == 22
    assert stage.value("SELECT count(*) FROM ingest.deliveries") == 0
    assert stage.dead_letters() == []


@pytest.mark.parametrize("hold", [after_analytics_applied, before_the_figures_travel])
async def test_events_that_were_applied_but_not_settled_when_ingest_was_killed_take_effect_once(
    stage, redis_url, tmp_path, hold
):
    await stage.feed(*EVENTS_OF_A_VAULT)
    reached = await hold(stage)
    place = {"listen": f"unix:{stage.folder}/i.sock", "targets": stage.targets}
    with ingest(stage.database, redis_url, tmp_path / "first", **place) as first:
        async with asyncio.timeout(15):
            await reached.wait()
        assert stage.value("SELECT count(*) FROM analytics.flows") == 20
        assert stage.delivered() == 0
        first.kill()
    with ingest(stage.database, redis_url, tmp_path / "second", **place):
        await stage.until_delivered(22)
    everything_took_effect_once(stage)


async def test_events_whose_settlement_was_under_way_when_ingest_was_killed_take_effect_once(
    stage, redis_url, tmp_path
):
    """It has deleted its deliveries and waits for the sequencer, in a transaction that will never be committed."""
    await stage.feed(*EVENTS_OF_A_VAULT)
    place = {"listen": f"unix:{stage.folder}/i.sock", "targets": stage.targets}
    with (
        ingest(stage.database, redis_url, tmp_path / "first", **place) as first,
        locked(stage, "SELECT FROM ingest.pipeline FOR UPDATE") as release,
    ):
        await until(lambda: stage.value(WAITING, name="ingest") > 0)
        first.kill()
        release()
        with ingest(stage.database, redis_url, tmp_path / "second", **place):
            await stage.until_delivered(22)
    everything_took_effect_once(stage)
