"""Every endpoint's exact JSON and the calls behind it."""

from __future__ import annotations

import pytest

from libs.errors import NotFound
from protos.analytics.v1 import analytics_pb2
from protos.vaults.v1 import vaults_pb2
from tests.integration import gateway_rows as rows
from tests.integration.gateway_rows import KNOWN_TRADE_JSON, VAGUE_TRADE_JSON, VAULT_ID, VAULT_JSON
from tests.integration.gateway_stage import at, stage


async def test_vaults_are_listed_with_the_legacy_fields_and_pagination():
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list(total=1)
        assert await gateway.get("/api/vaults") == {
            "success": True,
            "data": [VAULT_JSON],
            "pagination": {"total": 1, "limit": 1000, "offset": 0, "hasMore": False, "nextCursor": None},
            "meta": {"asOf": "2026-02-01T04:20:00.000Z", "blockNumber": 1234567},
        }
        (request,) = gateway.script.requests("ListVaults")
        assert (request.page_size, request.skip, request.page_token) == (1000, 0, "")


async def test_a_vault_without_deposits_has_numbers_and_not_nulls():
    bare = rows.vault_row(tvl="0", max_drawdown_pct="0", status=3)
    bare.ClearField("roi_pct")
    bare.ClearField("block_number")
    bare.ClearField("as_of")
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list(bare)
        body = await gateway.get("/api/vaults")
    (vault,) = body["data"]
    assert (vault["roi"], vault["drawdown"], vault["tvl"], vault["status"]) == (0, 0, "0", "LIQUIDATED")
    assert body["meta"] == {"asOf": None, "blockNumber": None}


async def test_an_empty_list_of_vaults_is_a_success():
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = type(rows.vault_list())()
        assert await gateway.get("/api/vaults?limit=10") == {
            "success": True,
            "data": [],
            "pagination": {"total": 0, "limit": 10, "offset": 0, "hasMore": False, "nextCursor": None},
            "meta": {"asOf": None, "blockNumber": None},
        }


async def test_vaults_are_paged_by_offset_and_by_cursor():
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list(total=9, token="bmV4dA")
        by_offset = await gateway.get("/api/vaults?limit=1&offset=3")
        assert by_offset["pagination"] == {
            "total": 9,
            "limit": 1,
            "offset": 3,
            "hasMore": True,
            "nextCursor": "bmV4dA",
        }
        by_cursor = await gateway.get("/api/vaults?limit=1&cursor=bmV4dA&offset=0")
        assert by_cursor["pagination"]["offset"] is None
        first, second = gateway.script.requests("ListVaults")
    assert (first.page_size, first.skip, first.page_token) == (1, 3, "")
    assert (second.page_size, second.skip, second.page_token) == (1, 0, "bmV4dA")


async def test_the_meta_of_a_list_is_the_last_change_of_its_rows():
    older = rows.vault_row(as_of=at(1_769_919_600), block_number=9)
    newer = rows.vault_row(as_of=at(1_769_919_600, 5_000_000), block_number=8)
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list(older, newer, total=2)
        body = await gateway.get("/api/vaults")
    assert body["meta"] == {"asOf": "2026-02-01T04:20:00.005Z", "blockNumber": 9}


async def test_a_vault_comes_with_its_latest_trades_and_the_legacy_fields_in_three_calls():
    async with stage() as gateway:
        gateway.script.answers["GetVault"] = vaults_pb2.GetVaultResponse(vault=rows.vault_row())
        gateway.script.answers["ListTrades"] = rows.trade_rows()
        body = await gateway.get(f"/api/vaults/{VAULT_ID}")
        assert body["success"] is True
        legacy = {**VAULT_JSON, "trades": [KNOWN_TRADE_JSON, VAGUE_TRADE_JSON]}
        assert {name: body["data"][name] for name in legacy} == legacy
        assert body["meta"]["asOf"] == "2026-02-01T05:20:00.000Z"
        assert body["meta"]["blockNumber"] == 1234570
        assert sorted(name for name, _ in gateway.script.calls) == ["GetVault", "GetVaultPerformance", "ListTrades"]
        assert gateway.script.requests("ListTrades")[0].page_size == 10


