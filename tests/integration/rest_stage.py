"""REST over both real services in this process: fed as a dispatcher feeds them, refreshed as a snapshot does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp import ClientSession
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.app import build_app
from gateway.config import GatewaySettings
from gateway.server import serving
from gateway.upstream import Upstream
from libs.database import Pool, open_pool
from libs.rpc.client import open_channel
from protos.analytics.v1 import refresh_pb2
from protos.vaults.v1 import vaults_pb2
from services.analytics.servicer_refresh import RefreshServicer
from tests.integration.served_services import service_channels
from tests.integration.service_pair import CHAIN_ID, ServicePair, event_of, service_pair
from tests.oracle.sending import RawJob
from tests.servers import Database


class Rest:
    """A gateway without a cache over both services, and the hands that feed them."""

    def __init__(self, url: str, session: ClientSession, pair: ServicePair, pool: Pool) -> None:
        self._url = url
        self._session = session
        self._pool = pool
        self.pair = pair

    async def get(self, path: str, status: int = 200) -> Any:
        """The JSON of a GET."""
        async with self._session.get(self._url + path) as response:
            body = await response.json()
            assert response.status == status, body
            return body

    async def data(self, path: str) -> Any:
        """What a GET is about."""
        return (await self.get(path))["data"]

    async def feed(self, jobs: Sequence[RawJob]) -> None:
        """Take jobs to both services."""
        await self.pair.deliver([event_of(job) for job in jobs])

    async def refresh(self, as_of: int) -> None:
        """Bring figures up to a moment and take them to vaults."""
        servicer = RefreshServicer(self._pool, CHAIN_ID, 400)
        await servicer.RefreshFigures(refresh_pb2.RefreshFiguresRequest(as_of=Timestamp(seconds=as_of)), None)
        page = await servicer.ListWindowFigures(refresh_pb2.ListWindowFiguresRequest(), None)
        assert not page.next_page_token
        await self.pair.vaults.UpdateWindowFigures(vaults_pb2.UpdateWindowFiguresRequest(figures=page.figures), None)


@asynccontextmanager
async def rest(database: Database) -> AsyncIterator[Rest]:
    """REST over a migrated database."""
    async with AsyncExitStack() as stack:
        vaults, analytics = await stack.enter_async_context(service_channels(database))
        nobody = await stack.enter_async_context(open_channel("unix:/nowhere"))
        upstream = Upstream(vaults=vaults, analytics=analytics, ingest=nobody, timeout_seconds=5)
        app = build_app(GatewaySettings(chain_id=CHAIN_ID, cache="off", shutdown_grace_seconds=0.5), upstream)
        port = await stack.enter_async_context(serving(app, "127.0.0.1", 0))
        session = await stack.enter_async_context(ClientSession())
        pair = await stack.enter_async_context(service_pair(database))
        pool = await stack.enter_async_context(open_pool(database.url("analytics"), name="refresh", max_size=1))
        yield Rest(f"http://127.0.0.1:{port}", session, pair, pool)
