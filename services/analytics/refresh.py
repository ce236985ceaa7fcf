"""The scheduled refresh: windows, chained leaders and boards up to one moment, within one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID

from libs.database import Connection, Pool
from libs.identifiers import VaultId
from services.analytics import advance
from services.analytics.advance import Pieces, Places, Produced
from services.analytics.board_rows import BoardEntry
from services.analytics.chained import changes_of, entry_id, is_late, take_changes
from services.analytics.entries import vault_entry
from services.analytics.metrics.daily_returns import DAY_SECONDS
from services.analytics.metrics.windows import Window
from services.analytics.point_rows import PointRow
from services.analytics.refold import fold_points
from services.analytics.repository import boards, points, subjects, timelines
from services.analytics.repository.subjects import Refresh, Subject
from services.analytics.subject_state import NOWHERE, SubjectState

# So many subjects are worked on at once, and so many new points of each are read at once.
VAULTS_AT_ONCE = 100
LEADERS_AT_ONCE = 20
PAGE = 1_000

DETAIL_DAYS = 400

States = dict[UUID, SubjectState]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A refresh that was done, and how many vaults and chained leaders were worked out anew."""

    refresh: Refresh
    subject_count: int


async def refresh_figures(pool: Pool, as_of: int, detail_days: int = DETAIL_DAYS) -> Refreshed:
    """Bring everything that time drives up to a second of the caller's clock, which never goes back.

    Other refreshes wait; applying events doesn't: what it writes is only read, from one snapshot. Once a UTC day,
    points older than `detail_days` (366 or more) are thinned to the last of each hour.
    """
    async with _alone(pool) as conn:
        async with conn.transaction():
            await subjects.write_from_one_snapshot(conn)
            done = await _refresh(conn, as_of)
        if await subjects.begin_thinning(conn, done.refresh.as_of):
            await points.thin_points(conn, done.refresh.as_of - detail_days * DAY_SECONDS)
    return done


@asynccontextmanager
async def _alone(pool: Pool) -> AsyncIterator[Connection]:
    """A connection outside a transaction, while no other refresh is under way.

    The snapshot must be taken after the lock: one from before would not show what the refresh before has written.
    """
    async with pool.connection() as conn:
        await conn.set_autocommit(True)
        await subjects.lock_refreshes(conn)
        try:
            yield conn
        finally:
            if not conn.closed:
                await subjects.unlock_refreshes(conn)
                await conn.set_autocommit(False)


async def _refresh(conn: Connection, as_of: int) -> Refreshed:
    last = await subjects.find_refresh(conn) or Refresh(0, 0)
    refresh = Refresh(last.number + 1, max(as_of, last.as_of))
    groups = await _list_groups(conn)
    chained = await subjects.list_chained(conn, refresh.as_of)
    await subjects.delete_gone_subjects(conn, list(groups))
    left_alone = [vault for chain, row in chained.items() if chain not in groups for vault in row[0]]
    vaults = await subjects.list_changed_vaults(conn, refresh.as_of, left_alone)
    sharing = {vault for group in groups.values() for vault in group.members}
    for some in _batches(vaults, VAULTS_AT_ONCE):
        await _bring_vaults_up(conn, refresh, some, sharing)
    leaders = [changed for group in groups.values() if (changed := _changed(group, chained.get(group.id)))]
    for some in _batches(leaders, LEADERS_AT_ONCE):
        await _bring_leaders_up(conn, refresh, some)
    await boards.delete_gone_entries(conn)
    await boards.correct_join_times(conn)
    if refresh.as_of // DAY_SECONDS != last.as_of // DAY_SECONDS:
        await boards.renew_baselines(conn)
    await subjects.save_refresh(conn, refresh)
    return Refreshed(refresh, len(vaults) + len(leaders))


def _batches(rows: Sequence[Subject], size: int) -> Iterator[list[Subject]]:
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


async def _list_groups(conn: Connection) -> dict[UUID, Subject]:
    """Leaders with several vaults of one base asset, by the id of their entry."""
    groups = {}
    for leader, base_asset, members, version, refolded in await subjects.list_leader_groups(conn):
        entry = entry_id(leader, base_asset)
        groups[entry] = Subject(entry, tuple(members), version, refolded, False, leader, base_asset)
    return groups


