"""Composition root of the chain indexer. `verify` as an argument checks our figures against the chain and ends."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import psycopg
import uvloop

from libs.config import load_settings
from libs.database import Connection, Pool, database_errors, open_pool
from libs.rpc.client import open_channel
from libs.rpc.server import stop_on_signals
from libs.telemetry import configure_logging, get_logger
from services.ingest.broker import HardenedStreamBroker
from services.ingest.chain.config import ChainSettings
from services.ingest.chain.hand_over import HandOver
from services.ingest.chain.indexer import Indexer, Rules, Stopped, learned_state
from services.ingest.chain.reorg import Rewinder
from services.ingest.chain.rpc.errors import WrongChain
from services.ingest.chain.rpc.reader import ChainReader, open_reader
from services.ingest.chain.verify import Verifier
from services.ingest.chain.watch import SilentWatch
from services.ingest.repository import chain

log = get_logger(__name__)

WAIT_TO_LEAD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What an indexer is made of."""

    settings: ChainSettings
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


@asynccontextmanager
async def opened(settings: ChainSettings) -> AsyncIterator[Parts]:
    """Pool, channels and reader, closed afterwards."""
    async with (
        open_pool(settings.ingest_database_url, name="indexer", max_size=4) as pool,
        open_channel(settings.vaults_target) as vaults,
        open_channel(settings.analytics_target) as analytics,
        open_reader(settings.rpc_url.split(","), chain_id=settings.chain_id) as reader,
    ):
        yield Parts(settings, pool, reader, vaults, analytics)


async def run(settings: ChainSettings) -> int:
    """Index until SIGTERM or SIGINT; 1 when the indexer must not go on by itself."""
    stop = stop_on_signals()
    async with opened(settings) as parts:
        leading = asyncio.create_task(_lead(parts))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({leading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        leading.cancel()
        stopping.cancel()
        (result, _) = await asyncio.gather(leading, stopping, return_exceptions=True)
    if isinstance(result, Stopped | WrongChain):
        log.critical("the indexer stops", reason=str(result))
        return 1
    if isinstance(result, Exception):
        raise result
    log.info("stopped")
    return 0


async def _lead(parts: Parts) -> None:
    """Wait until no other indexer leads, then index for as long as the connection with the lock lasts."""
    conn: Connection = await psycopg.AsyncConnection.connect(
        parts.settings.ingest_database_url, autocommit=True, application_name="indexer-leader"
    )
    async with conn:
        waited = False
        while not await chain.try_to_lead(conn):
            if not waited:
                log.info("another indexer leads; waiting to take over")
            waited = True
            await asyncio.sleep(WAIT_TO_LEAD_SECONDS)
        log.info("leading")
        await _index(parts, conn)


async def _index(parts: Parts, conn: Connection) -> None:
    settings = parts.settings
    protocol = settings.protocol()
    broker = HardenedStreamBroker(settings.redis_url)
    hand_over = HandOver(parts.pool, broker)
    indexer = Indexer(
        conn=conn,
        reader=parts.reader,
        rules=Rules(
            protocol=protocol,
            start_block=settings.start_block,
            confirmations=settings.confirmations,
            finality_depth=settings.finality_depth,
            poll_seconds=settings.poll_seconds,
        ),
        rewinder=Rewinder(parts.pool, parts.vaults, parts.analytics),
        hand_over=hand_over,
    )
    watch = SilentWatch(
        pool=parts.pool,
        reader=parts.reader,
        indexer=indexer,
        hand_over=hand_over,
        protocol=protocol,
        seconds=settings.silent_poll_seconds,
    )
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(indexer.run())
            group.create_task(hand_over.run())
            group.create_task(watch.run())
            group.create_task(_verify_regularly(parts, indexer))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        await broker.shutdown()


async def _verify_regularly(parts: Parts, indexer: Indexer) -> None:
    await indexer.caught_up.wait()
    while True:
        await asyncio.sleep(parts.settings.verify_seconds)
        try:
            await parts.verifier().verify(indexer.state)
        except Exception:
            log.exception("verification failed")


async def verify(settings: ChainSettings, sample: int | None) -> int:
    """Check once; 1 when something disagrees."""
    async with opened(settings) as parts:
        async with database_errors(), parts.pool.connection() as conn:
            state = learned_state(await chain.find_state(conn), settings.protocol())
        report = await parts.verifier().verify(state, sample=sample)
    print(f"block {report.block_number}: {report.checked} figures compared, {len(report.disagreements)} disagree")
    for subject, detail in report.disagreements.items():
        print(f"  {subject}: {detail}")
    return 1 if report.disagreements else 0


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m services.ingest.chain", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    check = commands.add_parser("verify", help="compare our figures with the chain's, then end")
    check.add_argument("--sample", type=int, default=None, help="this many vaults, drawn at random (default: all)")
    arguments = parser.parse_args()
    settings = load_settings(ChainSettings)
    configure_logging("indexer", level=settings.log_level, json_lines=settings.log_format == "json")
    work = verify(settings, arguments.sample) if arguments.command == "verify" else run(settings)
    sys.exit(uvloop.run(work))


if __name__ == "__main__":
    main()
