"""Figures, histories and boards as analytics would answer them, and the JSON that must become of them."""

from __future__ import annotations

from typing import Any

from protos.analytics.v1 import analytics_pb2, leaderboards_pb2, performance_pb2
from tests.integration.gateway_rows import BASE, LEADER_ADDRESS, LEADER_ID, TOKEN, VAULT_ADDRESS, VAULT_ID
from tests.integration.gateway_stage import at

FIGURES = (
    *("roiPct", "annualisedPct", "pnl", "volume", "maxDrawdownPct", "currentDrawdownPct", "peakAt", "troughAt"),
    *("volatilityPct", "sharpe", "sortino", "calmar", "closedWinRatePct", "profitFactor", "partial", "coverageDays"),
)
UNKNOWN_WINDOW: dict[str, Any] = {
    **dict.fromkeys(FIGURES),
    "nullReasons": dict.fromkeys(sorted(FIGURES), "not_refreshed"),
}


def vault_performance() -> performance_pb2.GetVaultPerformanceResponse:
    """A vault of 12 hours with all figures of a day that it can have, and a week without any."""
    day = performance_pb2.WindowPerformance(
        window="24h",
        roi_pct="-11.428571428571428571428571428571428571428571428571",
        pnl="-57",
        volume="0",
        max_drawdown_pct="2E+1",
        current_drawdown_pct="0",
        peak_at=at(1_769_916_000),
        trough_at=at(1_769_919_600),
        closed_win_rate_pct="50",
        profit_factor="0.15",
        partial=True,
        coverage_days="0.5",
        null_reasons={"sharpe": "too_few_days", "annualisedPct": "too_few_days"},
    )
    bare = performance_pb2.WindowPerformance(window="7d", null_reasons=dict.fromkeys(FIGURES, "not_refreshed"))
    details = performance_pb2.VaultDetails(
        equity="-200",
        net_deposits="1000",
        unit_price="0.88571428571428571428571428571428571428571428571429000",
        epoch=2,
        epoch_roi_pct="-11.428571428571428571428571428571428571428571428571",
        unallocated_equity="-7",
        high_water_mark="1.50",
        age_days="0.5",
        last_trade_at=at(1_769_919_600),
        flags=["input_unpaid"],
    )
    return performance_pb2.GetVaultPerformanceResponse(
        details=details,
        windows=[day, bare],
        refreshed_at=at(1_769_959_200),
        as_of=at(1_769_919_600),
        block_number=1_234_567,
    )


WINDOWS_JSON = {
    "24h": {
        "roiPct": -11.428571428571429,
        "annualisedPct": None,
        "pnl": "-57",
        "volume": "0",
        "maxDrawdownPct": 20.0,
        "currentDrawdownPct": 0.0,
        "peakAt": "2026-02-01T03:20:00.000Z",
        "troughAt": "2026-02-01T04:20:00.000Z",
        "volatilityPct": None,
        "sharpe": None,
        "sortino": None,
        "calmar": None,
        "closedWinRatePct": 50.0,
        "profitFactor": 0.15,
        "partial": True,
        "coverageDays": 0.5,
        "nullReasons": {"annualisedPct": "too_few_days", "sharpe": "too_few_days"},
    },
    "7d": UNKNOWN_WINDOW,
}
DETAILS_JSON = {
    "equity": "-200",
    "netDeposits": "1000",
    "unitPrice": "0.8857142857142857142857142857142857142857142857143",
    "epoch": 2,
    "epochRoiPct": -11.428571428571429,
    "unallocatedEquity": "-7",
    "highWaterMark": "1.5",
    "ageDays": 0.5,
    "lastTradeAt": "2026-02-01T04:20:00.000Z",
    "flags": ["input_unpaid"],
    "nullReasons": {},
}
UNKNOWN_DETAILS_JSON = {
    "equity": "0",
    "netDeposits": "0",
    "unitPrice": "1",
    "epoch": 1,
    "epochRoiPct": None,
    "unallocatedEquity": "0",
    "highWaterMark": "1",
    "ageDays": None,
    "lastTradeAt": None,
    "flags": [],
    "nullReasons": {"ageDays": "not_refreshed", "epochRoiPct": "no_deposits"},
}


