"""Figures of windows, histories and definitions: exact JSON, the calls behind it, and what is refused."""

from __future__ import annotations

import pytest

from libs.errors import NotFound
from protos.analytics.v1 import analytics_pb2, people_pb2, performance_pb2
from protos.ingest.v1 import ingest_pb2
from protos.vaults.v1 import vaults_pb2
from tests.integration import gateway_performance_rows as rows
from tests.integration.gateway_performance_rows import DETAILS_JSON, UNKNOWN_DETAILS_JSON, UNKNOWN_WINDOW, WINDOWS_JSON
from tests.integration.gateway_rows import BASE, LEADER_ADDRESS, TOKEN, VAULT_ID, global_figures, vault_row
from tests.integration.gateway_rows import followers as follower_rows
from tests.integration.gateway_stage import Stage, eventually, stage

RISK = vaults_pb2.Risk(
    score=13, version=1, argus="10.0", drawdown="0.297029702970297029702970297029702970", volatility="0"
)


def script_vault(gateway: Stage) -> None:
    gateway.script.answers["GetVault"] = vaults_pb2.GetVaultResponse(vault=vault_row(), risk=RISK)
    gateway.script.answers["ListTrades"] = analytics_pb2.ListTradesResponse()


async def test_a_vaults_performance_is_keyed_by_window_with_reasons_for_every_null():
    async with stage() as gateway:
        gateway.script.answers["GetVaultPerformance"] = rows.vault_performance()
        assert await gateway.get(f"/api/vaults/{VAULT_ID}/performance") == {
            "success": True,
            "data": WINDOWS_JSON,
            "meta": {"asOf": "2026-02-01T15:20:00.000Z", "blockNumber": 1234567},
        }
        assert gateway.script.requests("GetVaultPerformance")[0].vault_id == VAULT_ID


async def test_the_detail_of_a_vault_shows_its_fold_its_risk_and_its_windows():
    async with stage() as gateway:
        script_vault(gateway)
        gateway.script.answers["GetVaultPerformance"] = rows.vault_performance()
        body = await gateway.get(f"/api/vaults/{VAULT_ID}")
    data = body["data"]
    assert {name: data[name] for name in DETAILS_JSON} == DETAILS_JSON
    assert data["performance"] == WINDOWS_JSON
    components = {"argus": 10.0, "drawdown": 0.297029702970297, "volatility": 0.0}
    assert data["risk"] == {"score": 13, "version": 1, "components": components}
    assert "position" not in data
    assert body["meta"] == {
        "asOf": "2026-02-01T04:20:00.000Z",
        "blockNumber": 1234567,
        "figuresAsOf": "2026-02-01T15:20:00.000Z",
    }


async def test_the_detail_of_a_vault_that_analytics_has_not_heard_of_is_nulls_with_reasons():
    async with stage() as gateway:
        script_vault(gateway)
        body = await gateway.get(f"/api/vaults/{VAULT_ID}")
    data = body["data"]
    assert {name: data[name] for name in UNKNOWN_DETAILS_JSON} == UNKNOWN_DETAILS_JSON
    assert data["performance"] == dict.fromkeys(("24h", "7d", "30d", "90d", "1y", "all"), UNKNOWN_WINDOW)
    assert body["meta"]["figuresAsOf"] is None


