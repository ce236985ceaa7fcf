"""Every SQL statement of the vaults service. Each function is one statement in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Json

from libs.database import Connection
from libs.events import (
    NO_BLOCK,
    Deployment,
    Event,
    Flow,
    Kind,
    OrderKey,
    OrphanedBlock,
    Settlement,
    Status,
    to_datetime,
)
from libs.identifiers import Address, SubscriptionId, UserId, VaultId
from services.vaults.domain import FlowRow, Performance, Subscription, SubscriptionState, User, Vault, VaultStatus

Pair = tuple[VaultId, UserId]


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
            **_event_columns([event for _, _, event, _ in rows]),
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
            vault_id, user_id, identity, kind, amount, event_time, block_order, log_order, source,
            transaction_hash, block_hash, digest
        )
        SELECT * FROM unnest(
            %(vault_ids)s::uuid[], %(user_ids)s::uuid[], %(identities)s::text[], %(kinds)s::smallint[],
            %(amounts)s::numeric[], %(times)s::timestamptz[], %(blocks)s::bigint[], %(logs)s::integer[],
            %(sources)s::text[], %(transactions)s::text[], %(block_hashes)s::text[], %(digests)s::bytea[]
        )
        ON CONFLICT DO NOTHING
        RETURNING vault_id, identity
        """,
        {
            "vault_ids": [vault for vault, _, _, _ in rows],
            "user_ids": [user for _, user, _, _ in rows],
            "kinds": [int(event.kind) for _, _, event, _ in rows],
            "amounts": [str(_amount(body)) for _, _, _, body in rows],
            "transactions": [event.transaction_hash for _, _, event, _ in rows],
            **_event_columns([event for _, _, event, _ in rows]),
        },
    )
    return {(VaultId(row[0]), row[1]) for row in await cursor.fetchall()}


def _amount(body: Flow | Settlement) -> int:
    return body.amount if isinstance(body, Flow) else body.follower_remaining


