"""The analytics service's reads: trades, followers, leaders and globals in their orders, page by page."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from libs.errors import InvalidArgument, NotFound
from protos.analytics.v1 import analytics_pb2 as pb
from tests.integration.service_pair import ServicePair, address, event_of, id_of, scored, service_pair
from tests.oracle.jobs import LEADER, VAULT, WALLETS, deployed, flow, job, story, trade, tx
from tests.oracle.sending import START, RawJob
from tests.servers import Database

SAME_PLACE = {"timestamp": START, "blockNumber": None, "logIndex": None}


async def apply(pair: ServicePair, jobs: list[RawJob]) -> None:
    await pair.apply([event_of(one) for one in jobs])


async def pages(read: Callable[..., Awaitable[Any]], request: type, field: str, size: int) -> list[list[Any]]:
    """Every page of a list of VAULT's."""
    found: list[list[Any]] = []
    token = ""
    while not found or token:
        response = await read(request(vault_id=id_of(VAULT), page_size=size, page_token=token), None)
        found.append(list(getattr(response, field)))
        token = response.next_page_token
    return found


async def test_trades_of_one_place_are_listed_by_transaction_latest_first_on_every_page_size(
    database: Database,
) -> None:
    jobs = [trade(number, number, txHash=tx(number * 7919 % 101), **SAME_PLACE) for number in range(1, 12)]
    jobs += [trade(20 + number, number, timestamp=START, blockNumber=5, logIndex=number) for number in range(3)]
    async with service_pair(database) as pair:
        await apply(pair, [deployed(), *jobs])
        # A missing block comes last among its equals, and the latest first: numbers, then hashes, both falling.
        expected = sorted((tx(number * 7919 % 101) for number in range(1, 12)), reverse=True)
        expected += [tx(22), tx(21), tx(20)]
        for size in (1, 2, 3, 7, 13, 14, 1_000):
            found = await pages(pair.analytics.ListTrades, pb.ListTradesRequest, "trades", size)
            assert [one.transaction_hash for page in found for one in page] == expected
            assert len(found) == -(-14 // size)


async def test_trades_that_arrive_between_pages_neither_repeat_nor_hide_others(database: Database) -> None:
    async with service_pair(database) as pair:
        await apply(pair, [deployed(), *(trade(number, 1) for number in range(10, 20))])
        listed: list[str] = []
        token, turn = "", 0
        while not turn or token:
            request = pb.ListTradesRequest(vault_id=id_of(VAULT), page_size=3, page_token=token)
            response = await pair.analytics.ListTrades(request, None)
            listed += [one.transaction_hash for one in response.trades]
            token = response.next_page_token
            turn += 1
            await apply(pair, [trade(100 + turn, 1)])
        assert listed == [tx(number) for number in range(19, 9, -1)]


async def test_followers_are_listed_by_deposit_as_numbers_then_by_wallet(database: Database) -> None:
    deposits = [9, 10, 100, 9, 1_000, 0, 10, 2**255, 99]
    jobs = [deployed()]
    for number, amount in enumerate(deposits):
        jobs.append(flow(number, "A", "DEPOSIT", amount or 3, followerAddress=address(number)))
        if not amount:
            jobs.append(flow(50, "A", "WITHDRAW", 3, followerAddress=address(number)))
    expected = [address(number) for number in (7, 4, 2, 8, 1, 6, 0, 3, 5)]
    async with service_pair(database) as pair:
        await apply(pair, jobs)
        for size in (1, 2, 4, 8, 9, 1_000):
            found = await pages(pair.analytics.ListFollowers, pb.ListFollowersRequest, "followers", size)
            assert [one.wallet_address for page in found for one in page] == expected
        assert [one.has_left for one in found[0]] == [False] * 8 + [True]


@pytest.mark.parametrize(
    ("method", "request_type", "parts"),
    [
        ("ListTrades", pb.ListTradesRequest, ("trades", START, 1, 1, "0x1", "7f3b1d1e-0000-5000-8000-000000000000")),
        ("ListFollowers", pb.ListFollowersRequest, ("followers", "10", LEADER)),
    ],
)
async def test_bad_tokens_sizes_and_ids_are_refused_by_name(
    database: Database, method: str, request_type: type, parts: tuple[Any, ...]
) -> None:
    def encode(*values: Any) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()

    def replaced(place: int, value: Any) -> str:
        return encode(*parts[:place], value, *parts[place + 1 :])

    async with service_pair(database) as pair:
        read = getattr(pair.analytics, method)

        async def violated(**request: Any) -> list[str]:
            with pytest.raises(InvalidArgument) as caught:
                await read(request_type(**({"vault_id": id_of(VAULT)} | request)), None)
            return [violation.field for violation in caught.value.violations]

        bad = [replaced(place, None) for place in range(len(parts))] + [encode(*parts[:-1]), encode(*parts, 1), "?"]
        bad += [replaced(1, value) for value in ("-1", "9" * 2_000, "٣", 2**40, -1, 2**64 - 1)]
        bad += [replaced(len(parts) - 2, "\0")] if method == "ListTrades" else [replaced(2, "\0")]
        for token in bad:
            assert await violated(page_token=token) == ["page_token"]
        assert await violated(page_size=-1) == ["page_size"]
        assert await violated(vault_id="x") == ["vault_id"]
        with pytest.raises(NotFound) as caught:
            await read(request_type(vault_id=id_of(VAULT), page_token=encode(*parts)), None)
        assert caught.value.reason == "VAULT_NOT_FOUND"


async def test_leaders_are_ranked_by_score_then_seniority_then_wallet_in_lower_case(database: Database) -> None:
    # The last two differ in letters alone: as checksummed text the B's would come before the a's.
    tied = ["0x" + "aa" * 20, "0x" + "bb" * 20]
    jobs = [scored(address(1), 500), scored(address(2), 900, START + 5), scored(address(3), 900, START + 4)]
    jobs += [scored(tied[1], 700), scored(tied[0], 700), scored(address(4), 0), scored(LEADER, 1)]
    jobs += [deployed(), deployed(1001, vaultAddress="0x" + "12" * 20)]
    expected = [address(3), address(2), tied[0], tied[1], address(1), LEADER]
    async with service_pair(database) as pair:
        await apply(pair, jobs)

        async def leaders(**request: Any) -> pb.ListLeadersResponse:
            return await pair.leaderboard.ListLeaders(pb.ListLeadersRequest(**request), None)

        ranked = await leaders()
        assert [one.wallet_address.lower() for one in ranked.leaders] == expected
        assert [one.led_vault_count for one in ranked.leaders] == [0, 0, 0, 0, 0, 2]
        assert (ranked.total_size, ranked.as_of.seconds) == (6, START + 5)
        for skip in range(8):
            part = await leaders(page_size=2, skip=skip)
            assert [one.wallet_address.lower() for one in part.leaders] == expected[skip : skip + 2]
            assert part.total_size == 6
        for field, value in (("page_size", -1), ("skip", -1), ("skip", 1_000_001)):
            with pytest.raises(InvalidArgument) as caught:
                await leaders(**{field: value})
            assert [violation.field for violation in caught.value.violations] == [field]


async def test_a_page_has_50_leaders_unless_told_and_at_most_100(database: Database) -> None:
    async with service_pair(database) as pair:
        await apply(pair, [scored(address(number), 700) for number in range(120)])
        for size, count in ((0, 50), (100, 100), (101, 100), (2_000_000_000, 100)):
            response = await pair.leaderboard.ListLeaders(pb.ListLeadersRequest(page_size=size), None)
            assert (len(response.leaders), response.total_size) == (count, 120)


async def test_globals_count_only_vaults_that_are_active(database: Database) -> None:
    paused, liquidated = "0x" + "12" * 20, "0x" + "13" * 20
    jobs = [*story("dep 1000, +50, -20"), deployed(1001, vaultAddress=paused), deployed(1002, vaultAddress=liquidated)]
    for number, where in ((10, paused), (20, liquidated)):
        jobs += [flow(number, "B", "DEPOSIT", 300, vaultAddress=where), trade(number + 1, 9, vaultAddress=where)]
    jobs.append(trade(30, -309, vaultAddress=liquidated, blockNumber=77))
    status: RawJob = {"vaultAddress": paused, "reason": "", "observedAt": START + 500}
    async with service_pair(database) as pair:

        async def globals_now() -> tuple[int, str, int, int]:
            response = await pair.analytics.GetGlobalAnalytics(pb.GetGlobalAnalyticsRequest(), None)
            assert (response.as_of.seconds, response.block_number) == (START + 500, 77)
            counts = (response.trade_count, response.winning_trade_count)
            return (response.active_vault_count, response.total_tvl, *counts)

        await apply(pair, [*jobs, job("vault_status", "p", status="PAUSED", **status)])
        assert await globals_now() == (1, "1000", 2, 1)
        # An older word does not count.
        await apply(pair, [job("vault_status", "o", status="ACTIVE", **(status | {"observedAt": START}))])
        assert await globals_now() == (1, "1000", 2, 1)


async def test_globals_of_nothing_are_zero_and_without_a_time(database: Database) -> None:
    async with service_pair(database) as pair:
        response = await pair.analytics.GetGlobalAnalytics(pb.GetGlobalAnalyticsRequest(), None)
        assert response == pb.GetGlobalAnalyticsResponse(total_tvl="0")


async def test_performances_are_listed_by_vault_page_by_page_or_for_the_vaults_asked_for(database: Database) -> None:
    addresses = [address(number) for number in range(7)]
    jobs = [deployed(1000 + number, vaultAddress=where) for number, where in enumerate(addresses)]
    async with service_pair(database) as pair:
        await apply(pair, jobs)
        listed: list[str] = []
        token = ""
        while not listed or token:
            request = pb.ListPerformancesRequest(page_size=3, page_token=token)
            response = await pair.analytics.ListPerformances(request, None)
            listed += [one.vault_id for one in response.performances]
            token = response.next_page_token
        assert listed == sorted(map(id_of, addresses))
        some = [id_of(addresses[5]), id_of(addresses[1]), id_of("0x" + "ff" * 20)]
        response = await pair.analytics.ListPerformances(pb.ListPerformancesRequest(vault_ids=some), None)
        assert [one.vault_id for one in response.performances] == sorted(some[:2])


async def test_followers_read_while_events_apply_are_valued_by_one_state(database: Database) -> None:
    jobs = [deployed(), flow(1, "A", "DEPOSIT", 500), flow(2, "B", "DEPOSIT", 1500)]
    steps = 60
    async with service_pair(database, pool_size=4) as pair:
        await apply(pair, jobs)

        async def trade_on() -> None:
            for number in range(3, 3 + steps):
                await apply(pair, [trade(number, 40)])

        async def read() -> int:
            request = pb.ListFollowersRequest(vault_id=id_of(VAULT))
            response = await pair.analytics.ListFollowers(request, None)
            step = response.as_of.seconds - START - 2
            # Each trade brings 40: a quarter to A.
            assert {one.wallet_address: (one.equity, one.pnl) for one in response.followers} == {
                WALLETS["A"]: (str(500 + 10 * step), str(10 * step)),
                WALLETS["B"]: (str(1500 + 30 * step), str(30 * step)),
            }
            return step

        trading = asyncio.create_task(trade_on())
        seen = {await read()}
        while not trading.done():
            seen.add(await read())
        await trading
        assert await read() == steps
        assert len(seen) > 5
