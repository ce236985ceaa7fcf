"""The chain as the indexer sees it: several RPC URLs, one answer, from one of them at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import aiohttp

from libs.telemetry import get_logger
from services.ingest.chain.rpc.address import NodeAddress
from services.ingest.chain.rpc.blocks import Head, Header, Window
from services.ingest.chain.rpc.calls import BlockTag, Call, Reverted, call_many
from services.ingest.chain.rpc.capabilities import probe
from services.ingest.chain.rpc.counters import Counters
from services.ingest.chain.rpc.endpoint import Capabilities, Endpoint
from services.ingest.chain.rpc.errors import ChainUnavailable, WrongChain
from services.ingest.chain.rpc.options import ReaderOptions
from services.ingest.chain.rpc.source import BlockSource
from services.ingest.chain.rpc.survey import Survey

logger = get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EndpointState:
    """How one endpoint is doing, for status and metrics."""

    name: str  # never the URL: it may hold a key
    usable: bool
    refused: str  # why it is not used at all, or empty
    concurrency: int
    batch_size: int
    log_range: int
    capabilities: Capabilities | None  # None before its first use


class ChainReader:
    """Reads from the endpoint that is ahead and well, and goes to the next when it fails; see `open_reader`.

    Every method raises ChainUnavailable when no endpoint gives an answer, WrongChain when all serve another chain.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        urls: Sequence[str],
        *,
        chain_id: int,
        topics: Iterable[str] | None = None,
        options: ReaderOptions | None = None,
    ) -> None:
        """`topics`: only logs with one of these first topics. None, all logs: then blooms prove completeness."""
        if not urls:
            raise ValueError("no RPC URL")
        self.options = options or ReaderOptions()
        self.counters = Counters()
        self._chain_id = chain_id
        self._topics = None if topics is None else tuple(sorted(topic.lower() for topic in topics))
        self._endpoints = [
            Endpoint(session, NodeAddress.parse(url, place), self.counters, self.options)
            for place, url in enumerate(urls, start=1)
        ]
        self._probing = {endpoint.name: asyncio.Lock() for endpoint in self._endpoints}
        self._survey = Survey(self._endpoints, self.options, self._head_of, clock=time.monotonic)

    async def head(self) -> Head:
        """The newest block of the preferred endpoint. It may be lower than the one before: that is no reorg."""
        self._raise_if_all_refused()
        return await self._survey.head()

    async def fetch(self, start: int, stop: int, head: Head) -> Window:
        """All blocks from start to stop (inclusive, at most the head) with all their logs.

        Asked of the head's endpoint, and when it fails of another that has the head too. WindowTorn: the head is
        no longer what it was, or the nodes contradict themselves.
        """
        if not 0 <= start <= stop <= head.number:
            raise ValueError(f"blocks {start} to {stop} are no range below block {head.number}")

        async def window(endpoint: Endpoint) -> Window:
            source = await self._confirmed(endpoint, head)
            return await source.window(start, stop, head)

        return await self._first_answer(window, head)

    async def headers(self, numbers: Iterable[int], head: Head) -> list[Header]:
        """The headers of these blocks, in this order, of the chain that ends in the head."""
        wanted = list(numbers)

        async def read(endpoint: Endpoint) -> list[Header]:
            return await (await self._confirmed(endpoint, head)).headers(wanted)

        return await self._first_answer(read, head)

    async def stream(
        self, start: int, stop: int, head: Head, *, size: int = 2000, ahead: int = 2
    ) -> AsyncGenerator[Window, None]:
        """Windows of `size` blocks from start to stop, in order, `ahead` of them fetched while one is used.

        Close it (`contextlib.aclosing`) when leaving early.
        """
        ranges = ((first, min(first + size - 1, stop)) for first in range(start, stop + 1, size))
        running: deque[asyncio.Task[Window]] = deque()
        try:
            while True:
                for first, last in _up_to(ahead + 1 - len(running), ranges):
                    running.append(asyncio.create_task(self.fetch(first, last, head)))
                if not running:
                    return
                yield await running.popleft()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def call_many(
        self, calls: Sequence[Call], block: BlockTag = "latest", *, head: Head | None = None
    ) -> list[bytes | Reverted]:
        """What each call returns at the end of the block, in order; with a head only nodes that have it are asked.

        StateUnavailable when no node keeps the state of that block any more.
        """

        async def ask(endpoint: Endpoint) -> list[bytes | Reverted]:
            if head is not None:
                await self._confirmed(endpoint, head)
            return await call_many(endpoint, calls, block)

        return await self._first_answer(ask, head)

    def states(self) -> list[EndpointState]:
        """How the endpoints are doing, in the configured order."""
        return [
            EndpointState(
                name=endpoint.name,
                usable=endpoint.is_usable,
                refused=endpoint.refused,
                concurrency=int(endpoint.gate.limit),
                batch_size=endpoint.batch.size,
                log_range=endpoint.span.size,
                capabilities=endpoint.capabilities,
            )
            for endpoint in self._endpoints
        ]

    async def _first_answer(self, ask: Callable[[Endpoint], Awaitable[T]], head: Head | None) -> T:
        """The answer of the first endpoint that gives one; its failure counts when all fail."""
        first_error: ChainUnavailable | None = None
        for endpoint in self._survey.order(head.endpoint if head else None):
            try:
                await self._ready(endpoint)
                answer = await ask(endpoint)
            except ChainUnavailable as error:
                first_error = first_error or error
            else:
                self.counters.failovers += first_error is not None
                return answer
        self._raise_if_all_refused()
        raise first_error or ChainUnavailable("no RPC endpoint can be asked at the moment")

    async def _confirmed(self, endpoint: Endpoint, head: Head) -> BlockSource:
        """The endpoint's chain, when it is the head's."""
        witnesses = [other for other in self._endpoints if other is not endpoint and other.verified and other.is_usable]
        source = BlockSource(endpoint, self._topics, witnesses)
        if endpoint.name != head.endpoint:
            await source.confirm(head)
        return source

    async def _head_of(self, endpoint: Endpoint) -> Head:
        await self._ready(endpoint)
        return await BlockSource(endpoint, self._topics).head()

    async def _ready(self, endpoint: Endpoint) -> None:
        """Probe an endpoint before its first use and after an outage; ChainUnavailable when it can't be used."""
        async with self._probing[endpoint.name]:
            if not endpoint.verified and not endpoint.refused:
                found = await probe(endpoint)
                endpoint.capabilities = found
                endpoint.verified = found.chain_id == self._chain_id
                if not endpoint.verified:
                    endpoint.refused = f"it serves chain {found.chain_id} instead of {self._chain_id}"
                    logger.error("rpc_endpoint_refused", endpoint=endpoint.name, reason=endpoint.refused)
        if endpoint.refused:
            self._raise_if_all_refused()
            raise ChainUnavailable(f"{endpoint.name}: {endpoint.refused}")

    def _raise_if_all_refused(self) -> None:
        if all(endpoint.refused for endpoint in self._endpoints):
            raise WrongChain("; ".join(f"{endpoint.name}: {endpoint.refused}" for endpoint in self._endpoints))


@asynccontextmanager
async def open_reader(
    urls: Sequence[str],
    *,
    chain_id: int,
    topics: Iterable[str] | None = None,
    options: ReaderOptions | None = None,
) -> AsyncIterator[ChainReader]:
    """A reader with connections of its own, closed at the end. ValueError for a URL that is not http(s)."""
    chosen = options or ReaderOptions()
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=0)
    async with aiohttp.ClientSession(connector=connector, read_bufsize=2**20) as session:
        yield ChainReader(session, urls, chain_id=chain_id, topics=topics, options=chosen)


def _up_to(count: int, ranges: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for _ in range(count):
        item = next(ranges, None)
        if item is None:
            return
        yield item