def vault_history() -> performance_pb2.GetVaultHistoryResponse:
    """A point before the first deposit and one after it, which holds for two buckets."""
    first = performance_pb2.HistoryPoint(
        time=at(1_769_914_800), price="1", equity="100", tvl="0", pnl="100", bucket_count=1
    )
    second = performance_pb2.HistoryPoint(
        time=at(1_769_918_400),
        price="1.0500",
        equity="1150",
        tvl="1000",
        pnl="150",
        drawdown_pct="0",
        follower_count=1,
        bucket_count=2,
    )
    return performance_pb2.GetVaultHistoryResponse(
        points=[first, second], as_of=at(1_769_919_600), block_number=1_234_567
    )


def global_history() -> performance_pb2.GetGlobalHistoryResponse:
    """One bucket with one base asset."""
    point = performance_pb2.GlobalHistoryPoint(
        time=at(1_769_914_800), base_asset=BASE, tvl="1000", pnl="-5", vault_count=2
    )
    return performance_pb2.GetGlobalHistoryResponse(points=[point], as_of=at(1_769_919_600))


def global_performance() -> performance_pb2.GetGlobalPerformanceResponse:
    """Two base assets, of which one has a vault that is no longer active."""
    window = performance_pb2.AssetWindow(window="24h", base_asset=TOKEN, volume="9", net_flow="-4", pnl="-5")
    return performance_pb2.GetGlobalPerformanceResponse(
        tvl_by_asset=[performance_pb2.AssetTvl(base_asset=BASE, tvl="1000")],
        active_vault_count=2,
        liquidated_vault_count=1,
        follower_count=4,
        leader_count=3,
        windows=[window],
        refreshed_at=at(1_769_959_200),
    )


def place(rank: int, value: str, previous: int | None = None) -> leaderboards_pb2.Place:
    """A place."""
    return leaderboards_pb2.Place(rank=rank, previous_rank=previous, value=value)


def vault_entry(rank: int = 3, value: str = "7.5", previous: int | None = 1) -> leaderboards_pb2.VaultEntry:
    """A vault on a board."""
    return leaderboards_pb2.VaultEntry(
        place=place(rank, value, previous),
        vault_id=VAULT_ID,
        contract_address=VAULT_ADDRESS,
        name="Añadir 🚀",
        base_asset=BASE,
        status="LIQUIDATED",
        tvl="1000",
        follower_count=2,
        leader_wallet_address=LEADER_ADDRESS,
        trade_count=3,
    )


VAULT_ENTRY_JSON = {
    "id": VAULT_ID,
    "contractAddress": VAULT_ADDRESS,
    "name": "Añadir 🚀",
    "baseAsset": BASE,
    "status": "LIQUIDATED",
    "value": 7.5,
    "rank": 3,
    "previousRank": 1,
    "tvl": "1000",
    "leader": {"walletAddress": LEADER_ADDRESS},
    "_count": {"followers": 2, "trades": 3},
}


def leader_entry(value: str = "-5") -> leaderboards_pb2.LeaderEntry:
    """A leader who was not on the board before."""
    return leaderboards_pb2.LeaderEntry(
        place=place(1, value),
        user_id=LEADER_ID,
        wallet_address=LEADER_ADDRESS,
        base_asset=BASE,
        argus_score=800,
        joined_at=at(1_769_916_000),
        tvl="1000",
        follower_count=2,
        led_vault_count=2,
        trade_count=3,
    )


LEADER_ENTRY_JSON = {
    "id": LEADER_ID,
    "walletAddress": LEADER_ADDRESS,
    "baseAsset": BASE,
    "value": "-5",
    "rank": 1,
    "previousRank": None,
    "argusScore": 800,
    "joinedAt": "2026-02-01T03:20:00.000Z",
    "tvl": "1000",
    "_count": {"vaultsLed": 2, "followers": 2, "trades": 3},
}


def reputation_entry() -> leaderboards_pb2.ReputationEntry:
    """A leader on the board by score."""
    leader = analytics_pb2.Leader(
        user_id=LEADER_ID,
        wallet_address=LEADER_ADDRESS,
        argus_score=800,
        joined_at=at(1_769_916_000),
        led_vault_count=4,
    )
    return leaderboards_pb2.ReputationEntry(place=place(2, "800", 5), leader=leader)
