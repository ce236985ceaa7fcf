"""SQL of the figures that analytics sends: those of now and those of each window."""

from __future__ import annotations

from collections.abc import Sequence

from libs.database import Connection
from libs.events import to_datetime
from libs.identifiers import VaultId
from services.vaults.domain import Performance, VaultWindows


async def save_performances(conn: Connection, performances: Sequence[Performance]) -> int:
    """Take over figures that are newer than those stored; returns how many vaults changed."""
    cursor = await conn.execute(
        """
        UPDATE vaults SET
            ledger_version = n.ledger_version, tvl = n.tvl, roi_pct = n.roi_pct,
            max_drawdown_pct = n.max_drawdown_pct, is_liquidated = n.is_liquidated,
            follower_count = n.follower_count, trade_count = n.trade_count, as_of = n.as_of,
            block_number = n.block_number
        FROM unnest(
            %(ids)s::uuid[], %(versions)s::bigint[], %(tvls)s::numeric[], %(rois)s::numeric[],
            %(drawdowns)s::numeric[], %(liquidated)s::boolean[], %(followers)s::bigint[], %(trades)s::bigint[],
            %(times)s::timestamptz[], %(blocks)s::bigint[]
        ) AS n (id, ledger_version, tvl, roi_pct, max_drawdown_pct, is_liquidated, follower_count, trade_count,
            as_of, block_number)
        WHERE vaults.id = n.id AND n.ledger_version > vaults.ledger_version
        """,
        {
            "ids": [p.vault_id for p in performances],
            "versions": [p.ledger_version for p in performances],
            "tvls": [str(p.tvl) for p in performances],
            "rois": [p.roi_pct for p in performances],
            "drawdowns": [p.max_drawdown_pct for p in performances],
            "liquidated": [p.is_liquidated for p in performances],
            "followers": [p.follower_count for p in performances],
            "trades": [p.trade_count for p in performances],
            "times": [None if p.as_of is None else to_datetime(p.as_of) for p in performances],
            "blocks": [p.block_number for p in performances],
        },
    )
    return cursor.rowcount


async def save_refresh_numbers(conn: Connection, sent: Sequence[VaultWindows]) -> set[VaultId]:
    """Write refresh number and volatility of those vaults that have an older one; returns these vaults."""
    cursor = await conn.execute(
        """
        UPDATE vaults SET refresh_number = n.refresh_number, volatility_30d_pct = n.volatility
        FROM unnest(%(ids)s::uuid[], %(numbers)s::bigint[], %(volatilities)s::numeric[])
            AS n (id, refresh_number, volatility)
        WHERE vaults.id = n.id AND n.refresh_number > vaults.refresh_number
        RETURNING vaults.id
        """,
        {
            "ids": [windows.vault_id for windows in sent],
            "numbers": [windows.refresh_number for windows in sent],
            "volatilities": [windows.volatility_30d_pct for windows in sent],
        },
    )
    return {VaultId(row[0]) for row in await cursor.fetchall()}


async def save_windows(conn: Connection, sent: Sequence[VaultWindows]) -> None:
    """Write the figures of windows."""
    rows = [(windows.vault_id, figures) for windows in sent for figures in windows.windows]
    await conn.execute(
        """
        INSERT INTO vault_windows (
            vault_id, window_name, roi_pct, pnl, volume, max_drawdown_pct, volatility_pct, sharpe, closed_win_rate_pct
        )
        SELECT * FROM unnest(
            %(ids)s::uuid[], %(names)s::text[], %(rois)s::numeric[], %(pnls)s::numeric[], %(volumes)s::numeric[],
            %(drawdowns)s::numeric[], %(volatilities)s::numeric[], %(sharpes)s::numeric[], %(win_rates)s::numeric[]
        )
        ON CONFLICT (vault_id, window_name) DO UPDATE SET
            roi_pct = excluded.roi_pct, pnl = excluded.pnl, volume = excluded.volume,
            max_drawdown_pct = excluded.max_drawdown_pct, volatility_pct = excluded.volatility_pct,
            sharpe = excluded.sharpe, closed_win_rate_pct = excluded.closed_win_rate_pct
        """,
        {
            "ids": [vault for vault, _ in rows],
            "names": [figures.window for _, figures in rows],
            "rois": [figures.roi_pct for _, figures in rows],
            "pnls": [figures.pnl for _, figures in rows],
            "volumes": [figures.volume for _, figures in rows],
            "drawdowns": [figures.max_drawdown_pct for _, figures in rows],
            "volatilities": [figures.volatility_pct for _, figures in rows],
            "sharpes": [figures.sharpe for _, figures in rows],
            "win_rates": [figures.closed_win_rate_pct for _, figures in rows],
        },
    )
