"""How fast jobs get from Redis to REST, and how long one takes on an idle system."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from typing import Any

import aiohttp
import orjson
from redis import Redis

from bench import bare_rows, workload
from bench.figures import Figure
from bench.load import percentile
from bench.stage import Stage
from services.ingest.chain.job import Job, encode_bulk, encode_job
from services.ingest.streams import BULK, EVENTS

TRADES = 20_000
HOT_DEPOSITS = 5_000
SAMPLES = 100
RATE_TARGET = 2_500.0
_PATIENCE_SECONDS = 600.0
_POLL_SECONDS = 0.02


class Pipeline:
    """Feeds the platform; every figure's jobs take the places in the ledger after those of the one before."""

    def __init__(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        self._stage = stage
        self._session = session
        self._delivered = 0
        self._trades = 0
        self._place = workload.first_free_place()

    async def set_up(self) -> None:
        """Vaults, leaders and followers."""
        jobs = workload.setup()
        await self._time(jobs, map(encode_job, jobs), EVENTS)

    async def single_jobs(self) -> list[Figure]:
        """Trades, one a job, from a filled stream to REST; beside raw inserts, and beside a bare intake."""
        jobs = self._next_trades(TRADES)
        rate = await self._time(jobs, map(encode_job, jobs), EVENTS)
        database_url = self._stage.bare_database_url()
        bare_rows.create_tables(database_url, {})
        inserts = await asyncio.to_thread(bare_rows.inserts_per_second, database_url, jobs)
        intake = await asyncio.to_thread(
            bare_rows.intake_per_second, database_url, self._stage.platform.redis_url, jobs
        )
        note = f"{len(jobs):,} trades, {workload.VAULTS} vaults"
        return [
            Figure("ingest single jobs beside raw inserts", rate, "/s", inserts, RATE_TARGET, note=note),
            Figure("ingest single jobs beside bare intake", rate, "/s", intake, RATE_TARGET, note=note),
        ]

    async def bulk_jobs(self) -> Figure:
        """The same in bulk jobs of up to 1,000."""
        jobs = self._next_trades(TRADES)
        rate = await self._time(jobs, encode_bulk(jobs), BULK)
        return Figure("ingest events in bulk jobs", rate, "/s", note=f"{len(jobs):,} trades")

    async def hot_vault(self) -> Figure:
        """Deposits of one follower into one vault, one a job."""
        jobs = [workload.deposit(0, "hot", 0, self._take_places(1)) for _ in range(HOT_DEPOSITS)]
        rate = await self._time(jobs, map(encode_job, jobs), EVENTS)
        return Figure("ingest one hot vault", rate, "/s", note=f"{len(jobs):,} deposits of one follower")

    async def latency(self) -> list[Figure]:
        """One job at a time on an idle system, from XADD to the trade count in REST."""
        vault = workload.address("vault", 0)
        with Redis.from_url(self._stage.platform.redis_url) as redis:
            taken = [await self._one_job(redis, vault, turn) for turn in range(SAMPLES)]
        return [
            Figure(f"latency of one job {label}", percentile(taken, percent) * 1000, "ms", better="lower", note=note)
            for label, percent, note in (("p50", 50, f"{SAMPLES} jobs"), ("p99", 99, f"{SAMPLES} jobs"))
        ]

    async def _one_job(self, redis: Redis, vault: str, turn: int) -> float:
        path = f"/api/vaults/{vault}"
        before = (await self._get(path))["_count"]["trades"]
        job = encode_job(workload.trade(0, turn, self._take_places(1)))
        began = time.perf_counter()
        redis.xadd(EVENTS, {"data": job})
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (await self._get(path))["_count"]["trades"] == before:
                # Each question costs the machine something too: ask every millisecond, not at full speed.
                await asyncio.sleep(0.001)
        taken = time.perf_counter() - began
        self._delivered, self._trades = self._delivered + 1, self._trades + 1
        return taken

    async def _time(self, jobs: Sequence[Job], entries: Iterator[bytes], stream: str) -> float:
        """Events per second from the moment that the worker starts on a filled stream until REST shows them all."""
        self._delivered += len(jobs)
        self._trades += sum(job.task_name == "ingest.trade_executed" for job in jobs)
        with Redis.from_url(self._stage.platform.redis_url) as redis, self._worker_stopped():
            await asyncio.to_thread(bare_rows.fill, redis, stream, entries)
        began = time.perf_counter()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (await self._get("/api/status"))["pipeline"]["deliveredEvents"] < self._delivered:
                await asyncio.sleep(_POLL_SECONDS)
            while (await self._get("/api/analytics/global"))["totalTrades"] < self._trades:
                await asyncio.sleep(_POLL_SECONDS)
        return len(jobs) / (time.perf_counter() - began)

    @contextmanager
    def _worker_stopped(self) -> Iterator[None]:
        worker = self._stage.platform.supervisor.pids()["worker"]
        os.kill(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(worker, signal.SIGCONT)

    async def _get(self, path: str) -> Any:
        async with self._session.get(path) as answer:
            return orjson.loads(await answer.read())["data"]

    def _next_trades(self, count: int) -> list[Job]:
        return list(islice(workload.trades(count, self._take_places(count)), count))

    def _take_places(self, count: int) -> int:
        first = self._place
        self._place += count
        return first


@asynccontextmanager
async def pipeline_of(stage: Stage) -> AsyncIterator[Pipeline]:
    """The pipeline of a platform that has just started."""
    async with aiohttp.ClientSession(stage.url) as session:
        yield Pipeline(stage, session)
