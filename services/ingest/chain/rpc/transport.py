"""One JSON-RPC exchange over HTTP: a request or a batch out, the answers matched to it by id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, Final, NamedTuple

import aiohttp
import orjson

from services.ingest.chain.rpc.address import NodeAddress
from services.ingest.chain.rpc.counters import Counters
from services.ingest.chain.rpc.faults import Fault, FaultKind, fault_of_error

_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}
_LONGEST_PAUSE_SECONDS: Final = 300.0


class Request(NamedTuple):
    """A JSON-RPC method with its parameters."""

    method: str
    params: Sequence[Any]


class _ReplyTooLarge(Exception):
    pass


class Transport:
    """Speaks to one URL. Failures are values: what they mean is for the caller to decide."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: NodeAddress,
        counters: Counters,
        *,
        timeout_seconds: float,
        max_reply_bytes: int,
    ) -> None:
        self._session = session
        self._address = address
        self._counters = counters
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._max_reply_bytes = max_reply_bytes
        self._ids = count(1)

    async def exchange(self, requests: Sequence[Request]) -> list[Any] | Fault:
        """Per request its result or a `Fault`, in their order; or one `Fault` for all of them.

        A single request goes out as an object, several as a batch.
        """
        ids = [next(self._ids) for _ in requests]
        items = [
            {"jsonrpc": "2.0", "id": at, "method": request.method, "params": request.params}
            for at, request in zip(ids, requests, strict=True)
        ]
        self._counters.exchanges += 1
        self._counters.items += len(items)
        outcome = await self._post(orjson.dumps(items[0] if len(items) == 1 else items))
        return outcome if isinstance(outcome, Fault) else match_replies(ids, outcome)

    async def _post(self, body: bytes) -> Any:
        """What the reply holds, or a Fault. Errors of the client are named by their type: their text holds the URL."""
        try:
            async with self._session.post(
                self._address.url, data=body, headers=_HEADERS, timeout=self._timeout, allow_redirects=False
            ) as response:
                reply = await self._read(response)
                return _parsed(response, reply)
        except TimeoutError:
            return Fault(FaultKind.TIMEOUT, "no answer in time")
        except _ReplyTooLarge:
            return Fault(FaultKind.TOO_LARGE, f"the reply is larger than {self._max_reply_bytes} bytes")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Fault(FaultKind.UNREACHABLE, type(error).__name__)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        parts = []
        size = 0
        async for part in response.content.iter_any():
            parts.append(part)
            size += len(part)
            if size > self._max_reply_bytes:
                raise _ReplyTooLarge
        self._counters.bytes_received += size
        return b"".join(parts)


def _parsed(response: aiohttp.ClientResponse, reply: bytes) -> Any:
    status, wait = response.status, retry_after_seconds(response.headers.get("Retry-After"))
    if status == 429 or (status == 503 and wait is not None):
        return Fault(FaultKind.THROTTLED, f"HTTP {status}", retry_after_seconds=wait)
    if status == 413:
        return Fault(FaultKind.TOO_LARGE, "HTTP 413")
    try:
        content = orjson.loads(reply)
    except orjson.JSONDecodeError:
        return Fault(FaultKind.UNREACHABLE, "no JSON" if status == 200 else f"HTTP {status}")
    # Some nodes give a JSON-RPC error a status of its own; anything else with such a status is a proxy's doing.
    if status != 200 and not (isinstance(content, list) or (isinstance(content, dict) and content.get("error"))):
        return Fault(FaultKind.UNREACHABLE, f"HTTP {status}")
    return content


def retry_after_seconds(header: str | None) -> float | None:
    """Seconds of a Retry-After header, given as a number or as a date; None when there is none to be understood."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(seconds, _LONGEST_PAUSE_SECONDS) if seconds > 0 else 0.0


def match_replies(ids: Sequence[int], content: Any) -> list[Any] | Fault:
    """What a reply says about each request, by its id: results and Faults in order, or one Fault for all.

    An id that comes twice counts as not answered: nobody can say which of the two is right.
    """
    if len(ids) == 1 and isinstance(content, dict):
        return [_value(content) if content.get("id") == ids[0] else _without_id(content)]
    if not isinstance(content, list):
        return _refusal_of_batch(content)
    found: dict[int, Any] = {}
    twice: set[int] = set()
    for item in content:
        at = item.get("id") if isinstance(item, dict) else None
        if type(at) is int:
            if at in found:
                twice.add(at)
            found[at] = item
    return [
        Fault(FaultKind.MISSING, "answered twice" if at in twice else "left out of the reply")
        if at in twice or at not in found
        else _value(found[at])
        for at in ids
    ]


def _value(item: dict[str, Any]) -> Any:
    error = item.get("error")
    if error is not None:
        return fault_of_error(error)
    return item["result"] if "result" in item else Fault(FaultKind.DAMAGED, "neither result nor error")


def _without_id(item: dict[str, Any]) -> Fault:
    if item.get("error") is not None and item.get("id") is None:
        return fault_of_error(item["error"])
    return Fault(FaultKind.MISSING, "an answer to another request")


def _refusal_of_batch(content: Any) -> Fault:
    if not isinstance(content, dict) or content.get("error") is None:
        return Fault(FaultKind.DAMAGED, "neither an object nor a list of answers")
    fault = fault_of_error(content["error"])
    if fault.kind in (FaultKind.THROTTLED, FaultKind.TOO_LARGE, FaultKind.BATCH_REFUSED):
        return fault
    return Fault(FaultKind.BATCH_REFUSED, fault.text, allowed=fault.allowed)
