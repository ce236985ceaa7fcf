"""Composition root of the bridge: takes an existing indexer's BullMQ jobs into the inbox."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Final

import uvloop

from libs.config import load_settings
from libs.database import open_pool
from libs.rpc.server import stop_on_signals
from libs.telemetry import configure_logging, get_logger
from services.ingest.bridge.config import BridgeSettings
from services.ingest.bridge.jobs import QUEUES
from services.ingest.bridge.settler import Settler
from services.ingest.bridge.worker import BridgeWorker
from services.ingest.intake import InboxIntake

log = get_logger(__name__)

REPORT_SECONDS: Final = 60.0


async def run(settings: BridgeSettings) -> None:
    """Work until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    async with open_pool(settings.ingest_database_url, name="bridge", max_size=4) as pool:
        settler = Settler(InboxIntake(pool, settings.chain_id), stop, until_block=settings.bridge_until_block)
        workers = [_worker(queue, settler, settings) for queue in QUEUES]
        log.info("bridging", queues=list(QUEUES), until_block=settings.bridge_until_block)
        report = asyncio.create_task(_report(settler))
        try:
            async with asyncio.TaskGroup() as group:
                for worker in workers:
                    group.create_task(worker.work(stop, grace_seconds=settings.shutdown_grace_seconds))
        finally:
            report.cancel()
            log.info("stopped", **asdict(settler.stats))


def _worker(queue: str, settler: Settler, settings: BridgeSettings) -> BridgeWorker:
    return BridgeWorker(
        queue,
        settler,
        url=settings.queues_url,
        prefix=settings.bullmq_prefix,
        concurrency=settings.bridge_concurrency,
        lock_seconds=settings.bridge_lock_seconds,
    )


async def _report(settler: Settler) -> None:
    """Say now and then how many jobs came, where there were any."""
    told = asdict(settler.stats)
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        if (counts := asdict(settler.stats)) != told:
            log.info("bridged", **counts)
            told = counts


def main() -> None:
    """Entry point."""
    settings = load_settings(BridgeSettings)
    configure_logging("bridge", level=settings.log_level, json_lines=settings.log_format == "json")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
