"""Every SQL statement of the vaults service. Each function is one statement in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Json

from libs.database import Connection
from libs.events import Kind, OrderKey, to_datetime
from libs.identifiers import SubscriptionId, UserId, VaultId
from libs.registry.repository import Pair
from services.vaults.domain import FlowRow, Performance, Subscription, SubscriptionState, User, Vault, VaultStatus


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
        WHERE amount > 0 OR kind = %(settled)s
        ORDER BY vault_id, user_id, event_time, block_order, log_order, source, kind
        """,
        {
            "vault_ids": [vault for vault, _ in pairs],
            "user_ids": [user for _, user in pairs],
            "settled": int(Kind.SETTLEMENT),
        },
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


_VAULT_COLUMNS = """
    v.id::text, v.contract_address, u.id::text, u.wallet_address, u.argus_score,
    date_part('epoch', u.joined_at)::bigint, v.name, v.base_asset, v.decimals, v.tvl::text, v.roi_pct::text,
    v.max_drawdown_pct::text,
    -- riskScore of metrics.md, half up, from score and drawdown of one snapshot; 20 decimals, so that a drawdown of
    -- 0.8333… is not rounded down twice.
    floor(round(50 - 0.05 * u.argus_score + 0.6 * LEAST(50, v.max_drawdown_pct), 20) + 0.5)::integer,
    v.monthly_fee::text, v.status, date_part('epoch', v.created_at)::bigint, v.follower_count, v.trade_count,
    date_part('epoch', GREATEST(v.created_at, v.as_of, v.status_observed_at, u.score_observed_at))::bigint,
    GREATEST(v.deployed_block, v.block_number)
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
    return Vault._make(values)


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
