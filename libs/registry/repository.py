"""SQL of the registry: the tables users, deployments, vaults and flows, alike in each service's own schema."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.database import Connection
from libs.events import (
    NO_BLOCK,
    Deployment,
    Event,
    Flow,
    OrphanedBlock,
    Settlement,
    Status,
    to_datetime,
)
from libs.identifiers import Address, UserId, VaultId

Pair = tuple[VaultId, UserId]


@dataclass(slots=True)
class UserChange:
    """What some events say of a user; times in seconds, the score as (observed at, score)."""

    wallet: Address
    first_event_at: int | None = None
    first_observed_at: int | None = None
    score: tuple[int, int] | None = None


# Events are applied under a shared lock and blocks taken back under an exclusive one, so that no event of an orphaned
# block slips in between. Schemas have their own tables, so both services may use one number.
_BLOCKS_LOCK = 0x76_6C_62_6C


async def find_orphaned(conn: Connection, block_hashes: Sequence[str]) -> set[str]:
    """Those of these blocks that were taken back; they stay so until the transaction ends."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock_shared(%(lock)s, hashtext(current_schema()))", {"lock": _BLOCKS_LOCK}
    )
    cursor = await conn.execute(
        "SELECT block_hash FROM orphaned_blocks WHERE block_hash = ANY(%(hashes)s)", {"hashes": list(block_hashes)}
    )
    return {row[0] for row in await cursor.fetchall()}


async def save_orphaned(conn: Connection, blocks: Sequence[OrphanedBlock], reinstated: Sequence[OrphanedBlock]) -> None:
    """Refuse events of these blocks from now on, and no longer those of reinstated ones; waits for calls under way."""
    await conn.execute("SELECT pg_advisory_xact_lock(%(lock)s, hashtext(current_schema()))", {"lock": _BLOCKS_LOCK})
    await conn.execute(
        "INSERT INTO orphaned_blocks (block_hash) SELECT unnest(%(hashes)s::text[]) ON CONFLICT DO NOTHING",
        {"hashes": [block.hash for block in blocks]},
    )
    await conn.execute(
        "DELETE FROM orphaned_blocks WHERE block_hash = ANY(%(hashes)s)",
        {"hashes": [block.hash for block in reinstated]},
    )


async def lock_deployments(conn: Connection, vault_ids: Collection[VaultId]) -> None:
    """Let nobody else deploy these vaults until the transaction ends: a vault that is not there has no row to lock."""
    await conn.execute(
        """
        SELECT pg_advisory_xact_lock(hashtextextended(id::text, hashtext(current_schema())))
        FROM unnest(%(ids)s::uuid[]) AS id
        """,
        {"ids": sorted(vault_ids)},
    )


async def lock_vaults(conn: Connection, vault_ids: Sequence[VaultId]) -> set[VaultId]:
    """Lock the known ones among these vaults, always in the same order, and return them."""
    cursor = await conn.execute(
        """
        SELECT id FROM vaults WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE
        """,
        {"ids": sorted(vault_ids)},
    )
    return {VaultId(row[0]) for row in await cursor.fetchall()}


async def insert_deployments(
    conn: Connection, rows: Sequence[tuple[VaultId, UserId, Event, Deployment]]
) -> set[tuple[VaultId, str]]:
    """Insert new deployments; returns the (vault id, identity) of those that were new."""
    cursor = await conn.execute(
        """
        INSERT INTO deployments (
            vault_id, identity, contract_address, leader_id, leader_address, name, base_asset, decimals,
            event_time, block_order, log_order, source, block_hash, digest
        )
        SELECT * FROM unnest(
            %(vault_ids)s::uuid[], %(identities)s::text[], %(addresses)s::text[], %(leader_ids)s::uuid[],
            %(leaders)s::text[], %(names)s::text[], %(base_assets)s::text[], %(decimals)s::smallint[],
            %(times)s::timestamptz[], %(blocks)s::bigint[], %(logs)s::integer[], %(sources)s::text[],
            %(block_hashes)s::text[], %(digests)s::bytea[]
        )
        ON CONFLICT DO NOTHING
        RETURNING vault_id, identity
        """,
        {
            "vault_ids": [vault for vault, _, _, _ in rows],
            "addresses": [body.vault for _, _, _, body in rows],
            "leader_ids": [leader for _, leader, _, _ in rows],
            "leaders": [body.leader for _, _, _, body in rows],
            "names": [body.name for _, _, _, body in rows],
            "base_assets": [body.base_asset for _, _, _, body in rows],
            "decimals": [body.decimals for _, _, _, body in rows],
            **event_columns([event for _, _, event, _ in rows]),
        },
    )
    return {(VaultId(row[0]), row[1]) for row in await cursor.fetchall()}


