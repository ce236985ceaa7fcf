"""From the indexer's outbox to the inbox: whatever Redis forgets is sent again."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from libs.database import open_pool
from services.ingest.chain import indexer
from services.ingest.chain.hand_over import UnusableJob, outgoing
from services.ingest.chain.job import Job
from services.ingest.chain.leader import Pace
from services.ingest.repository import outbox
from services.ingest.repository.outbox import OutgoingJob
from tests.chain_node.activity import Activity
from tests.chain_node.server import running_node
from tests.integration.chain_reading import FAST as READER
from tests.integration.chain_stage import ChainStage, chain_stage
from tests.integration.chain_truth import check_tables
from tests.integration.ingest_stage import until
from tests.servers import Database, RestartableRedis

IDENTITY = "125:0x" + "ab" * 32 + ":0"
JOB = OutgoingJob(IDENTITY, "0x" + "cd" * 32, "ingest.follower_event", {"amount": "1"})


def mined(seed: int, blocks: int) -> Activity:
    """An activity with so many blocks."""
    activity = Activity(seed)
    activity.mine(blocks)
    return activity


def waiting(stage: ChainStage) -> int:
    """How many jobs are not in the inbox yet."""
    return int(stage.stage.value("SELECT count(*) FROM ingest.outbox"))


async def test_jobs_that_redis_forgot_are_sent_again(database: Database, redis_url: str) -> None:
    activity = mined(41, 15)
    async with (
        chain_stage(database, redis_url, with_worker=False) as stage,
        running_node(activity.chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
        Redis.from_url(redis_url) as redis,
    ):
        await until(lambda: stage.position()[0] == 15)
        await until(lambda: stage.stage.value("SELECT count(*) FROM ingest.outbox WHERE sent_at IS NULL") == 0)
        jobs = waiting(stage)
        assert jobs > 10
        # Nobody has taken them in yet, so none is done, whatever XADD has answered.
        assert stage.stage.value("SELECT count(*) FROM ingest.inbox") == 0
        await redis.flushall()
        async with stage.worker():
            await stage.until_settled(activity.chain.head)
            await check_tables(stage, activity.protocol, activity.chain)
        assert stage.stage.value("SELECT count(*) FROM ingest.inbox") >= jobs


async def test_the_indexer_reads_on_while_redis_is_away(
    database: Database, restartable_redis: RestartableRedis
) -> None:
    activity = mined(42, 10)
    async with (
        chain_stage(database, restartable_redis.url) as stage,
        running_node(activity.chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await stage.until_settled(activity.chain.head)
        restartable_redis.stop()
        activity.mine(10)
        await until(lambda: stage.position()[0] == 20)
        assert waiting(stage) > 0
        restartable_redis.start()
        await stage.until_settled(activity.chain.head)
        await check_tables(stage, activity.protocol, activity.chain)


async def test_reading_waits_while_too_much_is_under_way(
    database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "HIGH_WATER", 10)
    activity = mined(43, 30)
    pace = Pace(reader=READER, resend_seconds=0.4, span=1)
    async with (
        chain_stage(database, redis_url, with_worker=False) as stage,
        running_node(activity.chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url), pace),
    ):
        await until(lambda: waiting(stage) > 10)
        number = stage.position()[0]
        requests = node.requests["eth_getBlockByNumber"]
        async with stage.worker():
            await stage.until_settled(activity.chain.head)
        assert number < 30
        assert node.requests["eth_getBlockByNumber"] > requests


class Outbox:
    """An outbox with one job, and a clock that is moved by moving what was written."""

    def __init__(self, stage: ChainStage, pool: Any) -> None:
        self._stage = stage.stage
        self._pool = pool

    async def add(self) -> None:
        """Put the job into it."""
        async with self._pool.connection() as conn:
            await outbox.insert(conn, [JOB])

    async def due(self) -> int:
        """Claim what is to be sent, again after ten seconds."""
        async with self._pool.connection() as conn:
            return len(await outbox.claim_unsent(conn, resend_after_seconds=10, limit=100))

    async def arrived(self) -> int:
        """How many are done."""
        async with self._pool.connection() as conn:
            return await outbox.delete_arrived(conn)

    def pass_seconds(self, seconds: int) -> None:
        """Let time go by since the last sending."""
        self._stage.run("UPDATE ingest.outbox SET sent_at = sent_at - make_interval(secs => %(s)s)", s=seconds)


async def test_the_pause_before_sending_again_doubles(database: Database, redis_url: str) -> None:
    async with (
        chain_stage(database, redis_url, with_worker=False) as stage,
        open_pool(database.url("ingest"), name="test") as pool,
    ):
        box = Outbox(stage, pool)
        await box.add()
        await box.add()
        assert [await box.due(), await box.due()] == [1, 0]
        for pause in (10, 20, 40, 80, 160, 320, 640, 640):
            box.pass_seconds(pause - 1)
            assert await box.due() == 0
            box.pass_seconds(2)
            assert await box.due() == 1
        async with pool.connection() as conn:
            await outbox.forget_sending(conn, [IDENTITY])
        assert await box.due() == 1


async def test_a_dead_letter_ends_a_job_only_if_it_came_of_its_sending(database: Database, redis_url: str) -> None:
    letter = "INSERT INTO ingest.dead_letters (reason, detail, task_id, payload) VALUES ('X', 'y', %(id)s, '')"
    async with (
        chain_stage(database, redis_url, with_worker=False) as stage,
        open_pool(database.url("ingest"), name="test") as pool,
    ):
        box = Outbox(stage, pool)
        await box.add()
        # One of an earlier block with the same transaction.
        stage.stage.run(letter, id=IDENTITY)
        assert await box.arrived() == 0
        assert await box.due() == 1
        assert await box.arrived() == 0
        stage.stage.run(letter, id="another")
        assert await box.arrived() == 0
        stage.stage.run(letter, id=IDENTITY)
        assert await box.arrived() == 1
        assert waiting(stage) == 0


def test_a_job_that_the_intake_would_refuse_is_never_stored() -> None:
    with pytest.raises(UnusableJob, match=r"ingest\.follower_event"):
        outgoing([Job("ingest.follower_event", IDENTITY, {"amount": "-1"})], 125)
