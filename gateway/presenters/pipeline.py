"""How far the pipeline is as the public JSON."""

from __future__ import annotations

from gateway.figures import optional_int, optional_time
from gateway.presenters.envelope import Json
from protos.ingest.v1 import ingest_pb2


def pipeline(response: ingest_pb2.GetPipelineStatusResponse) -> Json:
    """How far the pipeline is; the services' own error texts stay inside, as they may name backends."""
    return {
        "deliveredBlockNumber": optional_int(response, "delivered_block_number"),
        "deliveredEvents": response.delivered_event_count,
        "pendingEvents": response.pending_count,
        "deferredEvents": response.deferred_count,
        "oldestPendingAgeMs": response.oldest_pending_age_ms,
        "openDeadLetters": response.open_dead_letter_count,
        "deadLettersByReason": {row.reason: row.count for row in response.dead_letter_counts},
        "streams": [{"stream": row.stream, "length": row.length, "inWork": row.in_work} for row in response.streams],
        "lastSnapshotAt": optional_time(response, "last_snapshot_at"),
        "changeSequence": response.change_sequence,
        "redisReachable": not response.redis_error,
        "deliveryFailing": bool(response.delivery_error),
        "chain": _chain(response.chain) if response.HasField("chain") else None,
    }


def _chain(status: ingest_pb2.ChainStatus) -> Json:
    """How far the chain has been read; `fatal` names blocks and hashes, which are public."""
    return {
        "lastIndexedBlock": optional_int(status, "last_indexed_block"),
        "headBlock": optional_int(status, "head_block"),
        "headSeenAt": optional_time(status, "head_seen_at"),
        "waitingJobs": status.outbox_count,
        "openRewinds": status.open_rewind_count,
        "fatal": status.fatal or None,
        "disagreements": status.disagreement_count,
        "verifiedBlock": optional_int(status, "verified_block"),
        "verifiedAt": optional_time(status, "verified_at"),
    }
