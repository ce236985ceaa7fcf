"""Composition root of the chain indexer; `verify` checks our figures against the chain, `resume` lifts a stop."""

from __future__ import annotations

import argparse
import asyncio
import sys

import uvloop

from libs.config import load_settings
from libs.database import database_errors, open_pool
from libs.errors import Unavailable
from libs.rpc.server import stop_on_signals
from libs.telemetry import configure_logging, get_logger
from services.ingest.chain.config import ChainSettings
from services.ingest.chain.indexer import Stopped, learned_state
from services.ingest.chain.leader import Pace, lead, opened
from services.ingest.chain.rpc.errors import ChainUnavailable, WrongChain
from services.ingest.repository import chain

log = get_logger(__name__)


async def run(settings: ChainSettings, pace: Pace | None = None) -> int:
    """Index until SIGTERM or SIGINT; 1 when the indexer must not go on by itself."""
    stop = stop_on_signals()
    async with opened(settings, pace) as parts:
        leading = asyncio.create_task(lead(parts))
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


async def verify(settings: ChainSettings, sample: int | None) -> int:
    """Check once; 1 when something disagrees or can't be checked."""
    try:
        async with opened(settings) as parts:
            async with database_errors(), parts.pool.connection() as conn:
                state = learned_state(await chain.find_state(conn), settings.protocol())
            report = await parts.verifier().verify(state, sample=sample)
    except (Unavailable, ChainUnavailable, WrongChain) as error:
        print(f"not verified: {error}")
        return 1
    print(f"block {report.block_number}: {report.checked} figures compared, {len(report.disagreements)} disagree")
    for subject, detail in report.disagreements.items():
        print(f"  {subject}: {detail}")
    return 1 if report.disagreements else 0


async def resume(settings: ChainSettings) -> int:
    """Let an indexer that stopped for good try again: it stops again where the reason still holds."""
    async with (
        open_pool(settings.ingest_database_url, name="indexer", max_size=1) as pool,
        database_errors(),
        pool.connection() as conn,
    ):
        await chain.save_fatal(conn, "")
    return 0


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m services.ingest.chain", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    check = commands.add_parser("verify", help="compare our figures with the chain's, then end")
    check.add_argument("--sample", type=int, default=None, help="this many vaults, drawn at random (default: all)")
    commands.add_parser("resume", help="let an indexer try again that a deep reorganisation stopped, then end")
    arguments = parser.parse_args()
    settings = load_settings(ChainSettings)
    configure_logging("indexer", level=settings.log_level, json_lines=settings.log_format == "json")
    if arguments.command == "verify":
        work = verify(settings, arguments.sample)
    else:
        work = resume(settings) if arguments.command == "resume" else run(settings)
    sys.exit(uvloop.run(work))


if __name__ == "__main__":
    main()
