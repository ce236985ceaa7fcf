"""SQL of followers and their positions."""

from __future__ import annotations

from decimal import Decimal

from libs.database import Connection
from libs.identifiers import UserId, VaultId
from services.analytics.domain import FollowerRow
from services.analytics.listing import FollowerStatus, PositionRow, PositionTotals
from services.analytics.repository.fold_state import FOLLOWER_COLUMNS, follower_row

_OF_STATUS = {
    FollowerStatus.ANY: "vault_id = %(vault)s",
    FollowerStatus.ACTIVE: "vault_id = %(vault)s AND deposit > 0",
    FollowerStatus.LEFT: "vault_id = %(vault)s AND deposit = 0",
}
_LIST_FOLLOWERS = {
    status: f"""
        SELECT {FOLLOWER_COLUMNS}
        FROM followers
        WHERE {condition} AND (
            %(deposit)s::numeric IS NULL
            OR deposit < %(deposit)s
            OR (deposit = %(deposit)s AND wallet_address > %(wallet)s)
        )
        -- Not the output column of that name, which is text.
        ORDER BY followers.deposit DESC, wallet_address
        LIMIT %(limit)s
    """  # noqa: S608  # every part is a constant
    for status, condition in _OF_STATUS.items()
}


async def list_followers(
    conn: Connection, vault: VaultId, status: FollowerStatus, *, after: tuple[int, str] | None, limit: int
) -> list[FollowerRow]:
    """Followers of a vault by deposit, largest first, then wallet; after a (deposit, wallet)."""
    cursor = await conn.execute(
        _LIST_FOLLOWERS[status].encode(),
        {
            "vault": vault,
            "deposit": None if after is None else str(after[0]),
            "wallet": None if after is None else after[1],
            "limit": limit,
        },
    )
    return [follower_row(columns) for columns in await cursor.fetchall()]


async def count_profitable(conn: Connection, vault: VaultId, *, owned: int, supply: Decimal, generation: int) -> int:
    """Followers of a vault with a pnl above rounding noise: shares * owned / supply > net paid in, multiplied out.

    `supply` must be within what numeric holds; shares are never more than it.
    """
    cursor = await conn.execute(
        """
        SELECT count(*) FROM followers
        WHERE vault_id = %(vault)s AND CASE
            -- Shares of another generation are void, and may have more digits than numeric.
            WHEN generation = %(generation)s AND shares <> '0' THEN
                shares::numeric * %(owned)s::numeric
                    > (deposited_total - withdrawn_total - settled_total + 1e-200) * %(supply)s::numeric
            ELSE deposited_total < withdrawn_total + settled_total
        END
        """,
        {"vault": vault, "owned": str(owned), "supply": str(supply), "generation": generation},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def find_follower(conn: Connection, vault: VaultId, user: UserId) -> FollowerRow | None:
    """One follower of a vault."""
    cursor = await conn.execute(_FIND_FOLLOWER, {"vault": vault, "user": user})
    row = await cursor.fetchone()
    return follower_row(row) if row else None


_FIND_FOLLOWER = f"""
    SELECT {FOLLOWER_COLUMNS} FROM followers WHERE vault_id = %(vault)s AND user_id = %(user)s
"""  # noqa: S608  # the columns are a constant

_LIST_POSITIONS = f"""
    SELECT v.id, v.contract_address, v.name, v.base_asset, {FOLLOWER_COLUMNS}
    FROM followers JOIN vaults v ON v.id = followers.vault_id
    WHERE user_id = %(user)s
    ORDER BY (followers.deposit > 0) DESC, COALESCE(followers.subscribed_at, followers.first_deposit_at) DESC
        NULLS LAST, v.id
    LIMIT %(limit)s
"""  # noqa: S608  # the columns are a constant


async def list_positions(conn: Connection, user: UserId, *, limit: int) -> list[PositionRow]:
    """A wallet as a follower: running positions before ended ones, newest first."""
    cursor = await conn.execute(_LIST_POSITIONS, {"user": user, "limit": limit})
    return [
        PositionRow(VaultId(vault), address, name, base_asset, follower_row(columns))
        for vault, address, name, base_asset, *columns in await cursor.fetchall()
    ]


async def get_position_totals(conn: Connection, user: UserId) -> PositionTotals:
    """How many positions a wallet has, and when their vaults changed last."""
    cursor = await conn.execute(
        """
        SELECT count(*), count(*) FILTER (WHERE f.deposit > 0),
            extract(epoch FROM max(GREATEST(v.created_at, v.as_of, v.status_observed_at)))::bigint,
            max(GREATEST(v.deployed_block, v.block_number))
        FROM followers f JOIN vaults v ON v.id = f.vault_id
        WHERE f.user_id = %(user)s
        """,
        {"user": user},
    )
    row = await cursor.fetchone()
    assert row is not None
    return PositionTotals(*row)
