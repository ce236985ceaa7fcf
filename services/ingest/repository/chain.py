"""SQL of the chain indexer: its cursor, the blocks that may be reorganised, rewinds, silent state, checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Json

from libs.database import Connection
from libs.events import Kind, OrphanedBlock

# Only the process that holds this lock on its session may index.
_LEADER_LOCK = 0x76_6C_69_6E_64_65_78


@dataclass(frozen=True, slots=True)
class Cursor:
    """The first block that has not been read, and why the indexer stopped for good (empty when it did not)."""

    next_block: int
    fatal: str


@dataclass(frozen=True, slots=True)
class Rewind:
    """Blocks to take back."""

    id: int
    blocks: list[OrphanedBlock]


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """How far the chain has been read, and what the last check against it said."""

    next_block: int | None
    head_number: int | None
    head_seen_at: datetime | None
    fatal: str
    outbox_count: int
    open_rewind_count: int
    disagreement_count: int
    verified_block: int | None
    verified_at: datetime | None


async def try_to_lead(conn: Connection) -> bool:
    """Take the leader's lock for this session, if nobody else has it."""
    cursor = await conn.execute("SELECT pg_try_advisory_lock(%(lock)s)", {"lock": _LEADER_LOCK})
    row = await cursor.fetchone()
    return bool(row and row[0])


async def get_cursor(conn: Connection, start_block: int) -> Cursor:
    """The cursor, made on first use."""
    await conn.execute(
        "INSERT INTO chain_cursor (next_block) VALUES (%(start)s) ON CONFLICT DO NOTHING", {"start": start_block}
    )
    cursor = await conn.execute("SELECT next_block, fatal FROM chain_cursor")
    row = await cursor.fetchone()
    assert row is not None
    return Cursor(*row)


async def advance(conn: Connection, next_block: int) -> None:
    """Everything below is read."""
    await conn.execute("UPDATE chain_cursor SET next_block = %(next)s", {"next": next_block})


async def save_head(conn: Connection, number: int) -> None:
    """The chain's head as it was last seen."""
    await conn.execute(
        "UPDATE chain_cursor SET head_number = %(number)s, head_seen_at = clock_timestamp()", {"number": number}
    )


async def save_fatal(conn: Connection, reason: str) -> None:
    """The indexer stops for good."""
    await conn.execute("UPDATE chain_cursor SET fatal = %(reason)s", {"reason": reason})


async def save_blocks(conn: Connection, blocks: Sequence[tuple[int, str]], keep: int) -> None:
    """Remember (number, hash) of read blocks, as many of the last as may be reorganised."""
    await conn.execute(
        """
        INSERT INTO chain_blocks (number, hash) SELECT * FROM unnest(%(numbers)s::bigint[], %(hashes)s::text[])
        ON CONFLICT (number) DO UPDATE SET hash = excluded.hash
        """,
        {"numbers": [number for number, _ in blocks], "hashes": [hash_ for _, hash_ in blocks]},
    )
    await conn.execute(
        "DELETE FROM chain_blocks WHERE number <= (SELECT max(number) FROM chain_blocks) - %(keep)s", {"keep": keep}
    )


async def list_blocks(conn: Connection) -> list[tuple[int, str]]:
    """(number, hash) of the remembered blocks, newest first."""
    cursor = await conn.execute("SELECT number, hash FROM chain_blocks ORDER BY number DESC")
    return [(number, hash_) for number, hash_ in await cursor.fetchall()]


async def find_block_hash(conn: Connection, number: int) -> str | None:
    """Hash of a remembered block."""
    cursor = await conn.execute("SELECT hash FROM chain_blocks WHERE number = %(number)s", {"number": number})
    row = await cursor.fetchone()
    return str(row[0]) if row else None


async def find_state(conn: Connection) -> Mapping[str, Any] | None:
    """What the decoder last learned."""
    cursor = await conn.execute("SELECT state FROM chain_states ORDER BY next_block DESC LIMIT 1")
    row = await cursor.fetchone()
    return row[0] if row else None


