"""The errors that cross service borders: raised by servicers, carried by gRPC, turned into HTTP by the gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ERROR_DOMAIN = "vaultline"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One wrong field of a request and why it is wrong."""

    field: str
    reason: str


class VaultlineError(Exception):
    """An expected failure with an UPPER_SNAKE reason and metadata for the caller."""

    def __init__(self, message: str, *, reason: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})


class NotFound(VaultlineError):
    """What was asked for does not exist."""


class InvalidArgument(VaultlineError):
    """The request is malformed; the violations name the fields."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        text = "; ".join(f"{v.field} {v.reason}" for v in violations) or "invalid request"
        super().__init__(text, reason="INVALID_ARGUMENT")
        self.violations = tuple(violations)


class Conflict(VaultlineError):
    """The request contradicts the stored state; retrying as it is can't help."""


class Unavailable(VaultlineError):
    """Something this service needs is away or busy; the same request may work later."""


class DeadlineExceeded(VaultlineError):
    """The answer did not come in time."""


def violation(field: str, reason: str) -> InvalidArgument:
    """InvalidArgument with one violation."""
    return InvalidArgument([FieldViolation(field, reason)])
