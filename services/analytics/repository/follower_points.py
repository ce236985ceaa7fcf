"""SQL of followers' points: what a wallet held of a vault after each of its flows and settlements."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from libs.database import Connection
from libs.identifiers import UserId, VaultId
from services.analytics.point_rows import FollowerPoint

_COLUMNS = """
    vault_id, user_id, number, extract(epoch FROM event_time)::bigint, deposit::text, deposited_total::text,
    withdrawn_total::text, settled_total::text, shares, generation, supply, pool_generation
"""

_OF_USER = f"""
    SELECT {_COLUMNS} FROM follower_points
    WHERE user_id = %(user)s
    ORDER BY vault_id, event_time, follower_points.number
"""  # noqa: S608  # the columns are a constant

_OF_VAULTS = f"""
    SELECT {_COLUMNS} FROM follower_points
    WHERE vault_id = ANY(%(vaults)s) AND event_time >= to_timestamp(%(begin)s) AND event_time <= to_timestamp(%(end)s)
    ORDER BY vault_id, event_time, follower_points.number
"""  # noqa: S608  # the columns are a constant

_POOL_AT = f"""
    SELECT w.time, p.*
    FROM unnest(%(vaults)s::uuid[], %(times)s::bigint[]) AS w (vault_id, time)
    CROSS JOIN LATERAL (
        SELECT {_COLUMNS} FROM follower_points p
        WHERE p.vault_id = w.vault_id AND p.event_time <= to_timestamp(w.time)
        ORDER BY p.event_time DESC, p.number DESC
        LIMIT 1
    ) p
"""  # noqa: S608  # the columns are a constant


async def insert_follower_points(conn: Connection, rows: Sequence[FollowerPoint]) -> None:
    """Add points; there must be none with their vaults and numbers."""
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO follower_points (
            vault_id, event_time, number, user_id, deposit, deposited_total, withdrawn_total, settled_total, shares,
            generation, supply, pool_generation
        )
        SELECT vault_id, to_timestamp(event_time), number, user_id, deposit, deposited_total, withdrawn_total,
            settled_total, shares, generation, supply, pool_generation
        FROM json_to_recordset(%(rows)s::json) AS n (
            vault_id uuid, event_time bigint, number integer, user_id uuid, deposit numeric, deposited_total numeric,
            withdrawn_total numeric, settled_total numeric, shares text, generation integer, supply text,
            pool_generation integer
        )
        """,
        {"rows": orjson.dumps([_columns_of(row) for row in rows]).decode()},
    )


def _columns_of(row: FollowerPoint) -> dict[str, Any]:
    return {
        "vault_id": row.vault_id,
        "event_time": row.time,
        "number": row.number,
        "user_id": row.user_id,
        "deposit": str(row.deposit),
        "deposited_total": str(row.deposited_total),
        "withdrawn_total": str(row.withdrawn_total),
        "settled_total": str(row.settled_total),
        "shares": str(row.shares),
        "generation": row.generation,
        "supply": str(row.supply),
        "pool_generation": row.pool_generation,
    }


async def delete_follower_points(conn: Connection, vault: VaultId, *, from_time: int, from_number: int) -> None:
    """Remove a vault's points from a number on; `from_time` is not later than any of them."""
    await conn.execute(
        """
        DELETE FROM follower_points
        WHERE vault_id = %(vault)s AND event_time >= to_timestamp(%(time)s) AND number >= %(number)s
        """,
        {"vault": vault, "time": from_time, "number": from_number},
    )


async def delete_follower_points_of_unknown_vaults(conn: Connection, vault_ids: Sequence[VaultId]) -> None:
    """Remove all points of those vaults that are unknown now."""
    await conn.execute(
        """
        DELETE FROM follower_points
        WHERE vault_id = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM vaults v WHERE v.id = follower_points.vault_id)
        """,
        {"ids": list(vault_ids)},
    )


async def list_follower_points(conn: Connection, user: UserId) -> list[FollowerPoint]:
    """All points of a wallet, by vault, each vault's in order."""
    cursor = await conn.execute(_OF_USER, {"user": user})
    return [_point(columns) for columns in await cursor.fetchall()]


async def list_vaults_follower_points(
    conn: Connection, vaults: Sequence[VaultId], *, begin: int, end: int
) -> list[FollowerPoint]:
    """All points of all followers of vaults within seconds begin..end, by vault, in order: the pool's course."""
    cursor = await conn.execute(_OF_VAULTS, {"vaults": list(vaults), "begin": begin, "end": end})
    return [_point(columns) for columns in await cursor.fetchall()]


async def list_pools_at(
    conn: Connection, places: Sequence[tuple[VaultId, int]]
) -> dict[tuple[UUID, int], FollowerPoint]:
    """The last point of any follower up to a second, of each of these (vault, time): supply and pool_generation."""
    cursor = await conn.execute(
        _POOL_AT, {"vaults": [vault for vault, _ in places], "times": [time for _, time in places]}
    )
    return {(columns[0], time): _point(columns) for time, *columns in await cursor.fetchall()}


def _point(columns: Sequence[Any]) -> FollowerPoint:
    vault, user, number, time, deposit, deposited, withdrawn, settled, shares, generation, supply, pool = columns
    return FollowerPoint(
        vault_id=vault,
        user_id=user,
        number=number,
        time=time,
        deposit=int(deposit),
        deposited_total=int(deposited),
        withdrawn_total=int(withdrawn),
        settled_total=int(settled),
        shares=Decimal(shares),
        generation=generation,
        supply=Decimal(supply),
        pool_generation=pool,
    )