async def test_the_detail_of_a_vault_shows_the_position_of_a_wallet_or_that_there_is_none():
    wallet = LEADER_ADDRESS.lower()
    async with stage() as gateway:
        script_vault(gateway)
        stays = follower_rows().followers[0]
        gateway.script.answers["GetFollower"] = people_pb2.GetFollowerResponse(follower=stays)
        body = await gateway.get(f"/api/vaults/{VAULT_ID}?user={wallet}")
        position = body["data"]["position"]
        assert (position["walletAddress"], position["depositedAmount"], position["pnl"]) == (
            LEADER_ADDRESS,
            "500",
            "-58",
        )
        (asked,) = gateway.script.requests("GetFollower")
        assert (asked.vault_id, asked.wallet_address) == (VAULT_ID, LEADER_ADDRESS)
        gateway.script.answers["GetFollower"] = NotFound("no such follower", reason="FOLLOWER_NOT_FOUND")
        body = await gateway.get(f"/api/vaults/{VAULT_ID}?user={TOKEN}")
        assert body["data"]["position"] is None
        refused = await gateway.get(f"/api/vaults/{VAULT_ID}?user=0x12", status=400)
    assert [detail["field"] for detail in refused["error"]["details"]] == ["user"]


async def test_a_history_shows_the_metrics_that_were_asked_for_and_says_why_a_drawdown_is_null():
    first = {"t": "2026-02-01T03:00:00.000Z", "price": "1", "equity": "100", "tvl": "0", "pnl": "100"}
    second = {"t": "2026-02-01T04:00:00.000Z", "price": "1.05", "equity": "1150", "tvl": "1000", "pnl": "150"}
    async with stage() as gateway:
        gateway.script.answers["GetVaultHistory"] = rows.vault_history()
        assert await gateway.get(f"/api/vaults/{VAULT_ID}/history") == {
            "success": True,
            "data": [
                {**first, "drawdown": None, "followers": 0, "nullReasons": {"drawdown": "no_deposits"}},
                {**second, "drawdown": 0, "followers": 1},
                {**second, "t": "2026-02-01T05:00:00.000Z", "drawdown": 0, "followers": 1},
            ],
            "meta": {"asOf": "2026-02-01T04:20:00.000Z", "blockNumber": 1234567},
        }
        some = await gateway.get(f"/api/vaults/{VAULT_ID}/history?metrics=followers,price")
        assert some["data"] == [
            {"t": "2026-02-01T03:00:00.000Z", "price": "1", "followers": 0},
            {"t": "2026-02-01T04:00:00.000Z", "price": "1.05", "followers": 1},
            {"t": "2026-02-01T05:00:00.000Z", "price": "1.05", "followers": 1},
        ]
        path = f"/api/vaults/{VAULT_ID}/history?resolution=1w&from=2026-02-01T03:20:00Z&to=1769919600&limit=10000"
        await gateway.get(path)
        default, _, chosen = (request.range for request in gateway.script.requests("GetVaultHistory"))
    assert (default.resolution, default.HasField("since"), default.HasField("until"), default.limit) == (
        "1h", False, False, 1000,
    )  # fmt: skip
    assert (chosen.resolution, chosen.since.seconds, chosen.until.seconds, chosen.limit) == (
        "1w", 1_769_916_000, 1_769_919_600, 10_000,
    )  # fmt: skip


async def test_a_history_can_be_had_as_csv():
    async with stage() as gateway:
        gateway.script.answers["GetVaultHistory"] = rows.vault_history()
        path = f"{gateway.url}/api/vaults/{VAULT_ID}/history?metrics=price,drawdown&format=csv"
        async with gateway.session.get(path) as response:
            assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
            assert await response.text() == (
                "t,price,drawdown\r\n2026-02-01T03:00:00.000Z,1,\r\n2026-02-01T04:00:00.000Z,1.05,0.0\r\n"
                "2026-02-01T05:00:00.000Z,1.05,0.0\r\n"
            )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("metrics=price,volume", "metrics"),
        ("metrics=", "metrics"),
        ("resolution=1m", "resolution"),
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("to=-1", "to"),
        ("from=1769919600&to=1769916000", "from"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("format=xml", "format"),
        ("from=1&from=2", "from"),
    ],
)
async def test_a_bad_parameter_of_a_history_is_named(query, field):
    async with stage() as gateway:
        body = await gateway.get(f"/api/vaults/{VAULT_ID}/history?{query}", status=400)
    assert body["error"]["code"] == "VALIDATION_ERROR"
    assert [detail["field"] for detail in body["error"]["details"]] == [field]


