"""The indexer on a chain that reorganises: in the end the tables are those of a fresh index."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pytest

from libs.migrations import Credential
from services.ingest.chain.leader import Pace
from tests.chain_node.activity import Activity
from tests.chain_node.faults import Traits
from tests.chain_node.server import running_node
from tests.integration.chain_reading import FAST as READER
from tests.integration.chain_stage import ChainStage, chain_stage, index_afresh, serve, until_read
from tests.integration.chain_truth import check_tables
from tests.integration.ingest_stage import until
from tests.integration.service_pair import difference
from tests.integration.small_chain import SmallChain
from tests.servers import TEMPLATE, Database, RestartableRedis, new_database, running_redis
from vaultline.embedded import EmbeddedPostgres

ONE_BY_ONE = Pace(reader=READER, resend_seconds=0.4, span=1)
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


async def compare_with_a_fresh_index(
    seed: int, stage_database: Database, redis_url: str, other_database: Database, other_redis_url: str
) -> None:
    """Live through restarts and reorganisations, then index the last chain afresh."""
    activity = Activity(seed)
    activity.mine(20)
    async with chain_stage(stage_database, redis_url) as stage, running_node(activity.chain) as node:
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
        fresh = await index_afresh(other_database, other_redis_url, settings, activity.chain)
    assert difference(lived, fresh) == []
    assert len(lived["analytics"]) > 10


@pytest.mark.parametrize("seed", [21, 22])
async def test_an_index_that_lived_through_restarts_and_reorganisations_is_a_fresh_one_row_by_row(
    seed: int, database: Database, redis_url: str, other_database: Database, other_redis: RestartableRedis
) -> None:
    await compare_with_a_fresh_index(seed, database, redis_url, other_database, other_redis.url)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
async def test_dozens_of_lived_indexes_are_fresh_ones_row_by_row(
    seed: int, database: Database, redis_url: str, other_database: Database, other_redis: RestartableRedis
) -> None:
    await compare_with_a_fresh_index(seed, database, redis_url, other_database, other_redis.url)


async def test_a_vault_goes_with_its_block_and_comes_back_with_another(database: Database, redis_url: str) -> None:
    small = SmallChain()
    small.block(small.deployment("d1", deposit=700), seconds=10)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain) as node,
        stage.indexing(stage.settings(small.protocol, node.url)),
    ):
        await stage.until_settled(small.head)
        assert stage.stage.rows("SELECT tvl FROM vaults.vaults") == [(700,)]
        assert counts(stage) == [1, 2, 1, 1, 1]
        small.chain.drop(1)
        small.block(seconds=4)
        await stage.until_settled(small.head)
        assert counts(stage) == [0, 0, 0, 0, 0]
        # The same transaction again, in another block and with another outcome.
        small.block(small.deployment("d1", deposit=500), seconds=20)
        await stage.until_settled(small.head)
        assert stage.stage.rows("SELECT tvl FROM vaults.vaults") == [(500,)]
        assert counts(stage) == [1, 2, 1, 1, 1]
        created = stage.stage.value("SELECT extract(epoch FROM created_at) FROM vaults.vaults")
        assert created == small.head.timestamp
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
        serve(node, again.chain)
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


async def test_what_is_final_leaves_no_bookkeeping_behind(database: Database, redis_url: str) -> None:
    small = SmallChain()
    small.block(small.deployment("d0"))
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url, finality_depth=3)
        async with stage.indexing(settings, ONE_BY_ONE):
            for number in range(1, 11):
                small.rate(number)
                small.block(small.deployment(f"d{number:x}", vault=f"0x{number:040x}"))
                await stage.until_settled(small.head)
            # Of each thing the last that is final and the three that are not.
            assert stage.stage.rows("SELECT number FROM ingest.chain_blocks ORDER BY 1") == [(8,), (9,), (10,), (11,)]
            states = "SELECT next_block - 1 FROM ingest.chain_states ORDER BY 1"
            assert stage.stage.rows(states) == [(7,), (8,), (9,), (10,), (11,)]
            scores = "SELECT block_number FROM ingest.silent_states ORDER BY 1"
            assert stage.stage.rows(scores) == [(7,), (8,), (9,), (10,), (11,)]
            small.chain.drop(3)
            small.rate(500)
            small.block(seconds=9)
            await stage.until_settled(small.head)
            await check_tables(stage, small.protocol, small.chain)
            assert stage.stage.value("SELECT count(*) FROM vaults.vaults") == 8
