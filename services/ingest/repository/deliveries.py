"""SQL of deliveries, leases and the vaults that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.database import Connection
from services.ingest.domain import Delivery, Lease


async def list_ready(conn: Connection, partition: int, limit: int) -> list[Delivery]:
    """Events of a partition that wait for delivery, in the order of the inbox."""
    cursor = await conn.execute(
        """
        SELECT d.sequence, i.event, d.attempts
        FROM deliveries d JOIN inbox i ON i.sequence = d.sequence
        WHERE d.partition = %(partition)s AND d.deferred_for IS NULL
        ORDER BY d.sequence
        LIMIT %(limit)s
        """,
        {"partition": partition, "limit": limit},
    )
    return [Delivery(*row) for row in await cursor.fetchall()]


async def find_orphaned(conn: Connection, block_hashes: Sequence[str]) -> set[str]:
    """Those of these blocks that a reorganisation removed."""
    cursor = await conn.execute(
        "SELECT block_hash FROM orphaned_blocks WHERE block_hash = ANY(%(hashes)s)", {"hashes": list(block_hashes)}
    )
    return {row[0] for row in await cursor.fetchall()}


async def delete(conn: Connection, sequences: Sequence[int]) -> None:
    """These events need no delivery any more."""
    await conn.execute("DELETE FROM deliveries WHERE sequence = ANY(%(sequences)s)", {"sequences": list(sequences)})


async def defer(conn: Connection, waiting: Mapping[int, str]) -> None:
    """These events wait for their vault; values are addresses."""
    await conn.execute(
        """
        UPDATE deliveries SET deferred_for = n.vault_address
        FROM unnest(%(sequences)s::bigint[], %(vaults)s::text[]) AS n (sequence, vault_address)
        WHERE deliveries.sequence = n.sequence
        """,
        {"sequences": list(waiting), "vaults": list(waiting.values())},
    )


async def count_attempt(conn: Connection, sequences: Sequence[int]) -> None:
    """One more failed try for each of these."""
    await conn.execute(
        "UPDATE deliveries SET attempts = attempts + 1 WHERE sequence = ANY(%(sequences)s)",
        {"sequences": list(sequences)},
    )


async def save_known_vaults(conn: Connection, addresses: Sequence[str]) -> None:
    """These vaults are known everywhere: events that waited for them are ready again."""
    await conn.execute(
        """
        INSERT INTO known_vaults (vault_address) SELECT unnest(%(vaults)s::text[]) ON CONFLICT DO NOTHING
        """,
        {"vaults": sorted(addresses)},
    )
    await conn.execute(
        "UPDATE deliveries SET deferred_for = NULL WHERE deferred_for = ANY(%(vaults)s)", {"vaults": list(addresses)}
    )


async def release_deferred(conn: Connection) -> int:
    """Make events ready again whose vault is known by now; returns how many. The sweeper's statement."""
    cursor = await conn.execute(
        """
        UPDATE deliveries SET deferred_for = NULL
        FROM known_vaults k
        WHERE deliveries.deferred_for = k.vault_address
        """
    )
    return cursor.rowcount


async def restore(conn: Connection, sequence: int) -> None:
    """Deliver an inbox row again."""
    await conn.execute(
        """
        INSERT INTO deliveries (sequence, partition)
        SELECT sequence, partition FROM inbox WHERE sequence = %(sequence)s
        ON CONFLICT (sequence) DO UPDATE SET attempts = 0, deferred_for = NULL
        """,
        {"sequence": sequence},
    )


async def save_replica(conn: Connection, owner: UUID, seconds: float) -> int:
    """Say that this replica is alive; returns how many said so within these seconds."""
    await conn.execute(
        """
        INSERT INTO replicas (owner, seen_at) VALUES (%(owner)s, clock_timestamp())
        ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at
        """,
        {"owner": owner},
    )
    await conn.execute(
        "DELETE FROM replicas WHERE seen_at < clock_timestamp() - make_interval(secs => %(seconds)s)",
        {"seconds": seconds},
    )
    cursor = await conn.execute("SELECT count(*) FROM replicas")
    row = await cursor.fetchone()
    return int(row[0]) if row else 1


async def renew_leases(conn: Connection, owner: UUID, seconds: float) -> list[Lease]:
    """Extend the leases that this replica still holds, and return them."""
    cursor = await conn.execute(
        """
        UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE owner = %(owner)s AND expires_at > clock_timestamp()
        RETURNING partition, generation
        """,
        {"owner": owner, "seconds": seconds},
    )
    return sorted((Lease(*row) for row in await cursor.fetchall()), key=lambda lease: lease.partition)


async def acquire_leases(conn: Connection, owner: UUID, seconds: float, count: int) -> list[Lease]:
    """Take over up to `count` partitions that nobody holds, each with a new generation."""
    cursor = await conn.execute(
        """
        UPDATE leases SET owner = %(owner)s, generation = generation + 1, error = '',
            expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE partition IN (
            SELECT partition FROM leases WHERE expires_at <= clock_timestamp()
            ORDER BY partition
            LIMIT %(count)s
            FOR UPDATE SKIP LOCKED
        )
        RETURNING partition, generation
        """,
        {"owner": owner, "seconds": seconds, "count": count},
    )
    return [Lease(*row) for row in await cursor.fetchall()]


async def release_lease(conn: Connection, owner: UUID, lease: Lease) -> None:
    """Give a partition back."""
    await conn.execute(
        """
        UPDATE leases SET owner = NULL, expires_at = '-infinity', error = ''
        WHERE partition = %(partition)s AND owner = %(owner)s AND generation = %(generation)s
        """,
        {"owner": owner, "partition": lease.partition, "generation": lease.generation},
    )


async def release_all_leases(conn: Connection, owner: UUID) -> None:
    """Give back whatever this replica holds."""
    await conn.execute(
        "UPDATE leases SET owner = NULL, expires_at = '-infinity', error = '' WHERE owner = %(owner)s",
        {"owner": owner},
    )


async def delete_replica(conn: Connection, owner: UUID) -> None:
    """This replica stops."""
    await conn.execute("DELETE FROM replicas WHERE owner = %(owner)s", {"owner": owner})


async def holds_lease(conn: Connection, owner: UUID, lease: Lease) -> bool:
    """Whether the lease is still this replica's, and stays so until the transaction ends."""
    cursor = await conn.execute(
        """
        SELECT FROM leases
        WHERE partition = %(partition)s AND owner = %(owner)s AND generation = %(generation)s
        FOR SHARE
        """,
        {"owner": owner, "partition": lease.partition, "generation": lease.generation},
    )
    return await cursor.fetchone() is not None


async def save_error(conn: Connection, lease: Lease, error: str) -> None:
    """Why the partition's last delivery failed; empty when it did not."""
    await conn.execute(
        """
        UPDATE leases SET error = %(error)s
        WHERE partition = %(partition)s AND generation = %(generation)s AND error <> %(error)s
        """,
        {"error": error, "partition": lease.partition, "generation": lease.generation},
    )
