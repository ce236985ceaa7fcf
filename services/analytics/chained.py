"""Points of a leader's chained vaults from those of the vaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_URL, UUID, uuid5

from services.analytics.leader_chain import Change, LeaderState, Place
from services.analytics.point_rows import PointRow
from services.analytics.subject_state import NOWHERE, MemberPlace, SubjectState


def entry_id(leader: UUID, base_asset: str) -> UUID:
    """Id of a leader's entry for a base asset on boards, and of its chained vaults as a subject."""
    return uuid5(NAMESPACE_URL, f"leader:{leader}:{base_asset.lower()}")


def changes_of(
    state: SubjectState, rows: Mapping[UUID, Sequence[PointRow]], addresses: Mapping[UUID, str]
) -> list[tuple[Change, MemberPlace, UUID]]:
    """What the next points of each vault change, in the order in which the chain takes them.

    With each comes how far it brings its vault. `addresses` (lower case) settle what is equal in the ledgers' order.
    """
    found = []
    for vault, points in rows.items():
        before = state.members.get(str(vault), NOWHERE)
        for number, point, by_flow in points:
            place = Place(point.key, addresses[vault])
            by_result = point.owned - before.owned - by_flow
            change = Change(place, by_result, by_flow, point.totals.minus(before.totals))
            before = MemberPlace(point.time, number, point.owned, point.totals)
            found.append((change, before, vault))
    found.sort(key=_place)
    return found


def _place(row: tuple[Change, MemberPlace, UUID]) -> Place:
    return row[0].place


def is_late(state: SubjectState, changes: Sequence[tuple[Change, MemberPlace, UUID]]) -> bool:
    """Whether a change comes before what the chain has taken in: it must be chained from the beginning."""
    last = None if state.chain is None else state.chain.last
    return bool(changes) and last is not None and changes[0][0].place < last


def take_changes(state: SubjectState, changes: Sequence[tuple[Change, MemberPlace, UUID]]) -> list[PointRow]:
    """Take the changes into the chain; gives its next points, which are not in the subject's windows yet."""
    chain = state.chain = state.chain or LeaderState()
    rows = []
    for number, (change, place, vault) in enumerate(changes, start=state.count + 1):
        rows.append(PointRow(number, chain.take(change), change.owned_by_flow))
        state.members[str(vault)] = place
    return rows
