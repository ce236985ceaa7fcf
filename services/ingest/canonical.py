"""Validated payloads to canonical events: identity, time and body by the rules of the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from libs.identifiers import event_identity
from protos.events.v1 import events_pb2 as pb
from services.ingest.payloads import (
    ArgusScorePayload,
    BridgedDeploymentPayload,
    FollowerEventPayload,
    LedgerPayload,
    ObservedPayload,
    ProfitSettledPayload,
    TradeExecutedPayload,
    VaultDeployedPayload,
    VaultStatusPayload,
)


@dataclass(frozen=True, slots=True)
class Intake:
    """What a job's own fields do not tell."""

    task_id: str
    chain_id: int
    entered_at_ms: int  # when the job entered Redis, UNIX milliseconds


def deployment(payload: VaultDeployedPayload | BridgedDeploymentPayload, intake: Intake) -> pb.ChainEvent:
    """A vault's deployment."""
    body = pb.VaultDeployed(
        vault_address=payload.vault_address,
        leader_address=payload.leader,
        name=payload.name or "",
        base_asset=payload.base_asset,
        decimals=payload.decimals,
    )
    return _ledger_event(payload, intake, kind="deployment", vault=payload.vault_address, vault_deployed=body)


def trade(payload: TradeExecutedPayload, intake: Intake) -> pb.ChainEvent:
    """A trade; what was received, and a producer's own result, only where they are really told."""
    amount_out = payload.amount_out
    if amount_out == "0" and not payload.amount_out_known:
        amount_out = None
    paid = payload.amount_in_paid
    body = pb.TradeExecuted(
        vault_address=payload.vault_address,
        asset_in=payload.asset_in,
        asset_out=payload.asset_out,
        amount_in=payload.amount_in,
        amount_out=amount_out,
        pnl_override=None if payload.pnl_amount == "0" else payload.pnl_amount,
        input_unpaid=paid is not None and int(paid) < int(payload.amount_in),
    )
    return _ledger_event(payload, intake, kind="trade", vault=payload.vault_address, trade_executed=body)


def flow(payload: FollowerEventPayload, intake: Intake) -> pb.ChainEvent:
    """A deposit or a withdrawal."""
    deposit = payload.action == "DEPOSIT"
    body = pb.FollowerFlow(
        vault_address=payload.vault_address,
        follower_address=payload.follower_address,
        amount=payload.amount,
        direction=pb.FLOW_DIRECTION_DEPOSIT if deposit else pb.FLOW_DIRECTION_WITHDRAWAL,
    )
    return _ledger_event(
        payload,
        intake,
        kind="deposit" if deposit else "withdrawal",
        vault=payload.vault_address,
        follower=payload.follower_address,
        follower_flow=body,
    )


def settlement(payload: ProfitSettledPayload, intake: Intake) -> pb.ChainEvent:
    """A settlement."""
    body = pb.ProfitSettled(
        vault_address=payload.vault_address,
        follower_address=payload.follower_address,
        profit=payload.profit,
        leader_cut=payload.leader_cut,
        protocol_cut=payload.protocol_cut,
        follower_remaining=payload.follower_remaining,
    )
    return _ledger_event(
        payload,
        intake,
        kind="settlement",
        vault=payload.vault_address,
        follower=payload.follower_address,
        profit_settled=body,
    )


def score(payload: ArgusScorePayload, intake: Intake) -> pb.ChainEvent:
    """A score; two producers that saw the same one name the same event."""
    body = pb.ScoreObserved(
        wallet_address=payload.wallet_address,
        reputation_score=payload.reputation_score,
        win_rate_bps=payload.win_rate_bps,
        max_drawdown_bps=payload.max_drawdown_bps,
        signal_count=payload.signal_count,
        observed_at=Timestamp(seconds=payload.observed_at),
    )
    seen = f"{payload.wallet_address}:{payload.observed_at}:{payload.reputation_score}"
    return _observed_event(payload, intake, f"score:{intake.chain_id}:{seen}", score_observed=body)


def status(payload: VaultStatusPayload, intake: Intake) -> pb.ChainEvent:
    """A status; two producers that saw the same one name the same event."""
    paused = payload.status == "PAUSED"
    body = pb.StatusObserved(
        vault_address=payload.vault_address,
        status=pb.OBSERVED_STATUS_PAUSED if paused else pb.OBSERVED_STATUS_ACTIVE,
        reason=payload.reason or "",
        observed_at=Timestamp(seconds=payload.observed_at),
    )
    seen = f"{payload.vault_address}:{payload.observed_at}:{payload.status}"
    return _observed_event(payload, intake, f"status:{intake.chain_id}:{seen}", status_observed=body)


EVENT_BUILDERS: Final[dict[str, Callable[[Any, Intake], pb.ChainEvent]]] = {
    "ingest.vault_deployed": deployment,
    "ingest.trade_executed": trade,
    "ingest.follower_event": flow,
    "ingest.profit_settled": settlement,
    "ingest.argus_score": score,
    "ingest.vault_status": status,
    "bridge.vault_deployed": deployment,
    "bridge.trade_executed": trade,
    "bridge.follower_event": flow,
}


def _ledger_event(
    payload: LedgerPayload, intake: Intake, *, kind: str, vault: str, follower: str = "", **body: Any
) -> pb.ChainEvent:
    transaction_hash = payload.tx_hash or ""
    identity = event_identity(
        chain_id=intake.chain_id,
        transaction_hash="" if payload.IDENTIFIED_BY_TASK else transaction_hash,
        log_index=payload.log_index,
        kind=kind,
        vault=vault,
        follower=follower,
        task_id=intake.task_id,
    )
    time = payload.timestamp
    return pb.ChainEvent(
        identity=identity,
        chain_id=intake.chain_id,
        occurred_at=Timestamp(seconds=intake.entered_at_ms // 1000 if time is None else time),
        time_assumed=time is None,
        block_number=payload.block_number,
        log_index=payload.log_index,
        transaction_hash=transaction_hash,
        block_hash=payload.block_hash or "",
        task_id=intake.task_id,
        **body,
    )


def _observed_event(payload: ObservedPayload, intake: Intake, identity: str, **body: Any) -> pb.ChainEvent:
    return pb.ChainEvent(
        identity=identity,
        chain_id=intake.chain_id,
        occurred_at=Timestamp(seconds=payload.observed_at),
        block_number=payload.block_number,
        log_index=payload.log_index,
        transaction_hash=payload.tx_hash or "",
        block_hash=payload.block_hash or "",
        task_id=intake.task_id,
        **body,
    )
