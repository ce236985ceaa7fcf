"""What both services answer, held against the oracle's state of the same jobs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from libs.identifiers import Address, subscription_id, trade_id, user_id, vault_id
from protos.analytics.v1 import analytics_pb2
from protos.vaults.v1 import vaults_pb2
from tests.integration.service_pair import CHAIN_ID, ServicePair, event_of
from tests.oracle import System, User, Vault
from tests.oracle.intake import accept, amount, read
from tests.oracle.sending import RawJob

FLAGS = {
    analytics_pb2.TRADE_FLAG_COST_BASIS_PARTIAL: "cost_basis_partial",
    analytics_pb2.TRADE_FLAG_AMOUNT_OUT_UNKNOWN: "amount_out_unknown",
    analytics_pb2.TRADE_FLAG_SELF_TRADE: "self_trade",
    analytics_pb2.TRADE_FLAG_INPUT_UNPAID: "input_unpaid",
    analytics_pb2.TRADE_FLAG_TIME_ASSUMED: "time_assumed",
}
STATUSES = {
    vaults_pb2.VAULT_STATUS_ACTIVE: "ACTIVE",
    vaults_pb2.VAULT_STATUS_PAUSED: "PAUSED",
    vaults_pb2.VAULT_STATUS_LIQUIDATED: "LIQUIDATED",
}


async def check_everything(pair: ServicePair, jobs: Sequence[RawJob], system: System) -> None:
    """Every list, figure and order of both services is what the oracle says."""
    last = last_changes(jobs, system)
    await check_vaults(pair, system, last)
    await check_users(pair, system)
    await check_leaders(pair, system)
    await check_globals(pair, system)
    identities = {read(job).identity: event_of(job).identity for job in jobs}
    for address in system.vaults:
        await check_trades(pair, address, system, identities)
        await check_followers(pair, address, system)
    waiting = {event.identity for events in pair.waiting.values() for event in events}
    assert waiting == {identities[identity] for identity in system.deferred}


async def check_vaults(pair: ServicePair, system: System, last: dict[str, tuple[int, int | None]]) -> None:
    response = await pair.vaults.ListVaults(vaults_pb2.ListVaultsRequest(), None)
    assert response.total_size == len(system.vaults)
    ids = {address: str(vault_id(CHAIN_ID, Address(address))) for address in system.vaults}
    ordered = sorted(system.vaults, key=lambda address: (-system.vaults[address].created_at, ids[address]))
    assert [row.contract_address for row in response.vaults] == ordered
    for row in response.vaults:
        expected = system.vaults[row.contract_address]
        leader = system.users[expected.leader]
        assert row.id == ids[row.contract_address]
        assert (row.name, row.base_asset, row.monthly_fee) == (expected.name, expected.base_asset, "0")
        assert optional(row, "decimals") == expected.decimals
        assert STATUSES[row.status] == expected.status
        assert row.created_at.seconds == expected.created_at
        assert row.leader.id == str(user_id(CHAIN_ID, Address(expected.leader)))
        assert (row.leader.wallet_address, row.leader.argus_score) == (expected.leader, leader.argus_score)
        assert row.leader.joined_at.seconds == leader.joined_at
        assert row.risk_score == risk_score(expected, leader)
        check_figures(row, expected)
        as_of, block = last[row.contract_address]
        assert optional(row, "block_number") == block
        assert row.as_of.seconds == max(as_of, last[f"score {expected.leader}"][0])
        analytics = await pair.analytics.GetVaultAnalytics(
            analytics_pb2.GetVaultAnalyticsRequest(vault_id=row.id), None
        )
        check_figures(analytics.performance, expected)
        assert analytics.winning_trade_count == expected.wins
        assert analytics.performance.liquidated == (expected.status == "LIQUIDATED")
        assert analytics.performance.as_of.seconds == as_of
        assert optional(analytics.performance, "block_number") == block


def check_figures(row: Any, expected: Vault) -> None:
    """The figures that a vault's row has in both services."""
    assert row.tvl == str(expected.tvl)
    limit = Fraction(10**18)
    roi = None if expected.roi is None else max(-limit, min(limit, expected.roi))
    assert_close(optional(row, "roi_pct"), roi)
    assert_close(row.max_drawdown_pct, expected.max_drawdown_pct or Fraction(0))
    assert (row.trade_count, row.follower_count) == (expected.trade_count, expected.follower_count)


