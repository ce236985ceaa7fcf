"""SQL of price points: what a vault (or a leader's chained vaults) showed after each entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from libs.database import Connection
from libs.events import Kind, OrderKey
from libs.identifiers import VaultId
from services.analytics.history import Buckets, Resolution
from services.analytics.point_rows import PointRow
from services.analytics.points import PricePoint, Totals

# A history reads all points of its stretch up to so many; beyond that it looks for the last one of each bucket.
SCANNED_POINTS = 20_000

_COLUMNS = """
    number, extract(epoch FROM event_time)::bigint, block_order, log_order, source, kind, follower, unit_price, epoch,
    owned::text, owned_by_flow::text, below_peak, equity::text, tvl::text, pnl::text, volume::text, trades, wins,
    closes, gains::text, losses::text, followers
"""

_LIST_FROM = f"""
    SELECT w.subject_id, p.*
    FROM unnest(%(ids)s::uuid[], %(times)s::bigint[], %(numbers)s::integer[]) AS w (subject_id, time, number)
    CROSS JOIN LATERAL (
        SELECT {_COLUMNS} FROM price_points p
        WHERE p.subject_id = w.subject_id AND (p.event_time, p.number) > (to_timestamp(w.time), w.number)
        ORDER BY p.event_time, p.number
        LIMIT %(limit)s
    ) p
"""  # noqa: S608  # the columns are a constant

_FIND_AT = f"""
    SELECT {_COLUMNS} FROM price_points
    WHERE subject_id = %(subject)s AND event_time <= to_timestamp(%(time)s)
    ORDER BY event_time DESC, price_points.number DESC
    LIMIT 1
"""  # noqa: S608  # the columns are a constant

_LIST_LAST = f"""
    SELECT w.subject_id, w.time, p.*
    FROM unnest(%(ids)s::uuid[], %(times)s::bigint[]) AS w (subject_id, time)
    CROSS JOIN LATERAL (
        SELECT {_COLUMNS} FROM price_points p
        WHERE p.subject_id = w.subject_id AND p.event_time <= to_timestamp(w.time)
        ORDER BY p.event_time DESC, p.number DESC
        LIMIT 1
    ) p
"""  # noqa: S608  # the columns are a constant

_LAST_OF_BUCKETS = f"""
    SELECT DISTINCT ON ((extract(epoch FROM event_time)::bigint - %(offset)s) / %(width)s) {_COLUMNS}
    FROM price_points
    WHERE subject_id = %(subject)s AND event_time >= to_timestamp(%(begin)s) AND event_time <= to_timestamp(%(end)s)
    ORDER BY (extract(epoch FROM event_time)::bigint - %(offset)s) / %(width)s, event_time DESC,
        price_points.number DESC
"""  # noqa: S608  # the columns are a constant

_LAST_OF_EACH_BUCKET = f"""
    SELECT p.*
    FROM generate_series(%(begin)s::bigint, %(last)s::bigint, %(width)s::bigint) AS b (start)
    CROSS JOIN LATERAL (
        SELECT {_COLUMNS} FROM price_points p
        WHERE p.subject_id = %(subject)s AND p.event_time >= to_timestamp(b.start)
            AND p.event_time <= to_timestamp(LEAST(b.start + %(width)s - 1, %(end)s))
        ORDER BY p.event_time DESC, p.number DESC
        LIMIT 1
    ) p
    ORDER BY b.start
"""  # noqa: S608  # the columns are a constant


async def insert_points(conn: Connection, rows: Sequence[tuple[UUID, PointRow]]) -> None:
    """Add points of subjects; there must be none with their numbers."""
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO price_points (
            subject_id, event_time, number, block_order, log_order, source, kind, follower, unit_price, epoch, owned,
            owned_by_flow, below_peak, equity, tvl, pnl, volume, trades, wins, closes, gains, losses, followers
        )
        SELECT subject_id, to_timestamp(event_time), number, block_order, log_order, source, kind, follower,
            unit_price, epoch, owned, owned_by_flow, below_peak, equity, tvl, pnl, volume, trades, wins, closes, gains,
            losses, followers
        FROM json_to_recordset(%(rows)s::json) AS n (
            subject_id uuid, event_time bigint, number integer, block_order bigint, log_order integer, source text,
            kind smallint, follower text, unit_price text, epoch integer, owned numeric, owned_by_flow numeric,
            below_peak text, equity numeric, tvl numeric, pnl numeric, volume numeric, trades integer, wins integer,
            closes integer, gains numeric, losses numeric, followers integer
        )
        """,
        # One document costs a third of an array for each column.
        {"rows": orjson.dumps([_columns_of(subject, row) for subject, row in rows]).decode()},
    )


def _columns_of(subject: UUID, row: PointRow) -> dict[str, Any]:
    point, totals, key = row.point, row.point.totals, row.point.key
    return {
        "subject_id": subject,
        "event_time": key.time,
        "number": row.number,
        "block_order": key.block_number,
        "log_order": key.log_index,
        "source": key.source,
        "kind": int(key.kind),
        "follower": key.follower,
        "unit_price": str(point.unit_price),
        "epoch": point.epoch,
        "owned": str(point.owned),
        "owned_by_flow": str(row.owned_by_flow),
        "below_peak": None if point.below_peak is None else str(point.below_peak),
        "equity": str(totals.equity),
        "tvl": str(totals.tvl),
        "pnl": str(totals.pnl),
        "volume": str(totals.volume),
        "trades": totals.trades,
        "wins": totals.wins,
        "closes": totals.closes,
        "gains": str(totals.gains),
        "losses": str(totals.losses),
        "followers": totals.followers,
    }


