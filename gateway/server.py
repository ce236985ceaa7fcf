"""Listening for HTTP: requests too broken for a handler get the envelope too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from gateway.context import GATEWAY, Gateway
from gateway.errors import BAD_REQUEST, HEADER_TOO_LARGE, INTERNAL, URL_TOO_LONG, Failure
from gateway.request_ids import HEADER, RequestIds
from libs.rpc.server import AddressInUse
from libs.telemetry import get_logger

BACKLOG = 1_024

log = get_logger(__name__)


class EnvelopeProtocol(web.RequestHandler):
    """One connection; what the HTTP parser refuses is answered in the error envelope."""

    __slots__ = ("_gateway", "_ids", "_max_url_bytes")

    def __init__(self, server: Any, gateway: Gateway, ids: RequestIds, **limits: Any) -> None:
        super().__init__(server, **limits)
        self._gateway = gateway
        self._ids = ids
        self._max_url_bytes = limits["max_line_size"]

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The envelope for a request that no handler has seen; the connection ends with it."""
        request_id = self._ids.pick(None)
        failure = INTERNAL if status >= 500 else self._failure(exc)
        if failure is INTERNAL:
            log.error("request failed", request_id=request_id, exc_info=exc)
        response = self._gateway.responder.fresh(failure.payload(request_id), status=failure.status)
        response.headers[HEADER] = request_id
        response.force_close()
        return response

    def _failure(self, error: BaseException | None) -> Failure:
        if "Too many headers" in str(error):
            return HEADER_TOO_LARGE
        if not isinstance(error, LineTooLong):
            return BAD_REQUEST
        # The parser does not say which line it was, but its two limits differ.
        return URL_TOO_LONG if error.args[1] == self._max_url_bytes else HEADER_TOO_LARGE


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve within the block and end gracefully after it; gives the port. Raises AddressInUse."""
    gateway = app[GATEWAY]
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=gateway.settings.shutdown_grace_seconds)
    await runner.setup()
    try:
        server = await _listen(runner, gateway, host, port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, gateway: Gateway, host: str, port: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    ids = RequestIds()
    settings = gateway.settings
    same = settings.max_header_bytes == settings.max_url_bytes
    limits = {
        "access_log": None,
        "max_line_size": settings.max_url_bytes,
        "max_field_size": settings.max_header_bytes + same,
    }

    def connect() -> EnvelopeProtocol:
        return EnvelopeProtocol(runner.server, gateway, ids, loop=loop, **limits)

    try:
        return await loop.create_server(connect, host, port, backlog=BACKLOG, reuse_address=True)
    except OSError as error:
        raise AddressInUse(f"PORT {port} on {host} can't be used: {error.strerror or 'taken'}") from None
