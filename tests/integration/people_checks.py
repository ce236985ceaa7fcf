"""Trades, flows, followers, positions and portfolios of a system against naive lists and the fold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st

from protos.analytics.v1 import analytics_pb2, people_pb2, performance_pb2
from services.analytics.figures import exact_pnl, follower_figures
from services.analytics.fold import Folded, fold
from services.analytics.history import Resolution
from services.analytics.ledger import Entry
from services.analytics.repository.fold_state import list_base_assets
from services.analytics.repository.ledger import list_ledger
from services.analytics.servicer_people import PeopleServicer
from tests.integration.generated_systems import deliver
from tests.integration.service_pair import CHAIN_ID, ServicePair
from tests.oracle.sending import START, TIMES, RawJob

FLAGS = analytics_pb2.TradeFlag.values()[1:]
END = TIMES[-1] + 9


def people_of(pair: ServicePair) -> PeopleServicer:
    return PeopleServicer(pair.analytics._pool, CHAIN_ID)


def at(seconds: int | None) -> Timestamp | None:
    return None if seconds is None else Timestamp(seconds=seconds)


async def ledgers(pair: ServicePair) -> dict[str, tuple[str, list[Entry]]]:
    """Base asset and entries of every vault, as they are stored."""
    cursor = await pair.admin.execute("SELECT id FROM analytics.vaults")
    vaults = [vault for (vault,) in await cursor.fetchall()]
    async with pair.analytics._pool.connection() as conn:
        assets = await list_base_assets(conn, vaults)
        found = {}
        for vault in vaults:
            rows = sorted(await list_ledger(conn, vault), key=lambda row: (*row.entry.key, row.identity))
            found[str(vault)] = (assets[vault], [row.entry for row in rows])
        return found


async def listed(read: Callable[..., Awaitable[Any]], field: str, request: Callable[..., Any]) -> list[Any]:
    """All rows of a list by pages of three; the total must be how many there are."""
    rows: list[Any] = []
    token, totals = "", set[int]()
    while not totals or token:
        response = await read(request(page_size=3, page_token=token), None)
        rows += getattr(response, field)
        totals.add(response.total_size)
        token = response.next_page_token
    assert totals == {len(rows)}
    return rows


async def check_trades(pair: ServicePair, vault: str, data: st.DataObject) -> None:
    """A filtered list is the whole list without what does not pass."""

    def request(**fields: Any) -> analytics_pb2.ListTradesRequest:
        return analytics_pb2.ListTradesRequest(vault_id=vault, **fields)

    everything = await listed(pair.analytics.ListTrades, "trades", request)
    assets = sorted({asset for row in everything for asset in (row.asset_in, row.asset_out)})
    moment = st.none() | st.sampled_from(TIMES)
    since, until = data.draw(moment), data.draw(moment)
    asset = data.draw(st.sampled_from(["", *assets]))
    is_close = data.draw(st.sampled_from([None, True, False]))
    outcome: Any = data.draw(st.sampled_from([0, 0, 1, 2]))
    flag: Any = data.draw(st.sampled_from([0, 0, *FLAGS]))
    wanted = analytics_pb2.TradeFilter(
        since=at(since), until=at(until), asset=asset.lower(), is_close=is_close, outcome=outcome, flag=flag
    )
    found = await listed(pair.analytics.ListTrades, "trades", lambda **page: request(filter=wanted, **page))
    assert found == [
        row
        for row in everything
        if (since is None or row.executed_at.seconds >= since)
        and (until is None or row.executed_at.seconds <= until)
        and (not asset or asset in (row.asset_in, row.asset_out))
        and (is_close is None or row.is_close == is_close)
        and (not outcome or (int(row.pnl_amount) > 0 if outcome == 1 else int(row.pnl_amount) < 0))
        and (not flag or flag in row.flags)
    ]


async def check_flows(pair: ServicePair, vault: str, entries: list[Entry], data: st.DataObject) -> None:
    """All flows are those of the ledger, latest first, and a filtered list is the whole one without the rest."""
    people = people_of(pair)

    def request(**fields: Any) -> people_pb2.ListFlowsRequest:
        return people_pb2.ListFlowsRequest(vault_id=vault, **fields)

    everything = await listed(people.ListFlows, "flows", request)
    ledger = [entry for entry in entries if hasattr(entry, "follower")]
    assert [(row.executed_at.seconds, row.wallet_address) for row in everything] == [
        (entry.key.time, entry.follower) for entry in reversed(ledger)
    ]
    assert len({row.id for row in everything}) == len(everything)
    kind: Any = data.draw(st.sampled_from([0, 1, 2, 3]))
    wallet = data.draw(st.sampled_from(["", *sorted({row.wallet_address for row in everything})]))
    since = data.draw(st.none() | st.sampled_from(TIMES))
    wanted = people_pb2.FlowFilter(kind=kind, wallet_address=wallet.lower(), since=at(since), until=at(TIMES[3]))
    found = await listed(people.ListFlows, "flows", lambda **page: request(filter=wanted, **page))
    assert found == [
        row
        for row in everything
        if (not kind or row.kind == kind)
        and (not wallet or row.wallet_address == wallet)
        and (since or 0) <= row.executed_at.seconds <= TIMES[3]
    ]


async def check_followers(pair: ServicePair, vault: str, whole: Folded) -> None:
    """Lists by status and their totals are those of the fold."""
    followers = whole.followers.values()
    for status, left in ((0, (False, True)), (1, (False,)), (2, (True,))):
        rows = await listed(
            pair.analytics.ListFollowers,
            "followers",
            lambda status=status, **page: analytics_pb2.ListFollowersRequest(vault_id=vault, status=status, **page),
        )
        assert {row.wallet_address for row in rows} == {one.wallet for one in followers if one.has_left in left}
    totals = (await pair.analytics.ListFollowers(analytics_pb2.ListFollowersRequest(vault_id=vault), None)).totals
    profitable = sum(exact_pnl(whole.state, one) > 0 for one in followers)
    assert (totals.listed_count, totals.profitable_count) == (len(whole.followers), profitable)
    assert totals.active_count == sum(not one.has_left for one in followers)
    assert int(totals.deposited_amount) == sum(one.deposit for one in followers)
    assert totals.HasField("profitable_pct") == bool(whole.followers)


def worth(whole: Folded, wallet: str) -> tuple[int, int, int]:
    """Equity, pnl and deposit of a wallet in a folded vault."""
    if wallet not in whole.followers:
        return 0, 0, 0
    figures = follower_figures(whole.state, whole.followers[wallet])
    return figures.equity, figures.pnl, whole.followers[wallet].deposit


def folds_until(found: dict[str, tuple[str, list[Entry]]], second: int) -> Iterable[tuple[str, Folded]]:
    """Each vault as the fold shows it after a second, with its base asset."""
    for asset, entries in found.values():
        yield asset, fold([entry for entry in entries if entry.key.time <= second], asset)


async def check_portfolio(
    pair: ServicePair, wallet: str, found: dict[str, tuple[str, list[Entry]]], resolution: Resolution
) -> None:
    """Every point is what the fold shows at the end of its bucket; the first is that of the first flow."""
    request = people_pb2.GetPortfolioHistoryRequest(
        wallet_address=wallet.lower(),
        range=performance_pb2.HistoryRange(resolution=resolution, since=at(START - 9), until=at(END), limit=600),
    )
    response = await people_of(pair).GetPortfolioHistory(request, None)
    shown: dict[int, dict[str, tuple[int, int, int]]] = defaultdict(dict)
    for row in response.points:
        shown[row.time.seconds][row.base_asset] = (int(row.equity), int(row.pnl), int(row.deposited_amount))
    # A settlement that pays nothing makes nobody a follower.
    named = [
        entry.key.time
        for _, entries in found.values()
        for entry in entries
        if getattr(entry, "follower", "") == wallet and getattr(entry, "remaining", 1)
    ]
    assert min(shown, default=None) == (resolution.bucket(min(named)) if named else None)
    for start, values_shown in shown.items():
        expected: dict[str, tuple[int, int, int]] = {}
        for asset, whole in folds_until(found, start + resolution.seconds - 1):
            if wallet in whole.followers:
                values = zip(expected.get(asset, (0, 0, 0)), worth(whole, wallet), strict=True)
                expected[asset] = tuple(map(sum, values))  # type: ignore[assignment]
        assert values_shown == expected, (start, resolution)


async def check_positions(pair: ServicePair, wallet: str, found: dict[str, tuple[str, list[Entry]]]) -> None:
    """Positions are those of the folds, running ones first, and each is what GetFollower says."""
    people = people_of(pair)
    response = await people.ListPositions(people_pb2.ListPositionsRequest(wallet_address=wallet), None)
    folded = {vault: fold(entries, asset) for vault, (asset, entries) in found.items()}
    expected = {vault: worth(whole, wallet) for vault, whole in folded.items() if wallet in whole.followers}
    rows = response.positions
    assert {
        row.vault_id: (int(row.follower.equity), int(row.follower.pnl), int(row.follower.deposited_amount))
        for row in rows
    } == expected
    assert [row.follower.has_left for row in rows] == sorted(row.follower.has_left for row in rows)
    assert (response.total_size, response.active_count) == (
        len(rows), sum(not row.follower.has_left for row in rows),
    )  # fmt: skip
    for row in rows:
        request = people_pb2.GetFollowerRequest(vault_id=row.vault_id, wallet_address=wallet)
        assert (await people.GetFollower(request, None)).follower == row.follower


async def check_people(pair: ServicePair, jobs: list[RawJob], data: st.DataObject) -> None:
    """Everything about people, of every vault and wallet."""
    await deliver(pair, [jobs])
    found = await ledgers(pair)
    for vault, (asset, entries) in found.items():
        await check_trades(pair, vault, data)
        await check_flows(pair, vault, entries, data)
        await check_followers(pair, vault, fold(entries, asset))
    wallets = {entry.follower for _, entries in found.values() for entry in entries if hasattr(entry, "follower")}
    for wallet in sorted(wallets):
        await check_positions(pair, wallet, found)
        await check_portfolio(pair, wallet, found, data.draw(st.sampled_from([Resolution.HOUR, Resolution.DAY])))