async def insert_flows(
    conn: Connection, rows: Sequence[tuple[VaultId, UserId, Event, Flow | Settlement]]
) -> set[tuple[VaultId, str]]:
    """Insert new flows; returns the (vault id, identity) of those that were new."""
    cursor = await conn.execute(
        """
        INSERT INTO flows (
            vault_id, user_id, wallet_address, identity, kind, amount, profit, leader_cut, protocol_cut,
            event_time, time_assumed, block_order, log_order, source, transaction_hash, block_hash, digest
        )
        SELECT * FROM unnest(
            %(vault_ids)s::uuid[], %(user_ids)s::uuid[], %(wallets)s::text[], %(identities)s::text[],
            %(kinds)s::smallint[], %(amounts)s::numeric[], %(profits)s::numeric[], %(leader_cuts)s::numeric[],
            %(protocol_cuts)s::numeric[], %(times)s::timestamptz[], %(assumed)s::boolean[], %(blocks)s::bigint[],
            %(logs)s::integer[], %(sources)s::text[], %(transactions)s::text[], %(block_hashes)s::text[],
            %(digests)s::bytea[]
        )
        ON CONFLICT DO NOTHING
        RETURNING vault_id, identity
        """,
        {
            "vault_ids": [vault for vault, _, _, _ in rows],
            "user_ids": [user for _, user, _, _ in rows],
            "wallets": [body.follower for _, _, _, body in rows],
            "kinds": [int(event.kind) for _, _, event, _ in rows],
            "amounts": [str(flow_amount(body)) for _, _, _, body in rows],
            "profits": [str(body.profit) if isinstance(body, Settlement) else None for _, _, _, body in rows],
            "leader_cuts": [str(body.leader_cut) if isinstance(body, Settlement) else None for _, _, _, body in rows],
            "protocol_cuts": [
                str(body.protocol_cut) if isinstance(body, Settlement) else None for _, _, _, body in rows
            ],
            "assumed": [event.time_assumed for _, _, event, _ in rows],
            "transactions": [event.transaction_hash for _, _, event, _ in rows],
            **event_columns([event for _, _, event, _ in rows]),
        },
    )
    return {(VaultId(row[0]), row[1]) for row in await cursor.fetchall()}


def flow_amount(body: Flow | Settlement) -> int:
    """What moves between follower and vault; of a settlement the follower's remainder."""
    return body.amount if isinstance(body, Flow) else body.follower_remaining


def event_columns(events: Sequence[Event]) -> dict[str, Any]:
    """Arrays of the columns that every table of events has."""
    keys = [event.order_key for event in events]
    return {
        "identities": [event.identity for event in events],
        "times": [to_datetime(key.time) for key in keys],
        "blocks": [key.block_number for key in keys],
        "logs": [key.log_index for key in keys],
        "sources": [key.source for key in keys],
        "block_hashes": [event.block_hash for event in events],
        "digests": [event.digest for event in events],
    }


async def find_digests(
    conn: Connection, vault_ids: Sequence[VaultId], identities: Sequence[str]
) -> Mapping[tuple[VaultId, str], bytes]:
    """Digest of each stored deployment or flow among these (vault id, identity) pairs."""
    cursor = await conn.execute(
        """
        WITH wanted AS (SELECT * FROM unnest(%(vault_ids)s::uuid[], %(identities)s::text[]) AS w (vault_id, identity))
        SELECT vault_id, identity, digest FROM flows JOIN wanted USING (vault_id, identity)
        UNION ALL
        SELECT vault_id, identity, digest FROM deployments JOIN wanted USING (vault_id, identity)
        """,
        {"vault_ids": list(vault_ids), "identities": list(identities)},
    )
    return {(VaultId(vault), identity): digest for vault, identity, digest in await cursor.fetchall()}


