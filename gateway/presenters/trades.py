"""Trades as the public JSON."""

from __future__ import annotations

from gateway.figures import amount, iso_time, last_change, optional_int
from gateway.params import Page
from gateway.presenters.envelope import Json, pagination
from protos.analytics.v1 import analytics_pb2

_TRADE_FLAGS = {
    analytics_pb2.TRADE_FLAG_COST_BASIS_PARTIAL: "cost_basis_partial",
    analytics_pb2.TRADE_FLAG_AMOUNT_OUT_UNKNOWN: "amount_out_unknown",
    analytics_pb2.TRADE_FLAG_SELF_TRADE: "self_trade",
    analytics_pb2.TRADE_FLAG_INPUT_UNPAID: "input_unpaid",
    analytics_pb2.TRADE_FLAG_TIME_ASSUMED: "time_assumed",
}


TRADE_COLUMNS = (
    "id", "vaultId", "txHash", "logIndex", "assetIn", "assetOut", "amountIn", "amountOut", "isProfit", "pnlAmount",
    "executedAt", "isClose", "flags", "blockNumber",
)  # fmt: skip


def trade_list(response: analytics_pb2.ListTradesResponse, page: Page) -> Json:
    """GET /api/vaults/:id/trades."""
    return {
        "success": True,
        "data": [trade(row) for row in response.trades],
        "pagination": pagination(response, page),
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
