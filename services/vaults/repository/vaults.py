"""SQL of vaults: one, and lists by condition and order. Statements are put together from constants only."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from libs.database import Connection
from libs.identifiers import VaultId
from services.vaults.domain import Risk, Vault, VaultStatus
from services.vaults.listing import ALL, Place, VaultQuery, VaultSort

# The parts of metrics.md's riskScore: from score, drawdown and volatility of one snapshot.
_ARGUS = "50 - 0.05 * u.argus_score"
_DRAWDOWN = "0.6 * LEAST(50, v.max_drawdown_pct)"
_VOLATILITY = "0.2 * LEAST(100, COALESCE(v.volatility_30d_pct, 0))"
# Half up; 20 decimals, so that a drawdown of 0.8333… is not rounded down twice.
_RISK = f"floor(round({_ARGUS} + {_DRAWDOWN} + {_VOLATILITY}, 20) + 0.5)::integer"

_VAULT_COLUMNS = f"""
    v.id::text, v.contract_address, u.id::text, u.wallet_address, u.argus_score,
    date_part('epoch', u.joined_at)::bigint, v.name, v.base_asset, v.decimals, v.tvl::text, v.roi_pct::text,
    v.max_drawdown_pct::text, {_RISK},
    v.monthly_fee::text, v.status, date_part('epoch', v.created_at)::bigint, v.follower_count, v.trade_count,
    date_part('epoch', GREATEST(v.created_at, v.as_of, v.status_observed_at, u.score_observed_at))::bigint,
    GREATEST(v.deployed_block, v.block_number)
"""
_WIDTH = len(Vault._fields)

_FROM = "FROM vaults v JOIN users u ON u.id = v.leader_id"
_WITH_WINDOW = _FROM + " LEFT JOIN vault_windows w ON w.vault_id = v.id AND w.window_name = %(window)s"

# Without a deposit the fold's drawdown is not known, though the legacy column says 0.
_ROI_OF_ALL, _DRAWDOWN_OF_ALL = "v.roi_pct", "CASE WHEN v.roi_pct IS NOT NULL THEN v.max_drawdown_pct END"
_ROI_OF_WINDOW, _DRAWDOWN_OF_WINDOW = "w.roi_pct", "w.max_drawdown_pct"

_CONDITIONS = {
    "statuses": "v.status = ANY(%(statuses)s)",
    "base_asset": "v.base_asset = %(base_asset)s",
    "leader_id": "v.leader_id = %(leader_id)s::uuid",
    # Not LIKE: nothing in the text has a meaning of its own.
    "query": """(
        position(lower(%(query)s::text) IN lower(v.name)) > 0
        OR starts_with(lower(v.contract_address), lower(%(query)s::text))
    )""",
    "min_tvl": "v.tvl >= %(min_tvl)s::numeric",
    "max_tvl": "v.tvl <= %(max_tvl)s::numeric",
    "max_risk_score": _RISK + " <= %(max_risk_score)s",
    "min_followers": "v.follower_count >= %(min_followers)s",
    "min_trades": "v.trade_count >= %(min_trades)s",
}
_CONDITIONS_OF_ALL = {
    "min_roi_pct": _ROI_OF_ALL + " >= %(min_roi_pct)s::numeric",
    "max_drawdown_pct": _DRAWDOWN_OF_ALL + " <= %(max_drawdown_pct)s::numeric",
}
_CONDITIONS_OF_WINDOW = {
    "min_roi_pct": _ROI_OF_WINDOW + " >= %(min_roi_pct)s::numeric",
    "max_drawdown_pct": _DRAWDOWN_OF_WINDOW + " <= %(max_drawdown_pct)s::numeric",
}


class _Key(NamedTuple):
    """What a list is sorted by: its expression, its value as text, that text's value, and whether it may be null."""

    expression: str
    shown: str
    value: str
    is_nullable: bool = False


_KEYS = {
    VaultSort.CREATED_AT: _Key(
        "v.created_at", "date_part('epoch', v.created_at)::bigint::text", "to_timestamp(%(after)s::bigint)"
    ),
    VaultSort.TVL: _Key("v.tvl", "v.tvl::text", "%(after)s::numeric"),
    VaultSort.RISK_SCORE: _Key(_RISK, f"({_RISK})::text", "%(after)s::integer"),
    VaultSort.FOLLOWERS: _Key("v.follower_count", "v.follower_count::text", "%(after)s::bigint"),
    VaultSort.TRADES: _Key("v.trade_count", "v.trade_count::text", "%(after)s::bigint"),
    VaultSort.NAME: _Key("lower(v.name)", "lower(v.name)", "%(after)s::text"),
}


def _nullable(expression: str) -> _Key:
    return _Key(expression, f"({expression})::text", "%(after)s::numeric", is_nullable=True)