async def test_a_vault_that_analytics_does_not_know_yet_has_no_trades():
    async with stage() as gateway:
        gateway.script.answers["GetVault"] = vaults_pb2.GetVaultResponse(vault=rows.vault_row())
        gateway.script.answers["ListTrades"] = NotFound("no such vault", reason="VAULT_NOT_FOUND")
        body = await gateway.get(f"/api/vaults/{VAULT_ID}")
    assert body["data"]["trades"] == []


@pytest.mark.parametrize(
    "written",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
        "0x5AAEb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    ],
)
async def test_a_vault_is_found_by_its_address_in_any_letter_case(written):
    async with stage(chain_id=125) as gateway:
        gateway.script.answers["GetVaultAnalytics"] = rows.vault_figures()
        await gateway.get(f"/api/analytics/vault/{written}")
        # uuid5(0f3a9d1e-6c1b-5b7e-9d58-2f6f0f7c5a11, "vault:125:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
        assert gateway.script.requests("GetVaultAnalytics")[0].vault_id == "75bcdf5d-bd5e-5bd9-a74d-08d91bd12977"


async def test_a_uuid_may_be_written_in_capitals():
    async with stage() as gateway:
        gateway.script.answers["GetVaultAnalytics"] = rows.vault_figures()
        await gateway.get(f"/api/analytics/vault/{rows.LEADER_ID.upper()}")
        assert gateway.script.requests("GetVaultAnalytics")[0].vault_id == rows.LEADER_ID


async def test_trades_are_listed_with_their_marks():
    async with stage() as gateway:
        gateway.script.answers["ListTrades"] = rows.trade_rows()
        assert await gateway.get(f"/api/vaults/{VAULT_ID}/trades?limit=2&cursor=YQ") == {
            "success": True,
            "data": [
                {**KNOWN_TRADE_JSON, "isClose": True, "flags": [], "blockNumber": 1234567},
                {
                    **VAGUE_TRADE_JSON,
                    "isClose": False,
                    "flags": ["amount_out_unknown", "time_assumed"],
                    "blockNumber": None,
                },
            ],
            "pagination": {"total": 3, "limit": 2, "hasMore": True, "nextCursor": "dG9rZW4"},
            "meta": {"asOf": "2026-02-01T05:20:00.000Z", "blockNumber": 1234570},
        }
        await gateway.get(f"/api/vaults/{VAULT_ID}/trades")
        first, second = gateway.script.requests("ListTrades")
    assert (first.page_size, first.page_token) == (2, "YQ")
    assert (second.page_size, second.page_token) == (50, "")


async def test_followers_are_listed_with_those_who_left():
    async with stage() as gateway:
        gateway.script.answers["ListFollowers"] = rows.followers()
        assert await gateway.get(f"/api/vaults/{VAULT_ID}/followers") == {
            "success": True,
            "data": [
                {
                    "walletAddress": rows.LEADER_ADDRESS,
                    "depositedAmount": "500",
                    "equity": "442",
                    "pnl": "-58",
                    "roiPct": -11.428571428571429,
                    "since": "2026-02-01T03:20:00.000Z",
                    "left": False,
                },
                {
                    "walletAddress": rows.TOKEN,
                    "depositedAmount": "0",
                    "equity": "0",
                    "pnl": "0",
                    "roiPct": None,
                    "since": "2026-02-01T03:21:00.000Z",
                    "left": True,
                    "nullReasons": {"roiPct": "no_deposits"},
                },
            ],
            "totals": {
                "followers": 2,
                "active": 1,
                "left": 1,
                "profitable": 1,
                "profitableFollowersPct": 50.0,
                "depositedAmount": "500",
                "unallocatedEquity": "-7",
            },
            "pagination": {"total": 2, "limit": 50, "hasMore": False, "nextCursor": None},
            "meta": {"asOf": "2026-02-01T04:20:00.000Z", "blockNumber": None},
        }


