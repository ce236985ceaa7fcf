"""Figures as a reader gets them: the golden ledger, the same number on every endpoint, nulls with reasons."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.rest_stage import Rest, rest
from tests.integration.service_pair import address, id_of, scored
from tests.oracle.jobs import BASE, LEADER, VAULT, WALLETS, deployed, flow, job, trade
from tests.oracle.sending import DAY, START, RawJob
from tests.servers import Database

MIDNIGHT = START - START % DAY
NOW = MIDNIGHT + 30 * DAY
OTHER_BASE = "0x" + "99" * 20
OTHER_LEADER = address(9)
LOST, IDLE, BOTH = address(1), address(2), address(3)
WINDOWS = ("24h", "7d", "30d", "90d", "1y", "all")


def golden(where: str = VAULT, first: int = 1000, gain: int = 100) -> list[RawJob]:
    """A deposit of 10000 on day 0 at 00:00, then a gain and half of it lost in turn at 12:00 of 30 days."""
    jobs = [flow(first, "A", "DEPOSIT", 10_000, vaultAddress=where, timestamp=MIDNIGHT, txHash=f"0x{first:064x}")]
    for day in range(30):
        result = gain if day % 2 == 0 else -gain // 2
        at = MIDNIGHT + day * DAY + DAY // 2
        jobs.append(trade(first + 1 + day, result, vaultAddress=where, timestamp=at))
    return jobs


def platform() -> list[RawJob]:
    """Five vaults of two leaders: the golden one, one that lost everything, one that nobody used, two of one leader."""
    jobs = [scored(LEADER, 800), scored(OTHER_LEADER, 700)]
    jobs.append(deployed(timestamp=MIDNIGHT))
    for number, where in enumerate((LOST, BOTH), start=1):
        jobs.append(deployed(1 + number, vaultAddress=where, leader=OTHER_LEADER, timestamp=MIDNIGHT))
    jobs.append(deployed(9, vaultAddress=IDLE, baseAsset=OTHER_BASE, timestamp=MIDNIGHT + DAY))
    jobs += golden() + golden(BOTH, 2000, 40)
    jobs.append(flow(3000, "B", "DEPOSIT", 1000, vaultAddress=LOST, timestamp=MIDNIGHT + DAY))
    jobs.append(trade(3001, -1200, vaultAddress=LOST, timestamp=MIDNIGHT + 2 * DAY))
    jobs.append(flow(3002, "C", "DEPOSIT", 500, vaultAddress=LOST, timestamp=MIDNIGHT + 3 * DAY))
    return jobs


async def windows_of(front: Rest, where: str) -> Any:
    return await front.data(f"/api/vaults/{where}/performance")


async def test_the_golden_ledger_shows_its_published_figures(database: Database) -> None:
    async with rest(database) as front:
        await front.feed([scored(LEADER, 800), deployed(timestamp=MIDNIGHT), *golden()])
        await front.refresh(NOW)
        month = (await windows_of(front, VAULT))["30d"]
        for name, value in (
            ("annualisedPct", 141.066196136416),
            ("volatilityPct", 14.0454165713185),
            ("sharpe", 6.33996571029731),
            ("sortino", 13.7675867333509),
            ("calmar", 284.953716195561),
            ("maxDrawdownPct", 0.495049504950495),
        ):
            assert month[name] == pytest.approx(value, rel=1e-14)
        assert (month["roiPct"], month["pnl"], month["partial"], month["coverageDays"]) == (7.5, "750", False, 30)
        assert (month["closedWinRatePct"], month["profitFactor"], month["nullReasons"]) == (50, 2, {})
        assert (month["peakAt"], month["troughAt"]) == ("2023-11-14T12:00:00.000Z", "2023-11-15T12:00:00.000Z")
        detail = await front.data(f"/api/vaults/{VAULT}")
        assert (detail["risk"]["score"], detail["riskScore"], detail["ageDays"]) == (13, 13, 30)
        assert (detail["equity"], detail["netDeposits"], detail["unitPrice"]) == ("10750", "10000", "1.075")
        assert detail["highWaterMark"] == "1.08"
        position = (await front.data(f"/api/vaults/{VAULT}?user={WALLETS['A']}"))["position"]
        assert (position["depositedAmount"], position["equity"], position["pnl"], position["roiPct"]) == (
            "10000", "10750", "750", 7.5,
        )  # fmt: skip
        assert (await front.data(f"/api/vaults/{VAULT}?user={WALLETS['B']}"))["position"] is None
        assert detail["lastTradeAt"] == "2023-12-13T12:00:00.000Z"
    async with rest(database) as front:
        # Nothing goes back: figures of a second earlier are those of the last refresh.
        await front.refresh(NOW - 1)
        assert (await windows_of(front, VAULT))["30d"] == month


async def test_a_second_before_the_thirtieth_day_is_over_there_are_too_few_days(database: Database) -> None:
    async with rest(database) as front:
        await front.feed([scored(LEADER, 800), deployed(timestamp=MIDNIGHT), *golden()])
        await front.refresh(NOW - 1)
        month = (await windows_of(front, VAULT))["30d"]
        four = ("volatilityPct", "sharpe", "sortino", "calmar")
        assert [(month[name], month["nullReasons"][name]) for name in four] == [(None, "too_few_days")] * 4
        assert (await front.data(f"/api/vaults/{VAULT}"))["risk"]["score"] == 10


async def test_a_figure_is_the_same_number_on_every_endpoint(database: Database) -> None:
    async with rest(database) as front:
        await front.feed(platform())
        await front.refresh(NOW)
        for where in (VAULT, LOST, IDLE, BOTH):
            await check_vault(front, where)
        await check_boards(front)
        await check_leaders(front)
        await check_globals(front)


async def check_vault(front: Rest, where: str) -> None:
    windows, detail = await windows_of(front, where), await front.data(f"/api/vaults/{where}")
    assert detail["performance"] == windows
    legacy = await front.data(f"/api/analytics/vault/{where}")
    listed = {vault["id"]: vault for vault in await front.data("/api/vaults")}[detail["id"]]
    for name in ("tvl", "roi", "drawdown"):
        assert detail[name] == legacy[name] == listed[name]
    assert detail["riskScore"] == listed["riskScore"] == detail["risk"]["score"]
    assert legacy["roi"] == pytest.approx(windows["all"]["roiPct"] or 0, abs=0.005)
    assert legacy["drawdown"] == pytest.approx(windows["all"]["maxDrawdownPct"] or 0, abs=0.005)
    points = await front.data(f"/api/vaults/{where}/history?resolution=1d")
    if not points:
        assert detail["lastTradeAt"] is None
        return
    last = points[-1]
    assert (last["price"], last["equity"], last["tvl"]) == (detail["unitPrice"], detail["equity"], detail["tvl"])
    assert (last["pnl"], last["drawdown"]) == (windows["all"]["pnl"], windows["all"]["currentDrawdownPct"])
    assert last["followers"] == detail["_count"]["followers"]
    totals = await front.data(f"/api/vaults/{where}/followers")
    assert sum(int(row["depositedAmount"]) for row in totals) == int(detail["tvl"])


FIGURES = {"roi": "roiPct", "sharpe": "sharpe", "winRate": "closedWinRatePct", "pnl": "pnl", "volume": "volume"}


async def check_boards(front: Rest) -> None:
    windows = {where: await windows_of(front, where) for where in (VAULT, LOST, IDLE, BOTH)}
    for window in WINDOWS:
        for sort, figure in FIGURES.items():
            answer = await front.get(f"/api/leaderboard/vaults?sort={sort}&window={window}&baseAsset={BASE}")
            assert answer["meta"]["asOf"] == "2023-12-14T00:00:00.000Z"
            shown = {row["contractAddress"]: row["value"] for row in answer["data"]}
            expected = {where: windows[where][window][figure] for where in (VAULT, LOST, BOTH)}
            assert shown == {where: value for where, value in expected.items() if value is not None}
            for row in answer["data"]:
                place = await front.data(
                    f"/api/leaderboard/rank/{row['contractAddress']}?sort={sort}&window={window}&baseAsset={BASE}"
                )
                assert (place["rank"], place["value"]) == (row["rank"], row["value"])
                assert row in place["neighbours"]


async def check_leaders(front: Rest) -> None:
    """A leader with one vault of a base asset has its figures; one with two has its own chain."""
    windows = await windows_of(front, VAULT)
    for sort in ("roi", "sharpe", "winRate"):
        rows = await front.data(f"/api/leaderboard?sort={sort}&window=30d")
        (single,) = [row for row in rows if (row["walletAddress"], row["baseAsset"]) == (LEADER, BASE)]
        assert single["value"] == windows["30d"][FIGURES[sort]]
    (chained,) = [
        row for row in await front.data(f"/api/leaderboard?sort=pnl&baseAsset={BASE}")
        if row["walletAddress"] == OTHER_LEADER
    ]  # fmt: skip
    pnl = [int((await windows_of(front, where))["all"]["pnl"]) for where in (LOST, BOTH)]
    assert int(chained["value"]) == sum(pnl)
    assert chained["_count"] == {"vaultsLed": 2, "followers": 3, "trades": 31}


async def check_globals(front: Rest) -> None:
    whole = await front.get("/api/analytics/global")
    data = whole["data"]
    assert data["tvlByAsset"] == {BASE: "20000", OTHER_BASE: "0"}
    assert sum(map(int, data["tvlByAsset"].values())) == int(data["totalTvl"])
    assert data["vaultsByStatus"] == {"ACTIVE": 3, "PAUSED": 0, "LIQUIDATED": 1}
    assert (data["followers"], data["leaders"]) == (3, 2)
    assert whole["meta"]["figuresAsOf"] == "2023-12-14T00:00:00.000Z"
    for window in WINDOWS:
        each = [(await windows_of(front, where))[window] for where in (VAULT, LOST, BOTH)]
        sums = data["performance"][window][BASE]
        assert int(sums["pnl"]) == sum(int(one["pnl"]) for one in each)
        assert int(sums["volume"]) == sum(int(one["volume"]) for one in each)
    # 750 and 300 won, 1200 lost; 10000 twice, 1000 and 500 paid in.
    assert data["performance"]["all"][BASE] | {"volume": ""} == {"volume": "", "netFlow": "21500", "pnl": "-150"}
    last = (await front.data(f"/api/analytics/global/history?resolution=1d&baseAsset={BASE}"))[-1]
    assert last == {"t": "2023-12-14T00:00:00.000Z", "baseAsset": BASE, "tvl": "21500", "pnl": "-150", "vaults": 3}


async def test_what_was_never_refreshed_or_never_used_is_nulls_with_reasons(database: Database) -> None:
    async with rest(database) as front:
        assert (await front.get("/api/leaderboard/vaults"))["data"] == []
        assert (await front.get("/api/leaderboard?sort=sharpe"))["meta"]["asOf"] is None
        assert await front.data("/api/analytics/global/history") == []
        await front.feed([deployed(timestamp=MIDNIGHT)])
        for window in (await windows_of(front, VAULT)).values():
            reasons = window.pop("nullReasons")
            assert set(window.values()) == {None}
            assert reasons == dict.fromkeys(window, "not_refreshed")
        detail = await front.data(f"/api/vaults/{VAULT}")
        assert detail["nullReasons"] == {"ageDays": "not_refreshed", "epochRoiPct": "no_deposits"}
        assert await front.data(f"/api/vaults/{VAULT}/history") == []
        place = await front.data(f"/api/leaderboard/rank/{VAULT}")
        assert (place["rank"], place["nullReasons"]["rank"]) == (None, "not_ranked")
        assert (await front.data(f"/api/leaderboard/rank/{LEADER}"))["rank"] is None
        await front.refresh(NOW)
        month = (await windows_of(front, VAULT))["30d"]
        assert (month["roiPct"], month["pnl"], month["coverageDays"], month["partial"]) == (None, "0", 0, True)
        assert month["nullReasons"]["roiPct"] == "no_deposits"
        assert month["nullReasons"]["sharpe"] == "too_few_days"
        assert month["nullReasons"]["profitFactor"] == "no_losses"
        assert (await front.data(f"/api/vaults/{VAULT}"))["ageDays"] == 30
        unknown = address(77)
        for path in ("performance", "history"):
            assert (await front.get(f"/api/vaults/{unknown}/{path}", 404))["error"]["code"] == "VAULT_NOT_FOUND"
        answer = await front.get(f"/api/leaderboard/rank/{unknown}", 404)
        assert answer["error"]["code"] == "CONTENDER_NOT_FOUND"


async def test_a_later_epoch_shows_in_the_detail_and_in_nothing_windowed(database: Database) -> None:
    async with rest(database) as front:
        await front.feed(platform())
        await front.feed([trade(3003, 50, vaultAddress=LOST, timestamp=MIDNIGHT + 4 * DAY)])
        await front.refresh(NOW)
        detail = await front.data(f"/api/vaults/{LOST}")
        assert (detail["status"], detail["epoch"], detail["unitPrice"], detail["epochRoiPct"]) == (
            "LIQUIDATED", 2, "1.1", 10,
        )  # fmt: skip
        assert (detail["equity"], detail["performance"]["all"]["roiPct"]) == ("350", -100)
        assert detail["performance"]["24h"]["roiPct"] is None
        assert detail["performance"]["24h"]["nullReasons"]["roiPct"] == "liquidated"


async def test_definitions_name_every_figure_of_an_answer(database: Database) -> None:
    async with rest(database) as front:
        await front.feed([deployed(timestamp=MIDNIGHT)])
        answer = await front.data("/api/metrics/definitions")
        defined = {row["name"]: row for row in answer["definitions"]}
        month = (await windows_of(front, VAULT))["30d"]
        assert set(month) - {"nullReasons"} == {name for name, row in defined.items() if row["windowed"]}
        assert answer["windows"] == list(WINDOWS)
        reasons = {reason for row in defined.values() for reason in row["nullReasons"]}
        assert reasons == set(answer["nullReasons"])
        detail = await front.data(f"/api/vaults/{VAULT}")
        shown = {"equity", "netDeposits", "unitPrice", "epoch", "epochRoiPct", "unallocatedEquity", "highWaterMark"}
        assert shown | {"ageDays", "lastTradeAt", "roi", "drawdown", "tvl", "riskScore"} <= set(detail) & set(defined)


async def test_a_paused_vault_stays_ranked_and_marked(database: Database) -> None:
    async with rest(database) as front:
        await front.feed(platform())
        await front.refresh(NOW)
        status: RawJob = {"vaultAddress": VAULT, "status": "PAUSED", "reason": "", "observedAt": NOW}
        await front.feed([job("vault_status", "paused", **status)])
        rows = await front.data("/api/leaderboard/vaults")
        assert [(row["id"], row["status"], row["value"]) for row in rows] == [
            (id_of(VAULT), "PAUSED", 7.5),
            (id_of(BOTH), "ACTIVE", 3.0),
            (id_of(LOST), "LIQUIDATED", -100.0),
        ]
