"""SQL of the outbox: jobs of the indexer that are not in the inbox yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from libs.database import Connection


@dataclass(frozen=True, slots=True)
class OutgoingJob:
    """A job with the identity and block that its event will have in the inbox."""

    identity: str
    block_hash: str
    task_name: str
    payload: dict[str, Any]


async def insert(conn: Connection, jobs: Sequence[OutgoingJob]) -> None:
    """Add jobs; those already waiting are left out."""
    rows = [[job.identity, job.block_hash, job.task_name, job.payload] for job in jobs]
    await conn.execute(
        """
        INSERT INTO outbox (identity, block_hash, task_name, payload)
        SELECT n.job ->> 0, n.job ->> 1, n.job ->> 2, n.job -> 3
        FROM jsonb_array_elements(%(rows)s::jsonb) WITH ORDINALITY AS n (job, place)
        ORDER BY n.place
        ON CONFLICT DO NOTHING
        """,
        # As one text: the driver would escape every element of an array by itself.
        {"rows": orjson.dumps(rows).decode()},
    )


async def claim_unsent(conn: Connection, *, resend_after_seconds: float, limit: int) -> list[OutgoingJob]:
    """The oldest jobs that were not sent, or so long ago that Redis must have lost them; they count as sent now.

    The time doubles with each sending, up to 64-fold: a queue that nobody works off must not grow and grow.
    """
    cursor = await conn.execute(
        """
        UPDATE outbox SET sent_at = clock_timestamp(), sent_count = LEAST(sent_count + 1, 7)
        FROM (
            SELECT id FROM outbox
            WHERE sent_at IS NULL
                OR sent_at < clock_timestamp() - make_interval(secs => %(seconds)s * 2 ^ (sent_count - 1))
            ORDER BY id
            LIMIT %(limit)s
        ) AS due
        WHERE outbox.id = due.id
        RETURNING outbox.id, identity, block_hash, task_name, payload
        """,
        {"seconds": resend_after_seconds, "limit": limit},
    )
    rows = sorted(await cursor.fetchall())
    return [OutgoingJob(identity, hash_, name, payload) for _, identity, hash_, name, payload in rows]


async def forget_sending(conn: Connection, identities: Sequence[str]) -> None:
    """Redis did not take these: they are unsent again."""
    await conn.execute(
        "UPDATE outbox SET sent_at = NULL, sent_count = 0 WHERE identity = ANY(%(identities)s)",
        {"identities": list(identities)},
    )


async def delete_arrived(conn: Connection) -> int:
    """Jobs whose event is in the inbox (or was laid aside as a dead letter since it was sent) are done; how many."""
    cursor = await conn.execute(
        """
        DELETE FROM outbox
        WHERE sent_at IS NOT NULL AND (
            EXISTS (
                SELECT FROM inbox i
                WHERE i.identity = outbox.identity AND i.block_hash IN (outbox.block_hash, '')
            )
            OR EXISTS (SELECT FROM dead_letters d WHERE d.task_id = outbox.identity AND d.created_at > outbox.sent_at)
        )
        """
    )
    return cursor.rowcount


async def count(conn: Connection) -> int:
    """Number of jobs that are not in the inbox yet."""
    cursor = await conn.execute("SELECT count(*) FROM outbox")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
