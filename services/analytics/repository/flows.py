"""SQL of lists of flows. Statements are put together from constants only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from libs.database import Connection
from libs.events import NO_LOG_INDEX, Kind, to_datetime
from libs.identifiers import UserId, VaultId
from services.analytics.listing import FlowFilter, FlowPosition, FlowRow
from services.analytics.repository.ledger import missing_as_none

_CONDITIONS = {
    "kind": "kind = %(kind)s",
    "user": "user_id = %(user)s",
    "since": "event_time >= to_timestamp(%(since)s)",
    "until": "event_time <= to_timestamp(%(until)s)",
}
_AFTER = """(event_time, block_order, log_order, source, kind, lower(wallet_address), identity)
    < (%(time)s::timestamptz, %(block)s::bigint, %(log)s::integer, %(source)s::text, %(place_kind)s::smallint,
        %(wallet)s::text, %(identity)s::text)"""


async def list_flows(
    conn: Connection, vault: VaultId, wanted: FlowFilter, *, after: FlowPosition | None, limit: int
) -> list[FlowRow]:
    """Flows of a vault that pass the filter, latest first, after a position; flows of 0 are left out."""
    conditions = wanted.conditions()
    place = {}
    if after is not None:
        place = {
            "time": to_datetime(after.time),
            "block": after.block_order,
            "log": after.log_order,
            "source": after.source,
            "place_kind": after.kind,
            "wallet": after.wallet,
            "identity": after.identity,
        }
    statement = _list_statement(tuple(conditions), is_first=after is None)
    cursor = await conn.execute(statement.encode(), {**_parameters(vault, conditions), **place, "limit": limit})
    return [_flow(vault, row) for row in await cursor.fetchall()]


@lru_cache(maxsize=64)
def _list_statement(conditions: tuple[str, ...], *, is_first: bool) -> str:
    return f"""
        SELECT kind, user_id, wallet_address, amount::text, profit::text, leader_cut::text, protocol_cut::text,
            extract(epoch FROM event_time)::bigint, time_assumed, transaction_hash, block_order, log_order, source,
            identity
        FROM flows
        WHERE {_where(conditions)}{"" if is_first else f" AND {_AFTER}"}
        ORDER BY event_time DESC, block_order DESC, log_order DESC, source DESC, kind DESC,
            lower(wallet_address) DESC, identity DESC
        LIMIT %(limit)s
    """  # noqa: S608  # every part is a constant


async def count_flows(conn: Connection, vault: VaultId, wanted: FlowFilter) -> int:
    """Number of flows of a vault that pass the filter; flows of 0 do not count."""
    conditions = wanted.conditions()
    cursor = await conn.execute(_count_statement(tuple(conditions)).encode(), _parameters(vault, conditions))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


@lru_cache(maxsize=64)
def _count_statement(conditions: tuple[str, ...]) -> str:
    return f"SELECT count(*) FROM flows WHERE {_where(conditions)}"  # noqa: S608  # every part is a constant


def _where(conditions: tuple[str, ...]) -> str:
    always = ("vault_id = %(vault)s", "(amount > 0 OR kind = %(settled)s)")
    return " AND ".join([*always, *(_CONDITIONS[name] for name in conditions)])


def _parameters(vault: VaultId, conditions: dict[str, Any]) -> dict[str, Any]:
    return {"vault": vault, "settled": int(Kind.SETTLEMENT), **conditions}


def _flow(vault: VaultId, row: Sequence[Any]) -> FlowRow:
    (
        kind, user, wallet, amount, profit, leader_cut, protocol_cut, time, assumed, transaction, block, log, source,
        identity,
    ) = row  # fmt: skip
    return FlowRow(
        vault_id=vault,
        kind=Kind(kind),
        user_id=UserId(user),
        wallet_address=wallet,
        amount=amount,
        profit=profit,
        leader_cut=leader_cut,
        protocol_cut=protocol_cut,
        executed_at=time,
        time_assumed=assumed,
        transaction_hash=transaction,
        log_index=None if log == NO_LOG_INDEX else log,
        block_number=missing_as_none(block),
        position=FlowPosition(time, block, log, source, kind, wallet.lower(), identity),
    )