def _event_columns(events: Sequence[Event]) -> dict[str, Any]:
    keys = [event.order_key for event in events]
    return {
        "identities": [event.identity for event in events],
        "times": [to_datetime(key.time) for key in keys],
        "blocks": [key.block for key in keys],
        "logs": [key.log for key in keys],
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


async def save_first_events(conn: Connection, first: Mapping[UserId, tuple[Address, int]]) -> None:
    """Create users and move their first event back in time where these are earlier; values are (wallet, seconds)."""
    users = sorted(first)
    await conn.execute(
        """
        INSERT INTO users (id, wallet_address, first_event_at)
        SELECT n.id, n.wallet_address, n.first_event_at
        FROM unnest(%(ids)s::uuid[], %(wallets)s::text[], %(times)s::timestamptz[])
            AS n (id, wallet_address, first_event_at)
        WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = n.id AND u.first_event_at <= n.first_event_at)
        ORDER BY n.id
        ON CONFLICT (id) DO UPDATE SET first_event_at = LEAST(users.first_event_at, excluded.first_event_at)
        """,
        {
            "ids": users,
            "wallets": [first[user][0] for user in users],
            "times": [to_datetime(first[user][1]) for user in users],
        },
    )


async def save_scores(conn: Connection, scores: Mapping[UserId, tuple[Address, int, int, int]]) -> None:
    """Create users and take over newer scores; values are (wallet, score, observed at, first observed at)."""
    users = sorted(scores)
    await conn.execute(
        """
        INSERT INTO users (id, wallet_address, argus_score, score_observed_at, first_observed_at)
        SELECT * FROM unnest(
            %(ids)s::uuid[], %(wallets)s::text[], %(scores)s::integer[], %(times)s::timestamptz[],
            %(first_times)s::timestamptz[]
        ) AS n (id, wallet_address, argus_score, score_observed_at, first_observed_at)
        ORDER BY id
        ON CONFLICT (id) DO UPDATE SET
            first_observed_at = LEAST(users.first_observed_at, excluded.first_observed_at),
            argus_score = CASE
                WHEN users.score_observed_at > excluded.score_observed_at THEN users.argus_score
                WHEN users.score_observed_at = excluded.score_observed_at
                    THEN GREATEST(users.argus_score, excluded.argus_score)
                ELSE excluded.argus_score
            END,
            score_observed_at = GREATEST(users.score_observed_at, excluded.score_observed_at)
        """,
        {
            "ids": users,
            "wallets": [scores[user][0] for user in users],
            "scores": [scores[user][1] for user in users],
            "times": [to_datetime(scores[user][2]) for user in users],
            "first_times": [to_datetime(scores[user][3]) for user in users],
        },
    )


async def save_vaults_from_deployments(conn: Connection, vault_ids: Sequence[VaultId]) -> None:
    """Create or correct vaults from their first deployment in the ledger's order."""
    await conn.execute(
        """
        INSERT INTO vaults (id, contract_address, leader_id, name, base_asset, decimals, created_at)
        SELECT DISTINCT ON (vault_id)
            vault_id, contract_address, leader_id, name, base_asset, decimals, event_time
        FROM deployments
        WHERE vault_id = ANY(%(ids)s)
        ORDER BY vault_id, event_time, block_order, log_order, source
        ON CONFLICT (id) DO UPDATE SET
            leader_id = excluded.leader_id, name = excluded.name, base_asset = excluded.base_asset,
            decimals = excluded.decimals, created_at = excluded.created_at
        """,
        {"ids": sorted(vault_ids)},
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


async def find_subscription_states(conn: Connection, pairs: Sequence[Pair]) -> dict[Pair, SubscriptionState]:
    """Stored state of each of these pairs that has one."""
    cursor = await conn.execute(
        """
        SELECT vault_id, user_id, deposited_amount::text, extract(epoch FROM subscribed_at)::bigint, last_key
        FROM subscriptions JOIN unnest(%(vault_ids)s::uuid[], %(user_ids)s::uuid[]) AS w (vault_id, user_id)
            USING (vault_id, user_id)
        """,
        {"vault_ids": [vault for vault, _ in pairs], "user_ids": [user for _, user in pairs]},
    )
    return {
        (VaultId(vault), UserId(user)): SubscriptionState(int(deposited), subscribed_at, OrderKey(*last_key))
        for vault, user, deposited, subscribed_at, last_key in await cursor.fetchall()
    }


async def list_flows(conn: Connection, pairs: Sequence[Pair]) -> dict[Pair, list[FlowRow]]:
    """All flows of these pairs in the ledger's order."""
    cursor = await conn.execute(
        """
        SELECT vault_id, user_id, extract(epoch FROM event_time)::bigint, block_order, log_order, source, kind,
            amount::text
        FROM flows JOIN unnest(%(vault_ids)s::uuid[], %(user_ids)s::uuid[]) AS w (vault_id, user_id)
            USING (vault_id, user_id)
        ORDER BY vault_id, user_id, event_time, block_order, log_order, source, kind
        """,
        {"vault_ids": [vault for vault, _ in pairs], "user_ids": [user for _, user in pairs]},
    )
    flows: dict[Pair, list[FlowRow]] = {pair: [] for pair in pairs}
    for vault, user, time, block, log, source, kind, amount in await cursor.fetchall():
        # Flows of one pair have one follower: an empty name orders them alike.
        flows[VaultId(vault), UserId(user)].append(FlowRow(OrderKey(time, block, log, source, kind, ""), int(amount)))
    return flows


async def save_subscription_states(
    conn: Connection, states: Mapping[Pair, tuple[SubscriptionId, SubscriptionState]]
) -> None:
    """Write the state of each pair."""
    pairs = sorted(states)
    rows = [states[pair] for pair in pairs]
    await conn.execute(
        """
        INSERT INTO subscriptions (id, vault_id, user_id, deposited_amount, subscribed_at, last_key)
        SELECT * FROM unnest(
            %(ids)s::uuid[], %(vault_ids)s::uuid[], %(user_ids)s::uuid[], %(deposits)s::numeric[],
            %(times)s::timestamptz[], %(last_keys)s::jsonb[]
        )
        ON CONFLICT (id) DO UPDATE SET
            deposited_amount = excluded.deposited_amount, subscribed_at = excluded.subscribed_at,
            last_key = excluded.last_key
        """,
        {
            "ids": [identifier for identifier, _ in rows],
            "vault_ids": [vault for vault, _ in pairs],
            "user_ids": [user for _, user in pairs],
            "deposits": [str(state.deposited_amount) for _, state in rows],
            "times": [None if state.subscribed_at is None else to_datetime(state.subscribed_at) for _, state in rows],
            "last_keys": [Json(list(state.last_key)) for _, state in rows],
        },
    )


async def delete_subscriptions(conn: Connection, pairs: Sequence[Pair]) -> None:
    """Remove pairs that no flow is left of."""
    await conn.execute(
        """
        DELETE FROM subscriptions
        USING unnest(%(vault_ids)s::uuid[], %(user_ids)s::uuid[]) AS w (vault_id, user_id)
        WHERE subscriptions.vault_id = w.vault_id AND subscriptions.user_id = w.user_id
        """,
        {"vault_ids": [vault for vault, _ in pairs], "user_ids": [user for _, user in pairs]},
    )


async def save_performances(conn: Connection, performances: Sequence[Performance]) -> int:
    """Take over figures that are newer than those stored; returns how many vaults changed."""
    cursor = await conn.execute(
        """
        UPDATE vaults SET
            ledger_version = n.ledger_version, tvl = n.tvl, roi_pct = n.roi_pct,
            max_drawdown_pct = n.max_drawdown_pct, is_liquidated = n.is_liquidated,
            follower_count = n.follower_count, trade_count = n.trade_count, as_of = n.as_of,
            block_number = n.block_number
        FROM unnest(
            %(ids)s::uuid[], %(versions)s::bigint[], %(tvls)s::numeric[], %(rois)s::numeric[],
            %(drawdowns)s::numeric[], %(liquidated)s::boolean[], %(followers)s::bigint[], %(trades)s::bigint[],
            %(times)s::timestamptz[], %(blocks)s::bigint[]
        ) AS n (id, ledger_version, tvl, roi_pct, max_drawdown_pct, is_liquidated, follower_count, trade_count,
            as_of, block_number)
        WHERE vaults.id = n.id AND n.ledger_version > vaults.ledger_version
        """,
        {
            "ids": [p.vault_id for p in performances],
            "versions": [p.ledger_version for p in performances],
            "tvls": [str(p.tvl) for p in performances],
            "rois": [p.roi_pct for p in performances],
            "drawdowns": [p.max_drawdown_pct for p in performances],
            "liquidated": [p.is_liquidated for p in performances],
            "followers": [p.follower_count for p in performances],
            "trades": [p.trade_count for p in performances],
            "times": [None if p.as_of is None else to_datetime(p.as_of) for p in performances],
            "blocks": [p.block_number for p in performances],
        },
    )
    return cursor.rowcount


async def delete_orphaned_flows(conn: Connection, blocks: Sequence[OrphanedBlock]) -> list[Pair]:
    """Remove the flows of orphaned blocks; returns the pair of each removed flow."""
    cursor = await conn.execute(
        """
        DELETE FROM flows
        USING unnest(%(numbers)s::bigint[], %(hashes)s::text[]) AS o (number, hash)
        WHERE flows.block_order IN (o.number, %(no_block)s) AND flows.block_hash = o.hash
        RETURNING flows.vault_id, flows.user_id
        """,
        _blocks(blocks),
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
        _blocks(blocks),
    )
    return [(VaultId(v), UserId(u), Address(a)) for v, u, a in await cursor.fetchall()]


def _blocks(blocks: Sequence[OrphanedBlock]) -> dict[str, Any]:
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
        WHERE id = ANY(%(ids)s) AND first_observed_at IS NULL
            AND NOT EXISTS (
                SELECT FROM flows f WHERE f.user_id = users.id AND (f.amount > 0 OR f.kind = %(settled)s)
            )
            AND NOT EXISTS (SELECT FROM deployments d WHERE d.leader_id = users.id)
        """,
        {"ids": list(user_ids), "settled": int(Kind.SETTLEMENT)},
    )


_VAULT_COLUMNS = """
    v.id::text, v.contract_address, u.id::text, u.wallet_address, u.argus_score,
    extract(epoch FROM u.joined_at)::bigint, v.name, v.base_asset, v.decimals, v.tvl::text, v.roi_pct::text,
    v.max_drawdown_pct::text,
    -- riskScore of metrics.md, half up, from score and drawdown of one snapshot.
    floor(50 * (1 - u.argus_score / 1000.0) + 30 * LEAST(1, v.max_drawdown_pct / 50) + 0.5)::integer,
    v.monthly_fee::text, v.status, extract(epoch FROM v.created_at)::bigint, v.follower_count, v.trade_count,
    extract(epoch FROM GREATEST(v.created_at, v.as_of, v.status_observed_at, u.score_observed_at))::bigint,
    v.block_number
"""

_LIST_VAULTS = f"""
    SELECT {_VAULT_COLUMNS}
    FROM vaults v JOIN users u ON u.id = v.leader_id
    WHERE %(created_at)s::timestamptz IS NULL
        OR v.created_at < %(created_at)s
        OR (v.created_at = %(created_at)s AND v.id > %(id)s::uuid)
    ORDER BY v.created_at DESC, v.id
    LIMIT %(limit)s OFFSET %(skip)s
"""  # noqa: S608  # the columns are a constant

_GET_VAULT = f"""
    SELECT {_VAULT_COLUMNS}
    FROM vaults v JOIN users u ON u.id = v.leader_id
    WHERE v.id = %(id)s
"""  # noqa: S608  # the columns are a constant


async def list_vaults(conn: Connection, *, after: tuple[int, UUID] | None, limit: int, skip: int) -> list[Vault]:
    """Vaults, newest first, after a (created_at seconds, id) or from the start."""
    cursor = await conn.execute(
        _LIST_VAULTS,
        {
            "created_at": None if after is None else to_datetime(after[0]),
            "id": None if after is None else after[1],
            "limit": limit,
            "skip": skip,
        },
    )
    return [_vault(row) for row in await cursor.fetchall()]


async def count_vaults(conn: Connection) -> int:
    """Number of vaults."""
    cursor = await conn.execute("SELECT count(*) FROM vaults")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def find_vault(conn: Connection, vault: VaultId) -> Vault | None:
    """One vault."""
    cursor = await conn.execute(_GET_VAULT, {"id": vault})
    row = await cursor.fetchone()
    return _vault(row) if row else None


def _vault(row: tuple[Any, ...]) -> Vault:
    values = list(row)
    values[14] = VaultStatus(values[14])
    return Vault(*values)


async def find_user(conn: Connection, user: UserId) -> User | None:
    """One user."""
    cursor = await conn.execute(
        "SELECT id, wallet_address, argus_score, joined_at FROM users WHERE id = %(id)s", {"id": user}
    )
    row = await cursor.fetchone()
    return User(*row) if row else None


async def list_led_vaults(conn: Connection, user: UserId) -> list[VaultId]:
    """Vaults that the user leads, newest first."""
    cursor = await conn.execute(
        "SELECT id FROM vaults WHERE leader_id = %(id)s ORDER BY created_at DESC, id", {"id": user}
    )
    return [VaultId(row[0]) for row in await cursor.fetchall()]


async def list_subscriptions(conn: Connection, user: UserId) -> list[Subscription]:
    """Running subscriptions of the user, newest first."""
    cursor = await conn.execute(
        """
        SELECT id, vault_id, user_id, deposited_amount::text, subscribed_at FROM subscriptions
        WHERE user_id = %(id)s AND deposited_amount > 0
        ORDER BY subscribed_at DESC, id
        """,
        {"id": user},
    )
    return [Subscription(i, v, u, int(amount), at) for i, v, u, amount, at in await cursor.fetchall()]
