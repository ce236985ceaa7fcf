"""Followers of a vault as the public JSON."""

from __future__ import annotations

from gateway.figures import amount, last_change, number, optional_time, ratio
from gateway.params import Page
from gateway.presenters.envelope import Json, pagination
from protos.analytics.v1 import analytics_pb2, people_pb2

_FLAGS = {analytics_pb2.FOLLOWER_FLAG_WITHDRAWAL_EXCEEDS_DEPOSIT: "withdrawal_exceeds_deposit"}
FOLLOWER_COLUMNS = (
    "walletAddress", "depositedAmount", "equity", "pnl", "roiPct", "since", "left", "nullReasons.roiPct",
)  # fmt: skip


def follower_list(response: analytics_pb2.ListFollowersResponse, page: Page) -> Json:
    """GET /api/vaults/:id/followers: totals are those of all followers, whatever the list leaves out."""
    return {
        "success": True,
        "data": [follower(row) for row in response.followers],
        "totals": _totals(response.totals),
        "pagination": pagination(response, page),
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


def follower_detail(response: people_pb2.GetFollowerResponse) -> Json:
    """GET /api/vaults/:id/followers/:wallet."""
    row = response.follower
    data = {"walletAddress": row.wallet_address, **position(row)}
    return {"success": True, "data": data, "meta": last_change(response)}


def position(row: analytics_pb2.Follower) -> Json:
    """All that is known of a follower but the wallet."""
    shown = follower(row)
    del shown["walletAddress"]
    return {
        **shown,
        "depositedTotal": amount(row.deposited_total),
        "withdrawnTotal": amount(row.withdrawn_total),
        "settledTotal": amount(row.settled_total),
        "firstDepositAt": optional_time(row, "first_deposit_at"),
        # A flag of a newer service has no public name yet.
        "flags": [_FLAGS[flag] for flag in row.flags if flag in _FLAGS],
    }


def _totals(totals: analytics_pb2.FollowerTotals) -> Json:
    shown: Json = {
        "followers": totals.listed_count,
        "active": totals.active_count,
        "left": totals.listed_count - totals.active_count,
        "profitable": totals.profitable_count,
        "profitableFollowersPct": number(totals.profitable_pct) if totals.HasField("profitable_pct") else None,
        "depositedAmount": amount(totals.deposited_amount),
        "unallocatedEquity": amount(totals.unallocated_equity),
    }
    if shown["profitableFollowersPct"] is None:
        shown["nullReasons"] = {"profitableFollowersPct": "no_followers"}
    return shown
