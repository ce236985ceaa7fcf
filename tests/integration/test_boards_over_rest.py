"""Boards as a reader gets them: pages by cursor and offset, filters, rank changes, neighbours."""

from __future__ import annotations

from typing import Any

from tests.integration.rest_stage import Rest, rest
from tests.integration.service_pair import address, id_of, scored
from tests.oracle.jobs import BASE, LEADER, deployed, flow, trade
from tests.oracle.sending import DAY, START, RawJob
from tests.servers import Database

COUNT = 23
NOW = START + 3_600


def vault(number: int, result: int, **changes: Any) -> list[RawJob]:
    """A vault of a leader of its own: a deposit of 1000 and then a result."""
    where, first = address(number), 10 * number
    jobs = [deployed(first, vaultAddress=where, leader=address(1000 + number), **changes)]
    jobs.append(flow(first + 1, "A", "DEPOSIT", 1000, vaultAddress=where))
    jobs.append(trade(first + 2, result, vaultAddress=where))
    return jobs


def many() -> list[RawJob]:
    """Vaults 1 … 23: the number decides about the return, but three have the same; one was never used."""
    jobs = [step for number in range(1, COUNT + 1) for step in vault(number, 10 * (5 if number in (4, 6) else number))]
    return [*jobs, deployed(5000, vaultAddress=address(500), leader=LEADER)]


async def walked(front: Rest, path: str) -> list[Any]:
    """All rows of a list, page by page."""
    rows: list[Any] = []
    cursor = ""
    while True:
        answer = await front.get(f"{path}&limit=5{cursor}")
        rows += answer["data"]
        if not answer["pagination"]["hasMore"]:
            assert answer["pagination"]["nextCursor"] is None
            return rows
        cursor = f"&cursor={answer['pagination']['nextCursor']}"


async def test_a_board_read_by_cursor_or_by_offset_is_the_whole_board(database: Database) -> None:
    async with rest(database) as front:
        await front.feed(many())
        await front.refresh(NOW)
        for kind in ("/vaults", ""):
            path = f"/api/leaderboard{kind}?sort=roi&window=7d"
            whole = await front.get(f"{path}&limit=100")
            assert whole["pagination"] | {"limit": 0} == {
                "total": COUNT, "limit": 0, "offset": 0, "hasMore": False, "nextCursor": None,
            }  # fmt: skip
            rows = whole["data"]
            assert [row["rank"] for row in rows] == list(range(1, COUNT + 1))
            assert [row["value"] for row in rows] == [*range(23, 6, -1), 5, 5, 5, 3, 2, 1]
            assert await walked(front, path) == rows
            by_offset = [await front.data(f"{path}&limit=9&offset={skip}") for skip in (0, 9, 18, 27)]
            assert [row for page in by_offset for row in page] == rows
        # Of equals the oldest comes first: here all are as old, and the lower address decides.
        vaults = await front.data("/api/leaderboard/vaults?limit=100")
        assert [row["contractAddress"] for row in vaults if row["value"] == 5] == [address(4), address(5), address(6)]


async def test_a_row_that_comes_in_while_a_board_is_read_moves_no_other_row(database: Database) -> None:
    async with rest(database) as front:
        await front.feed(many())
        await front.refresh(NOW)
        first = await front.get("/api/leaderboard/vaults?limit=6")
        await front.feed(vault(90, 1000))
        await front.refresh(NOW + 60)
        cursor = first["pagination"]["nextCursor"]
        second = await front.get(f"/api/leaderboard/vaults?limit=6&cursor={cursor}")
        assert [row["value"] for row in second["data"]] == [17, 16, 15, 14, 13, 12]
        assert second["data"][0]["rank"] == 8


