"""The three services as the gateway sees them: stubs, deadlines, health."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from protos.analytics.v1 import analytics_pb2_grpc, leaderboards_pb2_grpc, people_pb2_grpc, performance_pb2_grpc
from protos.ingest.v1 import ingest_pb2_grpc
from protos.vaults.v1 import vaults_pb2_grpc

# A service that needs longer to say that it is well is not well.
HEALTH_TIMEOUT_SECONDS = 1.0


class Upstream:
    """Stubs over one channel per service; every call is given `timeout_seconds`."""

    def __init__(
        self,
        *,
        vaults: grpc.aio.Channel,
        analytics: grpc.aio.Channel,
        ingest: grpc.aio.Channel,
        timeout_seconds: float,
    ) -> None:
        self.vaults = vaults_pb2_grpc.VaultServiceStub(vaults)
        self.analytics = analytics_pb2_grpc.AnalyticsServiceStub(analytics)
        self.leaderboard = analytics_pb2_grpc.LeaderboardServiceStub(analytics)
        self.performance = performance_pb2_grpc.PerformanceServiceStub(analytics)
        self.boards = leaderboards_pb2_grpc.BoardServiceStub(analytics)
        self.people = people_pb2_grpc.PeopleServiceStub(analytics)
        self.ingest = ingest_pb2_grpc.IngestServiceStub(ingest)
        self.timeout_seconds = timeout_seconds
        self._health = {
            "vaults": health_pb2_grpc.HealthStub(vaults),
            "analytics": health_pb2_grpc.HealthStub(analytics),
            "ingest": health_pb2_grpc.HealthStub(ingest),
        }

    async def is_serving(self, service: str) -> bool:
        """Whether `vaults`, `analytics` or `ingest` answers its health check with SERVING within a second."""
        timeout = min(self.timeout_seconds, HEALTH_TIMEOUT_SECONDS)
        try:
            answer = await self._health[service].Check(health_pb2.HealthCheckRequest(), timeout=timeout)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
