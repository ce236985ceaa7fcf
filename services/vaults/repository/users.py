"""SQL of users."""

from __future__ import annotations

from libs.database import Connection
from libs.identifiers import UserId, VaultId
from services.vaults.domain import User


async def find_user(conn: Connection, user: UserId) -> User | None:
    """One user."""
    cursor = await conn.execute(
        "SELECT id, wallet_address, argus_score, joined_at FROM users WHERE id = %(id)s", {"id": user}
    )
    row = await cursor.fetchone()
    return User(*row) if row else None


async def list_led_vaults(conn: Connection, user: UserId) -> list[VaultId]:
    """Vaults that the user leads, newest first."""
    cursor = await conn.execute(
        "SELECT id FROM vaults WHERE leader_id = %(id)s ORDER BY created_at DESC, id", {"id": user}
    )
    return [VaultId(row[0]) for row in await cursor.fetchall()]
