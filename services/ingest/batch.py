"""What the queue hands to the intake: entries in batches, and what the intake promises in return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class QueueEntry(NamedTuple):
    """One entry of a stream; `data` is None when the producer wrote no field of that name.

    `delivery_count` is 1 at the first delivery; more means that a worker died with the entry in hand.
    """

    stream: str
    entry_id: str
    data: bytes | None
    delivery_count: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One or more entries of one stream that are accepted, retried and acknowledged together.

    `exhausted` asks for the dead letters instead of another try, for the stated `reason`.
    """

    entries: Sequence[QueueEntry]
    exhausted: bool = False
    reason: str = ""

    @property
    def stream(self) -> str:
        """The stream that every entry came from."""
        return self.entries[0].stream

    @property
    def entry_ids(self) -> list[str]:
        """The Redis ids, in the order of the entries."""
        return [entry.entry_id for entry in self.entries]


class Outage(Exception):
    """Something the intake needs is away (database, network): the same batch is tried until it is back.

    Every other exception of the intake is taken for a fault of the batch or of the code.
    """


class Intake(Protocol):
    """Where batches go; both calls may be repeated with entries they have seen before."""

    async def accept(self, batch: Batch) -> None:
        """Return once every entry is durably in the inbox or in the dead letters; raise Outage to wait."""

    async def give_up(self, batch: Batch) -> None:
        """Return once every entry is durably in the dead letters with `batch.reason`."""


@dataclass(slots=True)
class BrokerStats:
    """Counters since the start of the process, in entries; `in_hand` is the present number held."""

    read: int = 0
    acked: int = 0
    reclaimed: int = 0
    renewed: int = 0
    lost_ownership: int = 0
    exhausted: int = 0
    redis_errors: int = 0
    in_hand: int = 0
