"""The health check of the containers tells a server that serves from one that does not."""

from __future__ import annotations

import sys

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from libs.rpc.healthcheck import is_serving, main
from tests.servers import short_folder


async def test_only_a_server_that_says_serving_is_healthy() -> None:
    with short_folder() as folder:
        target = f"unix:{folder}/health.sock"
        server = grpc.aio.server()
        health = HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        server.add_insecure_port(target)
        await server.start()
        try:
            assert await is_serving(target)
            await health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
            assert not await is_serving(target)
        finally:
            await server.stop(0)


def test_a_server_that_is_away_gives_exit_code_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with short_folder() as folder:
        monkeypatch.setattr(sys, "argv", ["healthcheck", f"unix:{folder}/nobody.sock"])
        assert main() == 1


def test_without_a_target_the_command_tells_its_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["healthcheck"])
    with pytest.raises(SystemExit, match="usage: python -m libs"):
        main()
