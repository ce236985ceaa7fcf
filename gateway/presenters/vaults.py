"""Vaults as the public JSON."""

from __future__ import annotations

from gateway.figures import amount, iso_time, last_change, legacy_percent
from gateway.params import Page
from gateway.presenters.envelope import Json
from protos.vaults.v1 import vaults_pb2

_STATUSES = {
    vaults_pb2.VAULT_STATUS_ACTIVE: "ACTIVE",
    vaults_pb2.VAULT_STATUS_PAUSED: "PAUSED",
    vaults_pb2.VAULT_STATUS_LIQUIDATED: "LIQUIDATED",
}


VAULT_COLUMNS = (
    "id", "contractAddress", "leaderId", "name", "baseAsset", "riskScore", "tvl", "roi", "drawdown", "monthlyFee",
    "createdAt", "status", "leader.id", "leader.walletAddress", "leader.argusScore", "leader.joinedAt",
    "_count.followers", "_count.trades",
)  # fmt: skip


def vault_list(response: vaults_pb2.ListVaultsResponse, page: Page) -> Json:
    """GET /api/vaults; a page reached by cursor has no offset."""
    return {
        "success": True,
        "data": [vault(row) for row in response.vaults],
        "pagination": {
            "total": response.total_size,
            "limit": page.limit,
            "offset": None if page.cursor else page.offset,
            "hasMore": bool(response.next_page_token),
            "nextCursor": response.next_page_token or None,
        },
        "meta": last_change(*response.vaults),
    }


def vault(row: vaults_pb2.Vault) -> Json:
    """A vault as the frontend has always got it."""
    leader = row.leader
    return {
        "id": row.id,
        "contractAddress": row.contract_address,
        "leaderId": leader.id,
        "name": row.name,
        "baseAsset": row.base_asset,
        "riskScore": row.risk_score,
        "tvl": amount(row.tvl),
        "roi": legacy_percent(row.roi_pct),
        "drawdown": legacy_percent(row.max_drawdown_pct),
        "monthlyFee": int(amount(row.monthly_fee)),
        "createdAt": iso_time(row.created_at),
        "status": _STATUSES[row.status],
        "leader": {
            "id": leader.id,
            "walletAddress": leader.wallet_address,
            "argusScore": leader.argus_score,
            "joinedAt": iso_time(leader.joined_at),
        },
        "_count": {"followers": row.follower_count, "trades": row.trade_count},
    }
