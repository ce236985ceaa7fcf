"""One vault in full as the public JSON."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.figures import last_change, number, optional_time
from gateway.presenters.envelope import Json
from gateway.presenters.followers import follower
from gateway.presenters.performance import UNKNOWN_PERFORMANCE, vault_figures, windows
from gateway.presenters.trades import legacy_trade
from gateway.presenters.vaults import vault
from protos.analytics.v1 import analytics_pb2, people_pb2, performance_pb2
from protos.vaults.v1 import vaults_pb2


@dataclass(frozen=True, slots=True)
class VaultParts:
    """What the detail of a vault is made of; None is what its service does not know."""

    vault: vaults_pb2.GetVaultResponse
    trades: analytics_pb2.ListTradesResponse | None = None
    performance: performance_pb2.GetVaultPerformanceResponse | None = None
    position: people_pb2.GetFollowerResponse | None = None


def vault_detail(parts: VaultParts, *, with_position: bool) -> Json:
    """GET /api/vaults/:id: the vault with its latest trades, its figures and, if wanted, a wallet's position."""
    row, trades = parts.vault.vault, parts.trades or analytics_pb2.ListTradesResponse()
    performance = parts.performance or UNKNOWN_PERFORMANCE
    data = {
        **vault(row),
        "trades": [legacy_trade(item) for item in trades.trades],
        **vault_figures(performance.details),
        "risk": risk(parts.vault.risk) if parts.vault.HasField("risk") else None,
        "performance": windows(performance),
    }
    if with_position:
        data["position"] = follower(parts.position.follower) if parts.position else None
    meta = {**last_change(row, trades, performance), "figuresAsOf": optional_time(performance, "refreshed_at")}
    return {"success": True, "data": data, "meta": meta}


def risk(row: vaults_pb2.Risk) -> Json:
    """A risk score with what it is the rounded sum of."""
    components = {"argus": number(row.argus), "drawdown": number(row.drawdown), "volatility": number(row.volatility)}
    return {"score": row.score, "version": row.version, "components": components}