async def delete_points(conn: Connection, subject: UUID, *, from_time: int, from_number: int) -> None:
    """Remove a subject's points from a number on; `from_time` is not later than any of them."""
    await conn.execute(
        """
        DELETE FROM price_points
        WHERE subject_id = %(subject)s AND event_time >= to_timestamp(%(time)s) AND number >= %(number)s
        """,
        {"subject": subject, "time": from_time, "number": from_number},
    )


async def delete_points_of_unknown_vaults(conn: Connection, vault_ids: Sequence[UUID]) -> None:
    """Remove all points of those vaults that are unknown now."""
    await conn.execute(
        """
        DELETE FROM price_points
        WHERE subject_id = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM vaults v WHERE v.id = price_points.subject_id)
        """,
        {"ids": list(vault_ids)},
    )


async def find_vault_without_points(conn: Connection) -> VaultId | None:
    """A vault with a ledger that was never refreshed (and so never thinned) and lacks its first point."""
    cursor = await conn.execute(
        """
        SELECT v.id FROM vaults v
        WHERE v.as_of IS NOT NULL AND NOT EXISTS (SELECT FROM subjects s WHERE s.id = v.id)
            AND (
                SELECT number FROM price_points p WHERE p.subject_id = v.id ORDER BY event_time, number LIMIT 1
            ) IS DISTINCT FROM 1
        LIMIT 1
        """
    )
    row = await cursor.fetchone()
    return VaultId(row[0]) if row else None


async def thin_points(conn: Connection, before: int) -> None:
    """Of the points before a second, keep the last of each hour; of subjects with nothing new only.

    What is derived of points needs each of them once, so those that a refresh has not seen stay.
    """
    await conn.execute(
        """
        DELETE FROM price_points p
        USING subjects s LEFT JOIN vaults v ON v.id = s.id
        WHERE s.id = p.subject_id AND p.event_time < date_trunc('hour', to_timestamp(%(before)s), 'UTC')
            AND (v.id IS NULL OR v.ledger_version = s.ledger_version)
            AND EXISTS (
                SELECT FROM price_points later
                WHERE later.subject_id = p.subject_id
                    AND (later.event_time, later.number) > (p.event_time, p.number)
                    AND later.event_time < date_trunc('hour', p.event_time, 'UTC') + interval '1 hour'
            )
        """,
        {"before": before},
    )


async def list_points_after(
    conn: Connection, places: Mapping[UUID, tuple[int, int]], *, limit: int | None
) -> dict[UUID, list[PointRow]]:
    """The next points of subjects, each from behind its (time, number), in order; at most `limit` of each."""
    cursor = await conn.execute(
        _LIST_FROM,
        {
            "ids": list(places),
            "times": [time for time, _ in places.values()],
            "numbers": [number for _, number in places.values()],
            "limit": limit,
        },
    )
    found: dict[UUID, list[PointRow]] = {}
    for subject, *columns in await cursor.fetchall():
        found.setdefault(subject, []).append(_row(columns))
    return found


async def list_points_at(conn: Connection, places: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], PointRow]:
    """The last point up to and including a second, of each of these (subject, time) that has one."""
    cursor = await conn.execute(
        _LIST_LAST, {"ids": [subject for subject, _ in places], "times": [time for _, time in places]}
    )
    return {(subject, time): _row(columns) for subject, time, *columns in await cursor.fetchall()}


async def find_first_time(conn: Connection, subject: UUID) -> int | None:
    """The second of a subject's first point."""
    cursor = await conn.execute(
        """
        SELECT extract(epoch FROM min(event_time))::bigint FROM price_points WHERE subject_id = %(subject)s
        """,
        {"subject": subject},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def list_history_points(
    conn: Connection, subject: UUID, resolution: Resolution, wanted: Buckets
) -> list[PricePoint]:
    """What `history` needs: the last point before the first bucket and the last one of each bucket, in order."""
    parameters = {
        "subject": subject,
        "offset": resolution.bucket(0),
        "width": resolution.seconds,
        "begin": wanted.first,
        "last": wanted.last,
        "end": wanted.until,
    }
    before = await _find(conn, subject, wanted.first - 1)
    final = await _find(conn, subject, wanted.until)
    first, last = (0 if row is None else row.number for row in (before, final))
    # Numbers say how many points the stretch has at most, without counting them.
    query = _LAST_OF_BUCKETS if last - first <= SCANNED_POINTS else _LAST_OF_EACH_BUCKET
    cursor = await conn.execute(query, parameters)
    points = [_row(columns).point for columns in await cursor.fetchall()]
    return points if before is None else [before.point, *points]


async def _find(conn: Connection, subject: UUID, time: int) -> PointRow | None:
    cursor = await conn.execute(_FIND_AT, {"subject": subject, "time": time})
    row = await cursor.fetchone()
    return _row(row) if row else None


def _row(columns: Sequence[Any]) -> PointRow:
    (
        number, time, block, log, source, kind, follower, price, epoch, owned, by_flow, below, equity, tvl, pnl, volume,
        trades, wins, closes, gains, losses, followers,
    ) = columns  # fmt: skip
    point = PricePoint(
        OrderKey(time, block, log, source, Kind(kind), follower),
        Decimal(price),
        epoch,
        int(owned),
        None if below is None else Decimal(below),
        Totals(int(equity), int(tvl), int(pnl), int(volume), trades, wins, closes, int(gains), int(losses), followers),
    )
    return PointRow(number, point, int(by_flow))
