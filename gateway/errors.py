"""The one place where a failure becomes an HTTP status, a code and a text for the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from aiohttp import web

from libs.errors import Conflict, DeadlineExceeded, InvalidArgument, NotFound, Unavailable, VaultlineError
from libs.rpc.errors import error_from_rpc

# What the services call a field, and what the caller calls it.
_REST_FIELDS = {
    "page_size": "limit",
    "page_token": "cursor",
    "skip": "offset",
    "vault_id": "id",
    "contract_address": "id",
    "user_id": "wallet",
    "wallet_address": "wallet",
}
_NOT_FOUND_TEXTS = {
    "VAULT_NOT_FOUND": "vault not found",
    "USER_NOT_FOUND": "user not found",
    "FOLLOWER_NOT_FOUND": "the wallet never followed this vault",
    "CONTENDER_NOT_FOUND": "neither a vault nor a user of this id",
}
_HTTP_CODES = {400: "BAD_REQUEST", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as the caller sees it; nothing in it comes from a backend's text."""

    status: int
    code: str
    message: str
    details: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def payload(self, request_id: str) -> dict[str, Any]:
        """The error envelope."""
        details = [{"field": name, "reason": reason} for name, reason in self.details]
        return {
            "success": False,
            "message": self.message,
            "error": {"code": self.code, "details": details},
            "requestId": request_id,
        }


class Refused(Exception):
    """The request is answered with a failure that is already known."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


INTERNAL = Failure(500, "INTERNAL", "internal error")
URL_TOO_LONG = Failure(414, "URI_TOO_LONG", "the URL is too long")
HEADER_TOO_LARGE = Failure(431, "HEADERS_TOO_LARGE", "the request's headers are too large")
BAD_REQUEST = Failure(400, "BAD_REQUEST", "the request is not valid HTTP")
PAYLOAD_TOO_LARGE = Failure(413, "PAYLOAD_TOO_LARGE", "the request's body is too large")


def rate_limited(retry_after_seconds: int) -> Failure:
    """429 with the time until the client may ask again."""
    return Failure(429, "RATE_LIMITED", "too many requests", headers={"Retry-After": str(retry_after_seconds)})


def not_ready(services: list[str]) -> Failure:
    """503 that names the services which do not serve."""
    details = tuple((service, "does not answer its health check") for service in services)
    return Failure(503, "UPSTREAM_UNAVAILABLE", "not ready: " + ", ".join(services), details)


def failure_of(error: Exception) -> Failure:
    """What an exception means to the caller; anything unexpected is INTERNAL."""
    if isinstance(error, Refused):
        return error.failure
    if isinstance(error, web.HTTPException):
        return _failure_of_http(error)
    expected = error_from_rpc(error) if isinstance(error, grpc.aio.AioRpcError) else error
    return _failure_of_expected(expected) if isinstance(expected, VaultlineError) else INTERNAL


def _failure_of_expected(error: VaultlineError) -> Failure:
    match error:
        case InvalidArgument():
            details = tuple((_REST_FIELDS.get(v.field, v.field), v.reason) for v in error.violations)
            text = "; ".join(f"{name} {reason}" for name, reason in details) or "invalid request"
            return Failure(400, "VALIDATION_ERROR", text, details)
        case NotFound():
            return Failure(404, error.reason, _NOT_FOUND_TEXTS.get(error.reason, "not found"))
        case Conflict():
            return Failure(409, error.reason, "the request contradicts the present state")
        case Unavailable():
            text = "a service is temporarily unavailable"
            return Failure(503, "UPSTREAM_UNAVAILABLE", text, headers={"Retry-After": "1"})
        case DeadlineExceeded():
            return Failure(504, "UPSTREAM_TIMEOUT", "a service did not answer in time")
        case _:
            return INTERNAL


def _failure_of_http(error: web.HTTPException) -> Failure:
    if isinstance(error, web.HTTPMethodNotAllowed):
        text = f"{error.method} is not allowed here"
        return Failure(405, "METHOD_NOT_ALLOWED", text, headers={"Allow": allowed_methods(error)})
    code = _HTTP_CODES.get(error.status, error.reason.upper().replace(" ", "_"))
    return Failure(error.status, code, error.reason.lower())


def allowed_methods(error: web.HTTPMethodNotAllowed) -> str:
    """The Allow header of a route; OPTIONS is answered everywhere."""
    return ", ".join(sorted(error.allowed_methods | {"OPTIONS"}))
