"""One indexer leads, any other waits: the parts of an indexer, put together while the leader's lock is held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import psycopg

from libs.database import Connection, Pool, database_errors, open_pool
from libs.errors import Unavailable
from libs.rpc.client import open_channel
from libs.telemetry import get_logger
from services.ingest.broker import HardenedStreamBroker
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.chain.config import ChainSettings
from services.ingest.chain.hand_over import RESEND_SECONDS, HandOver
from services.ingest.chain.indexer import SPAN, Indexer, Rules
from services.ingest.chain.reorg import Rewinder
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.rpc.options import ReaderOptions
from services.ingest.chain.rpc.reader import ChainReader, open_reader
from services.ingest.chain.verify import Verifier
from services.ingest.chain.watch import SilentWatch
from services.ingest.repository import chain

log = get_logger(__name__)

WAIT_TO_LEAD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient an indexer is; no operator has to know."""

    reader: ReaderOptions | None = None
    resend_seconds: float = RESEND_SECONDS
    span: int = SPAN


@dataclass(frozen=True, slots=True)
class Parts:
    """What an indexer is made of."""

    settings: ChainSettings
    pace: Pace
    pool: Pool
    reader: ChainReader
    vaults: grpc.aio.Channel
    analytics: grpc.aio.Channel

    def verifier(self) -> Verifier:
        """The check against the chain."""
        return Verifier(
            pool=self.pool,
            reader=self.reader,
            vaults=self.vaults,
            analytics=self.analytics,
            protocol=self.settings.protocol(),
        )

    def rules(self) -> Rules:
        """What the settings decide for the indexer."""
        settings = self.settings
        return Rules(
            protocol=settings.protocol(),
            start_block=settings.start_block,
            confirmations=settings.confirmations,
            finality_depth=settings.finality_depth,
            poll_seconds=settings.poll_seconds,
            span=self.pace.span,
        )


@asynccontextmanager
async def opened(settings: ChainSettings, pace: Pace | None = None) -> AsyncIterator[Parts]:
    """Pool, channels and reader, closed afterwards."""
    pace = pace or Pace()
    urls = settings.rpc_url.split(",")
    async with (
        open_pool(settings.ingest_database_url, name="indexer", max_size=4) as pool,
        open_channel(settings.vaults_target) as vaults,
        open_channel(settings.analytics_target) as analytics,
        open_reader(urls, chain_id=settings.chain_id, options=pace.reader) as reader,
    ):
        yield Parts(settings, pace, pool, reader, vaults, analytics)


async def lead(parts: Parts) -> None:
    """Lead, and again whenever the database was away. Raises Stopped and WrongChain."""
    while True:
        raise_if_cancelled()
        try:
            await _lead_once(parts)
        except Unavailable as error:
            log.warning("leading ended", error=error.message)
        await asyncio.sleep(WAIT_TO_LEAD_SECONDS)


async def _lead_once(parts: Parts) -> None:
    """Wait until no other indexer leads, then index for as long as the connection with the lock lasts."""
    async with database_errors():
        conn: Connection = await psycopg.AsyncConnection.connect(
            parts.settings.ingest_database_url, autocommit=True, application_name="indexer-leader"
        )
    async with conn:
        waited = False
        while not await _may_lead(conn):
            if not waited:
                log.info("another indexer leads; waiting to take over")
            waited = True
            await asyncio.sleep(WAIT_TO_LEAD_SECONDS)
        log.info("leading")
        # In a task of its own: a group that fails leaves the task around it marked as cancelled (Python 3.11).
        await asyncio.create_task(_index(parts, conn))


async def _may_lead(conn: Connection) -> bool:
    async with database_errors():
        return await chain.try_to_lead(conn)


async def _index(parts: Parts, conn: Connection) -> None:
    settings = parts.settings
    broker = HardenedStreamBroker(settings.redis_url)
    hand_over = HandOver(parts.pool, broker, resend_seconds=parts.pace.resend_seconds)
    rewinder = Rewinder(parts.pool, parts.vaults, parts.analytics)
    indexer = Indexer(conn=conn, reader=parts.reader, rules=parts.rules(), rewinder=rewinder, hand_over=hand_over)
    watch = SilentWatch(
        pool=parts.pool,
        reader=parts.reader,
        indexer=indexer,
        hand_over=hand_over,
        protocol=settings.protocol(),
        finality_depth=settings.finality_depth,
        seconds=settings.silent_poll_seconds,
    )
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(indexer.run())
            group.create_task(hand_over.run())
            group.create_task(watch.run())
            group.create_task(_verify_regularly(parts, indexer))
    except ExceptionGroup as failures:
        # What must stop the process goes before what may pass.
        raise min(failures.exceptions, key=lambda error: isinstance(error, Unavailable)) from None
    finally:
        await broker.shutdown()


async def _verify_regularly(parts: Parts, indexer: Indexer) -> None:
    await indexer.caught_up.wait()
    while True:
        raise_if_cancelled()
        await asyncio.sleep(parts.settings.verify_seconds)
        try:
            await parts.verifier().verify(indexer.state)
        except (Unavailable, ChainUnavailable) as error:
            log.warning("not verified", error=str(error))
        except Exception:  # a fault of the check must not stop the indexing
            log.exception("verification failed")
