"""SQL of the pieces that windows are joined from: points beside a window's start, runs of points, day summaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import orjson

from libs.database import Connection
from services.analytics import advance
from services.analytics.advance import Produced, Visit
from services.analytics.metrics.daily_returns import DaySummary
from services.analytics.metrics.price_range import PriceRange
from services.analytics.precision import ZERO
from services.analytics.subject_state import range_from_json, range_to_json, summary_from_json, summary_to_json


async def list_visits(
    conn: Connection, places: Sequence[tuple[UUID, int, int]], *, until: int
) -> dict[UUID, dict[int, Visit]]:
    """The points of the shortest run that a place is in, up to the second `until`, of each subject by number.

    A place is (subject, second, number of points up to that second).
    """
    length = advance.RUN_LENGTHS[0]
    cursor = await conn.execute(
        """
        SELECT w.subject_id, v.number, v.time, v.unit_price, v.epoch, v.has_price
        FROM unnest(%(ids)s::uuid[], %(times)s::bigint[], %(firsts)s::integer[]) AS w (subject_id, time, first)
        CROSS JOIN LATERAL (
            (
                SELECT number, extract(epoch FROM event_time)::bigint AS time, unit_price, epoch,
                    below_peak IS NOT NULL AS has_price
                FROM price_points p
                WHERE p.subject_id = w.subject_id AND p.event_time <= to_timestamp(w.time)
                ORDER BY p.event_time DESC, p.number DESC
                LIMIT %(length)s
            ) UNION ALL (
                SELECT number, extract(epoch FROM event_time)::bigint, unit_price, epoch, below_peak IS NOT NULL
                FROM price_points p
                WHERE p.subject_id = w.subject_id AND p.event_time > to_timestamp(w.time)
                    AND p.event_time <= to_timestamp(%(until)s)
                ORDER BY p.event_time, p.number
                LIMIT %(length)s
            )
        ) v
        WHERE v.number BETWEEN w.first AND w.first + %(length)s - 1
        """,
        {
            "ids": [subject for subject, _, _ in places],
            "times": [time for _, time, _ in places],
            "firsts": [number // length * length + 1 for _, _, number in places],
            "length": length,
            "until": until,
        },
    )
    found: dict[UUID, dict[int, Visit]] = {}
    for subject, number, time, price, epoch, has_price in await cursor.fetchall():
        shown = (Decimal(price) if epoch == 1 else ZERO) if has_price else None
        found.setdefault(subject, {})[number] = Visit(number, time, shown)
    return found


async def list_runs(
    conn: Connection, stretches: Sequence[tuple[UUID, int, int, int]]
) -> dict[UUID, dict[tuple[int, int], PriceRange | None]]:
    """Ranges of whole runs by level and index; a stretch is (subject, level, first index, index behind the last)."""
    cursor = await conn.execute(
        """
        SELECT r.subject_id, r.level, r.index, r.range
        FROM unnest(%(ids)s::uuid[], %(levels)s::smallint[], %(firsts)s::integer[], %(ends)s::integer[])
            AS w (subject_id, level, first, ending)
            JOIN price_runs r ON r.subject_id = w.subject_id AND r.level = w.level AND r.index >= w.first
                AND r.index < w.ending
        """,
        {
            "ids": [subject for subject, _, _, _ in stretches],
            "levels": [level for _, level, _, _ in stretches],
            "firsts": [first for _, _, first, _ in stretches],
            "ends": [end for _, _, _, end in stretches],
        },
    )
    found: dict[UUID, dict[tuple[int, int], PriceRange | None]] = {}
    for subject, level, index, data in await cursor.fetchall():
        prices = None if data is None else orjson.loads(data)
        found.setdefault(subject, {})[level, index] = None if prices is None else range_from_json(prices)
    return found


async def list_days_before(conn: Connection, places: Sequence[tuple[UUID, int]]) -> dict[UUID, dict[int, DaySummary]]:
    """The last stored summary before a day, of each (subject, day) that has one, by that day."""
    cursor = await conn.execute(
        """
        SELECT w.subject_id, w.day, d.summary
        FROM unnest(%(ids)s::uuid[], %(days)s::integer[]) AS w (subject_id, day)
        CROSS JOIN LATERAL (
            SELECT summary FROM day_summaries d
            WHERE d.subject_id = w.subject_id AND d.day < w.day
            ORDER BY d.day DESC
            LIMIT 1
        ) d
        """,
        {"ids": [subject for subject, _ in places], "days": [day for _, day in places]},
    )
    found: dict[UUID, dict[int, DaySummary]] = {}
    for subject, day, summary in await cursor.fetchall():
        found.setdefault(subject, {})[day] = summary_from_json(orjson.loads(summary))
    return found


async def insert_produced(conn: Connection, produced: Mapping[UUID, Produced]) -> None:
    """Store whole runs and days that are over."""
    runs = [(subject, run) for subject, made in produced.items() for run in made.runs]
    if runs:
        await conn.execute(
            """
            INSERT INTO price_runs (subject_id, level, index, range)
            SELECT (run ->> 0)::uuid, (run ->> 1)::smallint, (run ->> 2)::integer, run ->> 3
            FROM json_array_elements(%(runs)s::json) AS run
            """,
            {"runs": _document([(s, r.level, r.place, r.prices and range_to_json(r.prices)) for s, r in runs])},
        )
    days = [(subject, day) for subject, made in produced.items() for day in made.days]
    if days:
        await conn.execute(
            """
            INSERT INTO day_summaries (subject_id, day, summary)
            SELECT (day ->> 0)::uuid, (day ->> 1)::integer, day ->> 2
            FROM json_array_elements(%(days)s::json) AS day
            """,
            {"days": _document([(subject, day.day, summary_to_json(day)) for subject, day in days])},
        )


def _document(rows: Sequence[object]) -> str:
    """Rows as one JSON text: much cheaper than an array for each column."""
    return orjson.dumps(rows).decode()


async def delete_derived(conn: Connection, subjects: Sequence[UUID], *, chained: Sequence[UUID] = ()) -> None:
    """Remove the pieces of subjects that begin anew, and of `chained` ones, which are among them, the points too."""
    parameters = {"ids": list(subjects), "chained": list(chained)}
    await conn.execute("DELETE FROM price_runs WHERE subject_id = ANY(%(ids)s)", parameters)
    await conn.execute("DELETE FROM day_summaries WHERE subject_id = ANY(%(ids)s)", parameters)
    await conn.execute("DELETE FROM price_points WHERE subject_id = ANY(%(chained)s)", parameters)
