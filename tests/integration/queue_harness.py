"""A running worker with an intake that records, for the tests of the queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from redis.asyncio import Redis

from services.ingest.batch import Batch
from services.ingest.broker import HardenedStreamBroker
from services.ingest.receiver import run_worker

LEASE_SECONDS = 0.6

Hook = Callable[[Batch], Awaitable[None]]


class RecordingIntake:
    """Remembers what it was given; `before` runs ahead of each acceptance and may wait or raise."""

    def __init__(self, before: Hook | None = None) -> None:
        self.before = before
        self.batches: list[Batch] = []
        self.calls = 0
        self.given_up: list[Batch] = []

    async def accept(self, batch: Batch) -> None:
        """Run the hook, then remember the batch."""
        self.calls += 1
        if self.before is not None:
            await self.before(batch)
        self.batches.append(batch)

    async def give_up(self, batch: Batch) -> None:
        """Remember the batch as dead."""
        self.given_up.append(batch)

    @property
    def accepted(self) -> Counter[bytes | None]:
        """How often each payload was accepted."""
        return Counter(entry.data for batch in self.batches for entry in batch.entries)


class Worker:
    """One worker in this loop, with its broker, intake and stop."""

    def __init__(self, url: str, intake: RecordingIntake, **options: Any) -> None:
        settings: dict[str, Any] = {"lease_seconds": LEASE_SECONDS, "block_seconds": 0.1} | options
        self.broker = HardenedStreamBroker(url, **settings)
        self.intake = intake
        self.broker.intake = intake
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def start(self, *, grace_seconds: float = 5.0) -> None:
        """Begin to work."""
        self.task = asyncio.create_task(run_worker(self.broker, self.stop, grace_seconds=grace_seconds))

    async def finish(self) -> None:
        """Ask to stop and wait for the end."""
        self.stop.set()
        assert self.task is not None
        async with asyncio.timeout(10):
            await self.task


@contextlib.asynccontextmanager
async def working(
    url: str, intake: RecordingIntake | None = None, *, grace_seconds: float = 5.0, **options: Any
) -> AsyncIterator[Worker]:
    """A worker that runs inside the block."""
    worker = Worker(url, intake or RecordingIntake(), **options)
    worker.start(grace_seconds=grace_seconds)
    try:
        yield worker
    finally:
        await worker.finish()


async def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait until the condition holds, at most so long."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def eventually(condition: Callable[[], Awaitable[bool]], *, seconds: float = 10.0) -> None:
    """Like `until`, for a condition that asks Redis."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


async def pending_count(client: Redis, stream: str) -> int:
    """How many entries of the stream the group has handed out and not got back."""
    return int((await client.xpending(stream, "ingest"))["pending"])


async def drained(client: Redis, stream: str) -> bool:
    """True when neither the stream nor the group's pending list holds anything."""
    return await client.xlen(stream) == 0 and await pending_count(client, stream) == 0
