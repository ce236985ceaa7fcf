"""The services as processes: health, reflection, outages of the database, signals, and what stops a start."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import psycopg
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from psycopg import sql

from libs.rpc.client import open_channel
from protos.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from protos.vaults.v1 import vaults_pb2, vaults_pb2_grpc
from tests.integration.served_services import refusal
from tests.servers import Database, short_folder

ROOT = Path(__file__).parents[2]
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
FULL_NAMES = {
    "vaults": ["protos.vaults.v1.VaultService"],
    "analytics": [
        f"protos.analytics.v1.{name}Service"
        for name in ("Analytics", "Board", "Leaderboard", "People", "Performance", "Refresh")
    ],
}


async def start(name: str, **settings: str) -> asyncio.subprocess.Process:
    """The service's process; `settings` without the service's prefix."""
    ours = {f"{name}_{key}".upper(): value for key, value in settings.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"services.{name}",
        cwd=ROOT,
        env={**os.environ, "SHUTDOWN_GRACE_SECONDS": "5", **ours},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finished(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """Exit code and standard error of a process that ends by itself."""
    async with asyncio.timeout(20):
        _, stderr = await process.communicate()
    return process.returncode, stderr.decode()


@asynccontextmanager
async def running(name: str, database: Database) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A service on a unix socket; killed at the end if it still runs."""
    with short_folder() as folder:
        target = f"unix:{folder}/grpc"
        process = await start(name, database_url=database.url(name), listen=target)
        try:
            yield process, target
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


async def wait_for_health(target: str, wanted: int, service: str = "", seconds: float = 30) -> None:
    """Ask until the health service gives the answer wanted."""
    async with asyncio.timeout(seconds), grpc.aio.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=service)
        while True:
            try:
                answer = await stub.Check(request, timeout=5, wait_for_ready=True)
            except grpc.aio.AioRpcError:
                await asyncio.sleep(0.05)
                continue
            if answer.status == wanted:
                return
            await asyncio.sleep(0.05)


async def reflected(target: str) -> set[str]:
    """Names of the services that reflection lists."""
    async with grpc.aio.insecure_channel(target) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        async for response in stub.ServerReflectionInfo(iter([request]), timeout=10):
            return {service.name for service in response.list_services_response.service}
    raise AssertionError("reflection gave no answer")


def let_in(database: Database, *, allowed: bool) -> None:
    """Open or close the database to everybody; closing ends the connections there are."""
    maintenance = database.admin_url.replace(f"/{database.name}?", "/postgres?")
    with psycopg.connect(maintenance, autocommit=True) as conn:
        name, flag = sql.Identifier(database.name), sql.SQL("true" if allowed else "false")
        conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(name, flag))
        if not allowed:
            conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database.name,))


@pytest.mark.parametrize("name", FULL_NAMES)
async def test_a_service_starts_tells_its_health_follows_its_database_and_stops_on_sigterm(
    database: Database, name: str
) -> None:
    async with running(name, database) as (process, target):
        for service in ("", *FULL_NAMES[name]):
            await wait_for_health(target, SERVING, service)
        expected = {*FULL_NAMES[name], "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
        assert await reflected(target) == expected
        let_in(database, allowed=False)
        try:
            for service in ("", *FULL_NAMES[name]):
                await wait_for_health(target, NOT_SERVING, service)
            async with grpc.aio.insecure_channel(target) as channel:
                refused = await refusal(one_call(name, channel))
            assert (refused.code, refused.reason[:9]) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_")
        finally:
            let_in(database, allowed=True)
        await wait_for_health(target, SERVING)
        async with open_channel(target) as channel:
            await one_call(name, channel)
        process.send_signal(signal.SIGTERM)
        code, stderr = await finished(process)
        assert (code, "Traceback" in stderr) == (0, False)


async def one_call(name: str, channel: grpc.aio.Channel) -> object:
    """A read that needs the database."""
    if name == "vaults":
        vaults = vaults_pb2_grpc.VaultServiceStub(channel)
        return await vaults.ListVaults(vaults_pb2.ListVaultsRequest(), timeout=20, wait_for_ready=True)
    analytics = analytics_pb2_grpc.AnalyticsServiceStub(channel)
    request = analytics_pb2.GetGlobalAnalyticsRequest()
    return await analytics.GetGlobalAnalytics(request, timeout=20, wait_for_ready=True)


async def test_a_service_that_never_saw_its_database_says_so_and_stops_on_sigint() -> None:
    with short_folder() as folder:
        target = f"unix:{folder}/grpc"
        process = await start("vaults", database_url=f"postgresql://nobody@/none?host={folder}", listen=target)
        async with grpc.aio.insecure_channel(target) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            # The very first answer: nobody may send it anything before it has seen its database.
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=20, wait_for_ready=True)
            assert answer.status == NOT_SERVING
        process.send_signal(signal.SIGINT)
        code, stderr = await finished(process)
        assert (code, "Traceback" in stderr) == (0, False)


