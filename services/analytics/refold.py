"""Points worked out from a vault's ledger, for where stored ones do not reach."""

from __future__ import annotations

from libs.database import Connection
from libs.identifiers import VaultId
from services.analytics.domain import LedgerEntry
from services.analytics.fold import apply_entry
from services.analytics.followers import FollowerState
from services.analytics.point_rows import PointRow
from services.analytics.points import point_of
from services.analytics.repository import ledger
from services.analytics.state import VaultState


def ledger_place(row: LedgerEntry) -> tuple[object, ...]:
    """Where a row stands in the ledger."""
    # Keys are unique but for producers that reuse a transaction hash as a task id.
    return (*row.entry.key, row.identity)


async def fold_points(conn: Connection, vault: VaultId, base_asset: str) -> list[PointRow]:
    """All points of a vault, as applying its ledger entry by entry stores them."""
    state, followers, rows = VaultState(), dict[str, FollowerState](), []
    for row in sorted(await ledger.list_ledger(conn, vault), key=ledger_place):
        result = apply_entry(state, followers, row.entry, base_asset)
        rows.append(PointRow(state.entries, point_of(state), result.owned_by_flow))
    return rows