async def save_users(conn: Connection, changes: Mapping[UserId, UserChange]) -> None:
    """Create users, move their first event and observation back in time, and take over newer scores."""
    rows = sorted(changes.items())
    scores = [change.score or (None, None) for _, change in rows]
    await conn.execute(
        """
        INSERT INTO users (id, wallet_address, first_event_at, first_observed_at, score_observed_at, argus_score)
        SELECT n.id, n.wallet_address, n.first_event_at, n.first_observed_at, n.score_observed_at,
            COALESCE(n.argus_score, 0)
        FROM unnest(
            %(ids)s::uuid[], %(wallets)s::text[], %(events)s::timestamptz[], %(observed)s::timestamptz[],
            %(score_times)s::timestamptz[], %(scores)s::integer[]
        ) AS n (id, wallet_address, first_event_at, first_observed_at, score_observed_at, argus_score)
        -- Most flows are of known users and change nothing.
        WHERE n.argus_score IS NOT NULL
            OR NOT EXISTS (SELECT FROM users u WHERE u.id = n.id AND u.first_event_at <= n.first_event_at)
        ORDER BY n.id
        ON CONFLICT (id) DO UPDATE SET
            first_event_at = LEAST(users.first_event_at, excluded.first_event_at),
            first_observed_at = LEAST(users.first_observed_at, excluded.first_observed_at),
            argus_score = CASE
                WHEN excluded.score_observed_at IS NULL OR users.score_observed_at > excluded.score_observed_at
                    THEN users.argus_score
                WHEN users.score_observed_at = excluded.score_observed_at
                    THEN GREATEST(users.argus_score, excluded.argus_score)
                ELSE excluded.argus_score
            END,
            score_observed_at = GREATEST(users.score_observed_at, excluded.score_observed_at)
        """,
        {
            "ids": [user for user, _ in rows],
            "wallets": [change.wallet for _, change in rows],
            "events": [_time(change.first_event_at) for _, change in rows],
            "observed": [_time(change.first_observed_at) for _, change in rows],
            "score_times": [_time(observed_at) for observed_at, _ in scores],
            "scores": [score for _, score in scores],
        },
    )


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else to_datetime(seconds)


async def save_vaults_from_deployments(conn: Connection, vault_ids: Sequence[VaultId]) -> None:
    """Create or correct vaults from their first deployment in the ledger's order."""
    await conn.execute(
        """
        INSERT INTO vaults (id, contract_address, leader_id, name, base_asset, decimals, created_at, deployed_block)
        SELECT DISTINCT ON (vault_id)
            vault_id, contract_address, leader_id, name, base_asset, decimals, event_time,
            NULLIF(block_order, %(no_block)s)
        FROM deployments
        WHERE vault_id = ANY(%(ids)s)
        ORDER BY vault_id, event_time, block_order, log_order, source
        ON CONFLICT (id) DO UPDATE SET
            leader_id = excluded.leader_id, name = excluded.name, base_asset = excluded.base_asset,
            decimals = excluded.decimals, created_at = excluded.created_at,
            deployed_block = excluded.deployed_block
        """,
        {"ids": sorted(vault_ids), "no_block": NO_BLOCK},
    )


async def save_statuses(conn: Connection, statuses: Mapping[VaultId, Status]) -> None:
    """Take over statuses that are newer than those stored; at the same second PAUSED wins."""
    vaults = sorted(statuses)
    await conn.execute(
        """
        UPDATE vaults SET is_frozen = n.is_frozen, status_observed_at = n.observed_at, status_reason = n.reason
        FROM unnest(%(ids)s::uuid[], %(frozen)s::boolean[], %(times)s::timestamptz[], %(reasons)s::text[])
            AS n (id, is_frozen, observed_at, reason)
        WHERE vaults.id = n.id AND (
            vaults.status_observed_at IS NULL
            OR (n.observed_at, n.is_frozen) > (vaults.status_observed_at, vaults.is_frozen)
        )
        """,
        {
            "ids": vaults,
            "frozen": [statuses[vault].is_frozen for vault in vaults],
            "times": [to_datetime(statuses[vault].observed_at) for vault in vaults],
            "reasons": [statuses[vault].reason for vault in vaults],
        },
    )
