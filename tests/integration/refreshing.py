"""Refreshing generated systems in the real database: what tests of windows and boards share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from libs.database import Pool, read_from_one_snapshot
from services.analytics.metrics.windows import Window, WindowFigures, window_figures
from services.analytics.refresh import refresh_figures
from services.analytics.repository.subjects import find_refresh, load_subjects
from services.analytics.subject_state import SubjectState

# What a refresh derives, without the number of the refresh that did it.
_DERIVED = """
    SELECT 'subjects', id::text, (to_jsonb(s) - 'refresh_number' - 'ledger_version' - 'refolded_version')::text
    FROM analytics.subjects s
    UNION ALL SELECT 'price_runs', concat_ws(' ', subject_id, level, index), range
    FROM analytics.price_runs
    UNION ALL SELECT 'day_summaries', concat_ws(' ', subject_id, day), summary
    FROM analytics.day_summaries
    UNION ALL SELECT 'board_entries', id::text, to_jsonb(e)::text FROM analytics.board_entries e
    UNION ALL SELECT 'price_points', concat_ws(' ', p.subject_id, p.number), to_jsonb(p)::text
    -- Older ones are thinned at the first refresh of a day.
    FROM analytics.price_points p, analytics.refreshes WHERE event_time >= as_of - interval '366 days'
    ORDER BY 1, 2
"""

_FORGET = """
    DELETE FROM analytics.price_points WHERE subject_id IN (SELECT id FROM analytics.subjects WHERE members <> '{}');
    DELETE FROM analytics.subjects; DELETE FROM analytics.price_runs; DELETE FROM analytics.day_summaries;
    DELETE FROM analytics.board_entries
"""

Rows = list[tuple[str, str, str]]


async def derived_rows(admin: AsyncConnection[Any]) -> Rows:
    """Every row that a refresh writes, with the points it was derived from."""
    return list(await (await admin.execute(_DERIVED)).fetchall())


async def refreshed_from_nothing(admin: AsyncConnection[Any], pool: Pool, now: int) -> Rows:
    """The rows that a refresh derives when there is nothing to go on from."""
    await admin.execute(_FORGET)
    await refresh_figures(pool, now)
    return await derived_rows(admin)


def differing(rows: Rows, other: Rows) -> list[tuple[str, str, str]]:
    """Rows that are in one of both only; of subjects, with the state as text."""
    return [(name, key, _readable(row)) for name, key, row in sorted(set(rows) ^ set(other))]


def _readable(row: str) -> str:
    data = orjson.loads(row) if row.startswith("{") else {}
    return str(data.get("state", row))


async def refreshed_states(pool: Pool, subjects: list[UUID]) -> tuple[int, dict[UUID, SubjectState]]:
    """The second of the last refresh, and what it knows of subjects."""
    async with pool.connection() as conn:
        await read_from_one_snapshot(conn)
        refresh = await find_refresh(conn)
        assert refresh is not None
        return refresh.as_of, await load_subjects(conn, subjects)


def windows_of(state: SubjectState, as_of: int) -> dict[Window, WindowFigures]:
    """The figures of every window as a reader works them out."""
    return {window: window_figures(window, state.window(window), as_of) for window in Window}
