"""SQL of a wallet's positions over time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from libs.database import Connection
from libs.events import to_datetime
from libs.identifiers import UserId, VaultId
from services.analytics.followers import FollowerState, SharePool
from services.analytics.history import Buckets, Resolution
from services.analytics.listing import FollowedVault
from services.analytics.portfolio import Holding, holding_of


async def is_known(conn: Connection, user: UserId) -> bool:
    """Whether any event or observation names the wallet."""
    cursor = await conn.execute("SELECT FROM users WHERE id = %(user)s", {"user": user})
    return await cursor.fetchone() is not None


async def list_followed_vaults(conn: Connection, user: UserId, base_asset: str | None) -> list[FollowedVault]:
    """Vaults in which a wallet ever had a flow above 0, with the time of its first one there; of one asset or all."""
    cursor = await conn.execute(
        """
        SELECT v.id, v.base_asset, (
            SELECT extract(epoch FROM p.event_time)::bigint FROM follower_points p
            WHERE p.user_id = f.user_id AND p.vault_id = f.vault_id
            ORDER BY p.event_time, p.number
            LIMIT 1
        )
        FROM followers f JOIN vaults v ON v.id = f.vault_id
        WHERE f.user_id = %(user)s AND (%(base_asset)s::text IS NULL OR v.base_asset = %(base_asset)s)
        ORDER BY v.id
        """,
        {"user": user, "base_asset": base_asset},
    )
    return [FollowedVault(VaultId(vault), asset, first) for vault, asset, first in await cursor.fetchall()]


async def list_holdings(
    conn: Connection, user: UserId, vaults: Sequence[VaultId], resolution: Resolution, wanted: Buckets
) -> list[Holding]:
    """What a wallet held in vaults after the last event of each bucket, and of the time before the first one, by time.

    It steps from bucket to bucket backwards, so what happened within one costs nothing.
    """
    cursor = await conn.execute(
        """
        WITH RECURSIVE found AS (
            SELECT p.* FROM unnest(%(vaults)s::uuid[]) AS v (id) CROSS JOIN LATERAL (
                SELECT subject_id, event_time, number, owned FROM price_points
                WHERE subject_id = v.id AND event_time <= %(until)s
                ORDER BY event_time DESC, number DESC
                LIMIT 1
            ) p
            UNION ALL
            SELECT p.* FROM found CROSS JOIN LATERAL (
                SELECT subject_id, event_time, number, owned FROM price_points
                WHERE subject_id = found.subject_id AND event_time < to_timestamp(
                    div(extract(epoch FROM found.event_time) - %(offset)s, %(width)s) * %(width)s + %(offset)s
                )
                ORDER BY event_time DESC, number DESC
                LIMIT 1
            ) p
            WHERE found.event_time >= %(first)s
        )
        SELECT found.subject_id, extract(epoch FROM found.event_time)::bigint, found.owned::text, pool.supply,
            pool.pool_generation, mine.deposit::text, mine.deposited_total::text, mine.withdrawn_total::text,
            mine.settled_total::text, mine.shares, mine.generation
        FROM found CROSS JOIN LATERAL (
            SELECT * FROM follower_points p
            WHERE p.user_id = %(user)s AND p.vault_id = found.subject_id
                AND (p.event_time, p.number) <= (found.event_time, found.number)
            ORDER BY p.event_time DESC, p.number DESC
            LIMIT 1
        ) mine CROSS JOIN LATERAL (
            SELECT p.supply, p.pool_generation FROM follower_points p
            WHERE p.vault_id = found.subject_id
                AND (p.event_time, p.number) <= (found.event_time, found.number)
            ORDER BY p.event_time DESC, p.number DESC
            LIMIT 1
        ) pool
        ORDER BY found.event_time, found.subject_id
        """,
        {
            "user": user,
            "vaults": list(vaults),
            "first": to_datetime(wanted.first),
            "until": to_datetime(wanted.until),
            "width": resolution.seconds,
            "offset": resolution.bucket(0),
        },
    )
    return [_holding(row) for row in await cursor.fetchall()]


def _holding(row: Sequence[Any]) -> Holding:
    vault, time, owned, supply, pool_generation, deposit, deposited, withdrawn, settled, shares, generation = row
    follower = FollowerState(
        wallet="",
        deposit=int(deposit),
        deposited_total=int(deposited),
        withdrawn_total=int(withdrawn),
        settled_total=int(settled),
        shares=Decimal(shares),
        generation=generation,
    )
    pool = SharePool(supply=Decimal(supply), generation=pool_generation)
    return holding_of(VaultId(vault), time, int(owned), pool, follower)
