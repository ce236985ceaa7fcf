"""`python -m bench.bare_front PORT ANSWERS [TARGET]`: an aiohttp server that does nothing but answer.

ANSWERS is a JSON file of recorded answers by path. Without TARGET their bytes are kept ready; with it each request
makes the recorded number of gRPC calls to `bench.bare_rpc`, in parallel, and answers with the first one's bytes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import orjson
import uvloop
from aiohttp import web
from multidict import CIMultiDict

from bench.bare_rpc import MAX_MESSAGE_BYTES, METHOD

Handler = Callable[[web.Request], Awaitable[web.Response]]


def build(answers: dict[str, Any], channel: grpc.aio.Channel | None) -> web.Application:
    """The application with one route for each recorded answer."""
    app = web.Application()
    for path, answer in answers.items():
        headers: CIMultiDict[str] = CIMultiDict(tuple(pair) for pair in answer["headers"])
        calls = answer["calls"] if channel else 0
        body = answer["body"].encode()
        if channel is None or not calls:
            app.router.add_get(path, _ready(body, headers))
        else:
            app.router.add_get(path, _fetched(path.encode(), headers, channel, calls))
    return app


def _ready(body: bytes, headers: CIMultiDict[str]) -> Handler:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    return handle


def _fetched(path: bytes, headers: CIMultiDict[str], channel: grpc.aio.Channel, calls: int) -> Handler:
    call: Any = channel.unary_unary(METHOD)

    async def handle(_: web.Request) -> web.Response:
        bodies = await asyncio.gather(*(call(path, timeout=5) for _ in range(calls)))
        return web.Response(body=bodies[0], headers=headers)

    return handle


async def run(port: int, answers: dict[str, Any], target: str | None) -> None:
    """Serve until killed."""
    options = (("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),)
    channel = grpc.aio.insecure_channel(target, options=options) if target else None
    runner = web.AppRunner(build(answers, channel), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def main() -> None:
    """Entry point."""
    port, file, *target = sys.argv[1:]
    answers = orjson.loads(Path(file).read_bytes())
    uvloop.run(run(int(port), answers, target[0] if target else None))


if __name__ == "__main__":
    main()
