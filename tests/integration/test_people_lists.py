"""Trades, flows, followers, positions and portfolios: generated systems against the fold, and what is refused."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import InvalidArgument, NotFound
from protos.analytics.v1 import analytics_pb2, people_pb2, performance_pb2
from services.analytics import follower_totals
from tests.integration.generated_systems import try_systems
from tests.integration.people_checks import check_people, people_of
from tests.integration.service_pair import ServicePair, event_of, id_of, service_pair
from tests.oracle.jobs import BASE, TOKEN, VAULT, WALLETS, deployed, flow, settlement, story, trade
from tests.oracle.sending import START, RawJob
from tests.servers import Database


def test_lists_of_people_are_those_of_the_fold_under_every_condition(database: Database) -> None:
    try_systems(database, 30, check_people)


async def apply(pair: ServicePair, jobs: list[RawJob]) -> None:
    await pair.apply([event_of(one) for one in jobs])


async def test_a_settlement_shows_its_cuts_and_other_flows_do_not(database: Database) -> None:
    jobs = [deployed(), flow(1, "A", "DEPOSIT", 1_000), trade(2, 500)]
    jobs += [settlement(3, "A", profit="500", leaderCut="50", protocolCut="25", followerRemaining="425")]
    jobs += [flow(4, "A", "DEPOSIT", 0), flow(5, "B", "WITHDRAW", 7)]
    async with service_pair(database) as pair:
        await apply(pair, jobs)
        response = await people_of(pair).ListFlows(people_pb2.ListFlowsRequest(vault_id=id_of(VAULT)), None)
        # The deposit of 0 changes nothing at all.
        assert [(row.kind, row.amount, row.block_number) for row in response.flows] == [
            (people_pb2.FLOW_KIND_WITHDRAWAL, "7", 15),
            (people_pb2.FLOW_KIND_SETTLEMENT, "425", 13),
            (people_pb2.FLOW_KIND_DEPOSIT, "1000", 11),
        ]
        settled = response.flows[1]
        assert (settled.profit, settled.leader_cut, settled.protocol_cut) == ("500", "50", "25")
        assert not response.flows[0].HasField("profit")


async def test_followers_whose_shares_no_database_holds_are_counted_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service_pair(database) as pair:
        await apply(pair, story("dep 500, B dep 500, +100, C dep 1000, A wd 540"))
        request = analytics_pb2.ListFollowersRequest(vault_id=id_of(VAULT))
        for most_digits in (5_000, -1):
            monkeypatch.setattr(follower_totals, "_MAX_EXPONENT", most_digits)
            totals = (await pair.analytics.ListFollowers(request, None)).totals
            assert (totals.profitable_count, totals.listed_count) == (2, 3)
            assert float(totals.profitable_pct) == pytest.approx(200 / 3)


async def test_a_portfolio_follows_deposits_results_and_a_liquidation(database: Database) -> None:
    day = 86_400
    jobs = [
        deployed(),
        flow(1, "A", "DEPOSIT", 1_000, timestamp=START + 1),
        flow(2, "B", "DEPOSIT", 1_000, timestamp=START + 2),
        trade(3, 1_000, timestamp=START + day),
        trade(4, -4_000, timestamp=START + 3 * day),
        flow(5, "A", "DEPOSIT", 10, timestamp=START + 4 * day),
    ]
    async with service_pair(database) as pair:
        await apply(pair, jobs)
        request = people_pb2.GetPortfolioHistoryRequest(
            wallet_address=WALLETS["A"], range=performance_pb2.HistoryRange(resolution="1d")
        )
        response = await people_of(pair).GetPortfolioHistory(request, None)
        assert [(int(row.equity), int(row.pnl), int(row.deposited_amount)) for row in response.points] == [
            (1_000, 0, 1_000),
            (1_500, 500, 1_000),
            (1_500, 500, 1_000),
            (0, -1_000, 1_000),
            (10, -1_000, 1_010),
        ]
        assert response.as_of.seconds == START + 4 * day
        request.base_asset = TOKEN
        assert not (await people_of(pair).GetPortfolioHistory(request, None)).points
        request.base_asset = BASE
        assert len((await people_of(pair).GetPortfolioHistory(request, None)).points) == 5


async def test_who_is_unknown_is_not_found_and_what_is_malformed_is_refused(database: Database) -> None:
    async with service_pair(database) as pair:
        people = people_of(pair)
        stranger, vault = WALLETS["C"], id_of(VAULT)
        with pytest.raises(NotFound) as caught:
            await people.GetFollower(people_pb2.GetFollowerRequest(vault_id=vault, wallet_address=stranger), None)
        assert caught.value.reason == "VAULT_NOT_FOUND"
        await apply(pair, story("dep 500"))
        with pytest.raises(NotFound) as caught:
            await people.GetFollower(people_pb2.GetFollowerRequest(vault_id=vault, wallet_address=stranger), None)
        assert caught.value.reason == "FOLLOWER_NOT_FOUND"
        hours = performance_pb2.HistoryRange(resolution="1h")
        with pytest.raises(NotFound) as caught:
            await people.GetPortfolioHistory(
                people_pb2.GetPortfolioHistoryRequest(wallet_address=stranger, range=hours), None
            )
        assert caught.value.reason == "USER_NOT_FOUND"
        assert not (
            await people.ListPositions(people_pb2.ListPositionsRequest(wallet_address=stranger), None)
        ).positions
        refused: list[tuple[str, Awaitable[Any]]] = [
            ("kind", people.ListFlows(_flows(kind=9), None)),
            ("wallet_address", people.ListFlows(_flows(wallet_address="0x1"), None)),
            ("until", people.ListFlows(_flows(until=Timestamp(seconds=2**40)), None)),
            ("asset", pair.analytics.ListTrades(_trades(asset="BASE"), None)),
            ("outcome", pair.analytics.ListTrades(_trades(outcome=7), None)),
            ("flag", pair.analytics.ListTrades(_trades(flag=99), None)),
            ("since", pair.analytics.ListTrades(_trades(since=Timestamp(seconds=-1)), None)),
            ("status", pair.analytics.ListFollowers(_followers(status=3), None)),
            ("wallet_address", people.ListPositions(people_pb2.ListPositionsRequest(), None)),
        ]
        for field, call in refused:
            with pytest.raises(InvalidArgument) as failed:
                await call
            assert [violation.field for violation in failed.value.violations] == [field]


async def test_a_token_of_one_filter_is_refused_by_another(database: Database) -> None:
    async with service_pair(database) as pair:
        await apply(pair, story("dep 500, dep 1, +5, +6, B dep 1"))
        first = await pair.analytics.ListTrades(
            analytics_pb2.ListTradesRequest(vault_id=id_of(VAULT), page_size=1), None
        )
        flows = await people_of(pair).ListFlows(people_pb2.ListFlowsRequest(vault_id=id_of(VAULT), page_size=1), None)
        followers = await pair.analytics.ListFollowers(
            analytics_pb2.ListFollowersRequest(vault_id=id_of(VAULT), page_size=1), None
        )
        calls: list[Awaitable[Any]] = [
            pair.analytics.ListTrades(_trades(first.next_page_token, outcome=1), None),
            people_of(pair).ListFlows(_flows(flows.next_page_token, kind=1), None),
            pair.analytics.ListFollowers(_followers(followers.next_page_token, status=1), None),
        ]
        assert all(page.next_page_token for page in (first, flows, followers))
        for call in calls:
            with pytest.raises(InvalidArgument) as failed:
                await call
            assert [violation.field for violation in failed.value.violations] == ["page_token"]


def _flows(token: str = "", **fields: Any) -> people_pb2.ListFlowsRequest:
    wanted = people_pb2.FlowFilter(**fields)
    return people_pb2.ListFlowsRequest(vault_id=id_of(VAULT), page_token=token, filter=wanted)


def _trades(token: str = "", **fields: Any) -> analytics_pb2.ListTradesRequest:
    wanted = analytics_pb2.TradeFilter(**fields)
    return analytics_pb2.ListTradesRequest(vault_id=id_of(VAULT), page_token=token, filter=wanted)


def _followers(token: str = "", **fields: Any) -> analytics_pb2.ListFollowersRequest:
    return analytics_pb2.ListFollowersRequest(vault_id=id_of(VAULT), page_token=token, **fields)
