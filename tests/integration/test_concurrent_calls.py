"""Many calls at once lose nothing, wait for each other without a deadlock, and end as calls one by one do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from protos.analytics.v1 import analytics_pb2
from protos.events.v1 import events_pb2 as pb
from protos.events.v1 import performance_pb2
from protos.vaults.v1 import vaults_pb2
from tests.integration.service_pair import (
    APPLIED,
    CHAIN_ID,
    ServicePair,
    address,
    difference,
    event_of,
    id_of,
    scored,
    service_pair,
)
from tests.oracle.jobs import LEADER, TOKEN, VAULT, WALLETS, deployed, flow, trade, tx
from tests.oracle.sending import START, RawJob
from tests.servers import Database

CALLS = 50
ROUNDS = 12


async def apply_at_once(pair: ServicePair, calls: Sequence[Sequence[RawJob]]) -> None:
    """Every call at the same time; each must apply all of its events."""
    events = [[event_of(one) for one in call] for call in calls]
    answers = await asyncio.gather(*(pair.apply(call) for call in events))
    assert {outcome for answer in answers for outcome, _ in answer} == {APPLIED}


async def apply_one_by_one(pair: ServicePair, calls: Sequence[Sequence[RawJob]]) -> None:
    for call in calls:
        await pair.apply([event_of(one) for one in call])


async def user(pair: ServicePair, who: str) -> vaults_pb2.GetUserResponse:
    return await pair.vaults.GetUser(vaults_pb2.GetUserRequest(wallet_address=WALLETS[who]), None)


async def vault(pair: ServicePair, where: str = VAULT) -> vaults_pb2.Vault:
    return (await pair.vaults.GetVault(vaults_pb2.GetVaultRequest(contract_address=where), None)).vault


async def test_fifty_calls_with_deposits_to_one_subscription_lose_nothing(database: Database) -> None:
    async with service_pair(database, pool_size=8) as pair:
        await apply_one_by_one(pair, [[deployed()]])
        calls = [[flow(number, "A", "DEPOSIT", number)] for number in range(1, CALLS + 1)]
        random.Random(1).shuffle(calls)
        await apply_at_once(pair, calls)
        (subscription,) = (await user(pair, "A")).subscriptions
        # 1 + 2 + … + 50, opened by the earliest of them
        assert (subscription.deposited_amount, subscription.subscribed_at.seconds) == ("1275", START + 1)
        row = await vault(pair)
        assert (row.tvl, row.follower_count, row.roi_pct) == ("1275", 1, "0")
        request = analytics_pb2.ListFollowersRequest(vault_id=id_of(VAULT))
        (follower,) = (await pair.analytics.ListFollowers(request, None)).followers
        assert (follower.equity, follower.pnl, follower.subscribed_at.seconds) == ("1275", "0", START + 1)


async def test_fifty_calls_of_one_wallet_in_as_many_vaults_lose_nothing(database: Database) -> None:
    async with service_pair(database, pool_size=8) as pair:
        addresses = [address(number) for number in range(CALLS)]
        calls = [
            [
                deployed(1000 + number, vaultAddress=where),
                flow(number, "A", "DEPOSIT", 7, vaultAddress=where, timestamp=START + 100 - number),
            ]
            for number, where in enumerate(addresses)
        ]
        await apply_at_once(pair, calls)
        response = await user(pair, "A")
        # The last call's deposit is the earliest.
        assert response.user.joined_at.seconds == START + 51
        assert {one.vault_id for one in response.subscriptions} == {id_of(where) for where in addresses}
        assert {one.deposited_amount for one in response.subscriptions} == {"7"}
        at_once = await pair.rows()
        await pair.clear()
        await apply_one_by_one(pair, calls)
        assert difference(at_once, await pair.rows()) == []


async def test_calls_that_bring_the_same_new_users_at_once_are_all_applied(database: Database) -> None:
    async with service_pair(database, pool_size=8) as pair:
        addresses = [address(number) for number in range(8)]
        await apply_one_by_one(pair, [[deployed(1000 + n, vaultAddress=one)] for n, one in enumerate(addresses)])
        for turn in range(6 * ROUNDS):
            newcomers = [address(100 + turn * 4 + number) for number in range(4)]
            calls = [
                [
                    flow(turn * 32 + n * 4 + m, "A", "DEPOSIT", 1, vaultAddress=one, followerAddress=wallet)
                    for m, wallet in enumerate(newcomers)
                ]
                for n, one in enumerate(addresses)
            ]
            await apply_at_once(pair, calls)
        assert (await vault(pair, addresses[0])).follower_count == 6 * ROUNDS * 4


async def test_flows_and_scores_that_name_wallets_crosswise_never_wait_for_each_other(database: Database) -> None:
    async with service_pair(database, pool_size=8) as pair:
        addresses = [address(number) for number in range(8)]
        await apply_one_by_one(pair, [[deployed(1000 + n, vaultAddress=one)] for n, one in enumerate(addresses)])
        for turn in range(ROUNDS):
            # Each flow is earlier than all before, so that it writes its user.
            calls = [
                [
                    flow(turn * 8 + n, pays, "DEPOSIT", 1, vaultAddress=one, timestamp=START - turn * 8 - n),
                    scored(WALLETS[rated], n, START + turn * 8 + n),
                ]
                for n, (one, pays, rated) in enumerate(zip(addresses, "ABCABCAB", "BCABCABC", strict=True))
            ]
            await apply_at_once(pair, calls)
        last = START - (ROUNDS - 1) * 8
        joined = [(await user(pair, who)).user.joined_at.seconds for who in "ABC"]
        assert joined == [last - 6, last - 7, last - 5]


async def test_rival_deployments_of_one_vault_at_once_end_as_one_by_one(database: Database) -> None:
    # The base asset of the one that counts decides what a trade is.
    calls = [
        [
            deployed(900 + number, timestamp=START - number, baseAsset=asset, name=f"Name {number}"),
            flow(number, "A", "DEPOSIT", 100),
            trade(10 + number, amountIn="5", amountOut="9", assetIn=TOKEN, pnlAmount="0", assetOut=asset),
        ]
        for number, asset in enumerate(["0x" + digit * 40 for digit in "3456"])
    ]
    async with service_pair(database, pool_size=8) as pair:
        await apply_one_by_one(pair, calls)
        one_by_one = await pair.rows()
        for _ in range(ROUNDS):
            await pair.clear()
            await apply_at_once(pair, calls)
            assert difference(one_by_one, await pair.rows()) == []


async def test_a_rewind_does_not_remove_a_user_that_a_call_under_way_names(database: Database) -> None:
    orphaned = tx(666)
    other = address(1)
    before = [deployed(), deployed(1000, vaultAddress=other), flow(1, "A", "DEPOSIT", 5, blockHash=orphaned)]
    later = [flow(2, "A", "DEPOSIT", 6, vaultAddress=other)]
    async with service_pair(database, pool_size=8) as pair:
        await apply_one_by_one(pair, [before[:2], later])
        expected = await pair.rows()
        for turn in range(ROUNDS):
            await pair.clear()
            await apply_one_by_one(pair, [before])
            rewinding = pair.rewind({orphaned: 11}, [])
            applying = pair.apply([event_of(one) for one in later])
            await asyncio.gather(*([rewinding, applying] if turn % 2 else [applying, rewinding]))
            assert difference(expected, await pair.rows()) == []


async def test_a_withdrawal_before_its_deposit_is_put_in_its_place(database: Database) -> None:
    async with service_pair(database) as pair:
        await apply_one_by_one(pair, [[deployed()], [flow(2, "A", "WITHDRAW", 30)]])
        assert (await vault(pair)).tvl == "0"
        assert not (await user(pair, "A")).subscriptions
        await apply_one_by_one(pair, [[flow(1, "A", "DEPOSIT", 100)]])
        (subscription,) = (await user(pair, "A")).subscriptions
        assert (subscription.deposited_amount, subscription.subscribed_at.seconds) == ("70", START + 1)
        assert (await vault(pair)).tvl == "70"


async def test_a_return_after_a_full_exit_keeps_the_id_and_the_old_flows(database: Database) -> None:
    async with service_pair(database) as pair:
        await apply_one_by_one(pair, [[deployed()], [flow(1, "A", "DEPOSIT", 100)]])
        (first,) = (await user(pair, "A")).subscriptions
        await apply_one_by_one(pair, [[flow(5, "A", "WITHDRAW", 100)]])
        assert not (await user(pair, "A")).subscriptions
        await apply_one_by_one(pair, [[flow(9, "A", "DEPOSIT", 40)], [flow(10, "A", "DEPOSIT", 2)]])
        response = await user(pair, "A")
        (again,) = response.subscriptions
        assert (again.id, again.deposited_amount, again.subscribed_at.seconds) == (first.id, "42", START + 9)
        assert response.user.joined_at.seconds == START + 1
        for schema in ("vaults", "analytics"):
            cursor = await pair.admin.execute(
                f"SELECT amount::int, extract(epoch FROM event_time)::bigint FROM {schema}.flows ORDER BY 2".encode()
            )
            times = [(100, START + 1), (100, START + 5), (40, START + 9), (2, START + 10)]
            assert await cursor.fetchall() == times


def figures(version: int, *, drawdown: str | None = None) -> performance_pb2.VaultPerformance:
    """Figures whose every part tells the version."""
    return performance_pb2.VaultPerformance(
        vault_id=id_of(VAULT),
        ledger_version=10**9 + version,
        tvl=str(version),
        roi_pct=str(version),
        max_drawdown_pct=drawdown or str(version % 100),
        liquidated=version % 2 == 1,
        follower_count=version,
        trade_count=version,
        as_of=Timestamp(seconds=START + version),
        block_number=version,
    )


def version_of(row: vaults_pb2.Vault) -> int:
    """The one version that every part of a row tells."""
    version = int(row.tvl)
    assert (row.roi_pct, row.max_drawdown_pct) == (str(version), str(version % 100))
    assert (row.status == vaults_pb2.VAULT_STATUS_LIQUIDATED) == (version % 2 == 1)
    assert (row.follower_count, row.trade_count, row.block_number) == (version, version, version)
    assert row.as_of.seconds == START + version
    return version


async def test_figures_are_taken_over_by_version_whole_and_never_backwards(database: Database) -> None:
    async with service_pair(database, pool_size=8) as pair:
        await apply_one_by_one(pair, [[deployed()]])
        assert await pair.update([figures(1)]) == 1
        versions = list(range(2, 202))
        random.Random(2).shuffle(versions)
        # Several of one vault in a call: the highest counts.
        calls = [[figures(version) for version in versions[start : start + 4]] for start in range(0, 200, 4)]
        seen: list[int] = []

        async def watch() -> None:
            while not seen or seen[-1] < 201:
                seen.append(version_of(await vault(pair)))

        async with asyncio.timeout(20):
            counts, _ = await asyncio.gather(asyncio.gather(*map(pair.update, calls)), watch())
        assert seen == sorted(seen)
        assert 1 <= sum(counts) <= 50
        assert await pair.update([figures(201), figures(150)]) == 0
        assert version_of(await vault(pair)) == 201


async def test_figures_of_unknown_vaults_are_ignored(database: Database) -> None:
    async with service_pair(database) as pair:
        assert await pair.update([figures(3)]) == 0
        assert await pair.rows() == {"vaults": [], "analytics": []}


async def test_a_score_and_figures_at_once_give_the_risk_of_both(database: Database) -> None:
    async with service_pair(database, pool_size=8) as pair:
        await apply_one_by_one(pair, [[deployed()]])
        # 50·(1 − argus/1000) + 30·min(1, drawdown/50), half up
        for turn, (argus, drawdown, risk) in enumerate(
            [(1000, "50", 30), (0, "50", 80), (800, "0.5", 10), (400, "100", 60), (999, "0", 0), (990, "0", 1)]
        ):
            observed = event_of(scored(LEADER, argus, START + turn))
            await asyncio.gather(pair.apply([observed]), pair.update([figures(turn + 1, drawdown=drawdown)]))
            assert (await vault(pair)).risk_score == risk


async def test_a_risk_of_exactly_a_half_is_rounded_up_where_the_drawdown_is_periodic(database: Database) -> None:
    async with service_pair(database) as pair:
        # 1 of 120 lost: 0.8333… %, so 50 + 30·0.01666… = 50.5
        await apply_one_by_one(pair, [[deployed(), flow(1, "A", "DEPOSIT", 120), trade(2, -1)]])
        assert (await vault(pair)).risk_score == 51


async def test_figures_of_a_vaults_former_life_lose_against_those_of_its_second(database: Database) -> None:
    block = tx(77)
    async with service_pair(database) as pair:
        first = [event_of(deployed(blockHash=block)), event_of(flow(1, "A", "DEPOSIT", 5))]
        late: list[performance_pb2.VaultPerformance] = []
        for number in range(2, 8):
            event = event_of(flow(number, "A", "DEPOSIT", 5))
            await pair.apply([*first, event])
            request = analytics_pb2.ListPerformancesRequest(vault_ids=[id_of(VAULT)])
            late = list((await pair.analytics.ListPerformances(request, None)).performances)
        assert late[0].tvl == "35"
        assert await pair.rewind({block: 1}, []) == [VAULT]
        again = pb.ChainEvent()
        again.CopyFrom(first[0])
        again.block_hash = tx(78)
        response = await pair.vaults.ApplyEvents(vaults_pb2.ApplyEventsRequest(events=[again]), None)
        assert response.results[0].outcome == APPLIED
        await pair.update(late)
        await pair.apply([again])
        assert ((await vault(pair)).tvl, again.chain_id) == ("0", CHAIN_ID)
