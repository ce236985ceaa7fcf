"""Rows as the services would answer them, and the JSON that must become of them, written by hand."""

from __future__ import annotations

from typing import Any

from protos.analytics.v1 import analytics_pb2
from protos.events.v1 import performance_pb2
from protos.vaults.v1 import vaults_pb2
from tests.integration.gateway_stage import at

VAULT_ID = "11111111-2222-5333-8444-555555555555"
OTHER_VAULT_ID = "99999999-2222-5333-8444-555555555555"
LEADER_ID = "aaaaaaaa-bbbb-5ccc-8ddd-eeeeeeeeeeee"
# The examples of EIP-55.
VAULT_ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
LEADER_ADDRESS = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
TOKEN = "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
BASE = "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"
HASH = "0x" + "ab" * 32


def vault_row(**changes: Any) -> vaults_pb2.Vault:
    """A vault with a block, a return and two followers."""
    fields: dict[str, Any] = {
        "id": VAULT_ID,
        "contract_address": VAULT_ADDRESS,
        "leader": vaults_pb2.User(
            id=LEADER_ID, wallet_address=LEADER_ADDRESS, argus_score=800, joined_at=at(1_769_916_000)
        ),
        "name": "Añadir 🚀",
        "base_asset": BASE,
        "decimals": 18,
        "tvl": "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        "roi_pct": "-11.428571428571428571",
        "max_drawdown_pct": "20.005",
        "risk_score": 13,
        "monthly_fee": "0",
        "status": vaults_pb2.VAULT_STATUS_ACTIVE,
        "created_at": at(1_769_916_000),
        "follower_count": 2,
        "trade_count": 3,
        "as_of": at(1_769_919_600),
        "block_number": 1_234_567,
    }
    return vaults_pb2.Vault(**{**fields, **changes})


VAULT_JSON = {
    "id": VAULT_ID,
    "contractAddress": VAULT_ADDRESS,
    "leaderId": LEADER_ID,
    "name": "Añadir 🚀",
    "baseAsset": BASE,
    "riskScore": 13,
    "tvl": "115792089237316195423570985008687907853269984665640564039457584007913129639935",
    "roi": -11.43,
    "drawdown": 20.01,
    "monthlyFee": 0,
    "createdAt": "2026-02-01T03:20:00.000Z",
    "status": "ACTIVE",
    "leader": {
        "id": LEADER_ID,
        "walletAddress": LEADER_ADDRESS,
        "argusScore": 800,
        "joinedAt": "2026-02-01T03:20:00.000Z",
    },
    "_count": {"followers": 2, "trades": 3},
}


def trade_rows() -> analytics_pb2.ListTradesResponse:
    """A known close and a trade of which little is known."""
    known = analytics_pb2.Trade(
        id="00000000-0000-5000-8000-000000000001",
        vault_id=VAULT_ID,
        transaction_hash=HASH,
        log_index=0,
        asset_in=TOKEN,
        asset_out=BASE,
        amount_in="3",
        amount_out="450",
        is_profit=True,
        pnl_amount="150",
        executed_at=at(1_769_919_600, 7_000_000),
        is_close=True,
        block_number=1_234_567,
    )
    vague = analytics_pb2.Trade(
        id="00000000-0000-5000-8000-000000000002",
        vault_id=VAULT_ID,
        asset_in=BASE,
        asset_out=TOKEN,
        amount_in="1000",
        amount_out="0",
        pnl_amount="-7",
        executed_at=at(1_769_919_500),
        flags=[analytics_pb2.TRADE_FLAG_AMOUNT_OUT_UNKNOWN, analytics_pb2.TRADE_FLAG_TIME_ASSUMED],
    )
    return analytics_pb2.ListTradesResponse(
        trades=[known, vague],
        next_page_token="dG9rZW4",
        total_size=3,
        as_of=at(1_769_923_200),
        block_number=1_234_570,
    )


KNOWN_TRADE_JSON = {
    "id": "00000000-0000-5000-8000-000000000001",
    "vaultId": VAULT_ID,
    "txHash": HASH,
    "logIndex": 0,
    "assetIn": TOKEN,
    "assetOut": BASE,
    "amountIn": "3",
    "amountOut": "450",
    "isProfit": True,
    "pnlAmount": "150",
    "executedAt": "2026-02-01T04:20:00.007Z",
}
VAGUE_TRADE_JSON = {
    "id": "00000000-0000-5000-8000-000000000002",
    "vaultId": VAULT_ID,
    "txHash": None,
    "logIndex": None,
    "assetIn": BASE,
    "assetOut": TOKEN,
    "amountIn": "1000",
    "amountOut": "0",
    "isProfit": False,
    "pnlAmount": "-7",
    "executedAt": "2026-02-01T04:18:20.000Z",
}


def vault_list(*rows: vaults_pb2.Vault, total: int = 1, token: str = "") -> vaults_pb2.ListVaultsResponse:
    """A page of vaults; one when none is given."""
    return vaults_pb2.ListVaultsResponse(vaults=rows or [vault_row()], total_size=total, next_page_token=token)


def vault_figures(**changes: Any) -> analytics_pb2.GetVaultAnalyticsResponse:
    """Figures of the vault: two wins in three trades."""
    performance = performance_pb2.VaultPerformance(
        vault_id=VAULT_ID,
        ledger_version=9,
        tvl="1000",
        max_drawdown_pct="0",
        follower_count=2,
        trade_count=3,
        as_of=at(1_769_919_600),
        block_number=1_234_567,
    )
    for name, value in changes.items():
        setattr(performance, name, value)
    return analytics_pb2.GetVaultAnalyticsResponse(performance=performance, winning_trade_count=2)


def global_figures(winning: int = 1, trades: int = 3) -> analytics_pb2.GetGlobalAnalyticsResponse:
    """Figures over all vaults."""
    return analytics_pb2.GetGlobalAnalyticsResponse(
        active_vault_count=2,
        total_tvl="231584178474632390847141970017375815706539969331281128078915168015826259279870",
        trade_count=trades,
        winning_trade_count=winning,
        as_of=at(1_769_919_600),
        block_number=7,
    )


def leaders() -> analytics_pb2.ListLeadersResponse:
    """One leader of three."""
    leader = analytics_pb2.Leader(
        user_id=LEADER_ID,
        wallet_address=LEADER_ADDRESS,
        argus_score=800,
        joined_at=at(1_769_916_000),
        led_vault_count=4,
    )
    return analytics_pb2.ListLeadersResponse(leaders=[leader], total_size=3, as_of=at(1_769_919_600))


def followers() -> analytics_pb2.ListFollowersResponse:
    """One who stays with a loss and one who left without ever having paid in."""
    stays = analytics_pb2.Follower(
        user_id=LEADER_ID,
        wallet_address=LEADER_ADDRESS,
        deposited_amount="500",
        equity="442",
        pnl="-58",
        roi_pct="-11.428571428571428571",
        subscribed_at=at(1_769_916_000),
    )
    left = analytics_pb2.Follower(
        user_id=OTHER_VAULT_ID,
        wallet_address=TOKEN,
        deposited_amount="0",
        equity="0",
        pnl="0",
        subscribed_at=at(1_769_916_060),
        has_left=True,
    )
    totals = analytics_pb2.FollowerTotals(
        listed_count=2,
        active_count=1,
        profitable_count=1,
        profitable_pct="50",
        deposited_amount="500",
        unallocated_equity="-7",
    )
    return analytics_pb2.ListFollowersResponse(
        followers=[stays, left], total_size=2, as_of=at(1_769_919_600), totals=totals
    )
