"""SQL of reorganisations: blocks that left the chain, and what has to be delivered again because of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.types.json import Json

from libs.database import Connection
from libs.events import Kind, OrphanedBlock


@dataclass(frozen=True, slots=True)
class OpenRewind:
    """Blocks to take back."""

    id: int
    blocks: list[OrphanedBlock]


@dataclass(frozen=True, slots=True)
class Subjects:
    """Addresses with an event in some blocks: vaults deployed, vaults whose status was seen, wallets with a score."""

    deployed: list[str]
    status_vaults: list[str]
    score_wallets: list[str]


async def save(conn: Connection, blocks: Sequence[OrphanedBlock]) -> None:
    """Blocks left the chain: refuse their events from now on, and note that the services must follow.

    Their jobs go on to the inbox: only from there they come back if the blocks do.
    """
    await conn.execute(
        """
        INSERT INTO orphaned_blocks (block_hash, block_number)
        SELECT * FROM unnest(%(hashes)s::text[], %(numbers)s::bigint[])
        ON CONFLICT DO NOTHING
        """,
        _columns(blocks),
    )
    await conn.execute(
        "INSERT INTO rewinds (blocks) VALUES (%(blocks)s)",
        {"blocks": Json([[block.number, block.hash] for block in blocks])},
    )


async def find_open(conn: Connection) -> OpenRewind | None:
    """The oldest rewind that not every service has done."""
    cursor = await conn.execute("SELECT id, blocks FROM rewinds WHERE completed_at IS NULL ORDER BY id LIMIT 1")
    row = await cursor.fetchone()
    return OpenRewind(row[0], [OrphanedBlock(number, hash_) for number, hash_ in row[1]]) if row else None


async def find_subjects(conn: Connection, blocks: Sequence[OrphanedBlock]) -> Subjects:
    """What the events of these blocks are about, as far as a rewind can't undo it from rows of the services alone."""
    cursor = await conn.execute(
        """
        SELECT DISTINCT kind, COALESCE(vault_address, wallet_address) FROM inbox
        WHERE block_number BETWEEN %(lowest)s AND %(highest)s AND block_hash = ANY(%(hashes)s)
            AND kind = ANY(%(kinds)s)
        ORDER BY 1, 2
        """,
        {
            **_columns(blocks),
            "lowest": min(block.number for block in blocks),
            "highest": max(block.number for block in blocks),
            "kinds": [int(Kind.DEPLOYMENT), int(Kind.STATUS), int(Kind.SCORE)],
        },
    )
    rows = await cursor.fetchall()

    def of(kind: Kind) -> list[str]:
        return [address for row_kind, address in rows if row_kind == kind]

    return Subjects(of(Kind.DEPLOYMENT), of(Kind.STATUS), of(Kind.SCORE))


async def complete(conn: Connection, rewind: OpenRewind, subjects: Subjects) -> None:
    """Every service has done it: what is still valid of the subjects is delivered again."""
    await _void_work_in_hand(conn)
    await conn.execute(
        """
        DELETE FROM deliveries USING inbox i
        WHERE i.sequence = deliveries.sequence AND i.block_hash = ANY(%(hashes)s)
            AND i.block_number = ANY(%(numbers)s)
        """,
        _columns(rewind.blocks),
    )
    await conn.execute("DELETE FROM known_vaults WHERE vault_address = ANY(%(vaults)s)", {"vaults": subjects.deployed})
    await conn.execute(
        """
        INSERT INTO deliveries (sequence, partition)
        SELECT sequence, partition FROM inbox i
        WHERE (
                vault_address = ANY(%(deployed)s)
                OR (vault_address = ANY(%(status_vaults)s) AND kind = %(status)s)
                OR (wallet_address = ANY(%(score_wallets)s) AND kind = %(score)s)
            )
            AND NOT EXISTS (SELECT FROM orphaned_blocks o WHERE o.block_hash = i.block_hash)
        ON CONFLICT (sequence) DO NOTHING
        """,
        {
            "deployed": subjects.deployed,
            "status_vaults": subjects.status_vaults,
            "score_wallets": subjects.score_wallets,
            "status": int(Kind.STATUS),
            "score": int(Kind.SCORE),
        },
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
    await _void_work_in_hand(conn)
    await conn.execute("DELETE FROM orphaned_blocks WHERE block_hash = ANY(%(hashes)s)", _columns(blocks))
    await conn.execute(
        """
        INSERT INTO deliveries (sequence, partition)
        SELECT sequence, partition FROM inbox
        WHERE block_number = ANY(%(numbers)s) AND block_hash = ANY(%(hashes)s)
        ON CONFLICT (sequence) DO NOTHING
        """,
        _columns(blocks),
    )


async def _void_work_in_hand(conn: Connection) -> None:
    """What a dispatcher got as an answer before counts no longer: it must not tick off what is to be delivered again.

    Its next write finds its lease gone; the same replica takes the new one within a third of a lease.
    """
    await conn.execute("UPDATE leases SET generation = generation + 1")


def _columns(blocks: Sequence[OrphanedBlock]) -> dict[str, list[str] | list[int]]:
    return {"hashes": [block.hash for block in blocks], "numbers": [block.number for block in blocks]}
