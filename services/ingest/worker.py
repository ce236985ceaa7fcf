"""Composition root of a worker: takes jobs from Redis into the inbox."""

from __future__ import annotations

import uvloop

from libs.config import load_settings
from libs.database import open_pool
from libs.rpc.server import stop_on_signals
from libs.telemetry import configure_logging, get_logger
from services.ingest import tasks  # noqa: F401  # registers the tasks
from services.ingest.broker import HardenedStreamBroker
from services.ingest.config import WorkerSettings
from services.ingest.intake import InboxIntake
from services.ingest.receiver import run_worker
from services.ingest.streams import STREAMS

log = get_logger(__name__)


async def run(settings: WorkerSettings) -> None:
    """Work until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    async with open_pool(settings.ingest_database_url, name="worker", max_size=4) as pool:
        broker = HardenedStreamBroker(
            settings.redis_url,
            streams={name: STREAMS[name] for name in settings.worker_streams.split(",")},
            lease_seconds=settings.worker_lease_seconds,
            max_deliveries=settings.worker_max_deliveries,
        )
        broker.intake = InboxIntake(pool, settings.chain_id)
        log.info("working", streams=settings.worker_streams)
        await run_worker(broker, stop, grace_seconds=settings.shutdown_grace_seconds)
        log.info("stopped")


def main() -> None:
    """Entry point."""
    settings = load_settings(WorkerSettings)
    configure_logging("worker", level=settings.log_level, json_lines=settings.log_format == "json")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
