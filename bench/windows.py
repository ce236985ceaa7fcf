"""What windows, boards, history and late events cost with 1,000 vaults and 500,000 trades, in the analytics service.

Twenty vaults get their ledgers of a year through ApplyEvents; copies of all their rows, made in the database under
other ids, are the other 980. Their windows come from a refresh that derives them from the points.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
import psycopg

from bench import workload
from bench.figures import Figure
from libs.database import Pool, open_pool
from libs.identifiers import VaultId, vault_id
from protos.analytics.v1 import analytics_pb2 as pb
from protos.events.v1 import events_pb2
from services.analytics.history import Resolution, buckets, history
from services.analytics.refresh import refresh_figures
from services.analytics.repository import points
from services.analytics.servicer import AnalyticsServicer
from services.ingest.jobs import Accepted, read_entry
from tests.servers import PASSWORD, Database, make_template, new_database, running_postgres
from vaultline.embedded import EmbeddedPostgres

WINDOWS: Final = "windows and boards"

CHAIN_ID: Final = 125
_ORIGINALS: Final = 20
_TRADES: Final = 500
_FEW_COPIES, _COPIES = 1, 49
_YEAR: Final = 365 * 86_400
_END: Final = 1_790_000_000
_CLOCK: Final = _END + 3_600
_BUY: Final = 1_000_000
_SALES: Final = (1_030_000, 1_015_000, 980_000)

Say = Callable[[str], None]

# Every table that events write, under the ids and addresses of the n-th copy.
_COPY: Final = """
    CREATE FUNCTION copied(id uuid, n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS
        $$ SELECT md5(id::text || ':' || n)::uuid $$;
    CREATE FUNCTION copied(address text, n integer) RETURNS text LANGUAGE sql IMMUTABLE AS
        $$ SELECT '0x' || substr(md5(address || n) || md5(n || address), 1, 40) $$;
"""
_TABLES: Final = {
    "users": ({"id": "copied(id, {n})", "wallet_address": "copied(wallet_address, {n})"}, ("joined_at",)),
    "vaults": (
        {
            "id": "copied(id, {n})",
            "contract_address": "copied(contract_address, {n})",
            "leader_id": "copied(leader_id, {n})",
        },
        ("status",),
    ),
    "trades": ({"vault_id": "copied(vault_id, {n})"}, ()),
    "flows": ({"vault_id": "copied(vault_id, {n})", "user_id": "copied(user_id, {n})"}, ()),
    "fold_states": ({"vault_id": "copied(vault_id, {n})"}, ()),
    "followers": ({"vault_id": "copied(vault_id, {n})", "user_id": "copied(user_id, {n})"}, ()),
    "price_points": ({"subject_id": "copied(subject_id, {n})"}, ()),
    "follower_points": ({"vault_id": "copied(vault_id, {n})", "user_id": "copied(user_id, {n})"}, ()),
}


async def measure(say: Say) -> list[Figure]:
    """All figures, on a PostgreSQL of their own."""
    async with _analytics() as (pool, admin):
        service = AnalyticsServicer(pool, CHAIN_ID)
        say("windows: loading")
        for vault in range(_ORIGINALS):
            await _apply(service, list(_ledger(vault)))
        admin.execute(_COPY)
        _copy(admin, range(_FEW_COPIES))
        few = [await _appended(service, 0), await _listed(service)]
        _copy(admin, range(_FEW_COPIES, _COPIES))
        many = [await _appended(service, 1), await _listed(service)]
        say("windows: first refresh")
        whole = await _seconds(lambda: refresh_figures(pool, _CLOCK))
        return [
            Figure("event after the last", few[0], "ms", note="20,000 trades", better="lower"),
            _like("event after the last", many[0], few[0]),
            Figure("page of trades", few[1], "ms", note="20,000 trades", better="lower"),
            _like("page of trades", many[1], few[1]),
            Figure("late event", await _late(service), "ms", None, 50, "lower", "refolds 500 trades"),
            Figure("refresh from nothing", whole, "s", better="lower", note="1,000 vaults, 500,000 trades"),
            *await _refreshes(service, pool, admin),
            Figure("history of a year at 1h", await _history(pool), "ms", None, 30, "lower"),
        ]


def _like(name: str, value: float, few: float) -> Figure:
    return Figure(name, value, "ms", few, 1.2 * few, "lower", "500,000 trades; bare: 20,000")


@asynccontextmanager
async def _analytics() -> AsyncIterator[tuple[Pool, psycopg.Connection[Any]]]:
    with tempfile.TemporaryDirectory(prefix="vl-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL may run as another user
        with running_postgres(EmbeddedPostgres(folder / "data", folder / "run", PASSWORD)) as server:
            credentials = make_template(server)
            with new_database(server, "bench", template="template_vaultline") as url:
                database = Database("bench", url, credentials)
                options = "-c search_path=analytics,public"
                async with open_pool(database.url("analytics"), name="bench", max_size=2) as pool:
                    with psycopg.connect(url, autocommit=True, options=options) as admin:
                        yield pool, admin


def _ledger(vault: int) -> Iterator[events_pb2.ChainEvent]:
    """A deployment, three deposits, and trades over a year; every tenth vault shares its leader with another."""
    place, begin = vault * 10_000, _END - _YEAR
    leader = workload.address("leader", vault - vault % 10 if vault % 10 == 1 else vault)
    yield _event("vault_deployed", place, begin, vaultAddress=_vault(vault), leader=leader, name=f"Vault {vault}",
                 baseAsset=workload.BASE_ASSET)  # fmt: skip
    for number in range(3):
        follower = workload.address(f"follower of {vault}", number)
        yield _event("follower_event", place + 1 + number, begin + number, vaultAddress=_vault(vault),
                     amount="50000000", followerAddress=follower, action="DEPOSIT")  # fmt: skip
    for number in range(_TRADES):
        yield _trade(vault, number, place + 10 + number, begin + 60 + number * (_YEAR - 120) // _TRADES)


def _trade(vault: int, number: int, place: int, at: int) -> events_pb2.ChainEvent:
    sells = number % 2 == 1
    assets = (workload.OTHER_ASSET, workload.BASE_ASSET)[:: 1 if sells else -1]
    amounts = (_BUY * 10, _SALES[number // 2 % 3] - vault * 97) if sells else (_BUY, _BUY * 10)
    return _event("trade_executed", place, at, vaultAddress=_vault(vault), assetIn=assets[0], assetOut=assets[1],
                  amountIn=str(amounts[0]), amountOut=str(amounts[1]), isProfit=False, pnlAmount="0")  # fmt: skip


def _vault(number: int) -> str:
    return workload.address("vault", number)


def _event(task: str, place: int, at: int, **payload: object) -> events_pb2.ChainEvent:
    transaction = "0x" + sha256(f"windows:{place}".encode()).hexdigest()
    position = {"txHash": transaction, "logIndex": 0, "blockNumber": 1_000 + place, "timestamp": at}
    job = {"task_id": f"125:{transaction}:0", "task_name": f"ingest.{task}", "kwargs": payload | position}
    (read,) = read_entry(orjson.dumps(job), entered_at_ms=at * 1000, now=_CLOCK, chain_id=CHAIN_ID)
    assert isinstance(read, Accepted), read
    return read.event


async def _apply(service: AnalyticsServicer, events: list[events_pb2.ChainEvent]) -> None:
    response = await service.ApplyEvents(pb.ApplyEventsRequest(events=events), None)
    assert all(result.outcome == events_pb2.APPLY_OUTCOME_APPLIED for result in response.results)


def _copy(admin: psycopg.Connection[Any], numbers: range) -> None:
    originals = [str(_id(vault)) for vault in range(_ORIGINALS)]
    users = [row[0] for row in admin.execute("SELECT id FROM users WHERE wallet_address ~ '[A-F]'")]
    for table, (changed, left_out) in _TABLES.items():
        columns = [
            row[0]
            for row in admin.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'analytics'"
                " AND table_name = %s ORDER BY ordinal_position",
                (table,),
            )
            if row[0] not in left_out
        ]
        key = "id" if table in {"users", "vaults"} else next(c for c in columns if c in {"vault_id", "subject_id"})
        values = ", ".join(changed.get(column, column).format(n="n") for column in columns)
        statement = f"""
            INSERT INTO {table} ({", ".join(columns)})
            SELECT {values} FROM {table} CROSS JOIN generate_series(%s::integer, %s::integer) n WHERE {key} = ANY(%s)
        """
        chosen = users if table == "users" else originals
        admin.execute(statement.encode(), (numbers.start, numbers.stop - 1, chosen))
    admin.execute("ANALYZE")


def _id(vault: int) -> VaultId:
    return vault_id(CHAIN_ID, workload.address("vault", vault))


async def _seconds(call: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await call()
    return time.perf_counter() - begun


async def _appended(service: AnalyticsServicer, turn: int) -> float:
    """Median milliseconds of a call with one trade behind its vault's last."""
    spent = []
    for number in range(200):
        place = 5_000 + turn * 1_000 + number
        event = _trade(
            number % _ORIGINALS, _TRADES + turn * 10 + number // _ORIGINALS, place, _END + turn * 600 + number
        )
        spent.append(await _seconds(lambda event=event: _apply(service, [event])))  # type: ignore[misc]
    return 1_000 * statistics.median(spent)


async def _listed(service: AnalyticsServicer) -> float:
    """Median milliseconds of a page of 50 trades."""
    requests = [pb.ListTradesRequest(vault_id=str(_id(vault)), page_size=50) for vault in range(_ORIGINALS)] * 5
    spent = [await _seconds(lambda request=request: service.ListTrades(request, None)) for request in requests]  # type: ignore[misc]
    return 1_000 * statistics.median(spent)


async def _late(service: AnalyticsServicer) -> float:
    """Median milliseconds of a call with one trade that comes before all others of its vault."""
    events = [_trade(vault, 0, 8_000 + vault, _END - _YEAR + 30) for vault in range(_ORIGINALS)]
    spent = [await _seconds(lambda event=event: _apply(service, [event])) for event in events]  # type: ignore[misc]
    return 1_000 * statistics.median(spent)


async def _refreshes(service: AnalyticsServicer, pool: Pool, admin: psycopg.Connection[Any]) -> list[Figure]:
    """After 20 late events, with nothing new, after one more trade in each of 1,000 vaults, and on a new UTC day."""
    late = await _seconds(lambda: refresh_figures(pool, _CLOCK + 60))
    nothing = await _seconds(lambda: refresh_figures(pool, _CLOCK + 120))
    _append_everywhere(admin)
    changed = await _seconds(lambda: refresh_figures(pool, _CLOCK + 180))
    day = await _seconds(lambda: refresh_figures(pool, _CLOCK + 180 + 86_400))
    return [
        Figure("refresh after 20 late events", late, "s", better="lower"),
        Figure("refresh after nothing", 1_000 * nothing, "ms", better="lower"),
        Figure("refresh after 1,000 changed vaults", changed, "s", None, 2, "lower"),
        Figure("refresh on a new UTC day", day, "s", better="lower", note="all 1,000 vaults"),
    ]


def _append_everywhere(admin: psycopg.Connection[Any]) -> None:
    """A point of one more trade behind the last of every vault, as applying it would write it."""
    admin.execute(
        """
        WITH last AS (
            SELECT DISTINCT ON (subject_id) p.* FROM price_points p JOIN vaults v ON v.id = subject_id
            ORDER BY subject_id, event_time DESC, number DESC
        ), next AS (
            INSERT INTO price_points
            SELECT subject_id, to_timestamp(%s), number + 1, block_order, log_order, source, kind, follower,
                round(unit_price::numeric * (owned + 1000) / owned, 230)::text, epoch, owned + 1000, 0, below_peak,
                equity + 1000, tvl, pnl + 1000, volume, trades + 1, wins + 1, closes + 1, gains + 1000, losses,
                followers
            FROM last
        )
        UPDATE vaults SET ledger_version = nextval('ledger_versions')
        """,
        (_CLOCK + 150,),
    )


async def _history(pool: Pool) -> float:
    """Median milliseconds of a year's history of one vault in 8,760 buckets."""

    async def read(vault: VaultId) -> None:
        async with pool.connection() as conn:
            first = await points.find_first_time(conn, vault)
            wanted = buckets(Resolution.HOUR, first, _CLOCK, since=_CLOCK - _YEAR, until=None, limit=10_000)
            assert wanted is not None
            found = await points.list_history_points(conn, vault, Resolution.HOUR, wanted)
        assert len(history(found, Resolution.HOUR, wanted)) > 8_000

    spent = [await _seconds(lambda vault=vault: read(_id(vault))) for vault in range(_ORIGINALS)]  # type: ignore[misc]
    return 1_000 * statistics.median(spent)
