"""SQL of what readers take from the refresh: its moment, and the windows of vaults and chained leaders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from libs.database import Connection
from services.analytics.repository.timelines import delete_derived
from services.analytics.subject_state import SubjectState


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh: its number (from 1) and the second that all windowed figures hold for."""

    number: int
    as_of: int


async def find_refresh(conn: Connection) -> Refresh | None:
    """The last refresh; None before the first."""
    cursor = await conn.execute("SELECT number, extract(epoch FROM as_of)::bigint FROM refreshes")
    row = await cursor.fetchone()
    return Refresh(*row) if row else None


async def load_subjects(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, SubjectState]:
    """The states of these subjects (vaults, chained leaders) that were refreshed; see SubjectState.window."""
    cursor = await conn.execute("SELECT id, state FROM subjects WHERE id = ANY(%(ids)s)", {"ids": list(ids)})
    return {subject: SubjectState.from_json(orjson.loads(state)) for subject, state in await cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a refresh must bring up to date; is_void: begin anew.

    members are the chained vaults, by id (a vault has none). The versions are those of the vault, or sums. address
    (lower case) is the vault's or the leader's wallet; since its createdAt or joinedAt.
    """

    id: UUID
    members: tuple[UUID, ...]
    ledger_version: int
    refolded_version: int
    is_void: bool
    leader_id: UUID
    base_asset: str


async def lock_refreshes(conn: Connection) -> None:
    """Wait until no other refresh is under way, and keep others out until `unlock_refreshes`."""
    await conn.execute("SELECT pg_advisory_lock(hashtextextended('refresh', hashtext(current_schema())))")


async def unlock_refreshes(conn: Connection) -> None:
    """Let the next refresh begin."""
    await conn.execute("SELECT pg_advisory_unlock(hashtextextended('refresh', hashtext(current_schema())))")


async def write_from_one_snapshot(conn: Connection) -> None:
    """Let every statement of the transaction see the same state and its own changes; the first call in it."""
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


async def list_changed_vaults(conn: Connection, as_of: int, also: Sequence[UUID]) -> list[Subject]:
    """Vaults with new events, those whose windows have changed without any, and these."""
    cursor = await conn.execute(
        """
        SELECT v.id, v.ledger_version, v.refolded_version,
            COALESCE(s.refolded_version <> v.refolded_version, true), v.leader_id, v.base_asset
        FROM vaults v
            LEFT JOIN subjects s ON s.id = v.id
            LEFT JOIN board_entries e ON e.id = v.id
        WHERE s.id IS NULL OR s.ledger_version <> v.ledger_version OR s.refolded_version <> v.refolded_version
            OR s.next_change_at <= to_timestamp(%(as_of)s) OR e.leader_id IS DISTINCT FROM v.leader_id
            OR e.base_asset IS DISTINCT FROM v.base_asset OR e.since IS DISTINCT FROM v.created_at
            OR v.id = ANY(%(also)s)
        ORDER BY v.id
        """,
        {"as_of": as_of, "also": list(also)},
    )
    return [Subject(vault, (), *rest) for vault, *rest in await cursor.fetchall()]


async def list_leader_groups(conn: Connection) -> list[tuple[UUID, str, list[UUID], int, int]]:
    """Leaders with several vaults of one base asset: (leader, base asset, vaults by id, sums of their versions)."""
    cursor = await conn.execute(
        """
        SELECT leader_id, base_asset, array_agg(id ORDER BY id), sum(ledger_version)::bigint,
            sum(refolded_version)::bigint
        FROM vaults
        GROUP BY leader_id, base_asset
        HAVING count(*) > 1
        ORDER BY leader_id, base_asset
        """
    )
    return [tuple(row) for row in await cursor.fetchall()]


async def list_chained(conn: Connection, as_of: int) -> dict[UUID, tuple[tuple[UUID, ...], int, int, bool]]:
    """Chained subjects: their vaults, versions, and whether their windows changed without events."""
    cursor = await conn.execute(
        """
        SELECT id, members, ledger_version, refolded_version,
            COALESCE(next_change_at <= to_timestamp(%(as_of)s), false)
        FROM subjects WHERE members <> '{}'
        """,
        {"as_of": as_of},
    )
    return {row[0]: (tuple(row[1]), *row[2:]) for row in await cursor.fetchall()}


async def list_addresses(conn: Connection, vaults: Sequence[UUID]) -> dict[UUID, str]:
    """Lower-case contract addresses of vaults."""
    cursor = await conn.execute(
        "SELECT id, lower(contract_address) FROM vaults WHERE id = ANY(%(ids)s)", {"ids": list(vaults)}
    )
    return dict(await cursor.fetchall())


async def save_subjects(
    conn: Connection, refresh_number: int, rows: Sequence[tuple[Subject, SubjectState, int | None]]
) -> None:
    """Write subjects with their states and the seconds at which their windows change next."""
    await conn.execute(
        """
        INSERT INTO subjects (
            id, members, ledger_version, refolded_version, refresh_number, next_change_at, state
        )
        SELECT id, members::uuid[], ledger_version, refolded_version, %(number)s, to_timestamp(next_change), state
        FROM json_to_recordset(%(rows)s::json) AS n (
            id uuid, members text, ledger_version bigint, refolded_version bigint, next_change bigint, state text
        )
        ON CONFLICT (id) DO UPDATE SET
            members = excluded.members, ledger_version = excluded.ledger_version,
            refolded_version = excluded.refolded_version, refresh_number = excluded.refresh_number,
            next_change_at = excluded.next_change_at, state = excluded.state
        """,
        {
            "number": refresh_number,
            "rows": orjson.dumps([_columns_of(*row) for row in rows]).decode(),
        },
    )


def _columns_of(subject: Subject, state: SubjectState, next_change: int | None) -> dict[str, object]:
    return {
        "id": subject.id,
        "members": "{" + ",".join(map(str, subject.members)) + "}",
        "ledger_version": subject.ledger_version,
        "refolded_version": subject.refolded_version,
        "next_change": next_change,
        "state": state.to_json(),
    }


async def delete_gone_subjects(conn: Connection, chained: Sequence[UUID]) -> None:
    """Remove what is neither a vault nor one of these chained subjects any more, with all that follows from it."""
    cursor = await conn.execute(
        """
        DELETE FROM subjects s
        WHERE id <> ALL(%(chained)s) AND NOT EXISTS (SELECT FROM vaults v WHERE v.id = s.id)
        RETURNING id, members <> '{}'
        """,
        {"chained": list(chained)},
    )
    gone = await cursor.fetchall()
    if gone:
        await delete_derived(conn, [row[0] for row in gone], chained=[row[0] for row in gone if row[1]])


async def save_refresh(conn: Connection, refresh: Refresh) -> None:
    """Make this the last refresh."""
    await conn.execute(
        """
        INSERT INTO refreshes (number, as_of) VALUES (%(number)s, to_timestamp(%(as_of)s))
        ON CONFLICT (is_last) DO UPDATE SET number = excluded.number, as_of = excluded.as_of
        """,
        {"number": refresh.number, "as_of": refresh.as_of},
    )


async def list_subjects_since(
    conn: Connection, refresh_number: int, *, after: UUID | None, limit: int
) -> list[tuple[UUID, int, SubjectState]]:
    """Vaults that a refresh after this one touched, by id: (vault, number of the refresh, state)."""
    cursor = await conn.execute(
        """
        SELECT id, refresh_number, state FROM subjects
        WHERE members = '{}' AND refresh_number > %(number)s AND (%(after)s::uuid IS NULL OR id > %(after)s)
        ORDER BY id
        LIMIT %(limit)s
        """,
        {"number": refresh_number, "after": after, "limit": limit},
    )
    return [
        (vault, number, SubjectState.from_json(orjson.loads(state))) for vault, number, state in await cursor.fetchall()
    ]


async def begin_thinning(conn: Connection, as_of: int) -> bool:
    """Whether no points have been thinned on this UTC day; from now on they have."""
    cursor = await conn.execute(
        """
        UPDATE refreshes SET thinned_at = to_timestamp(%(as_of)s)
        WHERE thinned_at IS NULL OR thinned_at < date_trunc('day', to_timestamp(%(as_of)s), 'UTC')
        """,
        {"as_of": as_of},
    )
    return cursor.rowcount > 0
