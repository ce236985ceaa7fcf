"""Flows, followers, users and portfolios over HTTP, and every list as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from libs.errors import NotFound
from protos.analytics.v1 import analytics_pb2, people_pb2
from protos.vaults.v1 import vaults_pb2
from tests.integration import gateway_rows as rows
from tests.integration.gateway_rows import BASE, HASH, LEADER_ADDRESS, LEADER_ID, TOKEN, VAULT_ADDRESS, VAULT_ID
from tests.integration.gateway_stage import Stage, at, stage


def flows() -> people_pb2.ListFlowsResponse:
    settled = people_pb2.Flow(
        id="00000000-0000-5000-8000-000000000003",
        vault_id=VAULT_ID,
        kind=people_pb2.FLOW_KIND_SETTLEMENT,
        user_id=LEADER_ID,
        wallet_address=LEADER_ADDRESS,
        amount="425",
        profit="500",
        leader_cut="50",
        protocol_cut="25",
        executed_at=at(1_769_919_600),
        transaction_hash=HASH,
        log_index=4,
        block_number=9,
    )
    paid_in = people_pb2.Flow(
        id="00000000-0000-5000-8000-000000000004",
        vault_id=VAULT_ID,
        kind=people_pb2.FLOW_KIND_DEPOSIT,
        user_id=LEADER_ID,
        wallet_address=LEADER_ADDRESS,
        amount="1000",
        executed_at=at(1_769_919_500),
        time_assumed=True,
    )
    return people_pb2.ListFlowsResponse(flows=[settled, paid_in], next_page_token="bW9yZQ", total_size=7)


SETTLED_JSON = {
    "id": "00000000-0000-5000-8000-000000000003",
    "vaultId": VAULT_ID,
    "kind": "SETTLEMENT",
    "walletAddress": LEADER_ADDRESS,
    "amount": "425",
    "profit": "500",
    "leaderCut": "50",
    "protocolCut": "25",
    "executedAt": "2026-02-01T04:20:00.000Z",
    "timeAssumed": False,
    "txHash": HASH,
    "logIndex": 4,
    "blockNumber": 9,
}
UNKNOWN: dict[str, Any] = {"profit": None, "leaderCut": None, "protocolCut": None, "txHash": None, "logIndex": None}


async def test_flows_are_listed_with_what_was_asked_for() -> None:
    async with stage() as gateway:
        gateway.script.answers["ListFlows"] = flows()
        path = f"/api/vaults/{VAULT_ID}/flows?kind=deposit&wallet={LEADER_ADDRESS.lower()}&from=5&to=6&limit=2"
        assert await gateway.get(path) == {
            "success": True,
            "data": [
                SETTLED_JSON,
                {
                    **SETTLED_JSON,
                    **UNKNOWN,
                    "id": "00000000-0000-5000-8000-000000000004",
                    "kind": "DEPOSIT",
                    "amount": "1000",
                    "executedAt": "2026-02-01T04:18:20.000Z",
                    "timeAssumed": True,
                    "blockNumber": None,
                },
            ],
            "pagination": {"total": 7, "limit": 2, "hasMore": True, "nextCursor": "bW9yZQ"},
            "meta": {"asOf": None, "blockNumber": None},
        }
        (asked,) = gateway.script.requests("ListFlows")
        assert asked == people_pb2.ListFlowsRequest(
            vault_id=VAULT_ID,
            page_size=2,
            filter=people_pb2.FlowFilter(
                kind=people_pb2.FLOW_KIND_DEPOSIT, wallet_address=LEADER_ADDRESS, since=at(5), until=at(6)
            ),
        )


FOLLOWER = analytics_pb2.Follower(
    user_id=LEADER_ID,
    wallet_address=LEADER_ADDRESS,
    deposited_amount="500",
    equity="442",
    pnl="-58",
    roi_pct="-11.6",
    subscribed_at=at(1_769_916_000),
    deposited_total="700",
    withdrawn_total="150",
    settled_total="50",
    first_deposit_at=at(1_769_916_000),
    flags=[analytics_pb2.FOLLOWER_FLAG_WITHDRAWAL_EXCEEDS_DEPOSIT],
)
POSITION_JSON = {
    "depositedAmount": "500",
    "equity": "442",
    "pnl": "-58",
    "roiPct": -11.6,
    "since": "2026-02-01T03:20:00.000Z",
    "left": False,
    "depositedTotal": "700",
    "withdrawnTotal": "150",
    "settledTotal": "50",
    "firstDepositAt": "2026-02-01T03:20:00.000Z",
    "flags": ["withdrawal_exceeds_deposit"],
}


async def test_one_follower_is_shown_in_full_or_said_to_be_none() -> None:
    async with stage() as gateway:
        gateway.script.answers["GetFollower"] = people_pb2.GetFollowerResponse(follower=FOLLOWER, block_number=7)
        path = f"/api/vaults/{VAULT_ID}/followers/{LEADER_ADDRESS.lower()}"
        assert await gateway.get(path) == {
            "success": True,
            "data": {"walletAddress": LEADER_ADDRESS, **POSITION_JSON},
            "meta": {"asOf": None, "blockNumber": 7},
        }
        gateway.script.answers["GetFollower"] = NotFound("none", reason="FOLLOWER_NOT_FOUND")
        unknown = await gateway.get(f"/api/vaults/{VAULT_ID}/followers/{TOKEN}", status=404)
        assert unknown["error"]["code"] == "FOLLOWER_NOT_FOUND"
        malformed = await gateway.get(f"/api/vaults/{VAULT_ID}/followers/0x12", status=400)
        assert [detail["field"] for detail in malformed["error"]["details"]] == ["wallet"]


async def test_a_user_comes_with_vaults_and_subscriptions_in_two_calls() -> None:
    leader = rows.vault_row().leader
    async with stage() as gateway:
        gateway.script.answers["GetUser"] = vaults_pb2.GetUserResponse(
            user=leader, led_vault_ids=[VAULT_ID, "x"], led_vaults=[rows.vault_row()]
        )
        gateway.script.answers["ListPositions"] = people_pb2.ListPositionsResponse(
            positions=[
                people_pb2.Position(
                    vault_id=VAULT_ID,
                    contract_address=VAULT_ADDRESS,
                    vault_name="Alpha",
                    base_asset=BASE,
                    follower=FOLLOWER,
                )
            ],
            total_size=1_001,
            active_count=1,
            as_of=at(1_769_923_200),
        )
        assert await gateway.get(f"/api/users/{LEADER_ADDRESS.lower()}") == {
            "success": True,
            "data": {
                "id": LEADER_ID,
                "walletAddress": LEADER_ADDRESS,
                "argusScore": 800,
                "joinedAt": "2026-02-01T03:20:00.000Z",
                "vaultsLed": [rows.VAULT_JSON],
                "subscriptions": [
                    {
                        "vaultId": VAULT_ID,
                        "contractAddress": VAULT_ADDRESS,
                        "vaultName": "Alpha",
                        "baseAsset": BASE,
                        **POSITION_JSON,
                    }
                ],
                "_count": {"vaultsLed": 2, "subscriptions": 1_001, "activeSubscriptions": 1},
            },
            "meta": {"asOf": "2026-02-01T05:20:00.000Z", "blockNumber": 1_234_567},
        }
        assert len(gateway.script.calls) == 2
        gateway.script.answers["GetUser"] = NotFound("none", reason="USER_NOT_FOUND")
        assert (await gateway.get(f"/api/users/{TOKEN}", status=404))["error"]["code"] == "USER_NOT_FOUND"


async def test_a_portfolio_has_a_row_for_each_bucket_and_base_asset() -> None:
    point = people_pb2.PortfolioPoint(
        time=at(1_769_904_000), base_asset=BASE, equity="442", pnl="-58", deposited_amount="500"
    )
    async with stage() as gateway:
        gateway.script.answers["GetPortfolioHistory"] = people_pb2.GetPortfolioHistoryResponse(
            points=[point], as_of=at(1_769_923_200), block_number=3
        )
        path = f"/api/users/{LEADER_ADDRESS}/portfolio/history?resolution=1d&from=2026-02-01&limit=9&baseAsset={BASE}"
        assert await gateway.get(path) == {
            "success": True,
            "data": [
                {
                    "t": "2026-02-01T00:00:00.000Z",
                    "baseAsset": BASE,
                    "equity": "442",
                    "pnl": "-58",
                    "depositedAmount": "500",
                }
            ],
            "meta": {"asOf": "2026-02-01T05:20:00.000Z", "blockNumber": 3},
        }
        (asked,) = gateway.script.requests("GetPortfolioHistory")
        assert (asked.wallet_address, asked.base_asset) == (LEADER_ADDRESS, BASE)
        assert (asked.range.resolution, asked.range.since, asked.range.limit) == ("1d", at(1_769_904_000), 9)


async def test_conditions_on_vaults_and_trades_reach_the_services() -> None:
    async with stage() as gateway:
        gateway.script.answers["ListVaults"] = rows.vault_list()
        gateway.script.answers["ListTrades"] = rows.trade_rows()
        await gateway.get(
            f"/api/vaults?status=PAUSED&q=al&maxRiskScore=40&window=30d&sort=roi&order=asc&leader={LEADER_ID}"
        )
        await gateway.get(f"/api/vaults/{VAULT_ID}/trades?asset={BASE}&isClose=false&result=loss&flag=self_trade")
        (vaults,) = gateway.script.requests("ListVaults")
        assert (vaults.window, vaults.sort, vaults.order) == (
            "30d", vaults_pb2.VAULT_SORT_ROI, vaults_pb2.SORT_ORDER_ASCENDING,
        )  # fmt: skip
        assert vaults.filter == vaults_pb2.VaultFilter(
            statuses=[vaults_pb2.VAULT_STATUS_PAUSED], query="al", max_risk_score=40, leader_id=LEADER_ID
        )
        (trades,) = gateway.script.requests("ListTrades")
        assert trades.filter == analytics_pb2.TradeFilter(
            asset=BASE,
            is_close=False,
            outcome=analytics_pb2.TRADE_OUTCOME_LOSS,
            flag=analytics_pb2.TRADE_FLAG_SELF_TRADE,
        )


async def read_csv(gateway: Stage, path: str, **headers: str) -> tuple[Any, list[list[str]]]:
    """Response and rows of a CSV."""
    async with gateway.session.get(gateway.url + path, headers=headers) as response:
        text = (await response.read()).decode()
        return response, list(csv.reader(io.StringIO(text, newline="")))


async def test_a_list_as_csv_has_its_headers_and_the_way_to_the_next_page() -> None:
    async with stage() as gateway:
        evil = rows.vault_row(name='=HYPERLINK("http://x","y")')
        gateway.script.answers["ListVaults"] = rows.vault_list(evil, total=2, token="bW9yZQ")
        response, (header, row) = await read_csv(gateway, "/api/vaults?format=csv&limit=1&status=ACTIVE&offset=3")
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"] == 'attachment; filename="vaults.csv"'
        assert response.headers["Link"] == '</api/vaults?status=ACTIVE&limit=1&format=csv&cursor=bW9yZQ>; rel="next"'
        cells = dict(zip(header, row, strict=True))
        assert cells["name"] == '\'=HYPERLINK("http://x","y")'
        assert (cells["roi"], cells["tvl"]) == ("-11.43", rows.VAULT_JSON["tvl"])
        assert (cells["leader.walletAddress"], cells["_count.trades"]) == (LEADER_ADDRESS, "3")
        again, _ = await read_csv(
            gateway,
            "/api/vaults?format=csv&limit=1&status=ACTIVE&offset=3",
            **{"If-None-Match": response.headers["ETag"]},
        )
        assert again.status == 304


async def test_a_list_that_pages_by_offset_goes_on_behind_its_last_row() -> None:
    async with stage() as gateway:
        gateway.script.answers["ListLeaders"] = rows.leaders()
        response, _ = await read_csv(gateway, "/api/leaderboard?limit=1&offset=1&format=csv")
        assert response.headers["Link"] == '</api/leaderboard?limit=1&format=csv&offset=2>; rel="next"'
        last, _ = await read_csv(gateway, "/api/leaderboard?limit=1&offset=2&format=csv")
        assert "Link" not in last.headers


def flat(row: dict[str, Any], prefix: str = "") -> set[str]:
    """The columns of a row."""
    found: set[str] = set()
    for name, value in row.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
    return found


@pytest.mark.parametrize(
    ("path", "method", "answer", "name"),
    [
        ("/api/vaults", "ListVaults", rows.vault_list(), "vaults.csv"),
        (f"/api/vaults/{VAULT_ID}/trades", "ListTrades", rows.trade_rows(), f"vaults-{VAULT_ID}-trades.csv"),
        (f"/api/vaults/{VAULT_ID}/flows", "ListFlows", flows(), f"vaults-{VAULT_ID}-flows.csv"),
        (f"/api/vaults/{VAULT_ID}/followers", "ListFollowers", rows.followers(), f"vaults-{VAULT_ID}-followers.csv"),
        ("/api/leaderboard", "ListLeaders", rows.leaders(), "leaderboard.csv"),
    ],
)
async def test_every_field_of_a_list_is_a_column(path: str, method: str, answer: Any, name: str) -> None:
    async with stage() as gateway:
        gateway.script.answers[method] = answer
        data = (await gateway.get(path))["data"]
        response, (header, *lines) = await read_csv(gateway, f"{path}?format=csv")
        assert set(header) == set().union(*(flat(row) for row in data))
        assert len(lines) == len(data)
        assert name in response.headers["Content-Disposition"]
