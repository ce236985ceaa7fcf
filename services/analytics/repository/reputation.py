"""SQL of the board by argus score, and of who a vault's or user's id names."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from libs.database import Connection
from services.analytics.domain import Leader


class Contender(NamedTuple):
    """A vault or a user with its address."""

    id: UUID
    address: str
    is_vault: bool


class RankedLeader(NamedTuple):
    """A leader's place on the board by argus score, from 1; previous_rank is that at the UTC day's first refresh."""

    rank: int
    previous_rank: int | None
    leader: Leader


async def find_contender(conn: Connection, vault: UUID | None, user: UUID | None) -> Contender | None:
    """The vault of one id, else the user of the other."""
    cursor = await conn.execute(
        """
        SELECT id, contract_address, true FROM vaults WHERE id = %(vault)s
        UNION ALL
        SELECT id, wallet_address, false FROM users WHERE id = %(user)s
        LIMIT 1
        """,
        {"vault": vault, "user": user},
    )
    row = await cursor.fetchone()
    return Contender(*row) if row else None


async def list_reputation_neighbours(conn: Connection, user: UUID, *, reach: int) -> list[RankedLeader]:
    """A user's row on the board by argus score with up to `reach` rows on either side; empty when not on it."""
    cursor = await conn.execute(
        """
        WITH board AS (
            SELECT id, wallet_address, argus_score, joined_at,
                row_number() OVER (ORDER BY argus_score DESC, joined_at, lower(wallet_address) COLLATE "C") AS rank
            FROM users WHERE argus_score > 0
        ), own AS (
            SELECT rank FROM board WHERE id = %(user)s
        )
        SELECT b.rank, before.rank, b.id::text, b.wallet_address, b.argus_score,
            extract(epoch FROM b.joined_at)::bigint, (SELECT count(*) FROM vaults v WHERE v.leader_id = b.id)
        FROM own JOIN board b ON b.rank BETWEEN own.rank - %(reach)s AND own.rank + %(reach)s
            LEFT JOIN reputation_baselines before ON before.user_id = b.id
        ORDER BY b.rank
        """,
        {"user": user, "reach": reach},
    )
    return [RankedLeader(rank, previous, Leader(*row)) for rank, previous, *row in await cursor.fetchall()]
