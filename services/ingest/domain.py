"""What the ingest service keeps: inbox rows, deliveries, dead letters, changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID
from zlib import crc32

import orjson

from libs.events import Event, Kind, Score

# As many rows as the migration put into `leases`; each partition has one dispatcher at a time.
PARTITIONS: Final = 8


class DeadLetterState(StrEnum):
    """Where a dead letter stands."""

    OPEN = "OPEN"
    RETRIED = "RETRIED"
    DISCARDED = "DISCARDED"


class ChangeKind(IntEnum):
    """What a change was about, as numbered in the protocol."""

    VAULT = 1
    TRADE = 2
    FLOW = 3
    SCORE = 4
    STATUS = 5
    SNAPSHOT = 6
    REWIND = 7


CHANGE_KINDS: Final = {
    Kind.DEPLOYMENT: ChangeKind.VAULT,
    Kind.TRADE: ChangeKind.TRADE,
    Kind.DEPOSIT: ChangeKind.FLOW,
    Kind.WITHDRAWAL: ChangeKind.FLOW,
    Kind.SETTLEMENT: ChangeKind.FLOW,
    Kind.SCORE: ChangeKind.SCORE,
    Kind.STATUS: ChangeKind.STATUS,
}


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An accepted event on its way into the inbox; `encoded` is its ChainEvent."""

    event: Event
    encoded: bytes
    task_name: str
    source: EntrySource

    @property
    def partition(self) -> int:
        """All events of a vault, and all scores of a wallet, share a partition."""
        body = self.event.body
        subject = body.wallet if isinstance(body, Score) else body.vault
        return crc32(subject.lower().encode()) % PARTITIONS


@dataclass(frozen=True, slots=True)
class EntrySource:
    """Where a job came from: a stream's entry and, in a bulk job of several, the item (else -1)."""

    stream: str
    entry_id: str
    item_index: int
    entry: bytes

    @property
    def payload(self) -> bytes:
        """The job's bytes; an item of a bulk job as a job of its own, so that it can be put through alone."""
        if self.item_index < 0:
            return self.entry
        item = orjson.loads(self.entry)["kwargs"]["events"][self.item_index]
        fields = item if isinstance(item, dict) else {}
        job = {"task_id": fields.get("taskId"), "task_name": fields.get("task"), "kwargs": item}
        return orjson.dumps(job)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What the inbox already holds under an identity."""

    identity: str
    block_hash: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class NewDeadLetter:
    """A job that could not be used, or an event that no service takes (then `sequence` is its inbox row)."""

    reason: str
    detail: str
    payload: bytes
    source: EntrySource | None = None
    sequence: int | None = None
    task_name: str = ""
    task_id: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A stored dead letter."""

    id: int
    reason: str
    detail: str
    stream: str
    entry_id: str
    task_name: str
    task_id: str
    identity: str
    created_at: datetime
    state: DeadLetterState
    resolved_at: datetime | None
    resolution: str


@dataclass(frozen=True, slots=True)
class DeadLetterContent:
    """What a dead letter holds, to put it through again."""

    id: int
    stream: str
    entry_id: str
    item_index: int
    sequence: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that has not taken effect in every service yet; `encoded` is its ChainEvent."""

    sequence: int
    encoded: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to dispatch a partition; a higher generation makes it void."""

    partition: int
    generation: int


@dataclass(frozen=True, slots=True)
class NewChange:
    """Something that took effect."""

    kind: ChangeKind
    vault_id: UUID | None = None
    user_id: UUID | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A numbered change."""

    sequence: int
    kind: ChangeKind
    vault_id: UUID | None
    user_id: UUID | None
    identity: str


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """A request for fresh figures of one vault, or of all with an empty address."""

    vault_address: str
    interval: str


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """How far the pipeline is."""

    delivered_block_number: int | None
    delivered_event_count: int
    pending_count: int
    deferred_count: int
    oldest_pending_age_ms: int
    dead_letters: dict[str, int]
    last_snapshot_at: datetime | None
    change_sequence: int
    delivery_error: str


def is_same_fact(new: Event, stored: StoredEvent) -> bool | None:
    """Whether an inbox row holds this event: True a duplicate, False a conflict, None another block's event.

    A re-mined transaction has the same identity in another block. Without a block on one side they are taken for
    the same event: the first accepted stays.
    """
    if new.block_hash and stored.block_hash and new.block_hash != stored.block_hash:
        return None
    return new.digest == stored.digest
