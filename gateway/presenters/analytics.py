"""Figures over all vaults and of one as the public JSON."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.figures import amount, last_change, legacy_percent, optional_time, win_rate
from gateway.params.boards import WINDOWS
from gateway.presenters.envelope import Json
from protos.analytics.v1 import analytics_pb2, performance_pb2


def global_analytics(
    response: analytics_pb2.GetGlobalAnalyticsResponse, performance: performance_pb2.GetGlobalPerformanceResponse
) -> Json:
    """GET /api/analytics/global: amounts of different base assets are added in totalTvl alone."""
    data = {
        "activeVaultsCount": response.active_vault_count,
        "totalTvl": amount(response.total_tvl),
        "totalTrades": response.trade_count,
        "winRate": win_rate(response.winning_trade_count, response.trade_count),
        "tvlByAsset": {row.base_asset: amount(row.tvl) for row in performance.tvl_by_asset},
        "vaultsByStatus": {
            "ACTIVE": performance.active_vault_count,
            "PAUSED": performance.paused_vault_count,
            "LIQUIDATED": performance.liquidated_vault_count,
        },
        "followers": performance.follower_count,
        "leaders": performance.leader_count,
        "performance": _windows_by_asset(performance.windows),
    }
    meta = {**last_change(response), "figuresAsOf": optional_time(performance, "refreshed_at")}
    return {"success": True, "data": data, "meta": meta}


def _windows_by_asset(rows: Iterable[performance_pb2.AssetWindow]) -> Json:
    """Every window's sums by base asset; empty before the first refresh."""
    found: Json = {window: {} for window in WINDOWS}
    for row in rows:
        sums = {"volume": amount(row.volume), "netFlow": amount(row.net_flow), "pnl": amount(row.pnl)}
        found[row.window][row.base_asset] = sums
    return found


def vault_analytics(response: analytics_pb2.GetVaultAnalyticsResponse) -> Json:
    """GET /api/analytics/vault/:id."""
    figures = response.performance
    data = {
        "vaultId": figures.vault_id,
        "tvl": amount(figures.tvl),
        "roi": legacy_percent(figures.roi_pct),
        "drawdown": legacy_percent(figures.max_drawdown_pct),
        "totalTrades": figures.trade_count,
        "profitableTrades": response.winning_trade_count,
        "winRate": win_rate(response.winning_trade_count, figures.trade_count),
    }
    return {"success": True, "data": data, "meta": last_change(figures)}