def _changed(group: Subject, known: tuple[tuple[UUID, ...], int, int, bool] | None) -> Subject | None:
    """The group when it must be brought up to date, void when it must be chained from the beginning."""
    if known is None:
        return replace(group, is_void=True)
    members, version, refolded, is_due = known
    if (members, refolded) != (group.members, group.refolded_version):
        return replace(group, is_void=True)
    return group if is_due or version != group.ledger_version else None


async def _bring_vaults_up(conn: Connection, refresh: Refresh, batch: Sequence[Subject], sharing: set[UUID]) -> None:
    states = await _begin(conn, batch)
    assets = {subject.id: subject.base_asset for subject in batch}
    open_states = states
    while open_states:
        open_states = await _take_page(conn, open_states, assets, refresh.as_of)
    await _move_windows(conn, states, refresh.as_of)
    entries = []
    for subject in batch:
        entry = vault_entry(subject.id, subject.leader_id, subject.base_asset, states[subject.id], refresh.as_of)
        entries.append(entry)
        if subject.id not in sharing:
            # The leader's only vault of the base asset is the leader's entry too.
            entries.append(replace(entry, id=entry_id(subject.leader_id, subject.base_asset), is_leader=True))
    await _save(conn, refresh, batch, states, entries)


async def _begin(conn: Connection, batch: Sequence[Subject]) -> States:
    """The states to go on from; what was derived of void ones is removed."""
    void = [subject.id for subject in batch if subject.is_void]
    chained = [subject.id for subject in batch if subject.is_void and subject.members]
    if void:
        await timelines.delete_derived(conn, void, chained=chained)
    known = await subjects.load_subjects(conn, [subject.id for subject in batch if not subject.is_void])
    return {subject.id: known.get(subject.id) or SubjectState() for subject in batch}


async def _take_page(conn: Connection, states: States, assets: Mapping[UUID, str], now: int) -> States:
    """Take the next page of each vault's new points; gives the states of those that may have more."""
    places = {vault: (state.end.time if state.end else 0, state.count) for vault, state in states.items()}
    found = await points.list_points_after(conn, places, limit=PAGE)
    is_full = {vault for vault, rows in found.items() if len(rows) == PAGE and rows[-1].point.time <= now}
    for vault, rows in found.items():
        if rows[0].number != states[vault].count + 1 or rows[-1].number != rows[0].number + len(rows) - 1:
            # Old points were thinned: what was between them follows from the ledger.
            found[vault] = (await fold_points(conn, VaultId(vault), assets[vault]))[states[vault].count :]
            is_full.discard(vault)
    produced = await asyncio.to_thread(_append, states, found, now)
    await timelines.insert_produced(conn, produced)
    return {vault: states[vault] for vault in is_full}


def _append(states: States, found: Mapping[UUID, Sequence[PointRow]], now: int) -> dict[UUID, Produced]:
    produced = {}
    for subject, state in states.items():
        rows = found.get(subject, ())
        due = [row for row in rows if row.point.time <= now]
        state.later_at = rows[len(due)].point.time if len(due) < len(rows) else None
        produced[subject] = advance.append(state, due, now)
    return produced


async def _move_windows(conn: Connection, states: States, now: int) -> None:
    """Join windows anew that points have left, and work out the ratios of a new day."""
    void = {subject: windows for subject, state in states.items() if (windows := advance.void_windows(state, now))}
    if void:
        await _rejoin(conn, states, void, now)
    old = {subject: state for subject, state in states.items() if advance.has_old_ratios(state, now)}
    days = [(subject, day) for subject, state in old.items() for day in advance.days_needed(state, now)]
    earlier = await timelines.list_days_before(conn, days) if days else {}
    for subject, state in old.items():
        advance.renew_ratios(state, now, earlier.get(subject, {}))


