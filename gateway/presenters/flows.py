"""Deposits, withdrawals and settlements as the public JSON."""

from __future__ import annotations

from typing import Any

from gateway.figures import amount, iso_time, last_change, optional_int
from gateway.params import Page
from gateway.presenters.envelope import Json, pagination
from protos.analytics.v1 import people_pb2

_KINDS = {
    people_pb2.FLOW_KIND_DEPOSIT: "DEPOSIT",
    people_pb2.FLOW_KIND_WITHDRAWAL: "WITHDRAWAL",
    people_pb2.FLOW_KIND_SETTLEMENT: "SETTLEMENT",
}
FLOW_COLUMNS = (
    "id", "vaultId", "kind", "walletAddress", "amount", "profit", "leaderCut", "protocolCut", "executedAt",
    "timeAssumed", "txHash", "logIndex", "blockNumber",
)  # fmt: skip


def flow_list(response: people_pb2.ListFlowsResponse, page: Page) -> Json:
    """GET /api/vaults/:id/flows."""
    return {
        "success": True,
        "data": [flow(row) for row in response.flows],
        "pagination": pagination(response, page),
        "meta": last_change(response),
    }


def flow(row: people_pb2.Flow) -> Json:
    """A flow; profit and cuts are null but for settlements, whose amount is what the follower was paid."""
    return {
        "id": row.id,
        "vaultId": row.vault_id,
        "kind": _KINDS[row.kind],
        "walletAddress": row.wallet_address,
        "amount": amount(row.amount),
        "profit": _optional_amount(row, "profit"),
        "leaderCut": _optional_amount(row, "leader_cut"),
        "protocolCut": _optional_amount(row, "protocol_cut"),
        "executedAt": iso_time(row.executed_at),
        "timeAssumed": row.time_assumed,
        "txHash": row.transaction_hash or None,
        "logIndex": optional_int(row, "log_index"),
        "blockNumber": optional_int(row, "block_number"),
    }


def _optional_amount(row: Any, name: str) -> str | None:
    return amount(getattr(row, name)) if row.HasField(name) else None
