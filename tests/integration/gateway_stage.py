"""A gateway over real HTTP, in front of real gRPC servers whose answers a test writes down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
from aiohttp import ClientResponse, ClientSession, web
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from gateway.app import build_app
from gateway.config import GatewaySettings
from gateway.context import GATEWAY, Gateway
from gateway.server import serving
from gateway.upstream import Upstream
from libs.errors import NotFound
from libs.rpc.client import open_channel
from libs.rpc.server import ErrorInterceptor
from protos.analytics.v1 import (
    analytics_pb2_grpc,
    leaderboards_pb2_grpc,
    people_pb2_grpc,
    performance_pb2,
    performance_pb2_grpc,
)
from protos.ingest.v1 import ingest_pb2, ingest_pb2_grpc
from protos.vaults.v1 import vaults_pb2_grpc

HEARTBEAT_SECONDS = 0.1


async def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until a condition holds; AssertionError after the limit."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        await asyncio.sleep(0.005)


def at(seconds: int, nanos: int = 0) -> Timestamp:
    """A moment in Unix time."""
    return Timestamp(seconds=seconds, nanos=nanos)


class Script:
    """What the services answer and what they were asked."""

    def __init__(self) -> None:
        # What every vault's detail and the globals ask besides: nothing is known unless a test says more.
        self.answers: dict[str, Any] = {
            "GetVaultPerformance": NotFound("no such vault", reason="VAULT_NOT_FOUND"),
            "GetGlobalPerformance": performance_pb2.GetGlobalPerformanceResponse(),
        }
        self.calls: list[tuple[str, Any]] = []
        # A method with a gate waits for it to open.
        self.gates: dict[str, asyncio.Event] = {}

    async def __call__(self, method: str, request: Any) -> Any:
        self.calls.append((method, request))
        # The answer is chosen before the gate: what is read early may arrive late.
        answer = self.answers[method]
        if method in self.gates:
            await self.gates[method].wait()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def count(self, method: str) -> int:
        """How often a method was called."""
        return sum(name == method for name, _ in self.calls)

    def requests(self, method: str) -> list[Any]:
        """What a method was asked."""
        return [request for name, request in self.calls if name == method]


class Changes(ingest_pb2_grpc.IngestServiceServicer):
    """The change stream: says what the test announces, and heartbeats unless it is told to be silent."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._watchers: set[asyncio.Queue[ingest_pb2.WatchChangesResponse | None]] = set()
        self.silent = False
        self.sequence = 41

    @property
    def watchers(self) -> int:
        """Streams that are open."""
        return len(self._watchers)

    async def WatchChanges(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        queue: asyncio.Queue[ingest_pb2.WatchChangesResponse | None] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            while True:
                if not self.silent:
                    yield ingest_pb2.WatchChangesResponse(sequence=self.sequence)
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        message = await queue.get()
                except TimeoutError:
                    continue
                if message is None:
                    return
                yield message
        finally:
            self._watchers.discard(queue)

    async def GetPipelineStatus(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await self._script("GetPipelineStatus", request)

    def announce(self, kind: Any, *, vault_id: str = "", user_id: str = "") -> None:
        """Tell every watcher of one change."""
        self.sequence += 1
        change = ingest_pb2.Change(sequence=self.sequence, kind=kind, vault_id=vault_id, user_id=user_id)
        for queue in self._watchers:
            queue.put_nowait(ingest_pb2.WatchChangesResponse(sequence=self.sequence, changes=[change]))

    def hang_up(self) -> None:
        """End every stream; the watchers may come back."""
        for queue in self._watchers:
            queue.put_nowait(None)


def _scripted(servicer: type, script: Script, methods: Iterable[str]) -> Any:
    def method(name: str) -> Any:
        async def answer(_self: Any, request: Any, _context: Any) -> Any:
            return await script(name, request)

        return answer

    return type(f"Scripted{servicer.__name__}", (servicer,), {name: method(name) for name in methods})()


class Service:
    """One gRPC server with a health service that can be stopped and started on the same port."""

    def __init__(self, register: Callable[[grpc.aio.Server], None]) -> None:
        self._register = register
        self._server: grpc.aio.Server | None = None
        self.health = HealthServicer()
        self.port = 0

    async def start(self) -> None:
        """Listen, at first on a free port."""
        self._server = grpc.aio.server(interceptors=[ErrorInterceptor()], options=(("grpc.so_reuseport", 0),))
        self._register(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self._server)
        await self.set_serving(True)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def set_serving(self, serves: bool) -> None:
        """What the health check says."""
        states = health_pb2.HealthCheckResponse
        await self.health.set("", states.SERVING if serves else states.NOT_SERVING)

    async def stop(self) -> None:
        """Go away at once."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


class Stage:
    """The gateway under test with everything around it."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.script = Script()
        self.changes = Changes(self.script)
        self.vaults = Service(self._register_vaults)
        self.analytics = Service(self._register_analytics)
        self.ingest = Service(lambda server: ingest_pb2_grpc.add_IngestServiceServicer_to_server(self.changes, server))
        self._settings = settings
        self.app: web.Application
        self.url = ""
        self.session: ClientSession

    @property
    def gateway(self) -> Gateway:
        """The gateway's inside, for what can't be seen from outside in finite time."""
        return self.app[GATEWAY]

    @property
    def port(self) -> int:
        """Port of the gateway."""
        return int(self.url.rsplit(":", 1)[1])

    async def followed(self) -> None:
        """Wait until the gateway follows the change stream."""
        cache = self.gateway.cache
        assert cache is not None
        await eventually(lambda: cache.is_followed)

    async def get(self, path: str, *, status: int = 200, **headers: str) -> Any:
        """The JSON of a GET; underscores in header names stand for hyphens."""
        response, body = await self.ask("GET", path, **headers)
        assert response.status == status, body
        return body

    async def ask(self, method: str, path: str, **headers: str) -> tuple[ClientResponse, Any]:
        """A response and its JSON, None without a body."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, self.url + path, headers=names) as response:
            text = await response.text()
            return response, await response.json() if text else None

    async def start(self, stack: AsyncExitStack) -> None:
        """Start the services, then the gateway, then a client."""
        for service in (self.vaults, self.analytics, self.ingest):
            await service.start()
            stack.push_async_callback(service.stop)
        channels = [
            await stack.enter_async_context(open_channel(f"127.0.0.1:{service.port}"))
            for service in (self.vaults, self.analytics, self.ingest)
        ]
        settings = GatewaySettings(**{"shutdown_grace_seconds": 1.0, **self._settings})
        upstream = Upstream(
            vaults=channels[0],
            analytics=channels[1],
            ingest=channels[2],
            timeout_seconds=settings.request_timeout_seconds,
        )
        self.app = build_app(settings, upstream)
        port = await stack.enter_async_context(serving(self.app, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{port}"
        self.session = await stack.enter_async_context(ClientSession())
        if self.gateway.cache is not None:
            # The first message of the stream empties the cache: later it would surprise a test.
            await self.followed()

    def _register_vaults(self, server: grpc.aio.Server) -> None:
        servicer = _scripted(vaults_pb2_grpc.VaultServiceServicer, self.script, ["ListVaults", "GetVault", "GetUser"])
        vaults_pb2_grpc.add_VaultServiceServicer_to_server(servicer, server)

    def _register_analytics(self, server: grpc.aio.Server) -> None:
        names = ["GetGlobalAnalytics", "GetVaultAnalytics", "ListTrades", "ListFollowers"]
        servicer = _scripted(analytics_pb2_grpc.AnalyticsServiceServicer, self.script, names)
        analytics_pb2_grpc.add_AnalyticsServiceServicer_to_server(servicer, server)
        leaders = _scripted(analytics_pb2_grpc.LeaderboardServiceServicer, self.script, ["ListLeaders"])
        analytics_pb2_grpc.add_LeaderboardServiceServicer_to_server(leaders, server)
        names = [
            "GetVaultPerformance",
            "GetVaultHistory",
            "GetGlobalPerformance",
            "GetGlobalHistory",
            "ListDefinitions",
        ]
        performance = _scripted(performance_pb2_grpc.PerformanceServiceServicer, self.script, names)
        performance_pb2_grpc.add_PerformanceServiceServicer_to_server(performance, server)
        names = ["ListFlows", "GetFollower", "ListPositions", "GetPortfolioHistory"]
        people = _scripted(people_pb2_grpc.PeopleServiceServicer, self.script, names)
        people_pb2_grpc.add_PeopleServiceServicer_to_server(people, server)
        names = ["ListVaultBoard", "ListLeaderBoard", "GetRank"]
        boards = _scripted(leaderboards_pb2_grpc.BoardServiceServicer, self.script, names)
        leaderboards_pb2_grpc.add_BoardServiceServicer_to_server(boards, server)


@asynccontextmanager
async def stage(**settings: Any) -> AsyncIterator[Stage]:
    """A running gateway with these settings; stops with the block."""
    async with AsyncExitStack() as stack:
        built = Stage(settings)
        await built.start(stack)
        yield built
