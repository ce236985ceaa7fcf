"""Histories as the public JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.figures import amount, iso_seconds, iso_time, last_change, optional_time, price
from gateway.params.history import RESOLUTIONS, HistoryQuery
from gateway.presenters.envelope import Json
from gateway.presenters.performance import optional_number
from protos.analytics.v1 import performance_pb2

_METRICS: Mapping[str, Callable[[performance_pb2.HistoryPoint], Any]] = {
    "price": lambda point: price(point.price),
    "equity": lambda point: amount(point.equity),
    "tvl": lambda point: amount(point.tvl),
    "pnl": lambda point: amount(point.pnl),
    "drawdown": lambda point: optional_number(point, "drawdown_pct"),
    "followers": lambda point: point.follower_count,
}

ASSET_COLUMNS = ("t", "baseAsset", "tvl", "pnl", "vaults")


def vault_history(response: performance_pb2.GetVaultHistoryResponse, wanted: HistoryQuery) -> Json:
    """GET /api/vaults/:id/history with the metrics that were asked for: a point for each bucket."""
    width = RESOLUTIONS[wanted.resolution]
    data: list[Json] = []
    for row in response.points:
        values, first = _values(row, wanted.metrics), row.time.seconds
        times = range(first, first + row.bucket_count * width, width)
        data += [{"t": iso_seconds(at), **values} for at in times]
    return {"success": True, "data": data, "meta": last_change(response)}


def _values(row: performance_pb2.HistoryPoint, metrics: Iterable[str]) -> Json:
    """What a point shows; `nullReasons` is there only where drawdown is null."""
    values: Json = {metric: _METRICS[metric](row) for metric in metrics}
    if "drawdown" in values and values["drawdown"] is None:
        values["nullReasons"] = {"drawdown": "no_deposits"}
    return values


def global_history(response: performance_pb2.GetGlobalHistoryResponse) -> Json:
    """GET /api/analytics/global/history: a row for each bucket and base asset."""
    data = [
        {
            "t": iso_time(row.time),
            "baseAsset": row.base_asset,
            "tvl": amount(row.tvl),
            "pnl": amount(row.pnl),
            "vaults": row.vault_count,
        }
        for row in response.points
    ]
    return {"success": True, "data": data, "meta": {"asOf": optional_time(response, "as_of"), "blockNumber": None}}
