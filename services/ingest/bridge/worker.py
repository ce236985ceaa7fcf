"""A BullMQ worker that never fails a job: what can't be settled now comes again."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Final

from bullmq import Job, Worker
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig

from libs.telemetry import get_logger
from services.ingest.backoff import Backoff
from services.ingest.bridge.jobs import BullJob
from services.ingest.bridge.settler import Settler
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.lease import REDIS_TROUBLE

log = get_logger(__name__)

# A worker waits up to ten seconds for a job in one call; silence beyond that is an error.
_SOCKET_SECONDS: Final = 15.0
# The library fails a job whose workers died more often than this: never.
_MAX_STALLED: Final = 2**31 - 1


class BridgeWorker(Worker):  # type: ignore[misc]  # the library has no types
    """Takes the jobs of one queue; each counts as completed once the settler has it, and none ever as failed."""

    def __init__(
        self, queue: str, settler: Settler, *, url: str, prefix: str, concurrency: int, lock_seconds: float
    ) -> None:
        lock_ms = round(lock_seconds * 1000)
        options = {
            "connection": _connect(url),
            "prefix": prefix,
            "autorun": False,
            "concurrency": concurrency,
            "lockDuration": lock_ms,
            "stalledInterval": lock_ms,
            "maxStalledCount": _MAX_STALLED,
            "runRetryDelay": 1000,
            "drainDelay": 2,
        }
        super().__init__(queue, None, options)
        self._settler = settler
        self._in_hand: set[asyncio.Task[Any]] = set()
        self._trouble = Backoff(base_seconds=0.1, cap_seconds=5)
        self.on("error", lambda error, *_: log.warning("bridge.queue_error", queue=queue, error=repr(error)))

    async def work(self, stop: asyncio.Event, *, grace_seconds: float) -> None:
        """Work until `stop` is set, then settle what is in hand within the grace time.

        Outages of Redis never end it. Raises RuntimeError when the library's loop ends by itself.
        """
        await self._until_connected(stop)
        running = asyncio.create_task(self.run())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            if running.done() and not stop.is_set():
                await running
                raise RuntimeError(f"the worker of {self.name} has ended")
        finally:
            stopping.cancel()
            await self._end(running, grace_seconds)

    async def processJob(self, job: Job, token: str) -> None:  # noqa: N802  # the library's name
        """Settle a job and complete it; where either is impossible it stays active and comes again after its lock.

        Replaces the library's own, which fails a job when completing it meets a network error.
        """
        task = asyncio.current_task()
        assert task is not None
        self._in_hand.add(task)
        self.lockManager.track_job(job.id, token, int(time.time() * 1000))
        try:
            await self._settle(job, token)
        except (*REDIS_TROUBLE, TypeError) as error:
            # The library says with a TypeError that the lock is another's, or gone with the job.
            raise_if_cancelled()
            log.warning("bridge.job_comes_again", queue=self.name, job=job.id, error=repr(error))
        finally:
            self.lockManager.untrack_job(job.id)
            self._in_hand.discard(task)

    async def getNextJob(self, token: str) -> Job | None:  # noqa: N802  # the library's name
        """The next job, if there is one; says when Redis is away, about which the library is silent."""
        if self.closing:
            # Its caller would repeat a failure without a pause.
            return None
        try:
            job = await super().getNextJob(token)
        except (RedisConnectionError, RedisTimeoutError, OSError) as error:
            self._trouble.next_delay()
            if self._trouble.worth_logging():
                log.warning("bridge.redis_away", queue=self.name, error=repr(error), failures=self._trouble.failures)
            raise
        self._trouble.reset()
        return job

    async def nextJobFromJobData(  # noqa: N802  # the library's name
        self,
        job_data: dict[str, str] | None = None,
        job_id: str | None = None,
        limit_until: int = 0,
        delay_until: int = 0,
        token: str | None = None,
    ) -> Job | None:
        """The job of a hash; one that the library can't read becomes a job that the intake will refuse."""
        try:
            return await super().nextJobFromJobData(job_data, job_id, limit_until, delay_until, token)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            log.warning("bridge.unreadable_job", queue=self.name, job=job_id, error=repr(error))
            # Its text instead of an object.
            job = Job.fromJSON(self, {"data": json.dumps((job_data or {}).get("data"))}, job_id)
            job.token = token
            return job

    async def _settle(self, job: Job, token: str) -> None:
        outcome = await self._settler.settle(BullJob(self.name, job.id, job.timestamp, job.data))
        if outcome is None:
            # Back at once, for another bridge or the next start, without counting as an attempt.
            await job.moveToDelayed(round(time.time() * 1000), token)
            return
        remove = job.opts.get("removeOnComplete", False)
        await self.backend.moveToCompleted(job, outcome.value, remove, token, fetch_next=False)

    async def _until_connected(self, stop: asyncio.Event) -> None:
        """Wait for Redis: the library's loop would end if it were away at its start."""
        backoff = Backoff(base_seconds=0.1, cap_seconds=5)
        while not stop.is_set():
            try:
                await self._ensure_client_names()
            except REDIS_TROUBLE as error:
                raise_if_cancelled()
                delay = backoff.next_delay()
                if backoff.worth_logging():
                    log.warning("bridge.redis_away", queue=self.name, error=repr(error), failures=backoff.failures)
                await asyncio.sleep(delay)
            else:
                return

    async def _end(self, running: asyncio.Task[None], grace_seconds: float) -> None:
        closing = asyncio.create_task(self.close())
        _, late = await asyncio.wait({closing, running, *self._in_hand}, timeout=grace_seconds)
        if late:
            log.warning("bridge.grace_over", queue=self.name, jobs=len(self._in_hand))
            for task in (*self._in_hand, running):
                task.cancel()
            await self.close(force=True)
        await asyncio.gather(closing, running, *self._in_hand, return_exceptions=True)


def _connect(url: str) -> Redis:
    client = Redis.from_url(
        url,
        socket_timeout=_SOCKET_SECONDS,
        socket_connect_timeout=2,
        health_check_interval=30,
        # A feature of managed servers that needs another version of the protocol.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    # The URL's query would win over arguments; the shapes of replies are not for a deployment to choose.
    client.connection_pool.connection_kwargs.update(
        protocol=2,
        decode_responses=True,
        encoding_errors="replace",
        retry=Retry(ExponentialBackoff(base=0.05, cap=0.5), 3),
    )
    return client
