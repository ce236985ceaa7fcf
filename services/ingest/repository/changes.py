"""SQL of the change log and the pipeline's status."""

from __future__ import annotations

from collections.abc import Sequence

from libs.database import Connection
from services.ingest.domain import Change, ChangeKind, NewChange, PipelineStatus
from services.ingest.repository.dead_letters import count_open

CHANGES_CHANNEL = "vaultline_changes"


async def append(conn: Connection, changes: Sequence[NewChange], *, events: int, block_number: int | None) -> None:
    """Number changes without a gap and wake the watchers; `events` of them are delivered events."""
    cursor = await conn.execute(
        """
        UPDATE pipeline SET
            change_sequence = change_sequence + %(count)s,
            delivered_events = delivered_events + %(events)s,
            delivered_block_number = GREATEST(delivered_block_number, %(block_number)s::bigint)
        RETURNING change_sequence
        """,
        {"count": len(changes), "events": events, "block_number": block_number},
    )
    row = await cursor.fetchone()
    assert row is not None
    first = row[0] - len(changes) + 1
    await conn.execute(
        """
        INSERT INTO changes (sequence, kind, vault_id, user_id, identity, changed_at)
        -- Times rise with the numbers: now() would be that of the transaction's beginning.
        SELECT *, clock_timestamp() FROM unnest(
            %(sequences)s::bigint[], %(kinds)s::smallint[], %(vaults)s::uuid[], %(users)s::uuid[],
            %(identities)s::text[]
        )
        """,
        {
            "sequences": list(range(first, first + len(changes))),
            "kinds": [int(change.kind) for change in changes],
            "vaults": [change.vault_id for change in changes],
            "users": [change.user_id for change in changes],
            "identities": [change.identity for change in changes],
        },
    )
    await conn.execute("SELECT pg_notify(%(channel)s, '')", {"channel": CHANGES_CHANNEL})


async def list_after(conn: Connection, sequence: int, limit: int) -> list[Change]:
    """Changes with greater numbers, in order."""
    cursor = await conn.execute(
        """
        SELECT sequence, kind, vault_id, user_id, identity FROM changes
        WHERE sequence > %(sequence)s ORDER BY sequence LIMIT %(limit)s
        """,
        {"sequence": sequence, "limit": limit},
    )
    return [
        Change(number, ChangeKind(kind), vault, user, identity)
        for number, kind, vault, user, identity in await cursor.fetchall()
    ]


async def find_bounds(conn: Connection) -> tuple[int, int]:
    """Number of the oldest change that is kept (the next one's when none is) and of the newest."""
    cursor = await conn.execute(
        """
        SELECT COALESCE((SELECT min(sequence) FROM changes), change_sequence + 1), change_sequence FROM pipeline
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


async def prune(conn: Connection, keep_hours: float) -> int:
    """Drop changes that are older, from the oldest on and at most 10,000; returns how many."""
    cursor = await conn.execute(
        """
        DELETE FROM changes WHERE sequence IN (
            SELECT sequence FROM (SELECT sequence, changed_at FROM changes ORDER BY sequence LIMIT 10000) AS oldest
            WHERE changed_at < now() - make_interval(secs => %(seconds)s)
        )
        """,
        {"seconds": keep_hours * 3600},
    )
    return cursor.rowcount


async def get_status(conn: Connection) -> PipelineStatus:
    """How far the pipeline is."""
    cursor = await conn.execute(
        """
        SELECT p.delivered_block_number, p.delivered_events, p.change_sequence,
            (SELECT count(*) FROM deliveries WHERE deferred_for IS NULL),
            (SELECT count(*) FROM deliveries WHERE deferred_for IS NOT NULL),
            (SELECT (extract(epoch FROM clock_timestamp() - min(created_at)) * 1000)::bigint
                FROM deliveries WHERE deferred_for IS NULL),
            (SELECT max(completed_at) FROM snapshots),
            (SELECT max(error) FROM leases WHERE expires_at > clock_timestamp())
        FROM pipeline p
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    block, delivered, sequence, pending, deferred, age, snapshot, error = row
    return PipelineStatus(
        delivered_block_number=block,
        delivered_event_count=delivered,
        pending_count=pending,
        deferred_count=deferred,
        oldest_pending_age_ms=max(0, age or 0),
        dead_letters=await count_open(conn),
        last_snapshot_at=snapshot,
        change_sequence=sequence,
        delivery_error=error or "",
    )