async def check_users(pair: ServicePair, system: System) -> None:
    cursor = await pair.admin.execute(
        "SELECT (SELECT count(*) FROM vaults.users), (SELECT count(*) FROM analytics.users)"
    )
    assert await cursor.fetchone() == (len(system.users), len(system.users))
    for wallet, expected in system.users.items():
        user = user_id(CHAIN_ID, Address(wallet))
        response = await pair.vaults.GetUser(vaults_pb2.GetUserRequest(wallet_address=wallet.lower()), None)
        assert (response.user.id, response.user.wallet_address) == (str(user), wallet)
        assert (response.user.argus_score, response.user.joined_at.seconds) == (
            expected.argus_score,
            expected.joined_at,
        )
        led = [(-vault.created_at, address) for address, vault in system.vaults.items() if vault.leader == wallet]
        assert len(led) == expected.vaults_led
        newest = sorted((created_at, str(vault_id(CHAIN_ID, Address(address)))) for created_at, address in led)
        assert list(response.led_vault_ids) == [identifier for _, identifier in newest]
        running = []
        for (address, follower), row in system.followers.items():
            if follower == wallet and not row.left:
                assert row.subscribed_at is not None
                vault = vault_id(CHAIN_ID, Address(address))
                identifier = str(subscription_id(vault, user))
                running.append((-row.subscribed_at, identifier, str(vault), str(row.deposited)))
        assert [
            (-one.subscribed_at.seconds, one.id, one.vault_id, one.deposited_amount) for one in response.subscriptions
        ] == sorted(running)
        assert all(one.user_id == str(user) for one in response.subscriptions)


async def check_leaders(pair: ServicePair, system: System) -> None:
    response = await pair.leaderboard.ListLeaders(analytics_pb2.ListLeadersRequest(), None)
    ranked = sorted(
        (-user.argus_score, user.joined_at, wallet.lower(), wallet, user.vaults_led)
        for wallet, user in system.users.items()
        if user.argus_score > 0
    )
    assert response.total_size == len(ranked)
    assert [
        (-row.argus_score, row.joined_at.seconds, row.wallet_address.lower(), row.wallet_address, row.led_vault_count)
        for row in response.leaders
    ] == ranked


async def check_globals(pair: ServicePair, system: System) -> None:
    response = await pair.analytics.GetGlobalAnalytics(analytics_pb2.GetGlobalAnalyticsRequest(), None)
    active = [vault for vault in system.vaults.values() if vault.status == "ACTIVE"]
    assert response.active_vault_count == len(active)
    assert response.total_tvl == str(sum(vault.tvl for vault in active))
    assert response.trade_count == sum(vault.trade_count for vault in active)
    assert response.winning_trade_count == sum(vault.wins for vault in active)


async def check_trades(
    pair: ServicePair, address: str, system: System, identities: dict[tuple[int | str, ...], str]
) -> None:
    response = await pair.analytics.ListTrades(
        analytics_pb2.ListTradesRequest(vault_id=str(vault_id(CHAIN_ID, Address(address))), page_size=1_000), None
    )
    # The oracle lists trades in the ledger's order.
    own = [(trade_id(identities[one]), row) for one, row in system.trades.items() if row.vault == address]
    own.reverse()
    assert [trade.id for trade in response.trades] == [str(identifier) for identifier, _ in own]
    assert response.total_size == len(own)
    for trade, (_, expected) in zip(response.trades, own, strict=True):
        assert (trade.transaction_hash or None, optional(trade, "log_index")) == (expected.tx_hash, expected.log_index)
        assert (trade.asset_in, trade.asset_out) == (expected.asset_in, expected.asset_out)
        assert (trade.amount_in, trade.amount_out) == (str(expected.amount_in), str(expected.amount_out))
        assert (trade.pnl_amount, trade.is_profit) == (str(expected.pnl), expected.is_profit)
        assert trade.is_close == expected.is_close
        assert frozenset(FLAGS[flag] for flag in trade.flags) == expected.flags
        assert trade.executed_at.seconds == expected.executed_at
    cursor = await pair.admin.execute(
        "SELECT COALESCE(sum(volume), 0) FROM analytics.trades WHERE vault_id = %s",
        (vault_id(CHAIN_ID, Address(address)),),
    )
    assert await cursor.fetchone() == (system.vaults[address].volume,)