async def test_global_analytics_have_the_legacy_fields():
    async with stage() as gateway:
        gateway.script.answers["GetGlobalAnalytics"] = rows.global_figures()
        body = await gateway.get("/api/analytics/global")
    assert list(body["data"].items())[:4] == [
        ("activeVaultsCount", 2),
        ("totalTvl", "231584178474632390847141970017375815706539969331281128078915168015826259279870"),
        ("totalTrades", 3),
        ("winRate", 33.33),
    ]
    assert body["meta"] == {"asOf": "2026-02-01T04:20:00.000Z", "blockNumber": 7, "figuresAsOf": None}


async def test_a_platform_without_trades_has_a_win_rate_of_zero():
    async with stage() as gateway:
        gateway.script.answers["GetGlobalAnalytics"] = analytics_pb2.GetGlobalAnalyticsResponse()
        body = await gateway.get("/api/analytics/global")
    assert body["data"] == {
        "activeVaultsCount": 0,
        "totalTvl": "0",
        "totalTrades": 0,
        "winRate": 0,
        "tvlByAsset": {},
        "vaultsByStatus": {"ACTIVE": 0, "PAUSED": 0, "LIQUIDATED": 0},
        "followers": 0,
        "leaders": 0,
        "performance": {"24h": {}, "7d": {}, "30d": {}, "90d": {}, "1y": {}, "all": {}},
    }
    assert body["meta"] == {"asOf": None, "blockNumber": None, "figuresAsOf": None}


async def test_vault_analytics_have_the_legacy_fields():
    async with stage() as gateway:
        gateway.script.answers["GetVaultAnalytics"] = rows.vault_figures(roi_pct="390.909090")
        assert await gateway.get(f"/api/analytics/vault/{VAULT_ID}") == {
            "success": True,
            "data": {
                "vaultId": VAULT_ID,
                "tvl": "1000",
                "roi": 390.91,
                "drawdown": 0,
                "totalTrades": 3,
                "profitableTrades": 2,
                "winRate": 66.67,
            },
            "meta": {"asOf": "2026-02-01T04:20:00.000Z", "blockNumber": 1234567},
        }


async def test_the_leaderboard_has_the_legacy_fields():
    async with stage() as gateway:
        gateway.script.answers["ListLeaders"] = rows.leaders()
        assert await gateway.get("/api/leaderboard") == {
            "success": True,
            "data": [
                {
                    "id": rows.LEADER_ID,
                    "walletAddress": rows.LEADER_ADDRESS,
                    "argusScore": 800,
                    "joinedAt": "2026-02-01T03:20:00.000Z",
                    "_count": {"vaultsLed": 4},
                }
            ],
            "pagination": {"total": 3, "limit": 50, "offset": 0, "hasMore": True},
            "meta": {"asOf": "2026-02-01T04:20:00.000Z", "blockNumber": None},
        }


@pytest.mark.parametrize(
    ("query", "limit", "offset", "has_more", "asked"),
    [
        ("?limit=1&offset=1", 1, 1, True, (1, 1)),
        ("?limit=1&offset=2", 1, 2, False, (1, 2)),
        ("?limit=100", 100, 0, True, (100, 0)),
        ("?limit=101", 100, 0, True, (100, 0)),
        ("?limit=99999999999999999999999999", 100, 0, True, (100, 0)),
        ("?offset=1000000", 50, 1_000_000, False, (50, 1_000_000)),
    ],
)
async def test_the_leaderboard_coerces_a_large_limit_and_takes_any_offset(query, limit, offset, has_more, asked):
    async with stage() as gateway:
        gateway.script.answers["ListLeaders"] = rows.leaders()
        body = await gateway.get(f"/api/leaderboard{query}")
        (request,) = gateway.script.requests("ListLeaders")
    assert body["pagination"] == {"total": 3, "limit": limit, "offset": offset, "hasMore": has_more}
    assert (request.page_size, request.skip) == asked


async def test_a_leaderboard_offset_that_no_service_reaches_is_an_empty_page():
    async with stage() as gateway:
        gateway.script.answers["ListLeaders"] = rows.leaders()
        body = await gateway.get("/api/leaderboard?offset=1000001")
        assert gateway.script.requests("ListLeaders")[0].skip == 1_000_000
    assert body["data"] == []
    assert body["pagination"] == {"total": 3, "limit": 50, "offset": 1000001, "hasMore": False}
