"""Composition root of the analytics service: settings, pool, servicers, serve."""

from __future__ import annotations

import grpc
import uvloop

from libs.config import load_settings
from libs.database import is_reachable, open_pool
from libs.rpc.server import serve, stop_on_signals
from libs.telemetry import configure_logging
from protos.analytics.v1 import (
    analytics_pb2,
    analytics_pb2_grpc,
    leaderboards_pb2,
    leaderboards_pb2_grpc,
    people_pb2,
    people_pb2_grpc,
    performance_pb2,
    performance_pb2_grpc,
    refresh_pb2,
    refresh_pb2_grpc,
)
from services.analytics.config import AnalyticsSettings
from services.analytics.servicer import AnalyticsServicer, LeaderboardServicer
from services.analytics.servicer_boards import BoardServicer
from services.analytics.servicer_people import PeopleServicer
from services.analytics.servicer_performance import PerformanceServicer
from services.analytics.servicer_refresh import RefreshServicer


async def run(settings: AnalyticsSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    url = settings.analytics_database_url
    async with open_pool(url, name="analytics", max_size=settings.analytics_pool_size) as pool:

        def register(server: grpc.aio.Server) -> list[str]:
            analytics = AnalyticsServicer(pool, settings.chain_id)
            analytics_pb2_grpc.add_AnalyticsServiceServicer_to_server(analytics, server)
            analytics_pb2_grpc.add_LeaderboardServiceServicer_to_server(LeaderboardServicer(pool), server)
            people_pb2_grpc.add_PeopleServiceServicer_to_server(PeopleServicer(pool, settings.chain_id), server)
            performance_pb2_grpc.add_PerformanceServiceServicer_to_server(PerformanceServicer(pool), server)
            leaderboards_pb2_grpc.add_BoardServiceServicer_to_server(BoardServicer(pool), server)
            refresh = RefreshServicer(pool, settings.chain_id, settings.points_detail_days)
            refresh_pb2_grpc.add_RefreshServiceServicer_to_server(refresh, server)
            return [
                service.full_name
                for file in (analytics_pb2, leaderboards_pb2, people_pb2, performance_pb2, refresh_pb2)
                for service in file.DESCRIPTOR.services_by_name.values()
            ]

        await serve(
            name="analytics",
            listen=settings.analytics_listen,
            register=register,
            is_healthy=lambda: is_reachable(pool),
            grace_seconds=settings.shutdown_grace_seconds,
            stop=stop,
        )


def main() -> None:
    """Entry point."""
    settings = load_settings(AnalyticsSettings)
    configure_logging("analytics", level=settings.log_level, json_lines=settings.log_format == "json")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
