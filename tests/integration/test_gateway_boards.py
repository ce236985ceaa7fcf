"""Boards and places on them: exact JSON, the calls behind it, and what is refused."""

from __future__ import annotations

import pytest

from libs.errors import NotFound
from protos.analytics.v1 import leaderboards_pb2 as pb
from tests.integration import gateway_performance_rows as rows
from tests.integration.gateway_performance_rows import LEADER_ENTRY_JSON, VAULT_ENTRY_JSON
from tests.integration.gateway_rows import BASE, LEADER_ADDRESS, LEADER_ID, VAULT_ADDRESS, VAULT_ID, leaders
from tests.integration.gateway_stage import at, stage

AS_OF = {"asOf": "2026-02-01T15:20:00.000Z", "blockNumber": None}


async def test_the_board_of_vaults_marks_those_that_were_liquidated():
    async with stage() as gateway:
        gateway.script.answers["ListVaultBoard"] = pb.ListVaultBoardResponse(
            entries=[rows.vault_entry()], next_page_token="bmV4dA", total_size=9, as_of=at(1_769_959_200)
        )
        assert await gateway.get("/api/leaderboard/vaults") == {
            "success": True,
            "data": [VAULT_ENTRY_JSON],
            "pagination": {"total": 9, "limit": 50, "offset": 0, "hasMore": True, "nextCursor": "bmV4dA"},
            "meta": AS_OF,
        }
        query = f"sort=tvl&window=30d&baseAsset={BASE.lower()}&minTvl=007&minFollowers=2&minTrades=3&limit=7&cursor=YQ"
        page = await gateway.get(f"/api/leaderboard/vaults?{query}")
        assert page["pagination"]["offset"] is None
        default, chosen = gateway.script.requests("ListVaultBoard")
    assert (default.board, default.page_size, default.skip) == (pb.Board(window="all", sort="roi"), 50, 0)
    assert chosen.board == pb.Board(window="30d", sort="tvl", base_asset=BASE)
    assert chosen.filter == pb.BoardFilter(min_tvl="7", min_followers=2, min_trades=3)
    assert (chosen.page_size, chosen.page_token, chosen.skip) == (7, "YQ", 0)


async def test_the_board_of_leaders_has_amounts_as_text_and_counts_as_numbers():
    async with stage() as gateway:
        gateway.script.answers["ListLeaderBoard"] = pb.ListLeaderBoardResponse(
            entries=[rows.leader_entry()], total_size=1, as_of=at(1_769_959_200)
        )
        assert await gateway.get(f"/api/leaderboard?sort=pnl&baseAsset={BASE}&limit=1000&offset=5") == {
            "success": True,
            "data": [LEADER_ENTRY_JSON],
            "pagination": {"total": 1, "limit": 100, "offset": 5, "hasMore": False, "nextCursor": None},
            "meta": AS_OF,
        }
        gateway.script.answers["ListLeaderBoard"] = pb.ListLeaderBoardResponse(entries=[rows.leader_entry("12")])
        by_followers = await gateway.get("/api/leaderboard?sort=followers")
        assert by_followers["data"][0]["value"] == 12
        assert isinstance(by_followers["data"][0]["value"], int)
        first, _ = gateway.script.requests("ListLeaderBoard")
    assert (first.board, first.page_size, first.skip) == (pb.Board(window="all", sort="pnl", base_asset=BASE), 100, 5)


async def test_the_board_by_reputation_is_the_legacy_board():
    async with stage() as gateway:
        gateway.script.answers["ListLeaders"] = leaders()
        legacy, _ = await gateway.ask("GET", "/api/leaderboard")
        same, body = await gateway.ask("GET", "/api/leaderboard?sort=reputation&window=7d")
        assert same.headers["ETag"] == legacy.headers["ETag"]
        assert list(body["pagination"]) == ["total", "limit", "offset", "hasMore"]
        assert gateway.script.count("ListLeaders") == 1


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/leaderboard?sort=score", ["sort"]),
        ("/api/leaderboard?sort=pnl", ["baseAsset"]),
        ("/api/leaderboard?sort=tvl&window=2d", ["baseAsset", "window"]),
        ("/api/leaderboard?baseAsset=" + BASE, ["baseAsset"]),
        ("/api/leaderboard?sort=roi&baseAsset=0x1", ["baseAsset"]),
        ("/api/leaderboard?sort=roi&minTvl=5", ["minTvl"]),
        ("/api/leaderboard?sort=roi&minTvl=-5&baseAsset=" + BASE, ["minTvl"]),
        ("/api/leaderboard?sort=roi&limit=0", ["limit"]),
        ("/api/leaderboard/vaults?sort=reputation", ["sort"]),
        ("/api/leaderboard/vaults?limit=101", ["limit"]),
        ("/api/leaderboard/vaults?offset=1&cursor=YQ", ["cursor"]),
        ("/api/leaderboard/vaults?minTrades=-1&minFollowers=x", ["minFollowers", "minTrades"]),
        (f"/api/leaderboard/rank/{VAULT_ID}?reach=11", ["reach"]),
        (f"/api/leaderboard/rank/{VAULT_ID}?sort=volume", ["baseAsset"]),
        ("/api/leaderboard/rank/me", ["id"]),
    ],
)
async def test_a_bad_parameter_of_a_board_is_named(path, fields):
    async with stage() as gateway:
        body = await gateway.get(path, status=400)
    assert body["error"]["code"] == "VALIDATION_ERROR"
    assert [detail["field"] for detail in body["error"]["details"]] == fields