async def save_state(conn: Connection, *, start_block: int, next_block: int, state: Mapping[str, Any]) -> None:
    """What the decoder learned in a window."""
    await conn.execute(
        """
        INSERT INTO chain_states (next_block, start_block, state) VALUES (%(next)s, %(start)s, %(state)s)
        ON CONFLICT (next_block) DO UPDATE SET start_block = excluded.start_block, state = excluded.state
        """,
        {"next": next_block, "start": start_block, "state": Json(state)},
    )


async def forget_after(conn: Connection, ancestor: int) -> int:
    """Forget blocks and states above the common ancestor; returns the block to read on from."""
    await conn.execute("DELETE FROM chain_blocks WHERE number > %(ancestor)s", {"ancestor": ancestor})
    cursor = await conn.execute(
        "DELETE FROM chain_states WHERE next_block > %(next)s RETURNING start_block", {"next": ancestor + 1}
    )
    starts: list[int] = [row[0] for row in await cursor.fetchall()]
    return min([ancestor + 1, *starts])


async def save_rewind(conn: Connection, blocks: Sequence[OrphanedBlock]) -> None:
    """Blocks are no longer part of the chain: refuse their events from now on, and note that services must follow."""
    await conn.execute(
        """
        INSERT INTO orphaned_blocks (block_hash, block_number)
        SELECT * FROM unnest(%(hashes)s::text[], %(numbers)s::bigint[])
        ON CONFLICT DO NOTHING
        """,
        {"hashes": [block.hash for block in blocks], "numbers": [block.number for block in blocks]},
    )
    await conn.execute(
        "INSERT INTO rewinds (blocks) VALUES (%(blocks)s)",
        {"blocks": Json([[block.number, block.hash] for block in blocks])},
    )
    await conn.execute(
        "DELETE FROM outbox WHERE block_hash = ANY(%(hashes)s)", {"hashes": [block.hash for block in blocks]}
    )


async def find_open_rewind(conn: Connection) -> Rewind | None:
    """The oldest rewind that not every service has done."""
    cursor = await conn.execute("SELECT id, blocks FROM rewinds WHERE completed_at IS NULL ORDER BY id LIMIT 1")
    row = await cursor.fetchone()
    return Rewind(row[0], [OrphanedBlock(number, hash_) for number, hash_ in row[1]]) if row else None


async def complete_rewind(conn: Connection, rewind: Rewind, removed_vaults: Sequence[str]) -> None:
    """Every service has done it: what is still valid of the removed vaults is delivered again."""
    await conn.execute(
        "DELETE FROM known_vaults WHERE vault_address = ANY(%(vaults)s)", {"vaults": list(removed_vaults)}
    )
    await conn.execute(
        """
        INSERT INTO deliveries (sequence, partition)
        SELECT i.sequence, i.partition FROM inbox i
        WHERE i.vault_address = ANY(%(vaults)s)
            AND NOT EXISTS (SELECT FROM orphaned_blocks o WHERE o.block_hash = i.block_hash)
        ON CONFLICT (sequence) DO NOTHING
        """,
        {"vaults": list(removed_vaults)},
    )
    await conn.execute("UPDATE rewinds SET completed_at = clock_timestamp() WHERE id = %(id)s", {"id": rewind.id})


async def find_orphaned(conn: Connection, hashes: Sequence[str]) -> list[OrphanedBlock]:
    """Those of these blocks that were taken back before."""
    cursor = await conn.execute(
        "SELECT block_number, block_hash FROM orphaned_blocks WHERE block_hash = ANY(%(hashes)s)",
        {"hashes": list(hashes)},
    )
    return [OrphanedBlock(*row) for row in await cursor.fetchall()]


