"""SQL of boards: places by the figures of the last refresh, and previous ranks by those of the UTC day's first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from libs.database import Connection
from services.analytics.board_rows import AssetWindowSums, Board, BoardEntry, BoardKey, BoardRow, Least
from services.analytics.metrics.windows import Window

_VALUE = """
    CASE %(sort)s::text
        WHEN 'roi' THEN roi_pct[%(window)s]
        WHEN 'pnl' THEN pnl[%(window)s]
        WHEN 'sharpe' THEN sharpe[%(window)s]
        WHEN 'tvl' THEN tvl
        WHEN 'followers' THEN followers
        WHEN 'winRate' THEN closed_win_rate_pct[%(window)s]
        WHEN 'volume' THEN volume[%(window)s]
    END
"""

_RANKED = f"""
    WITH valued AS (
        SELECT id, {_VALUE} AS value, tvl, since, address, base_asset, followers, trades, vault_count, leader_id
        FROM board_entries
        WHERE is_leader = %(leaders)s AND (%(asset)s::text IS NULL OR base_asset = %(asset)s)
    ), board AS (
        SELECT *, row_number() OVER (ORDER BY value DESC, tvl DESC, since, address, lower(base_asset)) AS rank
        FROM valued WHERE value IS NOT NULL
    ), valued_before AS (
        SELECT id, {_VALUE} AS value, tvl, since, address, base_asset
        FROM board_baselines
        WHERE is_leader = %(leaders)s AND (%(asset)s::text IS NULL OR base_asset = %(asset)s)
    ), before AS (
        SELECT id, row_number() OVER (ORDER BY value DESC, tvl DESC, since, address, lower(base_asset)) AS rank
        FROM valued_before WHERE value IS NOT NULL
    )
"""  # noqa: S608  # the expression is a constant

_ROW = """
    SELECT b.rank, before.rank, b.value::text, CASE WHEN %(leaders)s THEN b.leader_id ELSE b.id END,
        COALESCE(v.contract_address, u.wallet_address), COALESCE(v.name, ''), b.base_asset, COALESCE(v.status, ''),
        b.tvl::text, b.followers, b.trades, b.vault_count, u.id, u.wallet_address, u.argus_score,
        extract(epoch FROM b.since)::bigint
    FROM board b
        JOIN users u ON u.id = b.leader_id
        LEFT JOIN vaults v ON v.id = b.id
        LEFT JOIN before ON before.id = b.id
"""

_LIST = f"""
    {_RANKED}
    {_ROW}
    WHERE b.rank > %(after)s AND (%(tvl)s::numeric IS NULL OR b.tvl >= %(tvl)s::numeric)
        AND b.followers >= %(followers)s AND b.trades >= %(trades)s
    ORDER BY b.rank
    LIMIT %(limit)s OFFSET %(skip)s
"""  # the parts are constants

_COUNT = f"""
    SELECT count(*) FROM board_entries
    WHERE is_leader = %(leaders)s AND (%(asset)s::text IS NULL OR base_asset = %(asset)s) AND {_VALUE} IS NOT NULL
        AND (%(tvl)s::numeric IS NULL OR tvl >= %(tvl)s::numeric) AND followers >= %(followers)s
        AND trades >= %(trades)s
"""  # noqa: S608  # the expression is a constant

_UP_TO = f"""
    SELECT count(*)
    FROM (
        SELECT {_VALUE} AS value, tvl, since, address, lower(base_asset) AS asset FROM board_entries
        WHERE is_leader = %(leaders)s AND (%(asset)s::text IS NULL OR base_asset = %(asset)s)
    ) e
    WHERE e.value > %(value)s::numeric OR (e.value = %(value)s::numeric AND (
        e.tvl > %(tvl)s::numeric OR (
            e.tvl = %(tvl)s::numeric AND (e.since, e.address, e.asset)
                <= (to_timestamp(%(since)s), %(address)s::text, lower(%(entry_asset)s::text))
        )
    ))
"""  # noqa: S608  # the expression is a constant

_AROUND = f"""
    {_RANKED}
    , own AS (
        SELECT rank FROM board WHERE CASE WHEN %(leaders)s THEN leader_id ELSE id END = %(id)s ORDER BY rank LIMIT 1
    )
    {_ROW}
    , own
    WHERE b.rank BETWEEN own.rank - %(reach)s AND own.rank + %(reach)s
    ORDER BY b.rank
