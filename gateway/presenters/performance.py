"""Figures of windows, and what a vault's fold shows, as the public JSON."""

from __future__ import annotations

from typing import Any

from gateway.figures import amount, number, optional_int, optional_time, price
from gateway.params.boards import WINDOWS
from gateway.presenters.envelope import Json
from protos.analytics.v1 import performance_pb2

_WINDOWED = (
    "roiPct",
    "annualisedPct",
    "pnl",
    "volume",
    "maxDrawdownPct",
    "currentDrawdownPct",
    "peakAt",
    "troughAt",
    "volatilityPct",
    "sharpe",
    "sortino",
    "calmar",
    "closedWinRatePct",
    "profitFactor",
    "partial",
    "coverageDays",
)
# A vault that analytics has not heard of yet: nothing has happened to it, and no refresh has seen it.
UNKNOWN_PERFORMANCE = performance_pb2.GetVaultPerformanceResponse(
    details=performance_pb2.VaultDetails(
        unit_price="1",
        epoch=1,
        high_water_mark="1",
        null_reasons={"epochRoiPct": "no_deposits", "ageDays": "not_refreshed"},
    ),
    windows=[
        performance_pb2.WindowPerformance(window=window, null_reasons=dict.fromkeys(_WINDOWED, "not_refreshed"))
        for window in WINDOWS
    ],
)


def vault_performance(response: performance_pb2.GetVaultPerformanceResponse) -> Json:
    """GET /api/vaults/:id/performance."""
    meta = {"asOf": optional_time(response, "refreshed_at"), "blockNumber": optional_int(response, "block_number")}
    return {"success": True, "data": windows(response), "meta": meta}


def windows(response: performance_pb2.GetVaultPerformanceResponse) -> Json:
    """The figures of each window, shortest first."""
    return {row.window: _window(row) for row in response.windows}


def _window(row: performance_pb2.WindowPerformance) -> Json:
    return {
        "roiPct": optional_number(row, "roi_pct"),
        "annualisedPct": optional_number(row, "annualised_pct"),
        "pnl": row.pnl if row.HasField("pnl") else None,
        "volume": row.volume if row.HasField("volume") else None,
        "maxDrawdownPct": optional_number(row, "max_drawdown_pct"),
        "currentDrawdownPct": optional_number(row, "current_drawdown_pct"),
        "peakAt": optional_time(row, "peak_at"),
        "troughAt": optional_time(row, "trough_at"),
        "volatilityPct": optional_number(row, "volatility_pct"),
        "sharpe": optional_number(row, "sharpe"),
        "sortino": optional_number(row, "sortino"),
        "calmar": optional_number(row, "calmar"),
        "closedWinRatePct": optional_number(row, "closed_win_rate_pct"),
        "profitFactor": optional_number(row, "profit_factor"),
        "partial": row.partial if row.HasField("partial") else None,
        "coverageDays": optional_number(row, "coverage_days"),
        "nullReasons": dict(sorted(row.null_reasons.items())),
    }


def vault_figures(details: performance_pb2.VaultDetails) -> Json:
    """What the detail of a vault shows of its fold; `nullReasons` says why a figure is null."""
    return {
        "equity": amount(details.equity),
        "netDeposits": amount(details.net_deposits),
        "unitPrice": price(details.unit_price),
        "epoch": details.epoch,
        "epochRoiPct": optional_number(details, "epoch_roi_pct"),
        "unallocatedEquity": amount(details.unallocated_equity),
        "highWaterMark": price(details.high_water_mark),
        "ageDays": optional_number(details, "age_days"),
        "lastTradeAt": optional_time(details, "last_trade_at"),
        "flags": list(details.flags),
        "nullReasons": dict(sorted(details.null_reasons.items())),
    }


def optional_number(message: Any, name: str) -> float | None:
    """An optional decimal string as a number, None where it is unset."""
    return number(getattr(message, name)) if message.HasField(name) else None