async def test_a_call_under_way_is_answered_before_a_service_stops(database: Database) -> None:
    async with running("vaults", database) as (process, target):
        await wait_for_health(target, SERVING)
        async with grpc.aio.insecure_channel(target) as channel:
            async with await psycopg.AsyncConnection.connect(database.admin_url) as conn:
                await conn.execute("LOCK TABLE vaults.vaults")
                call = asyncio.create_task(one_call("vaults", channel))
                async with asyncio.timeout(10):
                    while not await is_blocked(database):
                        await asyncio.sleep(0.02)
                process.send_signal(signal.SIGTERM)
                await wait_for_health_change(target)
                assert not call.done()
            assert await call == vaults_pb2.ListVaultsResponse()
        code, stderr = await finished(process)
        assert (code, "Traceback" in stderr) == (0, False)


async def is_blocked(database: Database) -> bool:
    """Whether somebody waits for a lock in the database."""
    async with await psycopg.AsyncConnection.connect(database.admin_url) as conn:
        cursor = await conn.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock')",
            (database.name,),
        )
        return await cursor.fetchone() == (True,)


async def wait_for_health_change(target: str) -> None:
    """Wait until a stopping server says NOT_SERVING, or no longer takes calls."""
    async with asyncio.timeout(10):
        while True:
            async with grpc.aio.insecure_channel(target) as channel:
                stub = health_pb2_grpc.HealthStub(channel)
                try:
                    answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
                except grpc.aio.AioRpcError:
                    return
                if answer.status == NOT_SERVING:
                    return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", FULL_NAMES)
async def test_a_taken_address_is_one_clear_line_and_exit_code_2(name: str) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    holder = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with holder:
        port = holder.sockets[0].getsockname()[1]
        process = await start(name, database_url="postgresql://nobody@/none", listen=f"127.0.0.1:{port}")
        code, stderr = await finished(process)
    assert code == 2
    assert stderr.splitlines()[-1] == (f"{name}: can't listen on 127.0.0.1:{port}: the address is taken or not ours")
    assert "Traceback" not in stderr


async def test_a_wrong_setting_names_the_variable_and_not_its_value() -> None:
    process = await start("analytics", database_url="mysql://me:secret@host/db", listen=" ", pool_size="1")
    code, stderr = await finished(process)
    lines = stderr.splitlines()
    variables = [f"ANALYTICS_{key}" for key in ("DATABASE_URL", "LISTEN", "POOL_SIZE")]
    assert code == 2
    assert [line.split(": ")[:2] for line in lines] == [["configuration", variable] for variable in variables]
    assert "secret" not in stderr


async def test_a_missing_database_names_the_variable() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VAULTS_DATABASE_URL"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.vaults", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    code, stderr = await finished(process)
    assert (code, stderr) == (2, "configuration: VAULTS_DATABASE_URL: Field required\n")
