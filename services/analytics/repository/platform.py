"""SQL of figures over vaults: sums by base asset now and in the past, counts, and when a vault began."""

from __future__ import annotations

from typing import NamedTuple

from libs.database import Connection
from services.analytics.history import Buckets, Resolution
from services.analytics.platform_history import AssetChange


class Counts(NamedTuple):
    """Vaults by status, wallets with a running subscription, and wallets that lead a vault."""

    active: int
    paused: int
    liquidated: int
    followers: int
    leaders: int


async def list_tvl_by_asset(conn: Connection) -> list[tuple[str, int]]:
    """Sums of tvl over ACTIVE vaults by base asset, by lower-case address."""
    cursor = await conn.execute(
        """
        SELECT base_asset, sum(tvl)::text FROM vaults
        WHERE status = 'ACTIVE'
        GROUP BY base_asset
        ORDER BY lower(base_asset) COLLATE "C"
        """
    )
    return [(base_asset, int(tvl)) for base_asset, tvl in await cursor.fetchall()]


async def get_counts(conn: Connection) -> Counts:
    """Counts over all vaults."""
    cursor = await conn.execute(
        """
        SELECT count(*) FILTER (WHERE status = 'ACTIVE'), count(*) FILTER (WHERE status = 'PAUSED'),
            count(*) FILTER (WHERE status = 'LIQUIDATED'),
            (SELECT count(DISTINCT user_id) FROM followers WHERE deposit > 0), count(DISTINCT leader_id)
        FROM vaults
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    return Counts(*row)


async def list_first_times(conn: Connection, base_asset: str | None) -> dict[str, int]:
    """The second of the first event of any vault of each base asset, or of one; those without events are left out."""
    cursor = await conn.execute(
        """
        SELECT v.base_asset, extract(epoch FROM min(p.event_time))::bigint
        FROM vaults v CROSS JOIN LATERAL (
            SELECT event_time FROM price_points
            WHERE subject_id = v.id
            ORDER BY event_time, number
            LIMIT 1
        ) p
        WHERE %(asset)s::text IS NULL OR v.base_asset = %(asset)s
        GROUP BY v.base_asset
        ORDER BY lower(v.base_asset) COLLATE "C"
        """,
        {"asset": base_asset},
    )
    return dict(await cursor.fetchall())


async def list_changes(
    conn: Connection, base_asset: str | None, resolution: Resolution, wanted: Buckets
) -> list[AssetChange]:
    """How the sums over vaults of each base asset, or of one, changed in each bucket.

    Everything before the first bucket is one change of the bucket before it. It reads the points of the stretch and
    one more of each vault.
    """
    cursor = await conn.execute(
        """
        WITH members AS (
            SELECT id, base_asset FROM vaults WHERE %(asset)s::text IS NULL OR base_asset = %(asset)s
        ), before AS (
            SELECT m.id, m.base_asset, p.tvl, p.pnl
            FROM members m CROSS JOIN LATERAL (
                SELECT tvl, pnl FROM price_points
                WHERE subject_id = m.id AND event_time < to_timestamp(%(first)s)
                ORDER BY event_time DESC, number DESC
                LIMIT 1
            ) p
        ), steps AS (
            SELECT m.base_asset, p.bucket, p.tvl - COALESCE(p.tvl_before, b.tvl, 0) AS tvl,
                p.pnl - COALESCE(p.pnl_before, b.pnl, 0) AS pnl,
                CASE WHEN b.id IS NULL AND p.tvl_before IS NULL THEN 1 ELSE 0 END AS vaults
            FROM members m
                -- Vault by vault the points come in the index's order: nothing is sorted.
                CROSS JOIN LATERAL (
                    SELECT (extract(epoch FROM event_time)::bigint - %(first)s) / %(width)s AS bucket, tvl, pnl,
                        lag(tvl) OVER w AS tvl_before, lag(pnl) OVER w AS pnl_before
                    FROM price_points
                    WHERE subject_id = m.id
                        AND event_time >= to_timestamp(%(first)s) AND event_time <= to_timestamp(%(until)s)
                    WINDOW w AS (ORDER BY event_time, number)
                ) p
                LEFT JOIN before b ON b.id = m.id
        )
        SELECT base_asset, -1 AS bucket, sum(tvl)::text, sum(pnl)::text, count(*) FROM before GROUP BY base_asset
        UNION ALL
        SELECT base_asset, bucket, sum(tvl)::text, sum(pnl)::text, sum(vaults) FROM steps GROUP BY base_asset, bucket
        ORDER BY base_asset, bucket
        """,
        {"asset": base_asset, "first": wanted.first, "until": wanted.until, "width": resolution.seconds},
    )
    return [
        AssetChange(wanted.first + bucket * resolution.seconds, asset, int(tvl), int(pnl), int(vaults))
        for asset, bucket, tvl, pnl, vaults in await cursor.fetchall()
    ]
