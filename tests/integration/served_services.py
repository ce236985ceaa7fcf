"""Both services behind real gRPC servers in this process, and what their errors say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from libs.database import Pool, open_pool
from libs.rpc.client import open_channel
from libs.rpc.server import serve
from protos.analytics.v1 import analytics_pb2_grpc, leaderboards_pb2_grpc, people_pb2_grpc, performance_pb2_grpc
from protos.vaults.v1 import vaults_pb2_grpc
from services.analytics.servicer import AnalyticsServicer, LeaderboardServicer
from services.analytics.servicer_boards import BoardServicer
from services.analytics.servicer_people import PeopleServicer
from services.analytics.servicer_performance import PerformanceServicer
from services.vaults.servicer import VaultServicer
from tests.integration.service_pair import CHAIN_ID
from tests.servers import Database, short_folder


@dataclass(frozen=True)
class Served:
    """Stubs of both services."""

    vaults: Any
    analytics: Any
    leaderboard: Any


@dataclass(frozen=True)
class Refusal:
    """A failed call: code, reason, and violated fields with what is wrong with each."""

    code: grpc.StatusCode
    message: str
    reason: str
    violations: list[tuple[str, str]]

    @property
    def fields(self) -> list[str]:
        """The violated fields."""
        return [field for field, _ in self.violations]


@asynccontextmanager
async def service_channels(database: Database) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Channels to vaults and to analytics on a migrated database, each with a pool of eight connections."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(short_folder())
        channels = []
        for name, register in (("vaults", _register_vaults), ("analytics", _register_analytics)):
            pool = await stack.enter_async_context(open_pool(database.url(name), name=name))
            target = f"unix:{folder}/{name}"
            await stack.enter_async_context(_serving(name, target, partial(register, pool)))
            channels.append(await stack.enter_async_context(open_channel(target)))
        yield channels


@asynccontextmanager
async def served_services(database: Database) -> AsyncIterator[Served]:
    """Stubs of both services on a migrated database."""
    async with service_channels(database) as channels:
        yield Served(
            vaults=vaults_pb2_grpc.VaultServiceStub(channels[0]),
            analytics=analytics_pb2_grpc.AnalyticsServiceStub(channels[1]),
            leaderboard=analytics_pb2_grpc.LeaderboardServiceStub(channels[1]),
        )


async def refusal(call: Awaitable[Any]) -> Refusal:
    """What a call that must fail fails with."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return _read(error)
    raise AssertionError(f"the call succeeded: {answer}")


def _read(error: grpc.aio.AioRpcError) -> Refusal:
    status, info, bad = status_pb2.Status(), error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status.ParseFromString(value)
    for detail in status.details:
        _ = detail.Unpack(info) or detail.Unpack(bad)
    violations = [(violation.field, violation.description) for violation in bad.field_violations]
    return Refusal(error.code(), error.details() or "", info.reason, violations)


def _register_vaults(pool: Pool, server: grpc.aio.Server) -> list[str]:
    vaults_pb2_grpc.add_VaultServiceServicer_to_server(VaultServicer(pool, CHAIN_ID), server)
    return ["protos.vaults.v1.VaultService"]


def _register_analytics(pool: Pool, server: grpc.aio.Server) -> list[str]:
    analytics_pb2_grpc.add_AnalyticsServiceServicer_to_server(AnalyticsServicer(pool, CHAIN_ID), server)
    analytics_pb2_grpc.add_LeaderboardServiceServicer_to_server(LeaderboardServicer(pool), server)
    people_pb2_grpc.add_PeopleServiceServicer_to_server(PeopleServicer(pool, CHAIN_ID), server)
    performance_pb2_grpc.add_PerformanceServiceServicer_to_server(PerformanceServicer(pool), server)
    leaderboards_pb2_grpc.add_BoardServiceServicer_to_server(BoardServicer(pool), server)
    return ["protos.analytics.v1.AnalyticsService", "protos.analytics.v1.LeaderboardService"]


@asynccontextmanager
async def _serving(name: str, listen: str, register: Callable[[grpc.aio.Server], list[str]]) -> AsyncIterator[None]:
    async def is_healthy() -> bool:
        return True

    stop = asyncio.Event()
    running = asyncio.create_task(
        serve(name=name, listen=listen, register=register, is_healthy=is_healthy, grace_seconds=0, stop=stop)
    )
    try:
        yield
    finally:
        stop.set()
        await running
