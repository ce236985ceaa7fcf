"""The HTTP side of a test node: batches, statuses and connections, and what its faults do to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web

from tests.chain_node.chain import Chain
from tests.chain_node.faults import Fault, Faults, Traits, error
from tests.chain_node.methods import Methods, Refused


class TestNode:
    """One endpoint. `chain`, `traits` and `faults` may be changed while it runs."""

    __test__ = False

    def __init__(self, chain: Chain, traits: Traits, faults: Faults, *, hang_seconds: float) -> None:
        self.chain = chain
        self.faults = faults
        self.url = ""
        self.down = False  # answers nothing but HTTP 502
        self.before_request: Callable[[str], None] | None = None  # called with each method before it is answered
        self.requests: Counter[str] = Counter()  # by method
        self.largest_batch = 0
        self._hang_seconds = hang_seconds
        self._closing = asyncio.Event()
        self.traits = traits

    @property
    def traits(self) -> Traits:
        """What it can."""
        return self._traits

    @traits.setter
    def traits(self, traits: Traits) -> None:
        self._traits = traits
        self._methods = Methods(self.chain, traits, self.faults)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One HTTP request."""
        content = orjson.loads(await request.read())
        broken = await self._break_connection(request)
        if broken is not None:
            return broken
        if isinstance(content, list):
            self.largest_batch = max(self.largest_batch, len(content))
            body = self._answer_batch(content)
        else:
            body = orjson.dumps(self._answer(content))
        if self.faults.draw(Fault.TRUNCATED):
            body = body[: len(body) // 2]
        return web.Response(body=body, content_type="application/json")

    def close(self) -> None:
        """Let requests end that hang."""
        self._closing.set()

    async def _break_connection(self, request: web.Request) -> web.Response | None:
        faults = self.faults
        if self.down or faults.draw(Fault.HTTP_ERROR):
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        if faults.draw(Fault.THROTTLE_WITH_WAIT):
            return web.Response(status=429, headers={"Retry-After": "0.05"})
        if faults.draw(Fault.THROTTLE):
            return web.json_response({"error": "too many requests"}, status=429)
        if faults.draw(Fault.DISCONNECT):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if faults.draw(Fault.TIMEOUT):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._hang_seconds)
            return web.Response(status=504)
        return None

    def _answer_batch(self, content: list[dict[str, Any]]) -> bytes:
        limit = self.traits.max_batch
        if not self.traits.batches or self.faults.draw(Fault.REFUSED_BATCH):
            return _whole(error(-32600, "batch requests are not supported"))
        if limit is not None and len(content) > limit:
            return _whole(error(-32600, f"batch of {len(content)} requests is over the limit: {limit}"))
        replies = [self._answer(item) for item in content]
        if self.faults.draw(Fault.SHORT):
            del replies[self.faults.random.randrange(len(replies))]
        if replies and self.faults.draw(Fault.DUPLICATE):
            twice, other = (self.faults.random.choice(replies) for _ in range(2))
            replies.append({**twice, "result": other.get("result")})
        if self.faults.draw(Fault.REORDERED):
            self.faults.random.shuffle(replies)
        return orjson.dumps(replies)

    def _answer(self, item: dict[str, Any]) -> dict[str, Any]:
        method = item["method"]
        self.requests[method] += 1
        if self.before_request is not None:
            self.before_request(method)
        reply = {"jsonrpc": "2.0", "id": item["id"]}
        try:
            return {**reply, "result": self._methods.answer(method, list(item["params"]))}
        except Refused as refusal:
            return {**reply, "error": refusal.member}


@asynccontextmanager
async def running_node(
    chain: Chain, traits: Traits | None = None, faults: Faults | None = None, *, hang_seconds: float = 5.0
) -> AsyncIterator[TestNode]:
    """The node on a free loopback port; `.url` is where."""
    node = TestNode(chain, traits or Traits(), faults or Faults(), hang_seconds=hang_seconds)
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_post("/", node.handle)
    app.router.add_post("/{key}", node.handle)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        node.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield node
    finally:
        node.close()
        await runner.cleanup()


def _whole(member: dict[str, Any]) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "id": None, "error": member})
