"""Liveness, readiness and the state of the pipeline."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import grpc
from aiohttp import web

from gateway import presenters
from gateway.context import GATEWAY, Gateway
from gateway.errors import Refused, not_ready
from gateway.upstream import Upstream
from protos.ingest.v1 import ingest_pb2

# Without these two no data can be answered; ingest may be away.
NEEDED = ("vaults", "analytics")


async def get_health(request: web.Request) -> web.Response:
    """GET /health: this process lives."""
    timestamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    payload = {"status": "ok", "timestamp": timestamp, "service": "gateway"}
    return request.app[GATEWAY].responder.fresh(payload)


async def get_ready(request: web.Request) -> web.Response:
    """GET /ready: the services behind the data serve."""
    gateway = request.app[GATEWAY]
    serving = await _serving(gateway.upstream)
    absent = [service for service in NEEDED if not serving[service]]
    if absent:
        raise Refused(not_ready(absent))
    return gateway.responder.fresh({"success": True, "data": {"status": "ready", "services": _states(serving)}})


async def get_status(request: web.Request) -> web.Response:
    """GET /api/status: always 200, `ok` or `degraded`."""
    gateway = request.app[GATEWAY]
    serving, pipeline = await asyncio.gather(_serving(gateway.upstream), _pipeline(gateway.upstream))
    data = {
        "status": "degraded",
        "services": _states({**serving, "ingest": pipeline is not None}),
        "changeStream": _change_stream(gateway),
        "pipeline": pipeline,
    }
    if _is_well(data):
        data["status"] = "ok"
    return gateway.responder.fresh({"success": True, "data": data})


async def _serving(upstream: Upstream) -> dict[str, bool]:
    answers = await asyncio.gather(*(upstream.is_serving(service) for service in NEEDED))
    return dict(zip(NEEDED, answers, strict=True))


async def _pipeline(upstream: Upstream) -> dict[str, Any] | None:
    try:
        response = await upstream.ingest.GetPipelineStatus(
            ingest_pb2.GetPipelineStatusRequest(), timeout=upstream.timeout_seconds
        )
    except grpc.aio.AioRpcError:
        return None
    return presenters.pipeline(response)


def _states(serving: dict[str, bool]) -> dict[str, str]:
    return {service: "serving" if well else "unavailable" for service, well in serving.items()}


def _change_stream(gateway: Gateway) -> str:
    if gateway.cache is None:
        return "off"
    return "up" if gateway.cache.is_followed else "down"


def _is_well(data: dict[str, Any]) -> bool:
    pipeline = data["pipeline"]
    return (
        all(state == "serving" for state in data["services"].values())
        and data["changeStream"] != "down"
        and pipeline["redisReachable"]
        and not pipeline["deliveryFailing"]
        and _chain_is_well(pipeline["chain"])
    )


def _chain_is_well(chain: dict[str, Any] | None) -> bool:
    """Without an indexer there is nothing to be wrong."""
    return chain is None or not (chain["fatal"] or chain["disagreements"])
