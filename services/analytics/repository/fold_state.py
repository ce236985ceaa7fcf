"""SQL of the fold's state: the vault's machinery and its followers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from libs.database import Connection
from libs.events import to_datetime
from libs.identifiers import Address, UserId, VaultId
from services.analytics.domain import FollowerRow, VaultFigures
from services.analytics.followers import FollowerState
from services.analytics.state import VaultState

Pair = tuple[VaultId, Address]

FOLLOWER_COLUMNS = """
    user_id, wallet_address, deposit::text, deposited_total::text, withdrawn_total::text, settled_total::text, shares,
    generation, extract(epoch FROM subscribed_at)::bigint, extract(epoch FROM first_deposit_at)::bigint, flags
"""

_LOAD_FOLLOWERS = f"""
    SELECT vault_id, {FOLLOWER_COLUMNS}
    FROM followers JOIN unnest(%(vault_ids)s::uuid[], %(wallets)s::text[]) AS w (vault_id, wallet_address)
        USING (vault_id, wallet_address)
"""  # noqa: S608  # the columns are a constant


async def load_states(conn: Connection, vault_ids: Sequence[VaultId]) -> dict[VaultId, VaultState]:
    """State of each of these vaults that has one."""
    cursor = await conn.execute(
        "SELECT vault_id, state FROM fold_states WHERE vault_id = ANY(%(ids)s)", {"ids": list(vault_ids)}
    )
    return {VaultId(vault): VaultState.from_json(orjson.loads(state)) for vault, state in await cursor.fetchall()}


async def save_states(conn: Connection, states: Mapping[VaultId, VaultState]) -> None:
    """Write states."""
    await conn.execute(
        """
        INSERT INTO fold_states (vault_id, state)
        SELECT * FROM unnest(%(ids)s::uuid[], %(states)s::bytea[])
        ON CONFLICT (vault_id) DO UPDATE SET state = excluded.state
        """,
        {"ids": list(states), "states": [orjson.dumps(state.to_json()) for state in states.values()]},
    )


async def load_followers(conn: Connection, pairs: Sequence[Pair]) -> dict[VaultId, dict[str, FollowerState]]:
    """Those of these followers that the ledger has named before, by vault and wallet."""
    cursor = await conn.execute(
        _LOAD_FOLLOWERS,
        {"vault_ids": [vault for vault, _ in pairs], "wallets": [wallet for _, wallet in pairs]},
    )
    followers: dict[VaultId, dict[str, FollowerState]] = defaultdict(dict)
    for vault, *columns in await cursor.fetchall():
        row = follower_row(columns)
        followers[VaultId(vault)][row.state.wallet] = row.state
    return followers


async def save_followers(conn: Connection, rows: Mapping[Pair, tuple[UserId, FollowerState]]) -> None:
    """Write followers; keys are (vault, wallet)."""
    states = [state for _, state in rows.values()]
    await conn.execute(
        """
        INSERT INTO followers (
            vault_id, user_id, wallet_address, deposit, deposited_total, withdrawn_total, settled_total, shares,
            generation, subscribed_at, first_deposit_at, flags
        )
        SELECT vault_id, user_id, wallet_address, deposit, deposited_total, withdrawn_total, settled_total, shares,
            generation, subscribed_at, first_deposit_at, string_to_array(flags, ',')
        FROM unnest(
            %(vault_ids)s::uuid[], %(user_ids)s::uuid[], %(wallets)s::text[], %(deposits)s::numeric[],
            %(deposited)s::numeric[], %(withdrawn)s::numeric[], %(settled)s::numeric[], %(shares)s::text[],
            %(generations)s::integer[], %(subscribed)s::timestamptz[], %(first)s::timestamptz[], %(flags)s::text[]
        ) AS n (
            vault_id, user_id, wallet_address, deposit, deposited_total, withdrawn_total, settled_total, shares,
            generation, subscribed_at, first_deposit_at, flags
        )
        ON CONFLICT (vault_id, user_id) DO UPDATE SET
            deposit = excluded.deposit, deposited_total = excluded.deposited_total,
            withdrawn_total = excluded.withdrawn_total, settled_total = excluded.settled_total,
            shares = excluded.shares, generation = excluded.generation, subscribed_at = excluded.subscribed_at,
            first_deposit_at = excluded.first_deposit_at, flags = excluded.flags
        """,
        {
            "vault_ids": [vault for vault, _ in rows],
            "user_ids": [user for user, _ in rows.values()],
            "wallets": [state.wallet for state in states],
            "deposits": [str(state.deposit) for state in states],
            "deposited": [str(state.deposited_total) for state in states],
            "withdrawn": [str(state.withdrawn_total) for state in states],
            "settled": [str(state.settled_total) for state in states],
            "shares": [str(state.shares) for state in states],
            "generations": [state.generation for state in states],
            "subscribed": [_time(state.subscribed_at) for state in states],
            "first": [_time(state.first_deposit_at) for state in states],
            # unnest can't make rows of arrays; flags hold no comma, and '' becomes an empty array.
            "flags": [",".join(sorted(state.flags)) for state in states],
        },
    )


async def delete_followers(conn: Connection, vault: VaultId) -> None:
    """Remove all followers of a vault that is folded again."""
    await conn.execute("DELETE FROM followers WHERE vault_id = %(vault)s", {"vault": vault})


async def delete_states_of_unknown_vaults(conn: Connection, vault_ids: Sequence[VaultId]) -> None:
    """Remove states and followers of those vaults that are unknown now."""
    parameters = {"ids": list(vault_ids)}
    await conn.execute(
        """
        DELETE FROM fold_states
        WHERE vault_id = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM vaults v WHERE v.id = fold_states.vault_id)
        """,
        parameters,
    )
    await conn.execute(
        """
        DELETE FROM followers
        WHERE vault_id = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM vaults v WHERE v.id = followers.vault_id)
        """,
        parameters,
    )


async def list_base_assets(conn: Connection, vault_ids: Sequence[VaultId]) -> dict[VaultId, str]:
    """Base asset of each of these vaults that is known."""
    cursor = await conn.execute(
        "SELECT id, base_asset FROM vaults WHERE id = ANY(%(ids)s) ORDER BY id", {"ids": list(vault_ids)}
    )
    return {VaultId(vault): base_asset for vault, base_asset in await cursor.fetchall()}


async def save_figures(
    conn: Connection, figures: Mapping[VaultId, VaultFigures], refolded: Collection[VaultId]
) -> None:
    """Write the figures of vaults, some of them folded from their whole ledgers, and give each a new version."""
    rows = list(figures.values())
    await conn.execute(
        """
        UPDATE vaults SET
            ledger_version = nextval('ledger_versions'),
            -- Above every version that was folded before, not above the new one.
            refolded_version = CASE WHEN n.refolded THEN vaults.ledger_version + 1 ELSE vaults.refolded_version END,
            tvl = n.tvl, roi_pct = n.roi_pct,
            max_drawdown_pct = n.max_drawdown_pct, is_liquidated = n.is_liquidated,
            listed_follower_count = n.listed, follower_count = n.followers, trade_count = n.trades,
            winning_trade_count = n.wins, as_of = n.as_of, block_number = n.block_number
        FROM unnest(
            %(ids)s::uuid[], %(tvls)s::numeric[], %(rois)s::numeric[], %(drawdowns)s::numeric[],
            %(liquidated)s::boolean[], %(listed)s::bigint[], %(followers)s::bigint[], %(trades)s::bigint[],
            %(wins)s::bigint[], %(times)s::timestamptz[], %(blocks)s::bigint[],
            %(refolded)s::boolean[]
        ) AS n (id, tvl, roi_pct, max_drawdown_pct, is_liquidated, listed, followers, trades, wins, as_of,
            block_number, refolded)
        WHERE vaults.id = n.id
        """,
        {
            "ids": list(figures),
            "tvls": [str(row.tvl) for row in rows],
            "rois": [_decimal(row.roi_pct) for row in rows],
            "drawdowns": [_decimal(row.max_drawdown_pct) for row in rows],
            "liquidated": [row.is_liquidated for row in rows],
            "listed": [row.listed_follower_count for row in rows],
            "followers": [row.follower_count for row in rows],
            "trades": [row.trade_count for row in rows],
            "wins": [row.winning_trade_count for row in rows],
            "times": [_time(row.as_of) for row in rows],
            "blocks": [row.block_number for row in rows],
            "refolded": [vault in refolded for vault in figures],
        },
    )


def follower_row(columns: Sequence[Any]) -> FollowerRow:
    """The follower in FOLLOWER_COLUMNS."""
    user, wallet, deposit, deposited, withdrawn, settled, shares, generation, subscribed, first, flags = columns
    state = FollowerState(
        wallet=wallet,
        deposit=int(deposit),
        deposited_total=int(deposited),
        withdrawn_total=int(withdrawn),
        settled_total=int(settled),
        shares=Decimal(shares),
        generation=generation,
        subscribed_at=subscribed,
        first_deposit_at=first,
        flags=set(flags),
    )
    return FollowerRow(user, state)


def _time(seconds: int | None) -> Any:
    return None if seconds is None else to_datetime(seconds)


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
