"""Domain to protobuf for the ingest service."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import violation
from protos.ingest.v1 import ingest_pb2 as pb
from services.ingest.domain import Change, DeadLetter, DeadLetterState, PipelineStatus
from services.ingest.queue_status import StreamStatus
from services.ingest.repository.chain import ChainStatus

_STATE_TO_PROTO = {
    DeadLetterState.OPEN: pb.DEAD_LETTER_STATE_OPEN,
    DeadLetterState.RETRIED: pb.DEAD_LETTER_STATE_RETRIED,
    DeadLetterState.DISCARDED: pb.DEAD_LETTER_STATE_DISCARDED,
}
_STATE_FROM_PROTO = {number: state for state, number in _STATE_TO_PROTO.items()}


def state_from_proto(number: pb.DeadLetterState) -> DeadLetterState | None:
    """A state to filter by; None for any."""
    if number == pb.DEAD_LETTER_STATE_UNSPECIFIED:
        return None
    if number not in _STATE_FROM_PROTO:
        raise violation("state", "is not a state of dead letters")
    return _STATE_FROM_PROTO[number]


def dead_letter_to_proto(letter: DeadLetter) -> pb.DeadLetter:
    """A dead letter on the wire."""
    return pb.DeadLetter(
        id=letter.id,
        reason=letter.reason,
        detail=letter.detail,
        stream=letter.stream,
        entry_id=letter.entry_id,
        task_name=letter.task_name,
        task_id=letter.task_id,
        identity=letter.identity,
        created_at=_timestamp(letter.created_at),
        state=_STATE_TO_PROTO[letter.state],
        resolved_at=_timestamp(letter.resolved_at),
        resolution=letter.resolution,
    )


def change_to_proto(change: Change) -> pb.Change:
    """A change on the wire."""
    return pb.Change(
        sequence=change.sequence,
        kind=pb.ChangeKind.Name(change.kind),
        vault_id=str(change.vault_id) if change.vault_id else "",
        user_id=str(change.user_id) if change.user_id else "",
        identity=change.identity,
    )


def status_to_proto(
    status: PipelineStatus, chain: ChainStatus, streams: list[StreamStatus], redis_error: str
) -> pb.GetPipelineStatusResponse:
    """The pipeline's status on the wire."""
    return pb.GetPipelineStatusResponse(
        delivered_block_number=status.delivered_block_number,
        delivered_event_count=status.delivered_event_count,
        pending_count=status.pending_count,
        deferred_count=status.deferred_count,
        oldest_pending_age_ms=status.oldest_pending_age_ms,
        open_dead_letter_count=sum(status.dead_letters.values()),
        dead_letter_counts=[pb.DeadLetterCount(reason=r, count=c) for r, c in status.dead_letters.items()],
        streams=[pb.StreamStatus(stream=s.stream, length=s.length, in_work=s.in_work) for s in streams],
        last_snapshot_at=_timestamp(status.last_snapshot_at),
        change_sequence=status.change_sequence,
        redis_error=redis_error,
        delivery_error=status.delivery_error,
        chain=None if chain.next_block is None else _chain_to_proto(chain, chain.next_block),
    )


def _chain_to_proto(chain: ChainStatus, next_block: int) -> pb.ChainStatus:
    return pb.ChainStatus(
        last_indexed_block=next_block - 1 if next_block else None,
        head_block=chain.head_number,
        head_seen_at=_timestamp(chain.head_seen_at),
        outbox_count=chain.outbox_count,
        open_rewind_count=chain.open_rewind_count,
        fatal=chain.fatal,
        disagreement_count=chain.disagreement_count,
        verified_block=chain.verified_block,
        verified_at=_timestamp(chain.verified_at),
    )


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
