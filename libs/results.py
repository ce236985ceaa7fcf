"""What a service did with each event of a call: applied, duplicate, deferred or rejected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from libs.events import Event, Kind
from libs.identifiers import Address
from protos.events.v1 import events_pb2 as pb

CONFLICTING_DUPLICATE: Final = "CONFLICTING_DUPLICATE"
ORPHANED_BLOCK: Final = "ORPHANED_BLOCK"

# Of scores and statuses only the latest is kept: they have no row that could be a duplicate.
_LATEST_ONLY: Final = frozenset({Kind.SCORE, Kind.STATUS})


class Outcome(IntEnum):
    """As numbered in the protocol."""

    APPLIED = pb.APPLY_OUTCOME_APPLIED
    DUPLICATE = pb.APPLY_OUTCOME_DUPLICATE
    DEFERRED = pb.APPLY_OUTCOME_DEFERRED
    REJECTED = pb.APPLY_OUTCOME_REJECTED


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The answer for one event; the reason is set for REJECTED."""

    identity: str
    outcome: Outcome
    reason: str = ""


Key = tuple[Address | None, str]


def key_of(event: Event) -> Key:
    """What makes an event the same as another: its vault and its identity."""
    return event.vault, event.identity


def first_occurrences(events: Iterable[Event]) -> list[Event]:
    """Each ledger event once, the first one given, and every score and status."""
    seen: set[Key] = set()
    first: list[Event] = []
    for event in events:
        if event.kind in _LATEST_ONLY:
            first.append(event)
        elif key_of(event) not in seen:
            seen.add(key_of(event))
            first.append(event)
    return first


def answer(
    events: Sequence[Event],
    *,
    known: Collection[Address],
    inserted: Collection[Key],
    stored: Mapping[Key, bytes],
    orphaned: Collection[str] = (),
) -> list[ApplyResult]:
    """One result per event in the order given.

    `inserted` are the keys that are new by this call, `stored` the digests of those that were there before,
    `orphaned` the hashes of blocks that are no longer part of the chain.
    """
    applied: dict[Key, bytes] = {}
    return [
        ApplyResult(event.identity, Outcome.REJECTED, ORPHANED_BLOCK)
        if event.block_hash in orphaned
        else _answer_one(event, known, inserted, stored, applied)
        for event in events
    ]


def _answer_one(
    event: Event,
    known: Collection[Address],
    inserted: Collection[Key],
    stored: Mapping[Key, bytes],
    applied: dict[Key, bytes],
) -> ApplyResult:
    if event.vault is not None and event.vault not in known:
        return ApplyResult(event.identity, Outcome.DEFERRED)
    key = key_of(event)
    if event.kind in _LATEST_ONLY:
        return ApplyResult(event.identity, Outcome.APPLIED)
    if key in inserted and key not in applied:
        applied[key] = event.digest
        return ApplyResult(event.identity, Outcome.APPLIED)
    if (applied.get(key) or stored.get(key)) == event.digest:
        return ApplyResult(event.identity, Outcome.DUPLICATE)
    return ApplyResult(event.identity, Outcome.REJECTED, CONFLICTING_DUPLICATE)


def result_to_proto(result: ApplyResult) -> pb.ApplyResult:
    """The answer on the wire."""
    return pb.ApplyResult(identity=result.identity, outcome=pb.ApplyOutcome.Name(result.outcome), reason=result.reason)
