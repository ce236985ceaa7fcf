"""Ingest in front of the real vaults and analytics services, in this loop, on unix sockets and one test database."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import psycopg

from libs.database import is_reachable, open_pool
from libs.rpc.client import open_channel
from libs.rpc.healthcheck import is_serving
from libs.rpc.server import serve
from protos.analytics.v1 import analytics_pb2_grpc, refresh_pb2_grpc
from protos.ingest.v1 import ingest_pb2_grpc
from protos.vaults.v1 import vaults_pb2_grpc
from services.analytics.servicer import AnalyticsServicer
from services.analytics.servicer_refresh import RefreshServicer
from services.ingest.coordinator import Coordinator
from services.ingest.delivery import Services
from services.ingest.dispatcher import PartitionDispatcher
from services.ingest.domain import Lease
from services.ingest.feed import ChangeFeed
from services.ingest.intake import InboxIntake
from services.ingest.queue_status import connect
from services.ingest.repository.changes import CHANGES_CHANNEL
from services.ingest.repository.inbox import INBOX_CHANNEL
from services.ingest.servicer import IngestServicer
from services.ingest.upkeep import run_listener
from services.vaults.servicer import VaultServicer
from tests.integration.ingest_jobs import batch
from tests.oracle.sending import START, RawJob
from tests.servers import Database

CHAIN_ID = 125
# The clock of the intake: a day after the first event.
NOW = START + 86_400

Hook = Callable[[Any, Any], Awaitable[None]]


class Script:
    """What a service was asked, and what a test does to its calls: hooks get (request, context) and may abort."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.before: Hook | None = None
        self.after: Hook | None = None
        self.update: Hook | None = None

    @property
    def sent(self) -> list[str]:
        """Identities of all events in the order in which they were sent."""
        return list(itertools.chain.from_iterable(self.calls))

    async def around(self, method: Any, request: Any, context: Any) -> Any:
        """Run ApplyEvents between the hooks; `calls` gets the identities of its events."""
        self.calls.append([event.identity for event in request.events])
        if self.before is not None:
            await self.before(request, context)
        answer = await method(request, context)
        if self.after is not None:
            await self.after(request, context)
        return answer


