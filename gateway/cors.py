"""Cross-origin rules: any origin, or an exact list that may also send credentials."""

from __future__ import annotations

import re

from aiohttp import hdrs
from multidict import CIMultiDict, CIMultiDictProxy

EXPOSED = (
    "Content-Disposition, ETag, Link, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id"
)
DEFAULT_REQUEST_HEADERS = "Authorization, Content-Type, If-None-Match, X-Request-Id"
PREFLIGHT_MAX_AGE_SECONDS = "86400"

_HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(\s*,\s*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")


class Cors:
    """`origins` None means any origin, without credentials."""

    def __init__(self, origins: frozenset[str] | None) -> None:
        self._origins = origins

    def static_headers(self) -> list[tuple[str, str]]:
        """Headers that do not depend on the request, Vary included."""
        exposed = (hdrs.ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED)
        if self._origins is None:
            return [(hdrs.VARY, "Accept-Encoding"), (hdrs.ACCESS_CONTROL_ALLOW_ORIGIN, "*"), exposed]
        return [(hdrs.VARY, "Accept-Encoding, Origin"), exposed]

    def apply(self, request: CIMultiDictProxy[str], response: CIMultiDict[str]) -> None:
        """Let a listed origin read the response."""
        if self._origins is None:
            return
        origin = request.get(hdrs.ORIGIN)
        if origin in self._origins:
            response[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"

    @staticmethod
    def apply_preflight(request: CIMultiDictProxy[str], response: CIMultiDict[str], methods: str) -> None:
        """Tell a browser what it may send: the route's methods and the headers that it asked about."""
        asked = request.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "").strip()
        allowed = asked if _HEADER_NAMES.fullmatch(asked) else DEFAULT_REQUEST_HEADERS
        response[hdrs.ALLOW] = methods
        response[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = methods
        response[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = allowed
        response[hdrs.ACCESS_CONTROL_MAX_AGE] = PREFLIGHT_MAX_AGE_SECONDS
        response[hdrs.VARY] = f"{response[hdrs.VARY]}, Access-Control-Request-Headers"
