"""SQL of taking back what orphaned blocks brought: flows, deployments, and the vaults and users they named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.database import Connection
from libs.events import NO_BLOCK, Kind, OrphanedBlock
from libs.identifiers import Address, UserId, VaultId
from libs.registry.repository import Pair


async def find_vaults_of_blocks(conn: Connection, blocks: Sequence[OrphanedBlock]) -> set[VaultId]:
    """Vaults with a flow or a deployment in these blocks."""
    cursor = await conn.execute(
        """
        WITH orphaned AS (SELECT * FROM unnest(%(numbers)s::bigint[], %(hashes)s::text[]) AS o (number, hash))
        SELECT vault_id FROM flows JOIN orphaned o ON block_order IN (o.number, %(no_block)s) AND block_hash = o.hash
        UNION
        SELECT vault_id FROM deployments
            JOIN orphaned o ON block_order IN (o.number, %(no_block)s) AND block_hash = o.hash
        """,
        block_columns(blocks),
    )
    return {VaultId(row[0]) for row in await cursor.fetchall()}


async def delete_orphaned_flows(conn: Connection, blocks: Sequence[OrphanedBlock]) -> list[Pair]:
    """Remove the flows of orphaned blocks; returns the pair of each removed flow."""
    cursor = await conn.execute(
        """
        DELETE FROM flows
        USING unnest(%(numbers)s::bigint[], %(hashes)s::text[]) AS o (number, hash)
        WHERE flows.block_order IN (o.number, %(no_block)s) AND flows.block_hash = o.hash
        RETURNING flows.vault_id, flows.user_id
        """,
        block_columns(blocks),
    )
    return [(VaultId(vault), UserId(user)) for vault, user in await cursor.fetchall()]


async def delete_orphaned_deployments(
    conn: Connection, blocks: Sequence[OrphanedBlock]
) -> list[tuple[VaultId, UserId, Address]]:
    """Remove the deployments of orphaned blocks; returns (vault, leader, vault address) of each removed one."""
    cursor = await conn.execute(
        """
        DELETE FROM deployments
        USING unnest(%(numbers)s::bigint[], %(hashes)s::text[]) AS o (number, hash)
        WHERE deployments.block_order IN (o.number, %(no_block)s) AND deployments.block_hash = o.hash
        RETURNING deployments.vault_id, deployments.leader_id, deployments.contract_address
        """,
        block_columns(blocks),
    )
    return [(VaultId(v), UserId(u), Address(a)) for v, u, a in await cursor.fetchall()]


def block_columns(blocks: Sequence[OrphanedBlock]) -> dict[str, Any]:
    """Arrays of orphaned blocks; an event without a number is found by its hash alone."""
    return {
        "numbers": [block.number for block in blocks],
        "hashes": [block.hash for block in blocks],
        "no_block": NO_BLOCK,
    }


async def delete_flows_of_unknown_vaults(conn: Connection, vault_ids: Sequence[VaultId]) -> list[Pair]:
    """Remove all flows of those vaults that no deployment is left of; returns the pair of each removed flow."""
    cursor = await conn.execute(
        """
        DELETE FROM flows
        WHERE vault_id = ANY(%(ids)s)
            AND NOT EXISTS (SELECT FROM deployments d WHERE d.vault_id = flows.vault_id)
        RETURNING vault_id, user_id
        """,
        {"ids": list(vault_ids)},
    )
    return [(VaultId(vault), UserId(user)) for vault, user in await cursor.fetchall()]


async def delete_unknown_vaults(conn: Connection, vault_ids: Sequence[VaultId]) -> list[Address]:
    """Remove those vaults that no deployment is left of; returns their addresses."""
    cursor = await conn.execute(
        """
        DELETE FROM vaults
        WHERE id = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM deployments d WHERE d.vault_id = vaults.id)
        RETURNING contract_address
        """,
        {"ids": list(vault_ids)},
    )
    return [Address(row[0]) for row in await cursor.fetchall()]


async def recompute_first_events(conn: Connection, user_ids: Sequence[UserId]) -> None:
    """Derive the first event of these users from what is stored."""
    await conn.execute(
        """
        UPDATE users SET first_event_at = LEAST(
            (SELECT min(event_time) FROM flows f WHERE f.user_id = users.id AND (f.amount > 0 OR f.kind = %(settled)s)),
            (SELECT min(event_time) FROM deployments d WHERE d.leader_id = users.id)
        )
        WHERE id = ANY(%(ids)s)
        """,
        {"ids": list(user_ids), "settled": int(Kind.SETTLEMENT)},
    )


async def delete_unnamed_users(conn: Connection, user_ids: Sequence[UserId]) -> None:
    """Remove those users that nothing names any more."""
    await conn.execute(
        """
        DELETE FROM users
        WHERE id = ANY(%(ids)s) AND score_observed_at IS NULL
            AND NOT EXISTS (
                SELECT FROM flows f WHERE f.user_id = users.id AND (f.amount > 0 OR f.kind = %(settled)s)
            )
            AND NOT EXISTS (SELECT FROM deployments d WHERE d.leader_id = users.id)
        """,
        {"ids": list(user_ids), "settled": int(Kind.SETTLEMENT)},
    )


async def find_vaults(conn: Connection, addresses: Sequence[Address]) -> set[VaultId]:
    """The known ones among these vaults."""
    cursor = await conn.execute(
        "SELECT id FROM vaults WHERE contract_address = ANY(%(addresses)s)", {"addresses": list(addresses)}
    )
    return {VaultId(row[0]) for row in await cursor.fetchall()}


async def forget_statuses(conn: Connection, addresses: Sequence[Address]) -> None:
    """These vaults are as if nobody had ever looked whether they are frozen."""
    await conn.execute(
        """
        UPDATE vaults SET is_frozen = false, status_observed_at = NULL, status_reason = ''
        WHERE contract_address = ANY(%(addresses)s)
        """,
        {"addresses": list(addresses)},
    )


async def forget_scores(conn: Connection, wallets: Sequence[Address]) -> set[UserId]:
    """These wallets are as if nobody had ever rated them; returns the users. One without any event is nobody then.

    joined_at is never null, so such a user keeps its first observation until it is removed.
    """
    cursor = await conn.execute(
        """
        UPDATE users SET argus_score = 0, score_observed_at = NULL,
            first_observed_at = CASE WHEN first_event_at IS NULL THEN first_observed_at END
        WHERE wallet_address = ANY(%(wallets)s)
        RETURNING id
        """,
        {"wallets": list(wallets)},
    )
    return {UserId(row[0]) for row in await cursor.fetchall()}