async def reinstate(conn: Connection, blocks: Sequence[OrphanedBlock]) -> None:
    """Blocks are part of the chain again: what the inbox holds of them is delivered again."""
    hashes = [block.hash for block in blocks]
    await conn.execute("DELETE FROM orphaned_blocks WHERE block_hash = ANY(%(hashes)s)", {"hashes": hashes})
    await conn.execute(
        """
        INSERT INTO deliveries (sequence, partition)
        SELECT sequence, partition FROM inbox
        WHERE block_number = ANY(%(numbers)s) AND block_hash = ANY(%(hashes)s)
        ON CONFLICT (sequence) DO NOTHING
        """,
        {"numbers": [block.number for block in blocks], "hashes": hashes},
    )


async def list_silent_states(conn: Connection) -> dict[str, list[Any]]:
    """Frozen flags and scores as they were last sent, by subject."""
    cursor = await conn.execute("SELECT subject, value FROM silent_states")
    return dict(await cursor.fetchall())


async def save_silent_states(conn: Connection, states: Mapping[str, list[Any]]) -> None:
    """These were sent."""
    await conn.execute(
        """
        INSERT INTO silent_states (subject, value) SELECT * FROM unnest(%(subjects)s::text[], %(values)s::jsonb[])
        ON CONFLICT (subject) DO UPDATE SET value = excluded.value
        """,
        {"subjects": list(states), "values": [Json(value) for value in states.values()]},
    )


async def list_leaders_under_way(conn: Connection) -> list[str]:
    """Leaders of deployments that are not in the inbox yet."""
    cursor = await conn.execute(
        "SELECT DISTINCT payload->>'leader' FROM outbox WHERE task_name = 'ingest.vault_deployed'"
    )
    return [row[0] for row in await cursor.fetchall()]


async def list_deployment_events(conn: Connection) -> list[bytes]:
    """The accepted deployments (protos.events.v1.ChainEvent) of blocks that are part of the chain."""
    cursor = await conn.execute(
        """
        SELECT i.event FROM inbox i
        WHERE i.kind = %(kind)s AND NOT EXISTS (SELECT FROM orphaned_blocks o WHERE o.block_hash = i.block_hash)
        ORDER BY i.sequence
        """,
        {"kind": int(Kind.DEPLOYMENT)},
    )
    return [bytes(row[0]) for row in await cursor.fetchall()]


async def replace_disagreements(
    conn: Connection, *, block_number: int, checked_count: int, found: Mapping[str, str]
) -> None:
    """What a whole check found, by subject."""
    await conn.execute("DELETE FROM disagreements")
    await conn.execute(
        """
        INSERT INTO disagreements (subject, block_number, detail)
        SELECT subject, %(block)s, detail
        FROM unnest(%(subjects)s::text[], %(details)s::text[]) AS n (subject, detail)
        """,
        {"block": block_number, "subjects": list(found), "details": list(found.values())},
    )
    await conn.execute(
        """
        INSERT INTO verifications (block_number, checked_count, completed_at)
        VALUES (%(block)s, %(count)s, clock_timestamp())
        ON CONFLICT (one) DO UPDATE SET
            block_number = excluded.block_number, checked_count = excluded.checked_count,
            completed_at = excluded.completed_at
        """,
        {"block": block_number, "count": checked_count},
    )


async def get_status(conn: Connection) -> ChainStatus:
    """How far the chain has been read; nothing is set where no indexer ever ran."""
    cursor = await conn.execute(
        """
        SELECT c.next_block, c.head_number, c.head_seen_at, COALESCE(c.fatal, ''),
            (SELECT count(*) FROM outbox),
            (SELECT count(*) FROM rewinds WHERE completed_at IS NULL),
            (SELECT count(*) FROM disagreements),
            v.block_number, v.completed_at
        FROM (SELECT true AS one) AS o
        LEFT JOIN chain_cursor c ON c.one
        LEFT JOIN verifications v ON v.one
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    return ChainStatus(*row)
