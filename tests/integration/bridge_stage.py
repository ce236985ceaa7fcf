"""BullMQ queues with their producers, and the bridge between them and a test's database."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from bullmq import Queue
from redis.asyncio import Redis

from libs.database import open_pool
from services.ingest.batch import Intake
from services.ingest.bridge.jobs import QUEUES
from services.ingest.bridge.settler import Settler
from services.ingest.bridge.worker import BridgeWorker
from services.ingest.intake import InboxIntake
from tests.integration.queue_harness import eventually
from tests.oracle.jobs import BASE, LEADER, TOKEN, VAULT, WALLETS
from tests.servers import Database

ROOT = Path(__file__).parents[2]
PREFIX = "indexer"
CHAIN_ID = 125
DEPLOYED, TRADES, FOLLOWERS, SNAPSHOTS = (
    "VaultDeployedQueue",
    "TradeProcessingQueue",
    "FollowerEventQueue",
    "SnapshotCalculationQueue",
)
# Both versions that indexers use; ioredis is the one that the newer leaves to its user.
_PACKAGES = ("bullmq5@npm:bullmq@5.81.5", "bullmq6@npm:bullmq@6.7.0", "ioredis@5.10.1")
HAS_NODE = bool(shutil.which("node") and shutil.which("npm"))
# The last one serves where any would do.
PRODUCERS = ("python", "bullmq5", "bullmq6") if HAS_NODE else ("python",)


class Added(NamedTuple):
    """A job to add: queue, payload and BullMQ's options."""

    queue: str
    data: Any
    options: dict[str, Any]


def job(queue: str, data: Any, **options: Any) -> Added:
    """A job to add."""
    return Added(queue, data, options)


def deployment(**changes: Any) -> dict[str, Any]:
    """What the indexer tells of a deployment: neither name nor transaction."""
    return {"vaultAddress": VAULT, "leader": LEADER, "baseAsset": BASE, **changes}


def trade(transaction: str, amount: int = 100, **changes: Any) -> dict[str, Any]:
    """What it tells of a trade: nothing of its result."""
    known = {"txHash": transaction, "vaultAddress": VAULT, "assetIn": BASE, "assetOut": TOKEN, "amountIn": str(amount)}
    return {**known, "amountOut": "0", "isProfit": False, "pnlAmount": "0", **changes}


def flow(amount: int, action: str = "DEPOSIT", **changes: Any) -> dict[str, Any]:
    """What it tells of a follower: no transaction."""
    return {"vaultAddress": VAULT, "followerAddress": WALLETS["A"], "amount": str(amount), "action": action, **changes}


def install_node_packages(folder: Path) -> None:
    """Put the producers' packages into a folder."""
    options = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    subprocess.run(["npm", "install", *options, *_PACKAGES], cwd=folder, check=True, capture_output=True, timeout=300)


async def add(producer: str, packages: Path, redis_url: str, *jobs: Added) -> list[str]:
    """Let the producer add the jobs in their order; returns their ids."""
    if producer == "python":
        return await _add_with_python(redis_url, jobs)
    script = Path(__file__).with_name("bridge_producer.cjs")
    child = await asyncio.create_subprocess_exec(
        *("node", str(script), str(packages), producer, redis_url.removeprefix("unix://"), PREFIX),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, _ = await child.communicate(json.dumps(jobs).encode())
    assert child.returncode == 0
    return list(json.loads(out))


async def _add_with_python(redis_url: str, jobs: Sequence[Added]) -> list[str]:
    async with Redis.from_url(redis_url, decode_responses=True, protocol=2) as client:
        queues = {name: Queue(name, {"connection": client, "prefix": PREFIX}) for name in QUEUES}
        return [(await queues[queue].add("job", data, options)).id for queue, data, options in jobs]


async def count(redis_url: str, queue: str, *states: str) -> tuple[int, ...]:
    """How many jobs of the queue are in each of the states."""
    async with Redis.from_url(redis_url, decode_responses=True, protocol=2) as client:
        counts = await Queue(queue, {"connection": client, "prefix": PREFIX}).getJobCounts(*states)
        return tuple(int(counts[state]) for state in states)


async def until_completed(redis_url: str, queue: str, number: int, *, seconds: float = 20.0) -> None:
    """Wait until so many jobs of the queue are completed; none may be anywhere else."""

    async def done() -> bool:
        return (await count(redis_url, queue, "completed"))[0] >= number

    await eventually(done, seconds=seconds)
    states = ("completed", "failed", "waiting", "active", "delayed", "prioritized")
    assert await count(redis_url, queue, *states) == (number, 0, 0, 0, 0, 0)


@asynccontextmanager
async def bridging(
    database: Database,
    redis_url: str,
    *,
    queues: Sequence[str] = tuple(QUEUES),
    until_block: int | None = None,
    intake: Intake | None = None,
    lock_seconds: float = 1.0,
    grace_seconds: float = 5.0,
) -> AsyncIterator[Settler]:
    """A bridge in this loop, working inside the block."""
    stop = asyncio.Event()
    async with open_pool(database.url("ingest"), name="bridge", max_size=4) as pool:
        settler = Settler(intake or InboxIntake(pool, CHAIN_ID), stop, until_block=until_block)
        tasks = [
            asyncio.create_task(
                BridgeWorker(
                    queue, settler, url=redis_url, prefix=PREFIX, concurrency=8, lock_seconds=lock_seconds
                ).work(stop, grace_seconds=grace_seconds)
            )
            for queue in queues
        ]
        try:
            yield settler
        finally:
            stop.set()
            async with asyncio.timeout(10):
                await asyncio.gather(*tasks)


@asynccontextmanager
async def bridge_process(
    database: Database, redis_url: str, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m services.ingest.bridge`; killed at the end of the block where it still runs."""
    variables = {
        "INGEST_DATABASE_URL": database.url("ingest"),
        "BULLMQ_REDIS_URL": redis_url,
        "BULLMQ_PREFIX": PREFIX,
        "BRIDGE_LOCK_SECONDS": "1",
    }
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.ingest.bridge"),
        cwd=ROOT,
        env={**os.environ, **variables, **environment},
        stdout=subprocess.PIPE,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query of the administrator."""
    with psycopg.connect(database.admin_url) as conn:
        return conn.execute(query).fetchall()


def identities(database: Database) -> list[str]:
    """Identities in the inbox, sorted."""
    return sorted(row[0] for row in rows(database, "SELECT identity FROM ingest.inbox"))


def letters(database: Database) -> list[tuple[str, str, str, str]]:
    """(reason, detail, task name, task id) of every dead letter, in the order of their task ids."""
    query = "SELECT reason, detail, task_name, task_id FROM ingest.dead_letters ORDER BY entry_id"
    return [(reason, detail, task, task_id) for reason, detail, task, task_id in rows(database, query)]
