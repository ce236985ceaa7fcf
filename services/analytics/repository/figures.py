"""SQL of what is read: figures of vaults, globals, trades and leaders. No read folds."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from libs.database import Connection
from libs.identifiers import VaultId
from services.analytics.domain import GlobalFigures, Leader, Performance

_PERFORMANCE = """
    SELECT id::text, ledger_version, tvl::text, roi_pct::text, max_drawdown_pct::text, is_liquidated, follower_count,
        trade_count, winning_trade_count,
        extract(epoch FROM GREATEST(created_at, as_of, status_observed_at))::bigint,
        GREATEST(deployed_block, block_number)
    FROM vaults
"""


async def list_performances(conn: Connection, vault_ids: Sequence[VaultId]) -> list[Performance]:
    """Figures of those of these vaults that are known, by id."""
    cursor = await conn.execute(_PERFORMANCE + "WHERE id = ANY(%(ids)s) ORDER BY vaults.id", {"ids": list(vault_ids)})
    return [Performance(*row) for row in await cursor.fetchall()]


async def list_all_performances(conn: Connection, *, after: UUID | None, limit: int) -> list[Performance]:
    """Figures of all vaults by id, after an id."""
    cursor = await conn.execute(
        _PERFORMANCE + "WHERE %(after)s::uuid IS NULL OR id > %(after)s ORDER BY vaults.id LIMIT %(limit)s",
        {"after": after, "limit": limit},
    )
    return [Performance(*row) for row in await cursor.fetchall()]


async def find_performance(conn: Connection, vault: VaultId) -> Performance | None:
    """Figures of one vault."""
    cursor = await conn.execute(_PERFORMANCE + "WHERE id = %(id)s", {"id": vault})
    row = await cursor.fetchone()
    return Performance(*row) if row else None


async def get_globals(conn: Connection) -> GlobalFigures:
    """Sums over all ACTIVE vaults."""
    cursor = await conn.execute(
        """
        SELECT count(*) FILTER (WHERE status = 'ACTIVE'),
            COALESCE(sum(tvl) FILTER (WHERE status = 'ACTIVE'), 0)::text,
            COALESCE(sum(trade_count) FILTER (WHERE status = 'ACTIVE'), 0)::bigint,
            COALESCE(sum(winning_trade_count) FILTER (WHERE status = 'ACTIVE'), 0)::bigint,
            extract(epoch FROM max(GREATEST(created_at, as_of, status_observed_at)))::bigint,
            max(GREATEST(deployed_block, block_number))
        FROM vaults
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    return GlobalFigures(*row)


async def list_leaders(conn: Connection, *, limit: int, skip: int) -> list[Leader]:
    """Users with a score above 0: by score descending, then joined_at, then lower-case wallet."""
    cursor = await conn.execute(
        """
        SELECT id::text, wallet_address, argus_score, extract(epoch FROM joined_at)::bigint,
            (SELECT count(*) FROM vaults v WHERE v.leader_id = users.id)
        FROM users
        WHERE argus_score > 0
        ORDER BY argus_score DESC, joined_at, lower(wallet_address) COLLATE "C"
        LIMIT %(limit)s OFFSET %(skip)s
        """,
        {"limit": limit, "skip": skip},
    )
    return [Leader(*row) for row in await cursor.fetchall()]


async def count_leaders(conn: Connection) -> tuple[int, int | None]:
    """Number of users with a score above 0, and the latest time that their rows depend on."""
    cursor = await conn.execute(
        """
        SELECT count(*), extract(epoch FROM max(GREATEST(score_observed_at, joined_at)))::bigint
        FROM users WHERE argus_score > 0
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]