_KEYS_OF_ALL = {VaultSort.ROI: _nullable(_ROI_OF_ALL), VaultSort.DRAWDOWN: _nullable(_DRAWDOWN_OF_ALL)}
_KEYS_OF_WINDOW = {VaultSort.ROI: _nullable(_ROI_OF_WINDOW), VaultSort.DRAWDOWN: _nullable(_DRAWDOWN_OF_WINDOW)}


async def list_vaults(
    conn: Connection, query: VaultQuery, *, after: Place | None, limit: int, skip: int
) -> list[tuple[Vault, str | None]]:
    """Vaults of a list after a place or from the start, each with its sort value as text."""
    follows = "start" if after is None else "unknown" if after.value is None else "value"
    statement = _list_statement(
        query.sort,
        tuple(query.filter.conditions()),
        follows,
        is_windowed=query.window != ALL,
        is_descending=query.is_descending,
    )
    place = {} if after is None else {"after": after.value, "after_id": after.id}
    cursor = await conn.execute(
        statement.encode(), {**query.filter.conditions(), **place, "window": query.window, "limit": limit, "skip": skip}
    )
    return [(_vault(row[:_WIDTH]), row[_WIDTH]) for row in await cursor.fetchall()]


@lru_cache(maxsize=1_024)
def _list_statement(
    sort: VaultSort, conditions: tuple[str, ...], follows: str, *, is_windowed: bool, is_descending: bool
) -> str:
    key = {**_KEYS, **(_KEYS_OF_WINDOW if is_windowed else _KEYS_OF_ALL)}[sort]
    wanted = _where(conditions, is_windowed=is_windowed)
    if follows != "start":
        wanted = [*wanted, _keyset(key, follows, is_descending=is_descending)]
    direction = "DESC" if is_descending else "ASC"
    # An index of a column that is never null serves only the plain order.
    nulls = " NULLS LAST" if key.is_nullable else ""
    return f"""
        SELECT {_VAULT_COLUMNS}, {key.shown}
        {_WITH_WINDOW if is_windowed else _FROM}
        WHERE {" AND ".join(wanted) or "true"}
        ORDER BY {key.expression} {direction}{nulls}, v.id
        LIMIT %(limit)s OFFSET %(skip)s
    """  # every part is a constant


def _keyset(key: _Key, follows: str, *, is_descending: bool) -> str:
    if follows == "unknown":
        return f"({key.expression} IS NULL AND v.id > %(after_id)s::uuid)"
    sign = "<" if is_descending else ">"
    behind = f"({key.expression} {sign} {key.value} OR ({key.expression} = {key.value} AND v.id > %(after_id)s::uuid))"
    if key.is_nullable:
        return f"({behind} OR {key.expression} IS NULL)"
    # What follows from the rest, said so that an index can use it.
    return f"{key.expression} {sign}= {key.value} AND {behind}"


def _where(conditions: tuple[str, ...], *, is_windowed: bool) -> list[str]:
    texts = {**_CONDITIONS, **(_CONDITIONS_OF_WINDOW if is_windowed else _CONDITIONS_OF_ALL)}
    return [texts[name] for name in conditions]


async def count_vaults(conn: Connection, query: VaultQuery) -> int:
    """Number of vaults that pass the list's conditions."""
    conditions = query.filter.conditions()
    statement = _count_statement(tuple(conditions), is_windowed=query.window != ALL)
    cursor = await conn.execute(statement.encode(), {**conditions, "window": query.window})
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


@lru_cache(maxsize=1_024)
def _count_statement(conditions: tuple[str, ...], *, is_windowed: bool) -> str:
    if not conditions:
        return "SELECT count(*) FROM vaults"
    source = _WITH_WINDOW if is_windowed else _FROM
    wanted = " AND ".join(_where(conditions, is_windowed=is_windowed))
    return f"SELECT count(*) {source} WHERE {wanted}"  # every part is a constant


_GET_VAULT = f"""
    SELECT {_VAULT_COLUMNS}, ({_ARGUS})::text, ({_DRAWDOWN})::text, ({_VOLATILITY})::text
    {_FROM}
    WHERE v.id = %(id)s
"""  # every part is a constant


async def find_vault(conn: Connection, vault: VaultId) -> tuple[Vault, Risk] | None:
    """One vault with the parts of its risk score."""
    cursor = await conn.execute(_GET_VAULT, {"id": vault})
    row = await cursor.fetchone()
    if row is None:
        return None
    found = _vault(row[:_WIDTH])
    return found, Risk(found.risk_score, *row[_WIDTH:])


def _vault(row: tuple[Any, ...]) -> Vault:
    values = list(row)
    values[14] = VaultStatus(values[14])
    return Vault._make(values)
