"""SQL of what the chain changes without an event: what was sent of it, and of whom to ask.

The kind of a deployment stands here as a number (4, as events.Kind has it): only so its index serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Json

from libs.database import Connection


@dataclass(frozen=True, slots=True)
class SilentState:
    """A frozen flag or a score as it was sent, and the block it was read in."""

    subject: str
    observed_at: int  # UNIX seconds
    block_number: int
    block_hash: str
    value: Any


async def list_last(conn: Connection) -> dict[str, SilentState]:
    """By subject what counts: observed last, in a block of the chain; at one second frozen and the higher score."""
    cursor = await conn.execute(
        """
        SELECT DISTINCT ON (subject) subject, observed_at, block_number, block_hash, value
        FROM silent_states s
        WHERE NOT EXISTS (SELECT FROM orphaned_blocks o WHERE o.block_hash = s.block_hash)
        ORDER BY subject, observed_at DESC, value DESC
        """
    )
    return {row[0]: SilentState(*row) for row in await cursor.fetchall()}


async def save(conn: Connection, states: Sequence[SilentState], final_block: int) -> None:
    """These were sent; of states read up to the final block only the last of a subject is kept."""
    await conn.execute(
        """
        INSERT INTO silent_states (subject, observed_at, block_number, block_hash, value)
        SELECT * FROM unnest(
            %(subjects)s::text[], %(times)s::bigint[], %(numbers)s::bigint[], %(hashes)s::text[], %(values)s::jsonb[]
        )
        ON CONFLICT DO NOTHING
        """,
        {
            "subjects": [state.subject for state in states],
            "times": [state.observed_at for state in states],
            "numbers": [state.block_number for state in states],
            "hashes": [state.block_hash for state in states],
            "values": [Json(state.value) for state in states],
        },
    )
    await conn.execute(
        """
        DELETE FROM silent_states s
        WHERE s.subject = ANY(%(subjects)s) AND EXISTS (
            SELECT FROM silent_states n
            WHERE n.subject = s.subject AND n.observed_at > s.observed_at AND n.block_number <= %(final)s
                AND NOT EXISTS (SELECT FROM orphaned_blocks o WHERE o.block_hash = n.block_hash)
        )
        """,
        {"subjects": [state.subject for state in states], "final": final_block},
    )


async def save_look(conn: Connection, block_number: int) -> None:
    """What was sent is the silent state at the end of this block."""
    await conn.execute("UPDATE chain_cursor SET silent_block = %(number)s", {"number": block_number})


async def list_deployments(conn: Connection, last_block: int) -> list[bytes]:
    """The accepted deployments (protos.events.v1.ChainEvent) of the chain up to this block."""
    cursor = await conn.execute(
        """
        SELECT i.event FROM inbox i
        WHERE i.kind = 4 AND COALESCE(i.block_number, 0) <= %(last)s
            AND NOT EXISTS (SELECT FROM orphaned_blocks o WHERE o.block_hash = i.block_hash)
        ORDER BY i.sequence
        """,
        {"last": last_block},
    )
    return [bytes(row[0]) for row in await cursor.fetchall()]


async def list_leaders_under_way(conn: Connection, last_block: int) -> list[str]:
    """Leaders of the chain's deployments up to this block that are not in the inbox yet."""
    cursor = await conn.execute(
        """
        SELECT DISTINCT payload->>'leader' FROM outbox q
        WHERE task_name = 'ingest.vault_deployed' AND (payload->>'blockNumber')::bigint <= %(last)s
            AND NOT EXISTS (SELECT FROM orphaned_blocks o WHERE o.block_hash = q.block_hash)
        """,
        {"last": last_block},
    )
    return [row[0] for row in await cursor.fetchall()]


async def list_announced(conn: Connection, vaults: Sequence[str]) -> set[str]:
    """Those of these vaults that a deployment of the chain is known of, in the inbox or on its way there."""
    cursor = await conn.execute(
        """
        SELECT i.vault_address FROM inbox i
        WHERE i.vault_address = ANY(%(vaults)s) AND i.kind = 4
            AND NOT EXISTS (SELECT FROM orphaned_blocks o WHERE o.block_hash = i.block_hash)
        UNION
        SELECT q.payload->>'vaultAddress' FROM outbox q
        WHERE q.task_name = 'ingest.vault_deployed' AND q.payload->>'vaultAddress' = ANY(%(vaults)s)
            AND NOT EXISTS (SELECT FROM orphaned_blocks o WHERE o.block_hash = q.block_hash)
        """,
        {"vaults": list(vaults)},
    )
    return {row[0] for row in await cursor.fetchall()}
