"""Composition root of the ingest service: settings, pool, dispatchers, servicer, serve."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import grpc
import uvloop

from libs.config import load_settings
from libs.database import is_reachable, open_pool
from libs.rpc.client import open_channel
from libs.rpc.server import serve, stop_on_signals
from libs.telemetry import configure_logging
from protos.ingest.v1 import ingest_pb2, ingest_pb2_grpc
from services.ingest.config import IngestSettings
from services.ingest.coordinator import Coordinator
from services.ingest.delivery import Services
from services.ingest.dispatcher import PartitionDispatcher
from services.ingest.domain import Lease
from services.ingest.feed import ChangeFeed
from services.ingest.queue_status import connect
from services.ingest.repository.changes import CHANGES_CHANNEL
from services.ingest.repository.inbox import INBOX_CHANNEL
from services.ingest.servicer import IngestServicer
from services.ingest.upkeep import run_listener, run_snapshots, run_sweeper


async def run(settings: IngestSettings) -> None:
    """Serve and dispatch until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    owner = uuid4()
    async with (
        open_pool(settings.ingest_database_url, name="ingest", max_size=settings.ingest_pool_size) as pool,
        open_channel(settings.vaults_target) as vaults,
        open_channel(settings.analytics_target) as analytics,
        connect(settings.redis_url) as redis,
    ):
        services = Services(vaults, analytics)
        feed = ChangeFeed(pool)

        def dispatcher(lease: Lease) -> PartitionDispatcher:
            return PartitionDispatcher(
                pool=pool,
                services=services,
                owner=owner,
                lease=lease,
                chain_id=settings.chain_id,
                batch_size=settings.dispatch_batch_size,
            )

        coordinator = Coordinator(pool, owner, settings.lease_seconds, dispatcher)

        def register(server: grpc.aio.Server) -> list[str]:
            servicer = IngestServicer(pool, redis, feed, settings.chain_id)
            ingest_pb2_grpc.add_IngestServiceServicer_to_server(servicer, server)
            return [ingest_pb2.DESCRIPTOR.services_by_name["IngestService"].full_name]

        wakers = {INBOX_CHANNEL: coordinator.wake, CHANGES_CHANNEL: feed.wake}
        background = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("coordinator", coordinator.run()),
                ("snapshots", run_snapshots(pool, services, settings.chain_id)),
                ("sweeper", run_sweeper(pool, settings.change_log_hours, coordinator.wake)),
                ("listener", run_listener(settings.ingest_database_url, wakers)),
            )
        ]
        for task in background:
            # None of them ends by itself: if one does, the process stops loudly and is started anew.
            task.add_done_callback(lambda _: stop.set())
        try:
            await serve(
                name="ingest",
                listen=settings.ingest_listen,
                register=register,
                is_healthy=lambda: is_reachable(pool),
                grace_seconds=settings.shutdown_grace_seconds,
                stop=stop,
            )
        finally:
            await end(background)


async def end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel and await background tasks; raises what one of them failed with."""
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def main() -> None:
    """Entry point."""
    settings = load_settings(IngestSettings)
    configure_logging("ingest", level=settings.log_level, json_lines=settings.log_format == "json")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
