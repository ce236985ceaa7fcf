"""The one middleware: request id, limits, CORS, cache hits, errors and the request's log line."""

from __future__ import annotations

import time

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from gateway import request_ids
from gateway.context import Gateway
from gateway.cors import Cors
from gateway.errors import PAYLOAD_TOO_LARGE, Refused, allowed_methods, failure_of, rate_limited
from gateway.rate_limit import RateLimiter, Verdict
from gateway.request_ids import RequestIds
from libs.telemetry import get_logger

SECURITY_HEADERS = (
    (hdrs.SERVER, "vaultline"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    # The frontend lives on another origin.
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)
_READS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
# An orchestrator's probes must not be refused.
_UNLIMITED = frozenset({"/health", "/ready"})

log = get_logger("gateway.requests")


class Front:
    """What surrounds every handler."""

    def __init__(self, gateway: Gateway, cors: Cors) -> None:
        self._gateway = gateway
        self._cors = cors
        self._ids = RequestIds()
        limit = gateway.settings.rate_limit
        self._limiter = RateLimiter(limit) if limit else None
        self._logs_requests = gateway.settings.log_level == "DEBUG"

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer one request, whatever happens in between."""
        began = time.perf_counter()
        request_id = self._ids.pick(request.headers.get(request_ids.HEADER))
        verdict = self._count(request)
        try:
            response = await self._respond(request, handler, verdict)
        except Exception as error:  # noqa: BLE001  # this is where every failure becomes a response
            response = self._fail(request, request_id, error)
        if not response.prepared:
            headers = response.headers
            headers[request_ids.HEADER] = request_id
            self._cors.apply(request.headers, headers)
            if verdict is not None:
                headers.update(verdict.headers())
        if self._logs_requests:
            _log_request(request, response, request_id, time.perf_counter() - began)
        return response

    def _count(self, request: web.Request) -> Verdict | None:
        if self._limiter is None or request.method == hdrs.METH_OPTIONS or request.path in _UNLIMITED:
            return None
        return self._limiter.take(request.remote or "")

    async def _respond(self, request: web.Request, handler: Handler, verdict: Verdict | None) -> web.StreamResponse:
        if verdict is not None and not verdict.allowed:
            raise Refused(rate_limited(verdict.reset_seconds))
        if (request.content_length or 0) > self._gateway.settings.max_body_bytes:
            raise Refused(PAYLOAD_TOO_LARGE)
        if self._gateway.cache is not None and request.method in _READS:
            answer = self._gateway.cache.find_spelling(request.raw_path)
            if answer is not None:
                return await self._gateway.responder.render(request, answer)
        try:
            return await handler(request)
        except web.HTTPMethodNotAllowed as error:
            if request.method != hdrs.METH_OPTIONS:
                raise
            return self._preflight(request, allowed_methods(error))

    def _preflight(self, request: web.Request, methods: str) -> web.Response:
        response = self._gateway.responder.empty(status=204)
        self._cors.apply_preflight(request.headers, response.headers, methods)
        return response

    def _fail(self, request: web.Request, request_id: str, error: Exception) -> web.Response:
        failure = failure_of(error)
        if failure.status >= 500:
            log.error(
                "request failed",
                request_id=request_id,
                method=request.method,
                path=request.path,
                status=failure.status,
                cause=type(error).__name__,
                exc_info=error if failure.status == 500 else None,
            )
        response = self._gateway.responder.fresh(failure.payload(request_id), status=failure.status)
        response.headers.update(failure.headers)
        if failure.status == 413:
            # Its body is not worth reading to the end.
            response.force_close()
        return response


def build_middleware(front: Front) -> Middleware:
    """The middleware as aiohttp wants it: a marked function."""

    @web.middleware
    async def surround(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await front.handle(request, handler)

    return surround


def _log_request(request: web.Request, response: web.StreamResponse, request_id: str, seconds: float) -> None:
    log.debug(
        "request",
        request_id=request_id,
        method=request.method,
        path=request.path,
        status=response.status,
        duration_ms=round(seconds * 1000, 3),
    )