async def test_a_rank_comes_with_its_neighbours():
    async with stage() as gateway:
        gateway.script.answers["GetRank"] = pb.GetRankResponse(
            contender_id=VAULT_ID,
            address=VAULT_ADDRESS,
            vaults=pb.VaultNeighbours(entries=[rows.vault_entry(2, "8"), rows.vault_entry()]),
            place=rows.place(3, "7.5", 1),
            total_size=9,
            as_of=at(1_769_959_200),
            base_asset=BASE,
            sort="roi",
        )
        assert await gateway.get(f"/api/leaderboard/rank/{VAULT_ADDRESS.lower()}?window=7d&reach=1") == {
            "success": True,
            "data": {
                "id": VAULT_ID,
                "address": VAULT_ADDRESS,
                "kind": "vault",
                "sort": "roi",
                "window": "7d",
                "baseAsset": BASE,
                "value": 7.5,
                "rank": 3,
                "previousRank": 1,
                "total": 9,
                "neighbours": [{**VAULT_ENTRY_JSON, "rank": 2, "value": 8}, VAULT_ENTRY_JSON],
                "nullReasons": {},
            },
            "meta": AS_OF,
        }
        (asked,) = gateway.script.requests("GetRank")
    # uuid5(0f3a9d1e-6c1b-5b7e-9d58-2f6f0f7c5a11, "vault:125:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
    assert asked.vault_id == "75bcdf5d-bd5e-5bd9-a74d-08d91bd12977"
    assert asked.user_id != asked.vault_id
    assert (asked.board, asked.reach) == (pb.Board(window="7d"), 1)


async def test_a_leader_is_looked_up_by_reputation_unless_told():
    async with stage() as gateway:
        gateway.script.answers["GetRank"] = pb.GetRankResponse(
            contender_id=LEADER_ID,
            address=LEADER_ADDRESS,
            reputation=pb.ReputationNeighbours(entries=[rows.reputation_entry()]),
            place=rows.place(2, "800", 5),
            total_size=3,
            sort="reputation",
        )
        data = (await gateway.get(f"/api/leaderboard/rank/{LEADER_ID}"))["data"]
        (asked,) = gateway.script.requests("GetRank")
    assert (data["kind"], data["rank"], data["previousRank"], data["value"], data["baseAsset"]) == (
        "leader", 2, 5, 800, None,
    )  # fmt: skip
    assert data["neighbours"] == [
        {
            "id": LEADER_ID,
            "walletAddress": LEADER_ADDRESS,
            "value": 800,
            "rank": 2,
            "previousRank": 5,
            "argusScore": 800,
            "joinedAt": "2026-02-01T03:20:00.000Z",
            "_count": {"vaultsLed": 4},
        }
    ]
    assert (asked.vault_id, asked.user_id, asked.board.sort) == (LEADER_ID, LEADER_ID, "")


async def test_who_is_not_on_a_board_has_no_rank_and_who_is_unknown_is_not_found():
    async with stage() as gateway:
        gateway.script.answers["GetRank"] = pb.GetRankResponse(
            contender_id=LEADER_ID, address=LEADER_ADDRESS, leaders=pb.LeaderNeighbours(), sort="sharpe", total_size=4
        )
        data = (await gateway.get(f"/api/leaderboard/rank/{LEADER_ID}?sort=sharpe"))["data"]
        assert (data["rank"], data["previousRank"], data["value"], data["neighbours"]) == (None, None, None, [])
        assert data["nullReasons"] == {"rank": "not_ranked", "value": "not_ranked"}
        gateway.script.answers["GetRank"] = NotFound("nobody", reason="CONTENDER_NOT_FOUND")
        body = await gateway.get(f"/api/leaderboard/rank/{VAULT_ID}", status=404)
    assert body["error"]["code"] == "CONTENDER_NOT_FOUND"