async def test_filters_leave_rows_out_but_ranks_are_those_of_the_whole_board(database: Database) -> None:
    async with rest(database) as front:
        await front.feed(many())
        await front.feed([flow(3000, "B", "DEPOSIT", 5, vaultAddress=address(3))])
        await front.feed([trade(3001, 0, vaultAddress=address(2))])
        await front.refresh(NOW)
        board = "/api/leaderboard/vaults?sort=roi"
        (richer,) = await front.data(f"{board}&minTvl=1001&baseAsset={BASE}")
        assert (richer["contractAddress"], richer["rank"], richer["tvl"]) == (address(3), 21, "1005")
        (followed,) = await front.data(f"{board}&minFollowers=2")
        assert (followed["contractAddress"], followed["_count"]) == (address(3), {"followers": 2, "trades": 1})
        answer = await front.get(f"{board}&minTrades=2")
        assert [row["rank"] for row in answer["data"]] == [22]
        assert answer["pagination"]["total"] == 1
        leaders = await front.data("/api/leaderboard?sort=winRate&minTrades=2")
        assert [row["walletAddress"] for row in leaders] == [address(1002)]


async def test_a_cursor_of_another_board_is_refused(database: Database) -> None:
    async with rest(database) as front:
        await front.feed(many())
        await front.refresh(NOW)
        cursor = (await front.get("/api/leaderboard/vaults?limit=6"))["pagination"]["nextCursor"]
        for query in ("sort=winRate", "window=7d", "minTrades=1", f"baseAsset={BASE}"):
            answer = await front.get(f"/api/leaderboard/vaults?{query}&cursor={cursor}", 400)
            assert [detail["field"] for detail in answer["error"]["details"]] == ["cursor"]
        for path in (f"/api/leaderboard?sort=roi&cursor={cursor}", "/api/leaderboard/vaults?cursor=nonsense"):
            answer = await front.get(path, 400)
            assert [detail["field"] for detail in answer["error"]["details"]] == ["cursor"]


async def test_previous_ranks_are_those_of_the_days_first_refresh(database: Database) -> None:
    async def ranks() -> list[tuple[str, int, int | None]]:
        rows = await front.data("/api/leaderboard/vaults?limit=3")
        return [(row["contractAddress"], row["rank"], row["previousRank"]) for row in rows]

    async with rest(database) as front:
        await front.feed(vault(1, 10) + vault(2, 20))
        await front.refresh(NOW)
        await front.feed([trade(7000, 500, vaultAddress=address(1), timestamp=NOW + 1), *vault(3, 50)])
        await front.refresh(NOW + 60)
        assert await ranks() == [(address(1), 1, 2), (address(3), 2, None), (address(2), 3, 1)]
        await front.refresh(NOW + DAY)
        assert await ranks() == [(address(1), 1, 1), (address(3), 2, 2), (address(2), 3, 3)]


async def test_a_place_comes_with_as_many_neighbours_as_there_are(database: Database) -> None:
    async with rest(database) as front:
        await front.feed([*many(), scored(address(1003), 700), scored(address(1002), 900), scored(LEADER, 1)])
        await front.refresh(NOW)

        async def place(who: str, query: str = "") -> Any:
            return await front.data(f"/api/leaderboard/rank/{who}?{query}")

        first = await place(address(COUNT))
        assert (first["id"], first["rank"], first["total"], first["value"]) == (id_of(address(COUNT)), 1, COUNT, 23)
        assert [row["rank"] for row in first["neighbours"]] == [1, 2, 3]
        middle = await place(id_of(address(12)), "reach=3&sort=pnl&baseAsset=" + BASE)
        assert (middle["rank"], middle["value"], middle["baseAsset"]) == (12, "120", BASE)
        assert [row["rank"] for row in middle["neighbours"]] == [9, 10, 11, 12, 13, 14, 15]
        leader = await place(address(1003), "sort=roi")
        assert (leader["kind"], leader["rank"], leader["neighbours"][2]["walletAddress"]) == (
            "leader", 21, address(1003),
        )  # fmt: skip
        by_score = await place(address(1003))
        assert (by_score["sort"], by_score["rank"], by_score["value"], by_score["total"]) == ("reputation", 2, 700, 3)
        assert [row["argusScore"] for row in by_score["neighbours"]] == [900, 700, 1]
        idle = await place(address(500))
        assert (idle["kind"], idle["rank"], idle["nullReasons"]["rank"]) == ("vault", None, "not_ranked")
        answer = await front.get(f"/api/leaderboard/rank/{address(1)}?sort=reputation", 400)
        assert [detail["field"] for detail in answer["error"]["details"]] == ["sort"]
