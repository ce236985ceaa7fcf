"""SQL of what a vault's page needs: everything of one vault by one statement."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from libs.database import Connection
from libs.identifiers import VaultId
from services.analytics.repository.subjects import Refresh
from services.analytics.state import VaultState


class VaultParts(NamedTuple):
    """A vault's fold, its windows as SubjectState.to_json wrote them (None before its first refresh), and times."""

    created_at: int
    as_of: int
    block_number: int | None
    state: VaultState
    windows: str | None
    refresh: Refresh | None


async def find_vault_parts(conn: Connection, vault: VaultId) -> VaultParts | None:
    """Fold, windows and the last refresh, of one moment."""
    cursor = await conn.execute(
        """
        SELECT extract(epoch FROM v.created_at)::bigint,
            extract(epoch FROM GREATEST(v.created_at, v.as_of, v.status_observed_at))::bigint,
            GREATEST(v.deployed_block, v.block_number), f.state, s.state, r.number,
            extract(epoch FROM r.as_of)::bigint
        FROM vaults v
            LEFT JOIN fold_states f ON f.vault_id = v.id
            LEFT JOIN subjects s ON s.id = v.id
            LEFT JOIN refreshes r ON r.is_last
        WHERE v.id = %(id)s
        """,
        {"id": vault},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    created_at, as_of, block_number, fold, windows, number, refreshed_at = row
    state = VaultState() if fold is None else VaultState.from_json(orjson.loads(fold))
    refresh = None if number is None else Refresh(number, refreshed_at)
    return VaultParts(created_at, as_of, block_number, state, windows, refresh)
