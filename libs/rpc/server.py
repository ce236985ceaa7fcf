"""A gRPC server as every service runs it: typed errors, deadlines, health, reflection, graceful stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from libs.errors import VaultlineError
from libs.rpc.errors import DETAILS_KEY, status_code, status_details
from libs.telemetry import get_logger

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
DEFAULT_DEADLINE_SECONDS = 30.0
HEALTH_INTERVAL_SECONDS = 1.0

log = get_logger(__name__)

_OPTIONS = (
    # Without it a second server shares a taken port silently.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Old connections end now and then, so that new replicas get traffic.
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    # Clients keep idle connections alive without being told off.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


class AddressInUse(Exception):
    """The address to listen on is taken or can't be bound."""


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Turns VaultlineError into a status with details and anything unknown into INTERNAL; sets a deadline."""

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = await continuation(details)
        if handler is None:
            return None
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                _guard_unary(handler.unary_unary, details.method),
                handler.request_deserializer,
                handler.response_serializer,
            )
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(
                _guard_stream(handler.unary_stream, details.method),
                handler.request_deserializer,
                handler.response_serializer,
            )
        return handler


def _guard_unary(method: Any, name: str) -> Any:
    async def guarded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        remaining = context.time_remaining()
        try:
            async with asyncio.timeout(min(remaining or DEFAULT_DEADLINE_SECONDS, DEFAULT_DEADLINE_SECONDS)):
                return await method(request, context)
        except Exception as error:  # noqa: BLE001  # this is where every failure becomes a status
            await _abort(context, error, name)

    return guarded


def _guard_stream(method: Any, name: str) -> Any:
    async def guarded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
        try:
            answers = method(request, context)
            if hasattr(answers, "__aiter__"):
                async for message in answers:
                    yield message
            else:
                # The health service writes to its context instead of yielding.
                await answers
        except Exception as error:  # noqa: BLE001  # this is where every failure becomes a status
            await _abort(context, error, name)

    return guarded


async def _abort(context: grpc.aio.ServicerContext[Any, Any], error: Exception, method: str) -> None:
    if isinstance(error, grpc.aio.AbortError | grpc.aio.BaseError):
        raise error
    if isinstance(error, VaultlineError):
        log.info("rpc refused", method=method, reason=error.reason, message=error.message)
        await context.abort(status_code(error), error.message, ((DETAILS_KEY, status_details(error)),))
    if isinstance(error, TimeoutError):
        log.warning("rpc too slow", method=method)
        await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "deadline exceeded")
    log.error("rpc failed", method=method, exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, "internal error")


async def serve(
    *,
    name: str,
    listen: str,
    register: Callable[[grpc.aio.Server], Sequence[str]],
    is_healthy: Callable[[], Awaitable[bool]],
    grace_seconds: float,
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set; `register` adds servicers and returns their full names.

    An address that can't be had ends the process with code 2 and one line, like a wrong setting.
    """
    server = grpc.aio.server(interceptors=[ErrorInterceptor()], options=_OPTIONS)
    service_names = register(server)
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    reflection.enable_server_reflection(
        [*service_names, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME],
        server,
    )
    try:
        server.add_insecure_port(listen)
    except RuntimeError:
        print(f"{name}: can't listen on {listen}: the address is taken or not ours", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
    for service in ("", *service_names):
        # Else the health service says SERVING until the first look at the database is over.
        await health.set(service, health_pb2.HealthCheckResponse.NOT_SERVING)
    await server.start()
    log.info("serving", service=name, listen=listen)
    watching = asyncio.create_task(_watch_health(health, ["", *service_names], is_healthy, stop))
    try:
        await stop.wait()
    finally:
        stop.set()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await health.enter_graceful_shutdown()
        await server.stop(grace_seconds)
        log.info("stopped", service=name)


async def _watch_health(
    health: HealthServicer, names: Sequence[str], is_healthy: Callable[[], Awaitable[bool]], stop: asyncio.Event
) -> None:
    serving: bool | None = None
    # The cancellation alone may be lost: in Python 3.11 the database pool can swallow it.
    while not stop.is_set():
        healthy = await is_healthy()
        if healthy is not serving:
            status = health_pb2.HealthCheckResponse.SERVING if healthy else health_pb2.HealthCheckResponse.NOT_SERVING
            for service in names:
                await health.set(service, status)
            log.info("health changed", serving=healthy)
            serving = healthy
        await asyncio.sleep(HEALTH_INTERVAL_SECONDS)


def stop_on_signals() -> asyncio.Event:
    """Event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
