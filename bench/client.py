"""`python -m bench.client URL CONNECTIONS SECONDS`: a raw keep-alive HTTP client that prints its figures as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast
from urllib.parse import urlsplit

import uvloop

from bench.load import LoadError, percentile

_WARM_UP_SECONDS = 0.2


class Answers:
    """Cuts a stream of bytes into answers with Content-Length."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._missing = 0

    def feed(self, data: bytes) -> int:
        """How many answers are complete with these bytes. Raises LoadError on any status but 200."""
        if self._missing > len(data):
            self._missing -= len(data)
            return 0
        complete = 0
        if self._missing:
            complete, data = 1, data[self._missing :]
            self._missing = 0
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = end + 4 + content_length(bytes(self._received[: end + 2]))
            if length > len(self._received):
                self._missing = length - len(self._received)
                self._received.clear()
                break
            del self._received[:length]
            complete += 1
        return complete


def content_length(head: bytes) -> int:
    """Content-Length of an answer's head. Raises LoadError on any status but 200 and on other ways of framing."""
    status, _, headers = head.partition(b"\r\n")
    if not status.startswith(b"HTTP/1.1 200"):
        raise LoadError(status.decode(errors="replace"))
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise LoadError("an answer without Content-Length")


class Connection(asyncio.Protocol):
    """Sends the next request when the answer is complete."""

    def __init__(self, request: bytes, latencies: list[float], failed: asyncio.Future[None]) -> None:
        self._request = request
        self._latencies = latencies
        self._failed = failed
        self._answers = Answers()
        self._transport: asyncio.Transport | None = None
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count an answer and ask again."""
        try:
            complete = self._answers.feed(data)
        except LoadError as error:
            self._fail(error)
            return
        if complete:
            self._latencies.append(time.perf_counter() - self._sent_at)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server must keep the connection."""
        self._fail(LoadError(f"the connection was lost: {exc}"))

    def _send(self) -> None:
        assert self._transport is not None
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)

    def _fail(self, error: LoadError) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)


async def run(url: str, connections: int, seconds: float) -> dict[str, float]:
    """Put the load on; the fields of a Load. Raises LoadError."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    host, port = parts.hostname or "", parts.port or 80
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(request, latencies, failed), host, port)
    await asyncio.wait([failed], timeout=_WARM_UP_SECONDS)
    latencies.clear()
    began = time.perf_counter()
    await asyncio.wait([failed], timeout=seconds)
    elapsed = time.perf_counter() - began
    if failed.done():
        failed.result()
    if not latencies:
        raise LoadError("no answer came")
    measured = tuple(latencies)
    # The connections end with the process.
    failed.cancel()
    return {"per_second": len(measured) / elapsed, "p99_ms": percentile(measured, 99) * 1000}


def main() -> int:
    """Entry point; the exit code."""
    url, connections, seconds = sys.argv[1:]
    try:
        print(json.dumps(uvloop.run(run(url, int(connections), float(seconds)))))
    except (LoadError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
