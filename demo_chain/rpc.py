"""JSON-RPC to a node: calls and batches of them."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import orjson

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_LARGEST_BATCH: Final = 500
_HEADERS: Final = {"Content-Type": "application/json"}


class RpcError(RuntimeError):
    """The node answered with an error; the text is the node's."""


class Rpc:
    """One node. aiohttp.ClientError or TimeoutError when it can't be reached."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._ids = itertools.count(1)

    async def call(self, method: str, *params: Any) -> Any:
        """The result of one call; RpcError when there is none."""
        (answer,) = await self.batch([(method, params)])
        if isinstance(answer, RpcError):
            raise answer
        return answer

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Results in the calls' order, an RpcError in the place of each that failed."""
        results: list[Any] = []
        for start in range(0, len(calls), _LARGEST_BATCH):
            results += await self._batch(calls[start : start + _LARGEST_BATCH])
        return results

    async def _batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        requests = [
            {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params} for method, params in calls
        ]
        body = orjson.dumps(requests)
        async with self._session.post(self._url, data=body, headers=_HEADERS) as response:
            answers = orjson.loads(await response.read())
        if not isinstance(answers, list):
            raise RpcError(f"a batch was answered with {answers}")
        by_id = {answer["id"]: answer for answer in answers}
        return [_result(by_id.get(request["id"], {})) for request in requests]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Rpc]:
    """A client for the time of the block."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        yield Rpc(session, url)


def _result(answer: dict[str, Any]) -> Any:
    if "result" in answer:
        return answer["result"]
    error = answer.get("error", {"message": "no answer"})
    return RpcError(str(error.get("message", error)))