async def _rejoin(conn: Connection, states: States, void: Mapping[UUID, Sequence[Window]], now: int) -> None:
    cuts = [(subject, second) for subject, windows in void.items() for second in advance.cuts_of(windows, now)]
    found = await points.list_points_at(conn, cuts)
    places: dict[UUID, Places] = {subject: Places({}) for subject in void}
    for subject, second in cuts:
        row = found.get((subject, second))
        if row is not None:
            places[subject] = Places({**places[subject].at, second: row})
    gaps = {subject: advance.gaps_of(windows, places[subject], now) for subject, windows in void.items()}
    beside = [(subject, second, places[subject].number(second)) for subject, second in cuts]
    visits = await timelines.list_visits(conn, beside, until=now)
    runs = await timelines.list_runs(
        conn,
        [
            (subject, advance.RUN_LENGTHS.index(s.width), s.begin // s.width, s.end // s.width)
            for subject, of_windows in gaps.items()
            for stretches in of_windows.values()
            for s in stretches
            if s.width in advance.RUN_LENGTHS
        ],
    )
    for subject, of_windows in gaps.items():
        pieces = Pieces(visits.get(subject, {}), runs.get(subject, {}))
        advance.rejoin(states[subject], of_windows, places[subject], pieces, now)


async def _bring_leaders_up(conn: Connection, refresh: Refresh, batch: Sequence[Subject]) -> None:
    states = await _begin(conn, batch)
    addresses = await subjects.list_addresses(conn, [vault for subject in batch for vault in subject.members])
    chained = {s.id: await _chain(conn, s, states, addresses, refresh.as_of) for s in batch}
    new_rows = {subject: rows for subject, (rows, _) in chained.items()}
    await points.insert_points(conn, [(subject, row) for subject, rows in new_rows.items() for row in rows])
    await timelines.insert_produced(conn, await asyncio.to_thread(_append, states, new_rows, refresh.as_of))
    for subject_id, (_, later_at) in chained.items():
        states[subject_id].later_at = later_at
    await _move_windows(conn, states, refresh.as_of)
    followers = await boards.count_followers(conn, {subject.id: subject.members for subject in batch})
    entries = [
        replace(
            vault_entry(subject.id, subject.leader_id, subject.base_asset, states[subject.id], refresh.as_of),
            is_leader=True,
            vault_count=len(subject.members),
            followers=followers.get(subject.id, 0),
        )
        for subject in batch
    ]
    await _save(conn, refresh, batch, states, entries)


async def _chain(
    conn: Connection, subject: Subject, states: States, addresses: Mapping[UUID, str], now: int
) -> tuple[list[PointRow], int | None]:
    """The chain's next points, from those of its vaults, and the time of the first that is later than now."""
    state = states[subject.id]
    changes = changes_of(state, await _new_points(conn, subject, state), addresses)
    if is_late(state, changes):
        await timelines.delete_derived(conn, [subject.id], chained=[subject.id])
        state = states[subject.id] = SubjectState()
        changes = changes_of(state, await _new_points(conn, subject, state), addresses)
    due = [change for change in changes if change[0].place.key.time <= now]
    later_at = changes[len(due)][0].place.key.time if len(due) < len(changes) else None
    return take_changes(state, due), later_at


async def _new_points(conn: Connection, subject: Subject, state: SubjectState) -> dict[UUID, list[PointRow]]:
    """The points of a chain's vaults that it has not taken in, however many."""
    known = {vault: state.members.get(str(vault), NOWHERE) for vault in subject.members}
    places = {vault: (place.time, place.number) for vault, place in known.items()}
    found = await points.list_points_after(conn, places, limit=None)
    for vault, rows in found.items():
        first = known[vault].number + 1
        if rows[0].number != first or rows[-1].number != first + len(rows) - 1:
            found[vault] = (await fold_points(conn, VaultId(vault), subject.base_asset))[known[vault].number :]
    return found


async def _save(
    conn: Connection, refresh: Refresh, batch: Sequence[Subject], states: States, entries: Sequence[BoardEntry]
) -> None:
    rows = [(subject, states[subject.id]) for subject in batch]
    await subjects.save_subjects(
        conn, refresh.number, [(s, state, advance.next_change_at(state, refresh.as_of)) for s, state in rows]
    )
    await boards.save_entries(conn, entries)
