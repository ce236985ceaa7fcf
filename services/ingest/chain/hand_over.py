"""The hand-over to the queue: an outbox row is sent until its event is in the inbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Final

from libs.database import Pool, database_errors
from libs.errors import Unavailable
from libs.telemetry import get_logger
from services.ingest.broker import HardenedStreamBroker
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.chain.job import Job, encode_bulk, encode_job
from services.ingest.jobs import Accepted, read_entry
from services.ingest.lease import REDIS_TROUBLE
from services.ingest.repository import outbox
from services.ingest.repository.outbox import OutgoingJob
from services.ingest.streams import BULK, EVENTS

log = get_logger(__name__)

# Longer than a worker needs for what is before it in the stream; a job that is sent twice is a duplicate, no more.
RESEND_SECONDS: Final = 20.0
CLAIM_LIMIT: Final = 4_000
BULK_FROM: Final = 50
IDLE_SECONDS: Final = 0.2
# Fetching waits while more jobs than this are under way.
HIGH_WATER: Final = 50_000


class UnusableJob(Exception):
    """The intake would refuse a job of our own: a fault of the decoder, not of the chain."""


def outgoing(jobs: Iterable[Job], chain_id: int) -> list[OutgoingJob]:
    """Jobs with the identity that the intake will give their events. Raises UnusableJob."""
    now = time.time()
    rows = []
    for job in jobs:
        (result, *_) = read_entry(encode_job(job), entered_at_ms=int(now * 1000), now=now, chain_id=chain_id)
        if not isinstance(result, Accepted):
            raise UnusableJob(f"{job.task_name} {job.task_id}: {result}")
        rows.append(OutgoingJob(result.event.identity, result.event.block_hash, job.task_name, job.kwargs))
    return rows


class HandOver:
    """Sends the outbox to Redis, and again what has not arrived."""

    def __init__(self, pool: Pool, broker: HardenedStreamBroker, *, resend_seconds: float = RESEND_SECONDS) -> None:
        self._pool = pool
        self._broker = broker
        self._resend_seconds = resend_seconds
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            raise_if_cancelled()
            self._wake.clear()
            try:
                busy = await self._send_some()
            except (Unavailable, *REDIS_TROUBLE) as error:
                log.warning("hand-over waits", error=repr(error))
                busy = False
            if not busy:
                await self._pause()

    async def _send_some(self) -> bool:
        async with database_errors(), self._pool.connection() as conn:
            arrived = await outbox.delete_arrived(conn)
            jobs = await outbox.claim_unsent(conn, resend_after_seconds=self._resend_seconds, limit=CLAIM_LIMIT)
        if jobs:
            await self._send(jobs)
        return bool(jobs) or arrived > 0

    async def _send(self, jobs: Sequence[OutgoingJob]) -> None:
        messages = [Job(job.task_name, job.identity, job.payload) for job in jobs]
        try:
            if len(messages) >= BULK_FROM:
                await self._broker.send_many(BULK, encode_bulk(messages))
            else:
                await self._broker.send_many(EVENTS, map(encode_job, messages))
        except REDIS_TROUBLE:
            async with database_errors(), self._pool.connection() as conn:
                await outbox.forget_sending(conn, [job.identity for job in jobs])
            raise

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return
