"""The indexer on a chain that reorganises: in the end the tables are those of a fresh index."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from libs.identifiers import checksum_address
from libs.migrations import Credential
from services.ingest.chain.leader import Pace
from tests.chain_node.abi import abi_text, call_data
from tests.chain_node.activity import FOLLOWERS, LEADERS, Activity
from tests.chain_node.chain import Transaction
from tests.chain_node.contracts import USD
from tests.chain_node.faults import Traits
from tests.chain_node.server import TestNode, running_node
from tests.integration.chain_reading import FAST as READER
from tests.integration.chain_stage import ChainStage, chain_stage, index_afresh, until_read
from tests.integration.chain_truth import check_tables
from tests.integration.ingest_stage import until
from tests.integration.service_pair import difference
from tests.servers import TEMPLATE, Database, RestartableRedis, new_database, running_redis
from vaultline.embedded import EmbeddedPostgres

ONE_BY_ONE = Pace(reader=READER, resend_seconds=0.4, span=1)
VAULT = "0x" + "e1" * 20
_numbers = itertools.count(1)


@pytest.fixture
def other_database(postgres: EmbeddedPostgres, template_credentials: Mapping[str, Credential]) -> Iterator[Database]:
    """A second fresh database."""
    name = f"fresh_{next(_numbers)}"
    with new_database(postgres, name, template=TEMPLATE) as admin_url:
        yield Database(name, admin_url, template_credentials)


@pytest.fixture
def other_redis() -> Iterator[RestartableRedis]:
    """A second empty Redis."""
    with running_redis() as server:
        yield server


def counts(stage: ChainStage) -> list[int]:
    """Rows of vaults, users, flows and followers."""
    tables = ("vaults.vaults", "vaults.users", "vaults.flows", "analytics.vaults", "analytics.followers")
    return [stage.stage.value(f"SELECT count(*) FROM {table}") for table in tables]


@pytest.mark.parametrize("seed", [21, 22, 23])
async def test_an_index_that_lived_through_restarts_and_reorganisations_is_a_fresh_one_row_by_row(
    seed: int, database: Database, redis_url: str, other_database: Database, other_redis: RestartableRedis
) -> None:
    activity = Activity(seed)
    activity.mine(20)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url)
        for depth in (3, 1, 9, 5):
            async with stage.indexing(settings, ONE_BY_ONE):
                await stage.until_settled(activity.chain.head)
                activity.reorganise(depth)
                await until_read(stage, activity.chain.head.number - 1)
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.head)
        assert stage.stage.value("SELECT count(*) FROM ingest.rewinds") >= 4
        lived = await stage.rows()
        fresh = await index_afresh(other_database, other_redis.url, settings, activity.chain)
    assert difference(lived, fresh) == []
    assert len(lived["analytics"]) > 50


async def test_a_vault_goes_with_its_block_and_comes_back_with_another(database: Database, redis_url: str) -> None:
    activity = Activity(1)
    chain = activity.chain
    chain.append([deploy(activity, "d1", deposit=700)], seconds=10)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await stage.until_settled(chain.head)
        assert stage.stage.rows("SELECT tvl FROM analytics.vaults") == [(700,)]
        assert counts(stage) == [1, 2, 1, 1, 1]
        chain.drop(1)
        chain.append(seconds=4)
        await stage.until_settled(chain.head)
        assert counts(stage) == [0, 0, 0, 0, 0]
        # The same transaction again, in another block and with another outcome.
        chain.append([deploy(activity, "d1", deposit=500)], seconds=20)
        await stage.until_settled(chain.head)
        assert stage.stage.rows("SELECT tvl FROM analytics.vaults") == [(500,)]
        assert counts(stage) == [1, 2, 1, 1, 1]
        assert stage.stage.value("SELECT extract(epoch FROM created_at) FROM vaults.vaults") == chain.head.timestamp
        copies = "SELECT identity, count(DISTINCT block_hash) FROM ingest.inbox GROUP BY identity"
        assert [count for _, count in stage.stage.rows(copies)] == [2, 2]


async def test_blocks_that_come_back_bring_their_events_back(database: Database, redis_url: str) -> None:
    activity, again = Activity(5), Activity(5)
    activity.mine(15)
    again.mine(15)
    assert again.chain.head.hash == activity.chain.head.hash
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(activity.chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await stage.until_settled(activity.chain.head)
        before = await stage.rows()
        activity.reorganise(6)
        await stage.until_settled(activity.chain.head)
        assert difference(before, await stage.rows()) != []
        serve(node, again)
        await stage.until_settled(again.chain.head)
        assert difference(before, await stage.rows()) == []
        # Those of the seven blocks in between.
        assert stage.stage.value("SELECT count(*) FROM ingest.orphaned_blocks") == 7
        await check_tables(stage, activity.protocol, again.chain)


async def test_a_chain_that_reorganises_without_growing_is_noticed(database: Database, redis_url: str) -> None:
    activity = Activity(6)
    activity.mine(15)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(activity.chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await stage.until_settled(activity.chain.head)
        for depth, blocks in ((4, 4), (5, 2)):
            activity.reorganise(depth, blocks=blocks)
            await stage.until_settled(activity.chain.head)
            await check_tables(stage, activity.protocol, activity.chain)
        # One that is only behind is waited for.
        node.traits = Traits(lag=3)
        head = activity.chain.head.number
        await until(lambda: stage.stage.value("SELECT head_number FROM ingest.chain_cursor") == head - 3)
        assert stage.stage.value("SELECT count(*) FROM ingest.rewinds") == 2


async def test_a_fork_below_the_first_block_of_the_index_is_taken_back_whole(
    database: Database, redis_url: str
) -> None:
    activity = Activity(7)
    activity.mine(12)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url, start_block=2, finality_depth=20)
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.head)
            activity.reorganise(11)
            await stage.until_settled(activity.chain.head)
            await check_tables(stage, activity.protocol, activity.chain, start_block=2)


async def test_blocks_without_their_confirmations_are_left_alone(database: Database, redis_url: str) -> None:
    activity = Activity(8)
    activity.mine(14)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url, confirmations=4)
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.blocks[10])
            await check_tables(stage, activity.protocol, activity.chain, confirmations=4)
            # What was not read yet may change as it likes.
            activity.reorganise(4)
            await stage.until_settled(activity.chain.blocks[11])
            await check_tables(stage, activity.protocol, activity.chain, confirmations=4)
        assert stage.stage.value("SELECT count(*) FROM ingest.rewinds") == 0


async def test_a_vault_that_the_operator_listed_is_announced_by_its_first_event(
    database: Database, redis_url: str
) -> None:
    activity = Activity(9)
    chain = activity.chain
    # Deployed before the index begins, so that no deployment is read.
    chain.append([deploy(activity, "d1")])
    chain.append(seconds=5)
    deposit = Transaction("0x" + "d2" * 32)
    activity.contracts.deposit(deposit, VAULT, FOLLOWERS[0], 900)
    activity.contracts.freeze(deposit, VAULT, b"")
    chain.append([deposit], seconds=5)
    listed = {"known_vault_addresses": VAULT, "start_block": 2}
    async with chain_stage(database, redis_url) as stage, running_node(chain) as node:
        settings = stage.settings(activity.protocol, node.url, **listed)
        async with stage.indexing(settings):
            await stage.until_settled(chain.head)
            vault = "SELECT contract_address, name, base_asset, decimals, leader_address FROM vaults.deployments"
            expected = (checksum_address(VAULT), "Phoenix", checksum_address(USD), 6, checksum_address(LEADERS[0]))
            assert stage.stage.rows(vault) == [expected]
            assert stage.stage.rows("SELECT tvl, status FROM vaults.vaults") == [(900, "PAUSED")]
            assert (await stage.verified(settings)).disagreements == {}
            # Another deposit does not announce it again, also after a restart.
            chain.append([withdrawal(activity, "d3", 100)])
            await stage.until_settled(chain.head)
        chain.append([withdrawal(activity, "d4", 50)])
        async with stage.indexing(settings):
            await stage.until_settled(chain.head)
            assert stage.stage.value("SELECT count(*) FROM vaults.deployments") == 1
            # With the block of its first event it goes; the next one announces it.
            chain.drop(3)
            chain.append(seconds=7)
            chain.append([withdrawal(activity, "d3", 0)])
            await stage.until_settled(chain.head)
            assert stage.stage.rows("SELECT deployed_block, tvl, status FROM vaults.vaults") == [(4, 0, "ACTIVE")]


@pytest.mark.parametrize("kept_state", [None, 3])
async def test_a_vaults_name_is_that_of_its_block_where_the_node_still_knows(
    database: Database, redis_url: str, kept_state: int | None
) -> None:
    activity = Activity(10)
    chain = activity.chain
    chain.append([deploy(activity, "d1")])
    for _ in range(5):
        chain.append()
    chain.set_view(VAULT, call_data("vaultName()"), abi_text(b"Renamed"), number=4)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(chain, Traits(state_blocks=kept_state)) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await stage.until_settled(chain.head)
        name = stage.stage.value("SELECT name FROM vaults.vaults")
    assert name == ("Renamed" if kept_state else "Phoenix")


async def test_a_vault_without_a_name_keeps_its_base_asset(database: Database, redis_url: str) -> None:
    activity = Activity(11)
    activity.chain.append([deploy(activity, "d1", name=None)])
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(activity.chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await stage.until_settled(activity.chain.head)
        rows = stage.stage.rows("SELECT name, base_asset, decimals FROM vaults.vaults")
    assert rows == [("", checksum_address(USD), 6)]


async def test_a_chain_whose_clock_is_far_ahead_is_waited_for(database: Database, redis_url: str) -> None:
    activity = Activity(12)
    chain = activity.chain
    chain.append()
    chain.append(seconds=100 * 365 * 86_400)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url), ONE_BY_ONE) as indexing,
    ):
        await until_read(stage, 1)
        requests = node.requests["eth_getLogs"]
        await until(lambda: node.requests["eth_getLogs"] > requests + 5)
        assert stage.position()[0] == 1
        assert not indexing.done()


async def test_scores_and_flags_of_blocks_that_are_gone_are_gone_too(database: Database, redis_url: str) -> None:
    activity = Activity(13)
    chain = activity.chain
    chain.append([deploy(activity, "d1")])
    risk, oracle = activity.contracts.risk_manager, activity.contracts.oracle
    metrics = call_data("getPerformanceMetrics(address)", LEADERS[0])

    def rate(score: int) -> None:
        chain.set_view(oracle, metrics, b"".join(number.to_bytes(32) for number in (score, 0, 0, 1, 1)))

    rate(600)
    chain.append(seconds=10)
    state = "SELECT status, status_reason, argus_score FROM vaults.vaults v JOIN vaults.users u ON u.id = v.leader_id"
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await stage.until_settled(chain.head)
        before = await stage.rows()
        assert stage.stage.rows(state) == [("ACTIVE", "", 600)]
        rate(900)
        chain.set_view(risk, call_data("isVaultFrozen(address)", VAULT), (1).to_bytes(32))
        chain.append(seconds=10)
        await stage.until_settled(chain.head)
        assert stage.stage.rows(state) == [("PAUSED", "seen in isVaultFrozen", 900)]
        chain.drop(1)
        chain.append(seconds=3)
        await stage.until_settled(chain.head)
        assert stage.stage.rows(state) == [("ACTIVE", "", 600)]
        assert difference(before, await stage.rows()) == []
