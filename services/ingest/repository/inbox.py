"""SQL of the inbox and the snapshot requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from libs.database import Connection
from libs.events import Score
from services.ingest.domain import InboxEvent, SnapshotRequest, StoredEvent

INBOX_CHANNEL = "vaultline_inbox"


async def find_stored(conn: Connection, identities: Sequence[str]) -> list[StoredEvent]:
    """What the inbox holds under these identities; several rows where a transaction was re-mined."""
    cursor = await conn.execute(
        """
        SELECT identity, block_hash, digest FROM inbox WHERE identity = ANY(%(identities)s) ORDER BY sequence
        """,
        {"identities": list(identities)},
    )
    return [StoredEvent(*row) for row in await cursor.fetchall()]


async def insert_events(conn: Connection, events: Sequence[InboxEvent]) -> set[tuple[str, str]]:
    """Add events and their deliveries, and wake the dispatchers; returns (identity, block hash) of those added.

    The caller sorts them the same way every time, so that two callers can't wait for each other.
    """
    cursor = await conn.execute(
        """
        WITH added AS (
            INSERT INTO inbox (
                identity, block_hash, block_number, kind, partition, vault_address, wallet_address, digest, event
            )
            SELECT * FROM unnest(
                %(identities)s::text[], %(block_hashes)s::text[], %(block_numbers)s::bigint[], %(kinds)s::smallint[],
                %(partitions)s::smallint[], %(vaults)s::text[], %(wallets)s::text[], %(digests)s::bytea[],
                %(events)s::bytea[]
            )
            ON CONFLICT DO NOTHING
            RETURNING sequence, partition, identity, block_hash
        ), waiting AS (
            INSERT INTO deliveries (sequence, partition) SELECT sequence, partition FROM added
        )
        SELECT identity, block_hash FROM added
        """,
        {
            "identities": [row.event.identity for row in events],
            "block_hashes": [row.event.block_hash for row in events],
            "block_numbers": [row.event.block_number for row in events],
            "kinds": [int(row.event.kind) for row in events],
            "partitions": [row.partition for row in events],
            "vaults": [row.event.vault for row in events],
            "wallets": [row.event.body.wallet if isinstance(row.event.body, Score) else None for row in events],
            "digests": [row.event.digest for row in events],
            "events": [row.encoded for row in events],
        },
    )
    added = {(identity, block_hash) for identity, block_hash in await cursor.fetchall()}
    await conn.execute("SELECT pg_notify(%(channel)s, '')", {"channel": INBOX_CHANNEL})
    return added


async def save_snapshot_requests(conn: Connection, requests: Sequence[SnapshotRequest]) -> None:
    """Ask for fresh figures; requests of the same vault and interval are one."""
    unique = sorted({(request.vault_address, request.interval) for request in requests})
    await conn.execute(
        """
        INSERT INTO snapshots (vault_address, interval)
        SELECT * FROM unnest(%(vaults)s::text[], %(intervals)s::text[])
        ON CONFLICT (vault_address, interval) DO UPDATE SET requested_at = clock_timestamp()
        """,
        {"vaults": [vault for vault, _ in unique], "intervals": [interval for _, interval in unique]},
    )


async def lock_snapshots(conn: Connection) -> bool:
    """Whether this replica alone answers requests until the transaction ends; new requests don't wait for it."""
    cursor = await conn.execute("SELECT pg_try_advisory_xact_lock(hashtext('ingest.snapshots'))")
    row = await cursor.fetchone()
    return bool(row and row[0])


async def find_snapshot_request(conn: Connection) -> tuple[SnapshotRequest, datetime] | None:
    """The oldest open request and when it was made; None when there is none."""
    cursor = await conn.execute(
        """
        SELECT vault_address, interval, requested_at FROM snapshots
        WHERE completed_at IS NULL OR completed_at < requested_at
        ORDER BY requested_at
        LIMIT 1
        """
    )
    row = await cursor.fetchone()
    return (SnapshotRequest(*row[:2]), row[2]) if row else None


async def complete_snapshot_request(conn: Connection, request: SnapshotRequest, requested_at: datetime) -> None:
    """Mark a request as done; it stays open when it was made again meanwhile."""
    await conn.execute(
        """
        UPDATE snapshots SET
            completed_at = CASE WHEN requested_at = %(at)s THEN clock_timestamp() ELSE %(at)s::timestamptz END
        WHERE vault_address = %(vault)s AND interval = %(interval)s
        """,
        {"vault": request.vault_address, "interval": request.interval, "at": requested_at},
    )
