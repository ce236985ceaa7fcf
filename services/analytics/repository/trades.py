"""SQL of lists of trades. Statements are put together from constants only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from libs.database import Connection
from libs.events import NO_LOG_INDEX, to_datetime
from libs.identifiers import TradeId, VaultId
from services.analytics.domain import TradePosition, TradeRow
from services.analytics.listing import TradeFilter
from services.analytics.repository.ledger import missing_as_none

_CONDITIONS = {
    "since": "event_time >= to_timestamp(%(since)s)",
    "until": "event_time <= to_timestamp(%(until)s)",
    "asset": "(asset_in = %(asset)s OR asset_out = %(asset)s)",
    "is_close": "is_close = %(is_close)s",
    "sign": "sign(pnl) = %(sign)s",
    "flag": "%(flag)s = ANY(flags)",
}
_AFTER = """(event_time, block_order, log_order, source, id)
    < (%(time)s::timestamptz, %(block)s::bigint, %(log)s::integer, %(source)s::text, %(id)s::uuid)"""


async def list_trades(
    conn: Connection, vault: VaultId, wanted: TradeFilter, *, after: TradePosition | None, limit: int
) -> list[TradeRow]:
    """Trades of a vault that pass the filter, latest first, after a position."""
    conditions = wanted.conditions()
    place = {}
    if after is not None:
        place = {
            "time": to_datetime(after.time),
            "block": after.block_order,
            "log": after.log_order,
            "source": after.source,
            "id": after.id,
        }
    statement = _list_statement(tuple(conditions), is_first=after is None)
    cursor = await conn.execute(statement.encode(), {"vault": vault, **conditions, **place, "limit": limit})
    return [_trade(vault, row) for row in await cursor.fetchall()]


@lru_cache(maxsize=256)
def _list_statement(conditions: tuple[str, ...], *, is_first: bool) -> str:
    return f"""
        SELECT id::text, transaction_hash, log_order, asset_in, asset_out, amount_in::text,
            COALESCE(amount_out, 0)::text, pnl::text, is_close, flags, extract(epoch FROM event_time)::bigint,
            block_order, source
        FROM trades
        WHERE {_where(conditions)}{"" if is_first else f" AND {_AFTER}"}
        ORDER BY event_time DESC, block_order DESC, log_order DESC, source DESC, trades.id DESC
        LIMIT %(limit)s
    """  # noqa: S608  # every part is a constant


async def count_trades(conn: Connection, vault: VaultId, wanted: TradeFilter) -> int:
    """Number of trades of a vault that pass the filter."""
    conditions = wanted.conditions()
    cursor = await conn.execute(_count_statement(tuple(conditions)).encode(), {"vault": vault, **conditions})
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


@lru_cache(maxsize=256)
def _count_statement(conditions: tuple[str, ...]) -> str:
    return f"SELECT count(*) FROM trades WHERE {_where(conditions)}"  # noqa: S608  # every part is a constant


def _where(conditions: tuple[str, ...]) -> str:
    return " AND ".join(["vault_id = %(vault)s", *(_CONDITIONS[name] for name in conditions)])


def _trade(vault: VaultId, row: Sequence[Any]) -> TradeRow:
    (
        identifier, transaction, log, asset_in, asset_out, amount_in, amount_out, pnl, is_close, flags, time, block,
        source,
    ) = row  # fmt: skip
    return TradeRow(
        id=TradeId(identifier),
        vault_id=vault,
        transaction_hash=transaction,
        log_index=None if log == NO_LOG_INDEX else log,
        asset_in=asset_in,
        asset_out=asset_out,
        amount_in=amount_in,
        amount_out=amount_out,
        pnl=int(pnl),
        is_close=is_close,
        flags=flags,
        executed_at=time,
        block_number=missing_as_none(block),
        position=TradePosition(time, block, log, source, identifier),
    )