async def check_followers(pair: ServicePair, address: str, system: System) -> None:
    response = await pair.analytics.ListFollowers(
        analytics_pb2.ListFollowersRequest(vault_id=str(vault_id(CHAIN_ID, Address(address)))), None
    )
    own = {wallet: row for (vault, wallet), row in system.followers.items() if vault == address}
    ordered = sorted(own, key=lambda wallet: (-own[wallet].deposited, wallet))
    assert [follower.wallet_address for follower in response.followers] == ordered
    assert response.total_size == len(own)
    for follower in response.followers:
        expected = own[follower.wallet_address]
        assert follower.user_id == str(user_id(CHAIN_ID, Address(follower.wallet_address)))
        assert (follower.deposited_amount, follower.has_left) == (str(expected.deposited), expected.left)
        assert (follower.equity, follower.pnl) == (str(expected.equity), str(expected.pnl))
        beyond = expected.roi_pct is not None and abs(expected.roi_pct) > 10**15
        assert_close(optional(follower, "roi_pct"), None if beyond else expected.roi_pct)
        since = follower.subscribed_at.seconds if follower.HasField("subscribed_at") else None
        assert since == expected.subscribed_at
    cursor = await pair.admin.execute(
        """
        SELECT wallet_address, deposited_total, withdrawn_total, settled_total FROM analytics.followers
        WHERE vault_id = %s
        """,
        (vault_id(CHAIN_ID, Address(address)),),
    )
    assert {wallet: tuple(totals) for wallet, *totals in await cursor.fetchall()} == {
        wallet: (row.deposited_total, row.withdrawn_total, row.settled_total) for wallet, row in own.items()
    }


def last_changes(jobs: Sequence[RawJob], system: System) -> dict[str, tuple[int, int | None]]:
    """(time, highest block) of the last event behind each vault's row, and the time of each wallet's last score."""
    times: dict[str, list[int]] = {address: [vault.created_at] for address, vault in system.vaults.items()}
    blocks: dict[str, list[int]] = {address: [] for address in system.vaults}
    scores: dict[str, list[int]] = {f"score {wallet}": [0] for wallet in system.users}
    ordered = sorted(accept(jobs).events, key=lambda event: event.key)
    deployed: set[str] = set()
    for event in ordered:
        if event.kind == "score":
            scores[f"score {event.wallet}"].append(event.time)
        if event.vault not in system.vaults:
            continue
        if event.kind in ("deposit", "withdrawal") and not amount(event.body, "amount"):
            continue
        if event.kind == "deployment" and event.vault in deployed:
            continue
        if event.kind == "deployment":
            deployed.add(event.vault)
        times[event.vault].append(event.time)
        if event.kind != "status" and event.body.get("blockNumber") is not None:
            blocks[event.vault].append(event.body["blockNumber"])
    last = {address: (max(found), max(blocks[address], default=None)) for address, found in times.items()}
    return last | {name: (max(found), None) for name, found in scores.items()}


def risk_score(vault: Vault, leader: User) -> int:
    """50·(1 − argus/1000) + 30·min(1, maxDrawdownPct/50), half up; the volatility part is unknown and counts 0."""
    fall = min(Fraction(1), (vault.max_drawdown_pct or Fraction(0)) / 50)
    return int(50 * (1 - Fraction(leader.argus_score, 1000)) + 30 * fall + Fraction(1, 2))


def optional(message: Any, name: str) -> Any:
    """An optional field's value; None when unset."""
    return getattr(message, name) if message.HasField(name) else None


def assert_close(actual: str | None, expected: Fraction | None) -> None:
    """Decimal text that equals a fraction to 15 significant digits."""
    assert (actual is None) == (expected is None)
    if actual is not None and expected is not None:
        assert abs(Fraction(Decimal(actual)) - expected) <= abs(expected) / 10**15
