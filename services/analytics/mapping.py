"""Domain to protobuf and back for the analytics service."""

from __future__ import annotations

from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import violation
from libs.identifiers import VaultId
from protos.analytics.v1 import analytics_pb2 as pb
from protos.events.v1 import performance_pb2
from services.analytics import flags
from services.analytics.domain import GlobalFigures, Leader, Performance, TradeRow

FLAGS_TO_PROTO = {
    flags.COST_BASIS_PARTIAL: pb.TRADE_FLAG_COST_BASIS_PARTIAL,
    flags.AMOUNT_OUT_UNKNOWN: pb.TRADE_FLAG_AMOUNT_OUT_UNKNOWN,
    flags.SELF_TRADE: pb.TRADE_FLAG_SELF_TRADE,
    flags.INPUT_UNPAID: pb.TRADE_FLAG_INPUT_UNPAID,
    flags.TIME_ASSUMED: pb.TRADE_FLAG_TIME_ASSUMED,
}


def vault_id_from_proto(text: str) -> VaultId:
    """The vault of a request."""
    return VaultId(uuid_from_proto(text, "vault_id"))


def uuid_from_proto(text: str, field: str) -> UUID:
    """A UUID, or InvalidArgument that names the field."""
    try:
        return UUID(text)
    except ValueError:
        raise violation(field, "must be a UUID") from None


def timestamp(seconds: int | None) -> Timestamp | None:
    """A time on the wire; None stays unset."""
    return None if seconds is None else Timestamp(seconds=seconds)


def performance_to_proto(performance: Performance) -> performance_pb2.VaultPerformance:
    """Figures on the wire."""
    return performance_pb2.VaultPerformance(
        vault_id=performance.vault_id,
        ledger_version=performance.ledger_version,
        tvl=performance.tvl,
        roi_pct=performance.roi_pct,
        max_drawdown_pct=performance.max_drawdown_pct,
        liquidated=performance.is_liquidated,
        follower_count=performance.follower_count,
        trade_count=performance.trade_count,
        as_of=timestamp(performance.as_of),
        block_number=performance.block_number,
    )


def globals_to_proto(row: GlobalFigures) -> pb.GetGlobalAnalyticsResponse:
    """Global figures on the wire."""
    return pb.GetGlobalAnalyticsResponse(
        active_vault_count=row.active_vault_count,
        total_tvl=row.total_tvl,
        trade_count=row.trade_count,
        winning_trade_count=row.winning_trade_count,
        as_of=timestamp(row.as_of),
        block_number=row.block_number,
    )


def trade_to_proto(trade: TradeRow) -> pb.Trade:
    """A trade on the wire."""
    return pb.Trade(
        id=str(trade.id),
        vault_id=str(trade.vault_id),
        transaction_hash=trade.transaction_hash,
        log_index=trade.log_index,
        asset_in=trade.asset_in,
        asset_out=trade.asset_out,
        amount_in=trade.amount_in,
        amount_out=trade.amount_out,
        is_profit=trade.pnl > 0,
        pnl_amount=str(trade.pnl),
        executed_at=Timestamp(seconds=trade.executed_at),
        is_close=trade.is_close,
        flags=[FLAGS_TO_PROTO[flag] for flag in trade.flags],
        block_number=trade.block_number,
    )


def leader_to_proto(leader: Leader) -> pb.Leader:
    """A leader on the wire."""
    return pb.Leader(
        user_id=leader.user_id,
        wallet_address=leader.wallet_address,
        argus_score=leader.argus_score,
        joined_at=Timestamp(seconds=leader.joined_at),
        led_vault_count=leader.led_vault_count,
    )
