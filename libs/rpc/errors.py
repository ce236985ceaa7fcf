"""VaultlineError to gRPC status with google.rpc details, and back."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from libs.errors import (
    ERROR_DOMAIN,
    Conflict,
    DeadlineExceeded,
    FieldViolation,
    InvalidArgument,
    NotFound,
    Unavailable,
    VaultlineError,
)

DETAILS_KEY = "grpc-status-details-bin"

_CODES: dict[type[VaultlineError], grpc.StatusCode] = {
    NotFound: grpc.StatusCode.NOT_FOUND,
    InvalidArgument: grpc.StatusCode.INVALID_ARGUMENT,
    Conflict: grpc.StatusCode.FAILED_PRECONDITION,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
}


def status_code(error: VaultlineError) -> grpc.StatusCode:
    """The gRPC code of an expected error."""
    return _CODES.get(type(error), grpc.StatusCode.INTERNAL)


def status_details(error: VaultlineError) -> bytes:
    """google.rpc.Status with ErrorInfo, and BadRequest where fields are wrong, serialized for the trailer."""
    status = status_pb2.Status(code=status_code(error).value[0], message=error.message)
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=ERROR_DOMAIN, metadata=error.metadata)
    status.details.append(_pack(info))
    if isinstance(error, InvalidArgument):
        bad = error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.reason)
                for v in error.violations
            ]
        )
        status.details.append(_pack(bad))
    return bytes(status.SerializeToString())


def error_from_rpc(error: grpc.aio.AioRpcError) -> VaultlineError | None:
    """The error that the other service raised; None for an unexpected status (INTERNAL, UNKNOWN, …)."""
    info, violations = _read_details(error)
    message = error.details() or ""
    match error.code():
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidArgument(violations or [FieldViolation("request", message)])
        case grpc.StatusCode.NOT_FOUND:
            return NotFound(message, reason=info.reason or "NOT_FOUND", metadata=info.metadata)
        case grpc.StatusCode.FAILED_PRECONDITION:
            return Conflict(message, reason=info.reason or "CONFLICT", metadata=info.metadata)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineExceeded("a service did not answer in time", reason="DEADLINE_EXCEEDED")
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED | grpc.StatusCode.ABORTED:
            return Unavailable("a service is away", reason=info.reason or "UNAVAILABLE")
        case _:
            return None


def _pack(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _read_details(error: grpc.aio.AioRpcError) -> tuple[error_details_pb2.ErrorInfo, list[FieldViolation]]:
    info = error_details_pb2.ErrorInfo()
    violations: list[FieldViolation] = []
    for key, value in error.trailing_metadata() or ():
        if key != DETAILS_KEY or not isinstance(value, bytes):
            continue
        for detail in status_pb2.Status.FromString(value).details:
            bad = error_details_pb2.BadRequest()
            if detail.Unpack(bad):
                violations = [FieldViolation(v.field, v.description) for v in bad.field_violations]
            else:
                detail.Unpack(info)
    return info, violations
