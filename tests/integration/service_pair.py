"""Both services on one database, fed as a dispatcher feeds them: what tests of services/vaults and analytics share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
from psycopg import AsyncConnection, sql

from libs.database import open_pool
from libs.identifiers import Address, vault_id
from protos.analytics.v1 import analytics_pb2
from protos.events.v1 import events_pb2 as pb
from protos.vaults.v1 import vaults_pb2
from services.analytics.servicer import AnalyticsServicer, LeaderboardServicer
from services.ingest.jobs import Accepted, read_entry
from services.vaults.servicer import VaultServicer
from tests.oracle.jobs import job
from tests.oracle.sending import START, RawJob
from tests.servers import Database

CHAIN_ID = 125
NOW = 2_000_000_000

APPLIED = pb.APPLY_OUTCOME_APPLIED
DUPLICATE = pb.APPLY_OUTCOME_DUPLICATE
DEFERRED = pb.APPLY_OUTCOME_DEFERRED
REJECTED = pb.APPLY_OUTCOME_REJECTED

Rows = dict[str, list[tuple[str, str]]]

# Bookkeeping depends on how the events were grouped: versions, whether figures came before or after a status (what is
# published of their time has both), and empty states, which say as little as none.
_TABLE_ROWS = sql.SQL("SELECT {name} AS name, (to_jsonb(t) - {bookkeeping}::text[])::text AS body FROM {table} t")
_BOOKKEEPING = {
    ("vaults", "vaults"): ["ledger_version", "as_of"],
    ("analytics", "vaults"): ["ledger_version", "refolded_version"],
}
_FILLED_STATES = sql.SQL(" WHERE convert_from(state, 'UTF8')::jsonb ->> 'entries' <> '0'")


def difference(before: Rows, after: Rows) -> list[tuple[str, str, str]]:
    """Rows that are in one of two states only: (schema, table, row)."""
    changed = []
    for schema in before:
        lost, new = Counter(before[schema]), Counter(after[schema])
        changed += [(schema, *row) for row in sorted(((lost - new) + (new - lost)).elements())]
    return changed


def event_of(sent: RawJob) -> pb.ChainEvent:
    """The canonical event of a single job, through the intake that every job goes through."""
    envelope = {name: sent[name] for name in ("task_id", "task_name", "kwargs")}
    (result,) = read_entry(orjson.dumps(envelope), entered_at_ms=sent["received_at"] * 1000, now=NOW, chain_id=CHAIN_ID)
    assert isinstance(result, Accepted), result
    return result.event


def address(number: int) -> str:
    """An address of digits only: it has no letter case."""
    return f"0x{number + 10**12:040d}"


def scored(wallet: str, value: int, at: int = START) -> RawJob:
    """The score of a wallet at a moment."""
    body: RawJob = {"walletAddress": wallet, "reputationScore": value, "winRateBps": 0, "maxDrawdownBps": 0}
    return job("argus_score", f"score-{wallet}-{at}", **body, signalCount=1, observedAt=at)


def vault_of(event: pb.ChainEvent) -> str:
    """The vault that an event is about; empty for a score."""
    body = getattr(event, str(event.WhichOneof("body")))
    return str(getattr(body, "vault_address", ""))


def id_of(vault: str) -> str:
    """The id of a vault by its checksummed address."""
    return str(vault_id(CHAIN_ID, Address(vault)))


@dataclass
class ServicePair:
    """The servicers, and the events that wait for their vault as they would wait in the inbox."""

    vaults: VaultServicer
    analytics: AnalyticsServicer
    leaderboard: LeaderboardServicer
    admin: AsyncConnection[Any]
    dumps: dict[str, sql.Composed]
    waiting: dict[str, list[pb.ChainEvent]] = field(default_factory=lambda: defaultdict(list))

    async def apply(self, events: Sequence[pb.ChainEvent]) -> list[tuple[int, str]]:
        """Take events to both services and the figures to vaults; (outcome, reason) of each, the worse of the two."""
        analytics = await self.analytics.ApplyEvents(analytics_pb2.ApplyEventsRequest(events=events), None)
        # Like the dispatcher: trades leave nothing in vaults.
        for_vaults = [place for place, event in enumerate(events) if not event.HasField("trade_executed")]
        request = vaults_pb2.ApplyEventsRequest(events=[events[place] for place in for_vaults])
        vaults = await self.vaults.ApplyEvents(request, None)
        await self.update(analytics.performances)
        answers: list[tuple[int, str]] = [(result.outcome, result.reason) for result in analytics.results]
        for place, result in zip(for_vaults, vaults.results, strict=True):
            assert (result.outcome == DEFERRED) == (answers[place][0] == DEFERRED)
            answers[place] = max(answers[place], (result.outcome, result.reason))
        return answers

    async def update(self, performances: Iterable[Any]) -> int:
        """Take figures to vaults; how many vaults changed."""
        request = vaults_pb2.UpdatePerformanceRequest(performances=performances)
        return int((await self.vaults.UpdatePerformance(request, None)).updated_count)

    async def deliver(self, events: Sequence[pb.ChainEvent]) -> list[int]:
        """Apply a batch as a dispatcher does: what is deferred waits, and goes first when its vault has arrived."""
        if not events:
            return []
        answers = await self.apply(events)
        for event, (outcome, _) in zip(events, answers, strict=True):
            if outcome == DEFERRED:
                self.waiting[vault_of(event)].append(event)
        for vault in sorted({vault_of(event) for event in events if event.HasField("vault_deployed")}):
            await self.deliver(self.waiting.pop(vault, []))
        return [outcome for outcome, _ in answers]

    async def rewind(self, blocks: dict[str, int], inbox: Sequence[pb.ChainEvent]) -> list[str]:
        """Orphan blocks (hash to number) in both; events of vaults that became unknown are sent again."""
        vaults, analytics = await self.send_rewind(blocks)
        removed = sorted(vaults.removed_vault_addresses)
        assert removed == sorted(analytics.removed_vault_addresses)
        for vault in self.waiting:
            self.waiting[vault] = [event for event in self.waiting[vault] if event.block_hash not in blocks]
        left = [event for event in inbox if event.block_hash not in blocks]
        await self.deliver([event for event in left if vault_of(event) in removed])
        return removed

    async def send_rewind(
        self, blocks: dict[str, int], *, reinstated: dict[str, int] | None = None
    ) -> tuple[vaults_pb2.RewindResponse, analytics_pb2.RewindResponse]:
        """Orphan and reinstate blocks (hash to number) in both, and take the changed figures to vaults."""
        orphaned = pb.BlocksOrphaned(chain_id=CHAIN_ID, blocks=_blocks(blocks))
        again = _blocks(reinstated or {})
        to_vaults = vaults_pb2.RewindRequest(blocks_orphaned=orphaned, reinstated_blocks=again)
        to_analytics = analytics_pb2.RewindRequest(blocks_orphaned=orphaned, reinstated_blocks=again)
        vaults = await self.vaults.Rewind(to_vaults, None)
        analytics = await self.analytics.Rewind(to_analytics, None)
        await self.update(analytics.performances)
        return vaults, analytics

    async def fences(self) -> list[str]:
        """Hashes of the blocks whose events are refused."""
        cursor = await self.admin.execute("SELECT block_hash FROM vaults.orphaned_blocks ORDER BY block_hash")
        return [block_hash for (block_hash,) in await cursor.fetchall()]

    async def restore_fences(self, block_hashes: list[str]) -> None:
        """Refuse events of these blocks again after `clear`."""
        for table in ("vaults.orphaned_blocks", "analytics.orphaned_blocks"):
            statement = f"INSERT INTO {table} (block_hash) SELECT unnest(%s::text[])"
            await self.admin.execute(statement.encode(), (block_hashes,))

    async def rows(self) -> Rows:
        """Every row of both schemas, by schema, without bookkeeping."""
        found = {}
        for schema, query in self.dumps.items():
            cursor = await self.admin.execute(query)
            found[schema] = await cursor.fetchall()
        return found

    async def clear(self) -> None:
        """Empty every table."""
        await self.admin.execute(
            """
            DELETE FROM vaults.subscriptions; DELETE FROM vaults.flows; DELETE FROM vaults.deployments;
            DELETE FROM vaults.vaults; DELETE FROM vaults.users;
            DELETE FROM analytics.followers; DELETE FROM analytics.fold_states; DELETE FROM analytics.trades;
            DELETE FROM analytics.flows; DELETE FROM analytics.deployments; DELETE FROM analytics.vaults;
            DELETE FROM analytics.users; DELETE FROM analytics.price_points; DELETE FROM analytics.follower_points;
            DELETE FROM analytics.refreshes; DELETE FROM analytics.subjects; DELETE FROM analytics.price_runs;
            DELETE FROM analytics.day_summaries; DELETE FROM analytics.board_entries;
            DELETE FROM analytics.board_baselines; DELETE FROM analytics.reputation_baselines;
            DELETE FROM vaults.orphaned_blocks; DELETE FROM analytics.orphaned_blocks
            """
        )
        self.waiting.clear()


def _blocks(numbers: dict[str, int]) -> list[pb.OrphanedBlock]:
    return [pb.OrphanedBlock(number=number, hash=block_hash) for block_hash, number in numbers.items()]


@asynccontextmanager
async def service_pair(database: Database, *, pool_size: int = 2) -> AsyncIterator[ServicePair]:
    """Both services on a migrated database."""
    async with AsyncExitStack() as stack:
        pools = [
            await stack.enter_async_context(open_pool(database.url(name), name=name, max_size=pool_size))
            for name in ("vaults", "analytics")
        ]
        admin = await stack.enter_async_context(
            await psycopg.AsyncConnection.connect(database.admin_url, autocommit=True)
        )
        dumps = {schema: await _dump(admin, schema) for schema in ("vaults", "analytics")}
        yield ServicePair(
            vaults=VaultServicer(pools[0], CHAIN_ID),
            analytics=AnalyticsServicer(pools[1], CHAIN_ID),
            leaderboard=LeaderboardServicer(pools[1]),
            admin=admin,
            dumps=dumps,
        )


async def _dump(admin: AsyncConnection[Any], schema: str) -> sql.Composed:
    """The statement that reads every row of a schema's tables, also of those that later migrations add."""
    cursor = await admin.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s ORDER BY table_name", (schema,)
    )
    # A fence against blocks is no fact of its own.
    hidden = ("_", "orphaned_blocks")
    tables = [table for (table,) in await cursor.fetchall() if not table.startswith(hidden)]
    assert len(tables) >= 5
    parts = [
        _TABLE_ROWS.format(
            name=sql.Literal(table),
            table=sql.Identifier(schema, table),
            bookkeeping=sql.Literal(_BOOKKEEPING.get((schema, table), [])),
        )
        + (_FILLED_STATES if table == "fold_states" else sql.SQL(""))
        for table in tables
    ]
    return sql.SQL(" UNION ALL ").join(parts) + sql.SQL(" ORDER BY name, body")
