"""Protobuf answers as the public JSON, field by field."""

from __future__ import annotations

from typing import Any

from gateway.figures import (
    amount,
    iso_time,
    last_change,
    legacy_percent,
    optional_int,
    optional_time,
    ratio,
    win_rate,
)
from gateway.params import Page
from protos.analytics.v1 import analytics_pb2
from protos.ingest.v1 import ingest_pb2
from protos.vaults.v1 import vaults_pb2

Json = dict[str, Any]

_STATUSES = {
    vaults_pb2.VAULT_STATUS_ACTIVE: "ACTIVE",
    vaults_pb2.VAULT_STATUS_PAUSED: "PAUSED",
    vaults_pb2.VAULT_STATUS_LIQUIDATED: "LIQUIDATED",
}
_TRADE_FLAGS = {
    analytics_pb2.TRADE_FLAG_COST_BASIS_PARTIAL: "cost_basis_partial",
    analytics_pb2.TRADE_FLAG_AMOUNT_OUT_UNKNOWN: "amount_out_unknown",
    analytics_pb2.TRADE_FLAG_SELF_TRADE: "self_trade",
    analytics_pb2.TRADE_FLAG_INPUT_UNPAID: "input_unpaid",
    analytics_pb2.TRADE_FLAG_TIME_ASSUMED: "time_assumed",
}


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


def vault_detail(row: vaults_pb2.Vault, trades: analytics_pb2.ListTradesResponse) -> Json:
    """GET /api/vaults/:id: the vault with its latest trades."""
    data = vault(row)
    data["trades"] = [legacy_trade(item) for item in trades.trades]
    return {"success": True, "data": data, "meta": last_change(row, trades)}


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


def trade_list(response: analytics_pb2.ListTradesResponse, page: Page) -> Json:
    """GET /api/vaults/:id/trades."""
    return {
        "success": True,
        "data": [trade(row) for row in response.trades],
        "pagination": _pagination(response, page),
        "meta": last_change(response),
    }


def legacy_trade(row: analytics_pb2.Trade) -> Json:
    """A trade as the frontend has always got it."""
    return {
        "id": row.id,
        "vaultId": row.vault_id,
        "txHash": row.transaction_hash or None,
        "logIndex": optional_int(row, "log_index"),
        "assetIn": row.asset_in,
        "assetOut": row.asset_out,
        "amountIn": amount(row.amount_in),
        "amountOut": amount(row.amount_out),
        "isProfit": row.is_profit,
        "pnlAmount": amount(row.pnl_amount),
        "executedAt": iso_time(row.executed_at),
    }


def trade(row: analytics_pb2.Trade) -> Json:
    """A trade with what a second look needs."""
    return {
        **legacy_trade(row),
        "isClose": row.is_close,
        # A flag of a newer service has no public name yet.
        "flags": [_TRADE_FLAGS[flag] for flag in row.flags if flag in _TRADE_FLAGS],
        "blockNumber": optional_int(row, "block_number"),
    }


def follower_list(response: analytics_pb2.ListFollowersResponse, page: Page) -> Json:
    """GET /api/vaults/:id/followers."""
    return {
        "success": True,
        "data": [follower(row) for row in response.followers],
        "pagination": _pagination(response, page),
        "meta": last_change(response),
    }


def follower(row: analytics_pb2.Follower) -> Json:
    """A follower; `nullReasons` is there only where roiPct is null."""
    roi_pct, null_reason = ratio(row.roi_pct) if row.HasField("roi_pct") else (None, "no_deposits")
    data: Json = {
        "walletAddress": row.wallet_address,
        "depositedAmount": amount(row.deposited_amount),
        "equity": amount(row.equity),
        "pnl": amount(row.pnl),
        "roiPct": roi_pct,
        "since": optional_time(row, "subscribed_at"),
        "left": row.has_left,
    }
    if null_reason is not None:
        data["nullReasons"] = {"roiPct": null_reason}
    return data


def global_analytics(response: analytics_pb2.GetGlobalAnalyticsResponse) -> Json:
    """GET /api/analytics/global."""
    data = {
        "activeVaultsCount": response.active_vault_count,
        "totalTvl": amount(response.total_tvl),
        "totalTrades": response.trade_count,
        "winRate": win_rate(response.winning_trade_count, response.trade_count),
    }
    return {"success": True, "data": data, "meta": last_change(response)}


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


def pipeline(response: ingest_pb2.GetPipelineStatusResponse) -> Json:
    """How far the pipeline is; the services' own error texts stay inside, as they may name backends."""
    return {
        "deliveredBlockNumber": optional_int(response, "delivered_block_number"),
        "deliveredEvents": response.delivered_event_count,
        "pendingEvents": response.pending_count,
        "deferredEvents": response.deferred_count,
        "oldestPendingAgeMs": response.oldest_pending_age_ms,
        "openDeadLetters": response.open_dead_letter_count,
        "deadLettersByReason": {row.reason: row.count for row in response.dead_letter_counts},
        "streams": [{"stream": row.stream, "length": row.length, "inWork": row.in_work} for row in response.streams],
        "lastSnapshotAt": optional_time(response, "last_snapshot_at"),
        "changeSequence": response.change_sequence,
        "redisReachable": not response.redis_error,
        "deliveryFailing": bool(response.delivery_error),
        "chain": _chain(response.chain) if response.HasField("chain") else None,
    }


def _chain(status: ingest_pb2.ChainStatus) -> Json:
    """How far the chain has been read; `fatal` names blocks and hashes, which are public."""
    return {
        "lastIndexedBlock": optional_int(status, "last_indexed_block"),
        "headBlock": optional_int(status, "head_block"),
        "headSeenAt": optional_time(status, "head_seen_at"),
        "waitingJobs": status.outbox_count,
        "openRewinds": status.open_rewind_count,
        "fatal": status.fatal or None,
        "disagreements": status.disagreement_count,
        "verifiedBlock": optional_int(status, "verified_block"),
        "verifiedAt": optional_time(status, "verified_at"),
    }


def _pagination(response: analytics_pb2.ListTradesResponse | analytics_pb2.ListFollowersResponse, page: Page) -> Json:
    return {
        "total": response.total_size,
        "limit": page.limit,
        "hasMore": bool(response.next_page_token),
        "nextCursor": response.next_page_token or None,
    }
