"""SQL of subscriptions and the flows that they follow from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg.types.json import Json

from libs.database import Connection
from libs.events import Kind, OrderKey, to_datetime
from libs.identifiers import SubscriptionId, UserId, VaultId
from libs.registry.repository import Pair
from services.vaults.domain import FlowRow, Subscription, SubscriptionState


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
