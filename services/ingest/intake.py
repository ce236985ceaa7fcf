"""From queue entries to the inbox: one validation pass and one transaction per batch."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from libs.database import Connection, Pool, database_errors
from libs.errors import Unavailable
from libs.events import event_from_proto
from libs.results import CONFLICTING_DUPLICATE
from libs.telemetry import get_logger
from services.ingest.batch import Batch, Outage, QueueEntry
from services.ingest.domain import EntrySource, InboxEvent, NewDeadLetter, SnapshotRequest, StoredEvent, is_same_fact
from services.ingest.jobs import Accepted, Rejected, SnapshotRequested, read_entry
from services.ingest.repository import dead_letters, inbox

log = get_logger(__name__)


@dataclass(slots=True)
class Sorted:
    """What became of the jobs of a batch."""

    events: list[InboxEvent] = field(default_factory=list)
    snapshots: list[SnapshotRequest] = field(default_factory=list)
    letters: list[NewDeadLetter] = field(default_factory=list)


class InboxIntake:
    """The intake of the queue's workers; every call may be repeated with entries it has seen before."""

    def __init__(self, pool: Pool, chain_id: int, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._chain_id = chain_id
        self._clock = clock

    async def accept(self, batch: Batch) -> None:
        """Commit every entry to the inbox or the dead letters; Outage while the database is away."""
        jobs = read_jobs(batch.entries, now=self._clock(), chain_id=self._chain_id)
        await self._commit(jobs)

    async def give_up(self, batch: Batch) -> None:
        """Commit every entry to the dead letters with the batch's reason; Outage while the database is away."""
        letters = [
            NewDeadLetter(
                reason="GAVE_UP",
                detail=batch.reason or f"its worker died {entry.delivery_count - 1} times with it in hand",
                payload=entry.data or b"",
                source=EntrySource(entry.stream, entry.entry_id, -1, entry.data or b""),
            )
            for entry in batch.entries
        ]
        await self._commit(Sorted(letters=letters))

    async def _commit(self, jobs: Sorted) -> None:
        try:
            async with database_errors(), self._pool.connection() as conn:
                laid_aside = await store(conn, jobs)
        except Unavailable as error:
            raise Outage(error.message) from error
        for letter in laid_aside:
            log.warning("dead letter", reason=letter.reason, detail=letter.detail, task=letter.task_name)


def read_jobs(entries: Iterable[QueueEntry], *, now: float, chain_id: int) -> Sorted:
    """Validate the jobs of some entries."""
    jobs = Sorted()
    for entry in entries:
        # An id of the producer's own making must not date an event into the future.
        entered_at_ms = min(int(entry.entry_id.partition("-")[0]), int(now * 1000))
        results = read_entry(entry.data, entered_at_ms=entered_at_ms, now=now, chain_id=chain_id)
        for index, result in enumerate(results):
            is_item = len(results) > 1 or (isinstance(result, Rejected) and result.item_index is not None)
            source = EntrySource(entry.stream, entry.entry_id, index if is_item else -1, entry.data or b"")
            _sort_in(jobs, result, source)
    return jobs


def _sort_in(jobs: Sorted, result: Accepted | SnapshotRequested | Rejected, source: EntrySource) -> None:
    match result:
        case Accepted():
            event = event_from_proto(result.event)
            jobs.events.append(InboxEvent(event, result.event.SerializeToString(), result.task_name, source))
        case SnapshotRequested():
            jobs.snapshots.append(SnapshotRequest(result.vault_address or "", result.interval))
        case Rejected():
            jobs.letters.append(
                NewDeadLetter(
                    reason=result.reason,
                    detail=result.detail,
                    payload=source.payload,
                    source=source,
                    task_name=result.task_name,
                    task_id=result.task_id,
                )
            )
        case _:
            assert_never(result)


async def store(conn: Connection, jobs: Sorted, *, origin: str = "") -> list[NewDeadLetter]:
    """Write what became of a batch; returns the dead letters.

    With an origin they are letters of their own: the entry they came from has been laid aside before.
    """
    letters = list(jobs.letters)
    if jobs.events:
        letters += await _store_events(conn, jobs.events)
    if jobs.snapshots:
        await inbox.save_snapshot_requests(conn, jobs.snapshots)
    if origin:
        letters = [replace(letter, source=None, detail=f"{origin}: {letter.detail}") for letter in letters]
    if letters:
        await dead_letters.insert(conn, letters)
    return letters


async def _store_events(conn: Connection, events: Sequence[InboxEvent]) -> list[NewDeadLetter]:
    """Write events that are new; returns dead letters for those that contradict others."""
    fresh, conflicts = split_known(events, await _find_stored(conn, events))
    added = await inbox.insert_events(conn, fresh) if fresh else set()
    # Another worker was quicker with these; its rows can be seen by now.
    beaten = [row for row in fresh if (row.event.identity, row.event.block_hash) not in added]
    if beaten:
        conflicts += split_known(beaten, await _find_stored(conn, beaten))[1]
    return conflicts


async def _find_stored(conn: Connection, events: Sequence[InboxEvent]) -> list[StoredEvent]:
    return await inbox.find_stored(conn, [row.event.identity for row in events])


def split_known(
    events: Sequence[InboxEvent], stored: Iterable[StoredEvent]
) -> tuple[list[InboxEvent], list[NewDeadLetter]]:
    """Events that are new, sorted by their place in the ledger, and dead letters for those that contradict others."""
    known: dict[str, list[StoredEvent]] = defaultdict(list)
    for row in stored:
        known[row.identity].append(row)
    fresh: list[InboxEvent] = []
    conflicts: list[NewDeadLetter] = []
    for candidate in events:
        event = candidate.event
        verdicts = [is_same_fact(event, row) for row in known[event.identity]]
        if True in verdicts:
            continue
        if False in verdicts:
            conflicts.append(_conflict(candidate))
            continue
        known[event.identity].append(StoredEvent(event.identity, event.block_hash, event.digest))
        fresh.append(candidate)
    fresh.sort(key=lambda row: (*row.event.order_key, row.event.identity))
    return fresh, conflicts


def _conflict(candidate: InboxEvent) -> NewDeadLetter:
    return NewDeadLetter(
        reason=CONFLICTING_DUPLICATE,
        detail=f"another event with the identity {candidate.event.identity} was accepted before",
        payload=candidate.source.payload,
        source=candidate.source,
        task_name=candidate.task_name,
        task_id=candidate.event.task_id,
        identity=candidate.event.identity,
    )
