"""From a BullMQ job to the inbox or the dead letters, however long that takes."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from libs.telemetry import get_logger
from services.ingest.backoff import Backoff
from services.ingest.batch import Batch, Intake, Outage, QueueEntry
from services.ingest.bridge.jobs import BullJob, to_entry
from services.ingest.cancellation import raise_if_cancelled

log = get_logger(__name__)

# Faults of a job, or of the code, that are no outage; then it becomes a dead letter.
_MAX_FAULTS: Final = 3


class Outcome(StrEnum):
    """What became of a job; BullMQ keeps it as the job's return value."""

    STORED = "stored"  # in the inbox, or in the dead letters for a reason of its own
    SKIPPED = "skipped"  # of a block that is the chain indexer's
    GAVE_UP = "gave up"  # in the dead letters: the intake failed with it


@dataclass(slots=True)
class BridgeStats:
    """Jobs since the start of the process, all queues together."""

    stored: int = 0
    skipped: int = 0
    gave_up: int = 0


class Settler:
    """Takes jobs up to a block (all with None) through the intake."""

    def __init__(self, intake: Intake, stop: asyncio.Event, *, until_block: int | None = None) -> None:
        self.stats = BridgeStats()
        self._intake = intake
        self._stop = stop
        self._until_block = until_block

    async def settle(self, job: BullJob) -> Outcome | None:
        """Return once the job is durable or skipped; None when the bridge is to stop before it is."""
        if self._until_block is not None and (job.block_number or 0) > self._until_block:
            self.stats.skipped += 1
            return Outcome.SKIPPED
        outcome = await self._store(to_entry(job))
        if outcome is Outcome.STORED:
            self.stats.stored += 1
        elif outcome is Outcome.GAVE_UP:
            self.stats.gave_up += 1
        return outcome

    async def _store(self, entry: QueueEntry) -> Outcome | None:
        batch, faults = Batch([entry]), 0
        backoff = Backoff(base_seconds=0.1, cap_seconds=5)
        while not self._stop.is_set():
            try:
                await (self._intake.give_up if batch.exhausted else self._intake.accept)(batch)
            except Outage as outage:
                error = repr(outage)
            except Exception as fault:
                raise_if_cancelled()
                log.exception("bridge.job_failed", queue=entry.stream, job=entry.entry_id)
                error = f"{type(fault).__name__}: {fault}"[:500]
                faults += 1
                if faults == _MAX_FAULTS:
                    batch = Batch([entry], exhausted=True, reason=error)
            else:
                return Outcome.GAVE_UP if batch.exhausted else Outcome.STORED
            delay = backoff.next_delay()
            if backoff.worth_logging():
                log.warning("bridge.job_waits", queue=entry.stream, error=error, failures=backoff.failures)
            await self._pause(delay)
        return None

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
