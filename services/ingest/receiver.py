"""A taskiq receiver that takes whole batches: it settles them through the intake, and only then acknowledges."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from taskiq import AckableMessage
from taskiq.receiver import Receiver

from libs.telemetry import get_logger
from services.ingest.backoff import Backoff
from services.ingest.batch import Batch, Intake, Outage, QueueEntry
from services.ingest.broker import HardenedStreamBroker
from services.ingest.cancellation import raise_if_cancelled

__all__ = ["BatchReceiver", "Intake", "Outage", "run_worker"]

logger = get_logger(__name__)

_REASON_CHARACTERS = 500

Step = Callable[[Batch], Awaitable[None]]


class _StopAsked(BaseException):
    """The worker is to end while a batch waits; like a cancellation it is nobody's fault."""


class BatchReceiver(Receiver):
    """Runs `broker.lanes` batches at once; usable with `taskiq worker --receiver` and with `run_worker`.

    An entry that fails alone `max_attempts` times, for a reason that is not an outage, goes to the dead letters.
    After a stop, batches in hand have `grace_seconds` to finish; the others are handed back unacknowledged.
    """

    broker: HardenedStreamBroker

    def __init__(
        self,
        broker: HardenedStreamBroker,
        *args: Any,
        max_attempts: int | str = 3,
        grace_seconds: float | str = 20.0,
        **options: Any,
    ) -> None:
        # The command line's defaults suit single tasks (100 at once, no bound for some); batches have lanes.
        options.update(max_async_tasks=broker.lanes, max_async_tasks_jitter=0, max_prefetch=1)
        super().__init__(broker, *args, **options)
        self._max_attempts = int(max_attempts)
        self._grace_seconds = float(grace_seconds)
        self._stop = asyncio.Event()
        self._lanes: set[asyncio.Task[Any]] = set()

    async def listen(self, finish_event: asyncio.Event) -> None:
        """Work until `finish_event` is set; returns with nothing in hand, within the grace time."""
        if self.broker.intake is None:
            raise RuntimeError("broker.intake must be set before the receiver listens")
        self._stop = finish_event
        watchdog = asyncio.create_task(self._end_lanes_after_grace())
        try:
            await super().listen(finish_event)
        finally:
            watchdog.cancel()
            self._cancel_lanes()
            await asyncio.gather(watchdog, *self._lanes, return_exceptions=True)
            self.broker.let_go_of_all()

    async def callback(self, message: bytes | AckableMessage | Batch, raise_err: bool = False) -> None:
        """Settle one batch and acknowledge it; cancelled or stopped, it lets the batch go unacknowledged."""
        if not isinstance(message, Batch):
            raise TypeError("BatchReceiver needs a broker that yields batches")
        lane = asyncio.current_task()
        assert lane is not None
        self._lanes.add(lane)
        try:
            # What is still waiting when the stop comes is for another worker.
            if not self._stop.is_set():
                await self._settle(message)
        except _StopAsked:
            logger.info("queue.handed_back", stream=message.stream, entries=len(message.entries))
        finally:
            self._lanes.discard(lane)
            self.broker.let_go(message)

    @property
    def _intake(self) -> Intake:
        assert self.broker.intake is not None
        return self.broker.intake

    async def _settle(self, batch: Batch) -> None:
        if batch.exhausted:
            await self._give_up(batch)
        elif len(batch.entries) == 1:
            await self._settle_alone(batch.entries[0])
        elif not await self._settle_together(batch):
            for entry in batch.entries:
                await self._settle_alone(entry)

    async def _settle_together(self, batch: Batch) -> bool:
        try:
            await self._outlast_outages(self._intake.accept, batch)
        except Exception:
            raise_if_cancelled()
            logger.exception("queue.batch_failed", stream=batch.stream, entries=len(batch.entries))
            return False
        await self.broker.acknowledge(batch)
        return True

    async def _settle_alone(self, entry: QueueEntry) -> None:
        batch = Batch([entry])
        backoff = Backoff(base_seconds=0.05, cap_seconds=1)
        while True:
            try:
                await self._outlast_outages(self._intake.accept, batch)
            except Exception as fault:
                raise_if_cancelled()
                delay = backoff.next_delay()
                if backoff.failures >= self._max_attempts:
                    logger.exception("queue.entry_failed", stream=entry.stream, entry_id=entry.entry_id)
                    reason = f"{type(fault).__name__}: {fault}"[:_REASON_CHARACTERS]
                    return await self._give_up(Batch([entry], reason=reason))
                await self._pause(delay)
            else:
                return await self.broker.acknowledge(batch)

    async def _give_up(self, batch: Batch) -> None:
        try:
            await self._outlast_outages(self._intake.give_up, batch)
        except Exception:
            # Not even a dead letter: keep it in Redis, from where it comes again after its lease.
            logger.exception("queue.give_up_failed", stream=batch.stream, first=batch.entries[0].entry_id)
            self.broker.let_go(batch)
        else:
            await self.broker.acknowledge(batch)

    async def _outlast_outages(self, step: Step, batch: Batch) -> None:
        """Repeat the step until it neither meets an outage nor is cancelled from within."""
        backoff = Backoff(base_seconds=0.1, cap_seconds=5)
        while True:
            try:
                return await step(batch)
            except Outage as outage:
                error = repr(outage)
            except asyncio.CancelledError:
                # A gRPC channel closed in mid-call raises this too, when nobody has cancelled the lane.
                error = "a call inside was cancelled"
            raise_if_cancelled()
            delay = backoff.next_delay()
            if backoff.worth_logging():
                logger.warning("queue.outage", stream=batch.stream, error=error, failures=backoff.failures)
            await self._pause(delay)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        if self._stop.is_set():
            raise _StopAsked

    async def _end_lanes_after_grace(self) -> None:
        await self._stop.wait()
        await asyncio.sleep(self._grace_seconds)
        if self._lanes:
            logger.warning("queue.grace_over", batches=len(self._lanes))
        self._cancel_lanes()

    def _cancel_lanes(self) -> None:
        for lane in self._lanes:
            lane.cancel()


async def run_worker(broker: HardenedStreamBroker, stop: asyncio.Event, *, grace_seconds: float = 20.0) -> None:
    """Work in the current loop until `stop` is set, then settle what is in hand within the grace time.

    Starts and shuts down the broker; `broker.intake` must be set before. Outages of Redis never end it.
    """
    broker.is_worker_process = True
    receiver = BatchReceiver(broker, grace_seconds=grace_seconds)
    try:
        await receiver.listen(stop)
    finally:
        await broker.shutdown()
