"""Whether a gRPC server serves; as a command (`python -m libs.rpc.healthcheck TARGET`) for containers."""

from __future__ import annotations

import asyncio
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

TIMEOUT_SECONDS = 2.0


async def is_serving(target: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> bool:
    """Whether the server at the address answers SERVING in time."""
    async with grpc.aio.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_seconds, wait_for_ready=True)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def main() -> int:
    """Exit code 0 when the server named by the argument serves, 1 when not."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m libs.rpc.healthcheck TARGET")
    return 0 if asyncio.run(is_serving(sys.argv[1])) else 1


if __name__ == "__main__":
    sys.exit(main())