class ScriptedVaults(VaultServicer):
    """The vaults service, with hooks."""

    script: Script

    async def ApplyEvents(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await self.script.around(super().ApplyEvents, request, context)

    async def UpdatePerformance(self, request: Any, context: Any) -> Any:  # noqa: N802
        if self.script.update is not None:
            await self.script.update(request, context)
        return await super().UpdatePerformance(request, context)


class ScriptedAnalytics(AnalyticsServicer):
    """The analytics service, with hooks."""

    script: Script

    async def ApplyEvents(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await self.script.around(super().ApplyEvents, request, context)


def refusing(code: grpc.StatusCode, *, identity: str = "", times: int = 10**9, more_than: int = 0) -> Hook:
    """A hook that aborts calls with an event of this identity (any without one) and more events than so many."""
    left = itertools.count(times, -1)

    async def hook(request: Any, context: Any) -> None:
        named = not identity or identity in [event.identity for event in request.events]
        if named and len(request.events) > more_than and next(left) > 0:
            await context.abort(code, f"scripted {code.name}")

    return hook


class Stage:
    """The intake, the two services and what delivers to them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.vaults = Script()
        self.analytics = Script()
        self.targets = {name: f"unix:{folder}/{name}.sock" for name in ("vaults", "analytics")}
        self._admin = psycopg.connect(database.admin_url, autocommit=True)
        self._open = AsyncExitStack()
        self._servers: dict[str, AsyncExitStack] = {}

    async def open(self) -> None:
        """Start the services and connect to them."""
        self.pool = await self._open.enter_async_context(open_pool(self.database.url("ingest"), name="stage"))
        self.intake = InboxIntake(self.pool, CHAIN_ID, clock=lambda: NOW)
        for name in self.targets:
            await self.start(name)
        self.channels = [await self._open.enter_async_context(open_channel(self.targets[n])) for n in self.targets]
        self.services = Services(*self.channels)

    async def close(self) -> None:
        """End everything."""
        await self._open.aclose()
        for name in list(self._servers):
            await self.stop(name)
        self._admin.close()

    async def start(self, name: str) -> None:
        """Start one of the services."""
        stack = self._servers[name] = AsyncExitStack()
        pool = await stack.enter_async_context(open_pool(self.database.url(name), name=name))

        def register(server: grpc.aio.Server) -> list[str]:
            if name == "vaults":
                vaults = ScriptedVaults(pool, CHAIN_ID)
                vaults.script = self.vaults
                vaults_pb2_grpc.add_VaultServiceServicer_to_server(vaults, server)
            else:
                analytics = ScriptedAnalytics(pool, CHAIN_ID)
                analytics.script = self.analytics
                analytics_pb2_grpc.add_AnalyticsServiceServicer_to_server(analytics, server)
                refresh_pb2_grpc.add_RefreshServiceServicer_to_server(RefreshServicer(pool, CHAIN_ID, 100_000), server)
            return []

        await stack.enter_async_context(
            served(self.targets[name], register, is_healthy=lambda: is_reachable(pool), name=name)
        )

    async def stop(self, name: str) -> None:
        """End one of the services."""
        await self._servers.pop(name).aclose()

    async def feed(self, *jobs: RawJob | bytes) -> None:
        """Put jobs through the intake as one batch of fresh entries."""
        await self.intake.accept(batch(*jobs))

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query of the administrator, who sees every schema."""
        return self._admin.execute(query, values).fetchall()

    def run(self, statement: str, **values: Any) -> None:
        """Run a statement as the administrator."""
        self._admin.execute(statement, values)

    def value(self, query: str, **values: Any) -> Any:
        """The one value of a query."""
        ((value,),) = self.rows(query, **values)
        return value

    def delivered(self) -> int:
        """How many events have taken effect everywhere."""
        return int(self.value("SELECT delivered_events FROM ingest.pipeline"))

    async def until_delivered(self, count: int, *, seconds: float = 15.0) -> None:
        """Wait until so many events have taken effect everywhere."""
        await until(lambda: self.delivered() >= count, seconds=seconds)
        assert self.delivered() == count

    def dead_letters(self) -> list[tuple[Any, ...]]:
        """(reason, detail, identity) of every dead letter, oldest first."""
        return self.rows("SELECT reason, detail, identity FROM ingest.dead_letters ORDER BY id")

    def dispatcher(self, lease: Lease, owner: UUID, *, batch_size: int = 1000) -> PartitionDispatcher:
        """A dispatcher of one partition."""
        return PartitionDispatcher(
            pool=self.pool,
            services=self.services,
            owner=owner,
            lease=lease,
            chain_id=CHAIN_ID,
            batch_size=batch_size,
        )

    @asynccontextmanager
    async def dispatching(self, *, lease_seconds: float = 1.0, batch_size: int = 1000) -> AsyncIterator[UUID]:
        """A replica that dispatches inside the block; gives its owner id."""
        owner = uuid4()
        coordinator = Coordinator(
            self.pool, owner, lease_seconds, lambda lease: self.dispatcher(lease, owner, batch_size=batch_size)
        )
        listener = run_listener(self.database.url("ingest"), {INBOX_CHANNEL: coordinator.wake})
        tasks = [asyncio.create_task(coordinator.run()), asyncio.create_task(listener)]
        try:
            yield owner
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results), results

    @asynccontextmanager
    async def serving(self, redis_url: str) -> AsyncIterator[ingest_pb2_grpc.IngestServiceStub]:
        """The ingest service's own RPCs inside the block."""
        feed = ChangeFeed(self.pool)
        target = f"unix:{self.folder}/ingest.sock"
        listening = asyncio.create_task(run_listener(self.database.url("ingest"), {CHANGES_CHANNEL: feed.wake}))
        async with connect(redis_url) as redis:

            def register(server: grpc.aio.Server) -> list[str]:
                servicer = IngestServicer(self.pool, redis, feed, CHAIN_ID)
                ingest_pb2_grpc.add_IngestServiceServicer_to_server(servicer, server)
                return []

            try:
                async with (
                    served(target, register, is_healthy=lambda: is_reachable(self.pool), name="ingest"),
                    open_channel(target) as channel,
                ):
                    yield ingest_pb2_grpc.IngestServiceStub(channel)
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


@asynccontextmanager
async def staged(database: Database, folder: Path) -> AsyncIterator[Stage]:
    """A stage that is open inside the block."""
    stage = Stage(database, folder)
    try:
        await stage.open()
        yield stage
    finally:
        await stage.close()


@asynccontextmanager
async def served(
    listen: str,
    register: Callable[[grpc.aio.Server], Sequence[str]],
    *,
    is_healthy: Callable[[], Awaitable[bool]],
    name: str,
) -> AsyncIterator[None]:
    """A gRPC server as the processes run it, serving inside the block."""
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(name=name, listen=listen, register=register, is_healthy=is_healthy, grace_seconds=0, stop=stop)
    )
    try:
        async with asyncio.timeout(10):
            while not await is_serving(listen):
                assert not serving.done(), serving.result()
        yield
    finally:
        stop.set()
        await serving


async def until(condition: Callable[[], bool], *, seconds: float = 15.0) -> None:
    """Wait until the condition holds, at most so long."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
