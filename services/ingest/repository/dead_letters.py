"""SQL of dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.database import Connection
from services.ingest.domain import DeadLetter, DeadLetterContent, DeadLetterState, NewDeadLetter


async def insert(conn: Connection, letters: Sequence[NewDeadLetter]) -> int:
    """Lay jobs and events aside; those already laid aside are left out. Returns how many were new."""
    sources = [letter.source for letter in letters]
    cursor = await conn.execute(
        """
        INSERT INTO dead_letters (
            reason, detail, stream, entry_id, item_index, sequence, task_name, task_id, identity, payload
        )
        SELECT * FROM unnest(
            %(reasons)s::text[], %(details)s::text[], %(streams)s::text[], %(entry_ids)s::text[],
            %(item_indexes)s::integer[], %(sequences)s::bigint[], %(task_names)s::text[], %(task_ids)s::text[],
            %(identities)s::text[], %(payloads)s::bytea[]
        )
        ON CONFLICT DO NOTHING
        """,
        {
            "reasons": [letter.reason for letter in letters],
            "details": [letter.detail for letter in letters],
            "streams": [source.stream if source else "" for source in sources],
            "entry_ids": [source.entry_id if source else "" for source in sources],
            "item_indexes": [source.item_index if source else -1 for source in sources],
            "sequences": [letter.sequence for letter in letters],
            "task_names": [letter.task_name for letter in letters],
            "task_ids": [letter.task_id for letter in letters],
            "identities": [letter.identity for letter in letters],
            "payloads": [letter.payload for letter in letters],
        },
    )
    return cursor.rowcount


async def list_page(
    conn: Connection, *, before: int | None, limit: int, state: DeadLetterState | None, reason: str
) -> list[DeadLetter]:
    """Dead letters, newest first, with smaller ids than `before`."""
    cursor = await conn.execute(
        """
        SELECT id, reason, detail, stream, entry_id, task_name, task_id, identity, created_at, state, resolved_at,
            resolution
        FROM dead_letters
        WHERE (%(before)s::bigint IS NULL OR id < %(before)s)
            AND (%(state)s::text IS NULL OR state = %(state)s)
            AND (%(reason)s = '' OR reason = %(reason)s)
        ORDER BY id DESC
        LIMIT %(limit)s
        """,
        {"before": before, "limit": limit, "state": state, "reason": reason},
    )
    return [_dead_letter(row) for row in await cursor.fetchall()]


async def find(conn: Connection, identifier: int) -> tuple[DeadLetter, bytes] | None:
    """One dead letter with its payload."""
    cursor = await conn.execute(
        """
        SELECT id, reason, detail, stream, entry_id, task_name, task_id, identity, created_at, state, resolved_at,
            resolution, payload
        FROM dead_letters WHERE id = %(id)s
        """,
        {"id": identifier},
    )
    row = await cursor.fetchone()
    return (_dead_letter(row[:-1]), row[-1]) if row else None


async def resolve(
    conn: Connection, ids: Sequence[int], state: DeadLetterState, resolution: str
) -> list[DeadLetterContent]:
    """Close those of these that are open; returns what they held, oldest first."""
    cursor = await conn.execute(
        """
        UPDATE dead_letters SET state = %(state)s, resolved_at = clock_timestamp(), resolution = %(resolution)s
        WHERE id = ANY(%(ids)s) AND state = 'OPEN'
        RETURNING id, stream, entry_id, item_index, sequence, payload
        """,
        {"ids": list(ids), "state": state, "resolution": resolution},
    )
    return sorted((DeadLetterContent(*row) for row in await cursor.fetchall()), key=lambda letter: letter.id)


async def count_open(conn: Connection) -> dict[str, int]:
    """Number of open dead letters by reason."""
    cursor = await conn.execute(
        "SELECT reason, count(*) FROM dead_letters WHERE state = 'OPEN' GROUP BY reason ORDER BY reason"
    )
    return dict(await cursor.fetchall())


def _dead_letter(row: tuple[Any, ...]) -> DeadLetter:
    values = list(row)
    values[9] = DeadLetterState(values[9])
    return DeadLetter(*values)
