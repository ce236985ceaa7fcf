"""Boards as the public JSON."""

from __future__ import annotations

from gateway.figures import iso_time, optional_time
from gateway.params import Page
from gateway.presenters.envelope import Json
from protos.analytics.v1 import analytics_pb2

LEADER_COLUMNS = ("id", "walletAddress", "argusScore", "joinedAt", "_count.vaultsLed")


def leaderboard(response: analytics_pb2.ListLeadersResponse, page: Page) -> Json:
    """GET /api/leaderboard."""
    data = [
        {
            "id": row.user_id,
            "walletAddress": row.wallet_address,
            "argusScore": row.argus_score,
            "joinedAt": iso_time(row.joined_at),
            "_count": {"vaultsLed": row.led_vault_count},
        }
        for row in response.leaders
    ]
    pagination = {
        "total": response.total_size,
        "limit": page.limit,
        "offset": page.offset,
        "hasMore": page.offset + len(data) < response.total_size,
    }
    meta = {"asOf": optional_time(response, "as_of"), "blockNumber": None}
    return {"success": True, "data": data, "pagination": pagination, "meta": meta}
