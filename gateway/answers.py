"""Answers as ready bytes: body, strong ETag, header templates and a gzip twin made on demand."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson
from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.conditional import accepts_gzip, names_any

JSON = "application/json; charset=utf-8"
# Caches may keep an answer but ask each time: any event can change it, and asking costs a 304.
REVALIDATE = "public, max-age=0, must-revalidate"
GZIP_FROM_BYTES = 1_024
_THREAD_FROM_BYTES = 65_536
_GZIP_LEVEL = 5


@dataclass(frozen=True, slots=True)
class Representation:
    """One encoding of an answer and the headers that go with it."""

    body: bytes
    headers: CIMultiDict[str]
    not_modified_headers: CIMultiDict[str]


class Answer:
    """A successful answer, immutable but for the gzip twin; `tags` say which changes make it stale."""

    __slots__ = ("_packing", "etags", "packed", "plain", "tags")

    def __init__(self, plain: Representation, etags: tuple[str, str], tags: frozenset[str]) -> None:
        self.plain = plain
        self.packed: Representation | None = None
        self.etags = etags
        self.tags = tags
        self._packing: asyncio.Task[Representation] | None = None

    @property
    def size(self) -> int:
        """Bytes that it may take in memory with its gzip twin and headers: an upper bound."""
        return 2 * len(self.plain.body) + 4_096

    async def pack(self) -> Representation:
        """The gzip twin, compressed once however many ask."""
        if self._packing is None:
            self._packing = asyncio.create_task(self._pack())
        return await asyncio.shield(self._packing)

    async def _pack(self) -> Representation:
        body = self.plain.body
        if len(body) < _THREAD_FROM_BYTES:
            packed = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        else:
            packed = await asyncio.to_thread(gzip.compress, body, _GZIP_LEVEL, mtime=0)
        headers = self.plain.headers.copy()
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        self.packed = _representation(packed, self.etags[1], headers)
        return self.packed


class Responder:
    """Turns payloads into responses with the headers that every response carries."""

    def __init__(self, base_headers: Iterable[tuple[str, str]]) -> None:
        self._base = CIMultiDict(base_headers)
        self._ready = self._base.copy()
        self._ready[hdrs.CONTENT_TYPE] = JSON
        self._ready[hdrs.CACHE_CONTROL] = REVALIDATE
        self._fresh = self._base.copy()
        self._fresh[hdrs.CONTENT_TYPE] = JSON
        self._fresh[hdrs.CACHE_CONTROL] = "no-store"

    def ready(self, payload: dict[str, Any], *tags: str) -> Answer:
        """An answer to keep; the payload is encoded once."""
        return self._kept(orjson.dumps(payload), self._ready.copy(), *tags)

    def kept(self, body: bytes, headers: Mapping[str, str], *tags: str) -> Answer:
        """An answer to keep that is no JSON; its Content-Type is among the headers."""
        return self._kept(body, CIMultiDict({**self._ready, **headers}), *tags)

    def _kept(self, body: bytes, headers: CIMultiDict[str], *tags: str) -> Answer:
        digest = blake2b(body, digest_size=16).hexdigest()
        # A strong tag names exact bytes, so the gzip twin has its own.
        etags = (f'"{digest}"', f'"{digest}-gzip"')
        return Answer(_representation(body, etags[0], headers), etags, frozenset(tags))

    async def render(self, request: web.BaseRequest, answer: Answer) -> web.Response:
        """200, or 304 when the client has these bytes; gzip when it is asked for and worth it."""
        packs = len(answer.plain.body) > GZIP_FROM_BYTES and accepts_gzip(
            ",".join(request.headers.getall(hdrs.ACCEPT_ENCODING, ()))
        )
        chosen = answer.plain
        if packs:
            chosen = answer.packed or await answer.pack()
        if hdrs.IF_NONE_MATCH in request.headers and names_any(
            ",".join(request.headers.getall(hdrs.IF_NONE_MATCH)), answer.etags
        ):
            return web.Response(status=304, headers=chosen.not_modified_headers)
        return web.Response(body=chosen.body, headers=chosen.headers)

    def fresh(self, payload: dict[str, Any], *, status: int = 200) -> web.Response:
        """JSON that nobody may keep: probes, status and errors."""
        return web.Response(body=orjson.dumps(payload), status=status, headers=self._fresh)

    def empty(self, *, status: int) -> web.Response:
        """A response without content."""
        return web.Response(status=status, headers=self._base)


def _representation(body: bytes, etag: str, headers: CIMultiDict[str]) -> Representation:
    headers[hdrs.ETAG] = etag
    not_modified = headers.copy()
    for name in (hdrs.CONTENT_TYPE, hdrs.CONTENT_ENCODING):
        not_modified.popall(name, None)
    return Representation(body, headers, not_modified)
