"""Followers, flows and portfolios to protobuf."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from libs.events import Kind
from libs.identifiers import flow_id
from protos.analytics.v1 import analytics_pb2, people_pb2
from services.analytics import figures, flags
from services.analytics.domain import FollowerRow
from services.analytics.follower_totals import FollowerTotals
from services.analytics.listing import FlowRow, PositionRow
from services.analytics.mapping import timestamp
from services.analytics.portfolio import PortfolioPoint
from services.analytics.state import VaultState

_FOLLOWER_FLAGS = {flags.WITHDRAWAL_EXCEEDS_DEPOSIT: analytics_pb2.FOLLOWER_FLAG_WITHDRAWAL_EXCEEDS_DEPOSIT}
_KINDS = {
    Kind.DEPOSIT: people_pb2.FLOW_KIND_DEPOSIT,
    Kind.WITHDRAWAL: people_pb2.FLOW_KIND_WITHDRAWAL,
    Kind.SETTLEMENT: people_pb2.FLOW_KIND_SETTLEMENT,
}


def follower_to_proto(row: FollowerRow, state: VaultState) -> analytics_pb2.Follower:
    """A follower on the wire, valued by the vault's state."""
    follower = row.state
    valued = figures.follower_figures(state, follower)
    roi = valued.roi_pct.value
    return analytics_pb2.Follower(
        user_id=str(row.user_id),
        wallet_address=follower.wallet,
        deposited_amount=str(follower.deposit),
        equity=str(valued.equity),
        pnl=str(valued.pnl),
        roi_pct=None if roi is None else format(roi, "f"),
        subscribed_at=timestamp(follower.subscribed_at),
        has_left=follower.has_left,
        deposited_total=str(follower.deposited_total),
        withdrawn_total=str(follower.withdrawn_total),
        settled_total=str(follower.settled_total),
        first_deposit_at=timestamp(follower.first_deposit_at),
        flags=[_FOLLOWER_FLAGS[flag] for flag in sorted(follower.flags)],
    )


def totals_to_proto(totals: FollowerTotals) -> analytics_pb2.FollowerTotals:
    """Sums over followers on the wire."""
    percent = totals.profitable_pct.value
    return analytics_pb2.FollowerTotals(
        listed_count=totals.listed,
        active_count=totals.active,
        profitable_count=totals.profitable,
        profitable_pct=None if percent is None else format(percent, "f"),
        deposited_amount=str(totals.deposited),
        unallocated_equity=str(totals.unallocated),
    )


def flow_to_proto(flow: FlowRow) -> people_pb2.Flow:
    """A flow on the wire."""
    return people_pb2.Flow(
        id=str(flow_id(flow.vault_id, flow.position.identity)),
        vault_id=str(flow.vault_id),
        kind=_KINDS[flow.kind],
        user_id=str(flow.user_id),
        wallet_address=flow.wallet_address,
        amount=flow.amount,
        profit=flow.profit,
        leader_cut=flow.leader_cut,
        protocol_cut=flow.protocol_cut,
        executed_at=Timestamp(seconds=flow.executed_at),
        time_assumed=flow.time_assumed,
        transaction_hash=flow.transaction_hash,
        log_index=flow.log_index,
        block_number=flow.block_number,
    )


def position_to_proto(row: PositionRow, state: VaultState) -> people_pb2.Position:
    """A wallet as the follower of a vault on the wire, valued by the vault's state."""
    return people_pb2.Position(
        vault_id=str(row.vault_id),
        contract_address=row.contract_address,
        vault_name=row.vault_name,
        base_asset=row.base_asset,
        follower=follower_to_proto(row.follower, state),
    )


def portfolio_point_to_proto(base_asset: str, point: PortfolioPoint) -> people_pb2.PortfolioPoint:
    """A point of a portfolio's history on the wire."""
    return people_pb2.PortfolioPoint(
        time=Timestamp(seconds=point.at),
        base_asset=base_asset,
        equity=str(point.worth.equity),
        pnl=str(point.worth.pnl),
        deposited_amount=str(point.worth.deposit),
    )