"""  # noqa: S608  # the parts are constants


async def list_board(
    conn: Connection, board: Board, least: Least, *, limit: int, skip: int = 0, after_rank: int = 0
) -> list[BoardRow]:
    """A page of a board: `limit` rows behind a rank, without the first `skip` of them."""
    cursor = await conn.execute(
        _LIST, {**_board(board), **_least(least), "limit": limit, "skip": skip, "after": after_rank}
    )
    return [_row(columns) for columns in await cursor.fetchall()]


async def count_board(conn: Connection, board: Board, least: Least) -> int:
    """How many rows of a board are shown."""
    cursor = await conn.execute(_COUNT, {**_board(board), **_least(least)})
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def count_up_to(conn: Connection, board: Board, key: BoardKey) -> int:
    """How many rows of a board are at or before a key, which need not be on it any more: the rank to go on behind."""
    own = {
        "value": str(key.value),
        "tvl": str(key.tvl),
        "since": key.since,
        "address": key.address,
        "entry_asset": key.base_asset,
    }
    cursor = await conn.execute(_UP_TO, {**_board(board), **own})
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def list_neighbours(conn: Connection, board: Board, contender: UUID, *, reach: int) -> list[BoardRow]:
    """The row of a vault or (its best) of a leader with up to `reach` rows on either side; empty when not on it."""
    cursor = await conn.execute(_AROUND, {**_board(board), "id": contender, "reach": reach})
    return [_row(columns) for columns in await cursor.fetchall()]


async def list_reputation_baselines(conn: Connection, users: Sequence[UUID]) -> dict[UUID, int]:
    """Ranks on the board of reputation at the UTC day's first refresh, of those of these users that were on it."""
    cursor = await conn.execute(
        "SELECT user_id, rank FROM reputation_baselines WHERE user_id = ANY(%(ids)s)", {"ids": list(users)}
    )
    return dict(await cursor.fetchall())


async def sum_windows(conn: Connection) -> list[AssetWindowSums]:
    """Volume, net flow and pnl of all vaults by base asset and window, as of the last refresh."""
    cursor = await conn.execute(
        """
        SELECT base_asset, w.place, sum(w.volume)::text, sum(w.net_flow)::text, sum(w.pnl)::text
        FROM board_entries CROSS JOIN LATERAL unnest(volume, net_flow, pnl) WITH ORDINALITY
            AS w (volume, net_flow, pnl, place)
        WHERE NOT is_leader
        GROUP BY base_asset, w.place
        ORDER BY base_asset, w.place
        """
    )
    windows = list(Window)
    return [
        AssetWindowSums(base_asset, windows[place - 1], int(volume), int(net_flow), int(pnl))
        for base_asset, place, volume, net_flow, pnl in await cursor.fetchall()
    ]


async def save_entries(conn: Connection, entries: Sequence[BoardEntry]) -> None:
    """Write what boards are sorted by, for vaults and leaders."""
    await conn.execute(
        """
        INSERT INTO board_entries (
            id, is_leader, subject_id, leader_id, base_asset, address, since, vault_count, tvl, followers, trades,
            roi_pct, pnl, volume, net_flow, sharpe, closed_win_rate_pct
        )
        SELECT n.id, n.is_leader, n.subject_id, n.leader_id, n.base_asset,
            lower(CASE WHEN n.is_leader THEN u.wallet_address ELSE v.contract_address END),
            CASE WHEN n.is_leader THEN u.joined_at ELSE v.created_at END,
            n.vault_count, n.tvl, n.followers, n.trades, n.roi_pct::numeric[], n.pnl::numeric[], n.volume::numeric[],
            n.net_flow::numeric[], n.sharpe::numeric[], n.closed_win_rate_pct::numeric[]
        FROM unnest(
            %(ids)s::uuid[], %(are_leaders)s::boolean[], %(subjects)s::uuid[], %(leaders)s::uuid[],
            %(assets)s::text[], %(vaults)s::integer[], %(tvl)s::numeric[], %(followers)s::bigint[],
            %(trades)s::bigint[], %(roi_pct)s::text[], %(pnl)s::text[], %(volume)s::text[], %(net_flow)s::text[],
            %(sharpe)s::text[], %(closed_win_rate_pct)s::text[]
        ) AS n (
            id, is_leader, subject_id, leader_id, base_asset, vault_count, tvl, followers, trades, roi_pct, pnl, volume,
            net_flow, sharpe, closed_win_rate_pct
        )
            JOIN users u ON u.id = n.leader_id
            LEFT JOIN vaults v ON v.id = n.id
        ON CONFLICT (id) DO UPDATE SET
            subject_id = excluded.subject_id, leader_id = excluded.leader_id, base_asset = excluded.base_asset,
            since = excluded.since, vault_count = excluded.vault_count, tvl = excluded.tvl,
            followers = excluded.followers, trades = excluded.trades, roi_pct = excluded.roi_pct, pnl = excluded.pnl,
            volume = excluded.volume, net_flow = excluded.net_flow, sharpe = excluded.sharpe,
            closed_win_rate_pct = excluded.closed_win_rate_pct
        """,
        {
            "ids": [entry.id for entry in entries],
            "are_leaders": [entry.is_leader for entry in entries],
            "subjects": [entry.subject_id for entry in entries],
            "leaders": [entry.leader_id for entry in entries],
            "assets": [entry.base_asset for entry in entries],
            "vaults": [entry.vault_count for entry in entries],
            "tvl": [str(entry.tvl) for entry in entries],
            "followers": [entry.followers for entry in entries],
            "trades": [entry.trades for entry in entries],
            **{name: [_array(getattr(entry, name)) for entry in entries] for name in _WINDOWED},
        },
    )