async def test_the_global_history_has_a_row_for_each_bucket_and_base_asset():
    async with stage() as gateway:
        gateway.script.answers["GetGlobalHistory"] = rows.global_history()
        assert await gateway.get(f"/api/analytics/global/history?baseAsset={BASE.lower()}&resolution=1d") == {
            "success": True,
            "data": [{"t": "2026-02-01T03:00:00.000Z", "baseAsset": BASE, "tvl": "1000", "pnl": "-5", "vaults": 2}],
            "meta": {"asOf": "2026-02-01T04:20:00.000Z", "blockNumber": None},
        }
        (asked,) = gateway.script.requests("GetGlobalHistory")
    assert (asked.base_asset, asked.range.resolution, asked.range.limit) == (BASE, "1d", 1000)


async def test_globals_add_no_amounts_of_different_base_assets():
    async with stage() as gateway:
        gateway.script.answers["GetGlobalAnalytics"] = global_figures()
        gateway.script.answers["GetGlobalPerformance"] = rows.global_performance()
        body = await gateway.get("/api/analytics/global")
    assert list(body["data"].items())[4:] == [
        ("tvlByAsset", {BASE: "1000"}),
        ("vaultsByStatus", {"ACTIVE": 2, "PAUSED": 0, "LIQUIDATED": 1}),
        ("followers", 4),
        ("leaders", 3),
        (
            "performance",
            {
                "24h": {TOKEN: {"volume": "9", "netFlow": "-4", "pnl": "-5"}},
                **{window: {} for window in ("7d", "30d", "90d", "1y", "all")},
            },
        ),
    ]
    assert body["meta"]["figuresAsOf"] == "2026-02-01T15:20:00.000Z"


async def test_definitions_say_what_the_service_says():
    async with stage() as gateway:
        gateway.script.answers["ListDefinitions"] = performance_pb2.ListDefinitionsResponse(
            definitions=[
                performance_pb2.Definition(
                    name="sharpe", formula="f", unit="ratio", null_reasons=["no_variance"], windowed=True, version=1
                )
            ],
            null_reasons={"no_variance": "all daily returns are equal"},
            version=3,
            windows=["24h", "all"],
        )
        assert await gateway.get("/api/metrics/definitions") == {
            "success": True,
            "data": {
                "version": 3,
                "windows": ["24h", "all"],
                "definitions": [
                    {
                        "name": "sharpe",
                        "formula": "f",
                        "unit": "ratio",
                        "nullReasons": ["no_variance"],
                        "windowed": True,
                        "version": 1,
                    }
                ],
                "nullReasons": {"no_variance": "all daily returns are equal"},
            },
        }


async def test_windowed_answers_are_kept_until_a_refresh_is_announced():
    paths = [f"/api/vaults/{VAULT_ID}/performance", "/api/analytics/global/history", f"/api/vaults/{VAULT_ID}/history"]
    methods = ["GetVaultPerformance", "GetGlobalHistory", "GetVaultHistory"]
    async with stage() as gateway:
        answers = (rows.vault_performance(), rows.global_history(), rows.vault_history())
        gateway.script.answers.update(zip(methods, answers, strict=True))
        etags = [(await gateway.ask("GET", path))[0].headers["ETag"] for path in paths]
        for path, etag in zip(paths, etags, strict=True):
            response, _ = await gateway.ask("GET", path, If_None_Match=etag)
            assert response.status == 304
        assert [gateway.script.count(method) for method in methods] == [1, 1, 1]
        cache = gateway.gateway.cache
        assert cache is not None
        gateway.changes.announce(ingest_pb2.CHANGE_KIND_SNAPSHOT)
        await eventually(lambda: len(cache) == 0)
        for path in paths:
            await gateway.get(path)
        assert [gateway.script.count(method) for method in methods] == [2, 2, 2]
