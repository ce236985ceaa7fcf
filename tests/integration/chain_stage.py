"""All that lies between a test node and the services' tables, in this loop: the indexer comes and goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from libs.database import database_errors
from services.ingest.chain.config import ChainSettings
from services.ingest.chain.indexer import learned_state
from services.ingest.chain.leader import Pace, lead, opened
from services.ingest.chain.protocol import Protocol
from services.ingest.chain.verify import Report
from services.ingest.intake import InboxIntake
from services.ingest.repository import chain as chain_repository
from services.ingest.upkeep import run_snapshots
from tests.chain_node.chain import Block, Chain
from tests.chain_node.server import TestNode
from tests.integration.chain_reading import IMPATIENT
from tests.integration.ingest_stage import CHAIN_ID, Stage, staged, until
from tests.integration.queue_harness import working
from tests.integration.service_pair import Rows, service_pair
from tests.servers import Database, short_folder

FAST = Pace(reader=IMPATIENT, resend_seconds=0.4)
# When and how often silent state was read differs from run to run, and with it what an order of arrival decides;
# likewise how often windows were refreshed.
_POLLED = {"status_observed_at", "score_observed_at", "first_observed_at"}
_COUNTED = {"ledger_version", "refolded_version", "refresh_number"}
_OF_FIRST_REFRESH = {"refreshes", "board_baselines", "reputation_baselines"}
# Later than every refresh by the clock: rows that time drives are compared as of this second.
_LATEST = 2_000_000_000


class ChainStage:
    """Services, dispatching and a worker on one database and one Redis."""

    def __init__(self, stage: Stage, redis_url: str) -> None:
        self.stage = stage
        self.redis_url = redis_url
        self.database = stage.database

    def settings(self, protocol: Protocol, *urls: str, **changes: Any) -> ChainSettings:
        """What an operator would configure, with short pauses."""
        values: dict[str, Any] = {
            "chain_id": CHAIN_ID,
            "ingest_database_url": self.database.url("ingest"),
            "redis_url": self.redis_url,
            "vaults_target": self.stage.targets["vaults"],
            "analytics_target": self.stage.targets["analytics"],
            "rpc_url": ",".join(urls),
            "vault_factory_address": protocol.factory or "",
            "vault_registry_address": protocol.registry,
            "risk_manager_address": protocol.risk_manager,
            "argus_oracle_address": protocol.oracle,
            "revenue_splitter_address": protocol.splitter,
            "poll_seconds": 0.02,
            "silent_poll_seconds": 0.2,
        }
        return ChainSettings(**(values | changes))

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """A worker that takes jobs into the inbox inside the block."""
        intake = InboxIntake(self.stage.pool, CHAIN_ID)
        async with working(self.redis_url, intake):  # type: ignore[arg-type]  # any intake will do
            yield

    @asynccontextmanager
    async def indexing(self, settings: ChainSettings, pace: Pace = FAST) -> AsyncIterator[asyncio.Task[None]]:
        """An indexer inside the block; it is cancelled wherever it stands, and may have ended by itself."""
        async with opened(settings, pace) as parts:
            task = asyncio.create_task(lead(parts))
            try:
                yield task
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def until_settled(self, head: Block, *, seconds: float = 60.0) -> None:
        """Wait until everything up to this block is in the services' tables, its silent state too."""
        state: Any = None
        try:
            async with asyncio.timeout(seconds):
                while (state := self.position()) != (head.number, head.hash, head.number, 0, 0, 0):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not settled at block {head.number} {head.hash}: {state}") from None

    def position(self) -> tuple[Any, ...]:
        """Last block with its hash, block of the last look, and what is under way."""
        (row,) = self.stage.rows(
            """
            SELECT b.number, b.hash, c.silent_block,
                (SELECT count(*) FROM ingest.outbox),
                (SELECT count(*) FROM ingest.deliveries WHERE deferred_for IS NULL)
                    + (SELECT count(*) FROM ingest.snapshots WHERE completed_at IS NULL OR completed_at < requested_at),
                (SELECT count(*) FROM ingest.rewinds WHERE completed_at IS NULL)
            FROM (SELECT 1) AS one
            LEFT JOIN ingest.chain_cursor c ON true
            LEFT JOIN LATERAL (SELECT number, hash FROM ingest.chain_blocks ORDER BY number DESC LIMIT 1) b ON true
            """
        )
        return row

    async def verified(self, settings: ChainSettings) -> Report:
        """What the check against the chain says now."""
        async with opened(settings, FAST) as parts:
            async with database_errors(), parts.pool.connection() as conn:
                state = learned_state(await chain_repository.find_state(conn), settings.protocol())
            return await parts.verifier().verify(state)

    async def rows(self) -> Rows:
        """Every row of both services, without what depends on when silent state was read."""
        await self.stage.services.windows.run(_LATEST)
        async with service_pair(self.database) as pair:
            found = await pair.rows()
        return {
            schema: [(name, _timeless(body)) for name, body in rows if name not in _OF_FIRST_REFRESH]
            for schema, rows in found.items()
        }


def _timeless(body: str) -> str:
    fields = json.loads(body)
    return json.dumps({name: value for name, value in fields.items() if name not in _POLLED | _COUNTED}, sort_keys=True)


@asynccontextmanager
async def chain_stage(database: Database, redis_url: str, *, with_worker: bool = True) -> AsyncIterator[ChainStage]:
    """A stage that is open inside the block."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(short_folder()))
        stage = await stack.enter_async_context(staged(database, folder))
        await stack.enter_async_context(stage.dispatching(lease_seconds=0.6))
        chain_stage = ChainStage(stage, redis_url)
        if with_worker:
            await stack.enter_async_context(chain_stage.worker())
        snapshots = asyncio.create_task(run_snapshots(stage.pool, stage.services, CHAIN_ID))
        try:
            yield chain_stage
        finally:
            snapshots.cancel()
            await asyncio.gather(snapshots, return_exceptions=True)


async def index_afresh(
    database: Database, redis_url: str, settings: ChainSettings, chain: Chain, pace: Pace = FAST
) -> Rows:
    """The rows that an index of this chain from its start ends with, in a database of its own."""
    async with chain_stage(database, redis_url) as fresh:
        changes = {
            "ingest_database_url": database.url("ingest"),
            "redis_url": redis_url,
            "vaults_target": fresh.stage.targets["vaults"],
            "analytics_target": fresh.stage.targets["analytics"],
        }
        async with fresh.indexing(settings.model_copy(update=changes), pace):
            await fresh.until_settled(chain.head)
        return await fresh.rows()


async def until_read(stage: ChainStage, number: int, *, seconds: float = 20.0) -> None:
    """Wait until blocks up to this one have been read."""
    await until(lambda: (stage.position()[0] or -1) >= number, seconds=seconds)


def serve(node: TestNode, chain: Chain) -> None:
    """Let the node serve another chain, without any lag."""
    node.chain = chain
    node.traits = replace(node.traits, lag=0)
