"""SQL of the chain indexer: its cursor, the blocks that may be reorganised, what was learned, checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Json

from libs.database import Connection

# Only the process that holds this lock on its session may index.
_LEADER_LOCK = 0x76_6C_69_6E_64_65_78


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the index began, the first block not read, and why the indexer stopped for good (empty if it did not)."""

    start_block: int
    next_block: int
    fatal: str


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """How far the chain has been read, and what the last check against it said."""

    next_block: int | None
    silent_block: int | None
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
        """
        INSERT INTO chain_cursor (start_block, next_block) VALUES (%(start)s, %(start)s) ON CONFLICT DO NOTHING
        """,
        {"start": start_block},
    )
    cursor = await conn.execute("SELECT start_block, next_block, fatal FROM chain_cursor")
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
    """The indexer stops for good; with an empty reason it may go on."""
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


async def list_blocks(conn: Connection, *, lowest: int = 0) -> list[tuple[int, str]]:
    """(number, hash) of the remembered blocks from a number on, newest first."""
    cursor = await conn.execute(
        "SELECT number, hash FROM chain_blocks WHERE number >= %(lowest)s ORDER BY number DESC", {"lowest": lowest}
    )
    return [(number, hash_) for number, hash_ in await cursor.fetchall()]


async def find_block_hash(conn: Connection, number: int) -> str | None:
    """Hash of a remembered block."""
    cursor = await conn.execute("SELECT hash FROM chain_blocks WHERE number = %(number)s", {"number": number})
    row = await cursor.fetchone()
    return str(row[0]) if row else None


async def find_last_block(conn: Connection) -> tuple[int, str] | None:
    """(number, hash) of the last block that was read; None before the first."""
    cursor = await conn.execute("SELECT number, hash FROM chain_blocks ORDER BY number DESC LIMIT 1")
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None


async def hold_block(conn: Connection, number: int, hash_: str) -> bool:
    """Whether the block is still part of what was read; it stays so until the transaction ends."""
    cursor = await conn.execute(
        "SELECT FROM chain_blocks WHERE number = %(number)s AND hash = %(hash)s FOR SHARE",
        {"number": number, "hash": hash_},
    )
    return await cursor.fetchone() is not None


async def find_state(conn: Connection) -> Mapping[str, Any] | None:
    """What the decoder last learned."""
    cursor = await conn.execute("SELECT state FROM chain_states ORDER BY next_block DESC LIMIT 1")
    row = await cursor.fetchone()
    return row[0] if row else None


async def save_state(
    conn: Connection, *, start_block: int, next_block: int, final_block: int, state: Mapping[str, Any]
) -> None:
    """What the decoder learned in a window; of the states up to the final block only the last is kept."""
    await conn.execute(
        """
        INSERT INTO chain_states (next_block, start_block, state) VALUES (%(next)s, %(start)s, %(state)s)
        ON CONFLICT (next_block) DO UPDATE SET start_block = excluded.start_block, state = excluded.state
        """,
        {"next": next_block, "start": start_block, "state": Json(state)},
    )
    await conn.execute(
        """
        DELETE FROM chain_states
        WHERE next_block < (SELECT max(next_block) FROM chain_states WHERE next_block <= %(final)s + 1)
        """,
        {"final": final_block},
    )


async def forget_after(conn: Connection, ancestor: int) -> int:
    """Forget blocks and states above the common ancestor; returns the block to read on from."""
    await conn.execute("DELETE FROM chain_blocks WHERE number > %(ancestor)s", {"ancestor": ancestor})
    await conn.execute(
        "UPDATE chain_cursor SET silent_block = NULL WHERE silent_block > %(ancestor)s", {"ancestor": ancestor}
    )
    cursor = await conn.execute(
        "DELETE FROM chain_states WHERE next_block > %(next)s RETURNING start_block", {"next": ancestor + 1}
    )
    starts: list[int] = [row[0] for row in await cursor.fetchall()]
    return min([ancestor + 1, *starts])


async def save_disagreements(
    conn: Connection, *, block_number: int, checked_count: int, found: Mapping[str, str], whole: bool
) -> None:
    """What a check found, by subject; a whole one replaces what was found before."""
    if whole:
        await conn.execute("DELETE FROM disagreements")
    await conn.execute(
        """
        INSERT INTO disagreements (subject, block_number, detail)
        SELECT subject, %(block)s, detail
        FROM unnest(%(subjects)s::text[], %(details)s::text[]) AS n (subject, detail)
        ON CONFLICT (subject) DO UPDATE SET
            block_number = excluded.block_number, detail = excluded.detail, found_at = excluded.found_at
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
        SELECT c.next_block, c.silent_block, c.head_number, c.head_seen_at, COALESCE(c.fatal, ''),
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