_WINDOWED = ("roi_pct", "pnl", "volume", "net_flow", "sharpe", "closed_win_rate_pct")


def _array(values: Sequence[Decimal | int | None]) -> str:
    """An array as text: unnest can't make rows of arrays."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


async def delete_gone_entries(conn: Connection) -> None:
    """Remove entries of vaults and leaders' base assets that are no more."""
    await conn.execute(
        """
        DELETE FROM board_entries e
        WHERE NOT EXISTS (
            SELECT FROM vaults v
            WHERE CASE WHEN e.is_leader THEN v.leader_id = e.leader_id AND v.base_asset = e.base_asset
                ELSE v.id = e.id END
        )
        """
    )


async def correct_join_times(conn: Connection) -> None:
    """Take over the joinedAt of leaders for whom an earlier event came."""
    await conn.execute(
        """
        UPDATE board_entries e SET since = u.joined_at
        FROM users u
        WHERE e.is_leader AND u.id = e.leader_id AND e.since <> u.joined_at
        """
    )


async def count_followers(conn: Connection, groups: Mapping[UUID, Sequence[UUID]]) -> dict[UUID, int]:
    """Wallets with a running subscription to any vault of a group, each once; groups by the id given."""
    pairs = [(group, vault) for group, vaults in groups.items() for vault in vaults]
    cursor = await conn.execute(
        """
        SELECT g.id, count(DISTINCT f.user_id)
        FROM unnest(%(groups)s::uuid[], %(vaults)s::uuid[]) AS g (id, vault_id)
            JOIN followers f ON f.vault_id = g.vault_id AND f.deposit > 0
        GROUP BY g.id
        """,
        {"groups": [group for group, _ in pairs], "vaults": [vault for _, vault in pairs]},
    )
    return dict(await cursor.fetchall())


async def renew_baselines(conn: Connection) -> None:
    """Let previous ranks be those of now."""
    await conn.execute("DELETE FROM board_baselines")
    await conn.execute("INSERT INTO board_baselines TABLE board_entries")
    await conn.execute("DELETE FROM reputation_baselines")
    await conn.execute(
        """
        INSERT INTO reputation_baselines (user_id, rank)
        SELECT id, row_number() OVER (ORDER BY argus_score DESC, joined_at, lower(wallet_address) COLLATE "C")
        FROM users WHERE argus_score > 0
        """
    )


def _board(board: Board) -> dict[str, Any]:
    return {
        "leaders": board.is_leaders,
        "sort": board.sort.value,
        # Arrays start at 1.
        "window": list(Window).index(board.window) + 1,
        "asset": board.base_asset,
    }


def _least(least: Least) -> dict[str, Any]:
    return {
        "tvl": None if least.tvl is None else str(least.tvl),
        "followers": least.followers,
        "trades": least.trades,
    }


def _row(columns: Sequence[Any]) -> BoardRow:
    rank, previous, value, identifier, address, name, asset, status, tvl, *rest = columns
    return BoardRow(rank, previous, Decimal(value), identifier, address, name, asset, status, int(tvl), *rest)
