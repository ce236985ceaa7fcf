"""Users with what they lead and follow, and their portfolios over time, as the public JSON."""

from __future__ import annotations

from gateway.figures import amount, iso_time, last_change
from gateway.presenters.envelope import Json
from gateway.presenters.followers import position
from gateway.presenters.vaults import vault
from protos.analytics.v1 import people_pb2
from protos.vaults.v1 import vaults_pb2

PORTFOLIO_COLUMNS = ("t", "baseAsset", "equity", "pnl", "depositedAmount")


def user(response: vaults_pb2.GetUserResponse, positions: people_pb2.ListPositionsResponse) -> Json:
    """GET /api/users/:wallet: subscriptions hold those that ended too; `_count` what there is in all."""
    profile = response.user
    data = {
        "id": profile.id,
        "walletAddress": profile.wallet_address,
        "argusScore": profile.argus_score,
        "joinedAt": iso_time(profile.joined_at),
        "vaultsLed": [vault(row) for row in response.led_vaults],
        "subscriptions": [_subscription(row) for row in positions.positions],
        "_count": {
            "vaultsLed": len(response.led_vault_ids),
            "subscriptions": positions.total_size,
            "activeSubscriptions": positions.active_count,
        },
    }
    return {"success": True, "data": data, "meta": last_change(*response.led_vaults, positions)}


def _subscription(row: people_pb2.Position) -> Json:
    return {
        "vaultId": row.vault_id,
        "contractAddress": row.contract_address,
        "vaultName": row.vault_name,
        "baseAsset": row.base_asset,
        **position(row.follower),
    }


def portfolio_history(response: people_pb2.GetPortfolioHistoryResponse) -> Json:
    """GET /api/users/:wallet/portfolio/history: a row for each bucket and base asset."""
    data = [
        {
            "t": iso_time(row.time),
            "baseAsset": row.base_asset,
            "equity": amount(row.equity),
            "pnl": amount(row.pnl),
            "depositedAmount": amount(row.deposited_amount),
        }
        for row in response.points
    ]
    return {"success": True, "data": data, "meta": last_change(response)}
