"""Boards of vaults and of leaders, and places on them, as the public JSON."""

from __future__ import annotations

from gateway.figures import amount, iso_time, number, optional_int, optional_time
from gateway.params.boards import AMOUNT_SORTS, BoardQuery
from gateway.presenters.envelope import Json
from protos.analytics.v1 import leaderboards_pb2 as pb

_PLACE_COLUMNS = ("value", "rank", "previousRank")
VAULT_COLUMNS = (
    *("id", "contractAddress", "name", "baseAsset", "status", *_PLACE_COLUMNS),
    *("tvl", "leader.walletAddress", "_count.followers", "_count.trades"),
)
LEADER_COLUMNS = (
    *("id", "walletAddress", "baseAsset", *_PLACE_COLUMNS),
    *("argusScore", "joinedAt", "tvl", "_count.vaultsLed", "_count.followers", "_count.trades"),
)

_COUNT_SORTS = ("followers", "reputation")


def vault_board(response: pb.ListVaultBoardResponse, wanted: BoardQuery) -> Json:
    """GET /api/leaderboard/vaults."""
    return _board(response, [_vault_row(row, wanted.sort) for row in response.entries], wanted)


def leader_board(response: pb.ListLeaderBoardResponse, wanted: BoardQuery) -> Json:
    """GET /api/leaderboard by anything but reputation."""
    return _board(response, [_leader_row(row, wanted.sort) for row in response.entries], wanted)


def rank(response: pb.GetRankResponse, window: str) -> Json:
    """GET /api/leaderboard/rank/:id: the place, null for who is not on the board, and the rows around it."""
    sort, kind = response.sort, response.WhichOneof("board")
    rows = {
        "vaults": lambda: [_vault_row(row, sort) for row in response.vaults.entries],
        "leaders": lambda: [_leader_row(row, sort) for row in response.leaders.entries],
        "reputation": lambda: [_reputation_row(row) for row in response.reputation.entries],
    }[kind or "vaults"]()
    is_ranked = response.HasField("place")
    place = _place(response.place, sort) if is_ranked else {"value": None, "rank": None, "previousRank": None}
    data: Json = {
        "id": response.contender_id,
        "address": response.address,
        "kind": "vault" if kind == "vaults" else "leader",
        "sort": sort,
        "window": window,
        "baseAsset": response.base_asset or None,
        **place,
        "total": response.total_size,
        "neighbours": rows,
        "nullReasons": {} if is_ranked else {"rank": "not_ranked", "value": "not_ranked"},
    }
    return {"success": True, "data": data, "meta": _meta(response)}


def _board(
    response: pb.ListVaultBoardResponse | pb.ListLeaderBoardResponse, rows: list[Json], wanted: BoardQuery
) -> Json:
    pagination = {
        "total": response.total_size,
        "limit": wanted.page.limit,
        "offset": None if wanted.page.cursor else wanted.page.offset,
        "hasMore": bool(response.next_page_token),
        "nextCursor": response.next_page_token or None,
    }
    return {"success": True, "data": rows, "pagination": pagination, "meta": _meta(response)}


def _meta(response: pb.ListVaultBoardResponse | pb.ListLeaderBoardResponse | pb.GetRankResponse) -> Json:
    return {"asOf": optional_time(response, "as_of"), "blockNumber": None}


def _place(place: pb.Place, sort: str) -> Json:
    return {
        "value": _value(place.value, sort),
        "rank": place.rank,
        "previousRank": optional_int(place, "previous_rank"),
    }


def _value(text: str, sort: str) -> str | int | float:
    """Amounts stay text, counts and ratios become numbers."""
    if sort in AMOUNT_SORTS:
        return text
    return int(text) if sort in _COUNT_SORTS else number(text)


def _vault_row(row: pb.VaultEntry, sort: str) -> Json:
    return {
        "id": row.vault_id,
        "contractAddress": row.contract_address,
        "name": row.name,
        "baseAsset": row.base_asset,
        "status": row.status,
        **_place(row.place, sort),
        "tvl": amount(row.tvl),
        "leader": {"walletAddress": row.leader_wallet_address},
        "_count": {"followers": row.follower_count, "trades": row.trade_count},
    }


def _leader_row(row: pb.LeaderEntry, sort: str) -> Json:
    return {
        "id": row.user_id,
        "walletAddress": row.wallet_address,
        "baseAsset": row.base_asset,
        **_place(row.place, sort),
        "argusScore": row.argus_score,
        "joinedAt": iso_time(row.joined_at),
        "tvl": amount(row.tvl),
        "_count": {"vaultsLed": row.led_vault_count, "followers": row.follower_count, "trades": row.trade_count},
    }


def _reputation_row(row: pb.ReputationEntry) -> Json:
    leader = row.leader
    return {
        "id": leader.user_id,
        "walletAddress": leader.wallet_address,
        **_place(row.place, "reputation"),
        "argusScore": leader.argus_score,
        "joinedAt": iso_time(leader.joined_at),
        "_count": {"vaultsLed": leader.led_vault_count},
    }
