"""What the indexer tells of single vaults: their facts, their silent state, and vaults that no factory announced."""

from __future__ import annotations

import pytest

from libs.identifiers import checksum_address
from services.ingest.chain.leader import Pace
from tests.chain_node.abi import abi_text, call_data
from tests.chain_node.contracts import USD
from tests.chain_node.faults import Traits
from tests.chain_node.server import running_node
from tests.integration.chain_reading import FAST as READER
from tests.integration.chain_stage import chain_stage, serve, until_read
from tests.integration.ingest_stage import until
from tests.integration.service_pair import difference
from tests.integration.small_chain import ADDRESS, LEADER, VAULT, SmallChain
from tests.servers import Database

STATE = "SELECT status, status_reason, argus_score FROM vaults.vaults v JOIN vaults.users u ON u.id = v.leader_id"


async def test_a_vault_that_the_operator_listed_is_announced_by_its_first_event(
    database: Database, redis_url: str
) -> None:
    small = SmallChain()
    # Deployed before the index begins, so that no deployment is read.
    small.block(small.deployment("d1"))
    small.block()
    small.block(small.deposit("d2", 900), small.freezing("d3"))
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url, known_vault_addresses=VAULT, start_block=2)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
            vault = "SELECT contract_address, name, base_asset, decimals, leader_address FROM vaults.deployments"
            assert stage.stage.rows(vault) == [(ADDRESS, "Phoenix", checksum_address(USD), 6, LEADER)]
            assert stage.stage.rows("SELECT deployed_block, tvl, status FROM vaults.vaults") == [(3, 900, "PAUSED")]
            assert (await stage.verified(settings)).disagreements == {}
            small.block(small.withdrawal("d4", 100))
            await stage.until_settled(small.head)
        small.block(small.withdrawal("d5", 50))
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
            # Neither a further event nor a restart announces it again.
            assert stage.stage.rows("SELECT block_order FROM vaults.deployments") == [(3,)]
            assert stage.stage.rows("SELECT tvl FROM vaults.vaults") == [(750,)]
            # With the block of its first event it goes; the next event announces it.
            small.chain.drop(3)
            small.block(seconds=7)
            small.block(small.withdrawal("d4", 0))
            await stage.until_settled(small.head)
            assert stage.stage.rows("SELECT deployed_block, tvl, status FROM vaults.vaults") == [(4, 0, "ACTIVE")]


async def test_a_listed_vault_that_did_nothing_yet_is_no_disagreement(database: Database, redis_url: str) -> None:
    small = SmallChain()
    small.block(small.deployment("d1"))
    small.block()
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url, known_vault_addresses=VAULT, start_block=2)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
            report = await stage.verified(settings)
    assert (report.checked, report.disagreements) == (0, {})


async def test_a_listed_vault_that_a_factory_announces_too_is_deployed_once(database: Database, redis_url: str) -> None:
    small = SmallChain()
    small.block(small.deployment("d1", deposit=5))
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain) as node,
        stage.indexing(stage.settings(small.protocol, node.url, known_vault_addresses=VAULT)),
    ):
        await stage.until_settled(small.head)
        assert stage.stage.rows("SELECT identity FROM vaults.deployments") == [("125:0x" + "d1" * 32 + ":0",)]


@pytest.mark.parametrize(("kept_state", "expected"), [(None, "Phoenix"), (3, "Renamed")])
async def test_a_vaults_name_is_that_of_its_block_where_the_node_still_knows(
    database: Database, redis_url: str, kept_state: int | None, expected: str
) -> None:
    small = SmallChain()
    small.block(small.deployment("d1"))
    for _ in range(5):
        small.block()
    small.chain.set_view(VAULT, call_data("vaultName()"), abi_text(b"Renamed"), number=4)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain, Traits(state_blocks=kept_state)) as node,
        stage.indexing(stage.settings(small.protocol, node.url)),
    ):
        await stage.until_settled(small.head)
        assert stage.stage.value("SELECT name FROM vaults.vaults") == expected


async def test_a_vault_without_a_name_keeps_its_base_asset(database: Database, redis_url: str) -> None:
    small = SmallChain()
    small.block(small.deployment("d1", name=None))
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain) as node,
        stage.indexing(stage.settings(small.protocol, node.url)),
    ):
        await stage.until_settled(small.head)
        rows = stage.stage.rows("SELECT name, base_asset, decimals FROM vaults.vaults")
        assert rows == [("", checksum_address(USD), 6)]


async def test_a_chain_whose_clock_is_far_ahead_is_waited_for(database: Database, redis_url: str) -> None:
    small = SmallChain()
    small.block()
    small.block(seconds=100 * 365 * 86_400)
    pace = Pace(reader=READER, resend_seconds=0.4, span=1)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain) as node,
        stage.indexing(stage.settings(small.protocol, node.url), pace) as indexing,
    ):
        await until_read(stage, 1)
        requests = node.requests["eth_getLogs"]
        await until(lambda: node.requests["eth_getLogs"] > requests + 5)
        assert stage.position()[0] == 1
        assert not indexing.done()


async def test_flags_and_scores_change_without_an_event(database: Database, redis_url: str) -> None:
    small = SmallChain()
    small.block(small.deployment("d1"))
    small.rate(600)
    small.block()
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain) as node,
        stage.indexing(stage.settings(small.protocol, node.url)),
    ):
        await stage.until_settled(small.head)
        assert stage.stage.rows(STATE) == [("ACTIVE", "", 600)]
        small.block(small.freezing("d2"))
        await stage.until_settled(small.head)
        assert stage.stage.rows(STATE) == [("PAUSED", "drawdown", 600)]
        small.set_frozen(False)
        small.rate(0)
        small.block()
        await stage.until_settled(small.head)
        assert stage.stage.rows(STATE) == [("ACTIVE", "seen in isVaultFrozen", 0)]
        # Looking again changes nothing.
        events = stage.stage.value("SELECT count(*) FROM ingest.inbox")
        requests = node.requests["eth_call"]
        await until(lambda: node.requests["eth_call"] > requests + 10)
        assert stage.stage.value("SELECT count(*) FROM ingest.inbox") == events


async def test_flags_and_scores_of_blocks_that_are_gone_are_gone_too(database: Database, redis_url: str) -> None:
    small = SmallChain()
    small.block(small.deployment("d1"))
    small.rate(600)
    small.block(seconds=10)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain) as node,
        stage.indexing(stage.settings(small.protocol, node.url)),
    ):
        await stage.until_settled(small.head)
        before = await stage.rows()
        small.rate(900)
        small.set_frozen(True)
        small.block(seconds=10)
        await stage.until_settled(small.head)
        assert stage.stage.rows(STATE) == [("PAUSED", "seen in isVaultFrozen", 900)]
        small.chain.drop(1)
        small.block(seconds=3)
        await stage.until_settled(small.head)
        assert stage.stage.rows(STATE) == [("ACTIVE", "", 600)]
        assert difference(before, await stage.rows()) == []


async def test_a_leader_whose_only_vault_is_gone_leaves_the_board(database: Database, redis_url: str) -> None:
    small = SmallChain()
    small.rate(800)
    small.block(small.deployment("d1"))
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain) as node,
        stage.indexing(stage.settings(small.protocol, node.url)),
    ):
        await stage.until_settled(small.head)
        assert stage.stage.rows("SELECT argus_score FROM analytics.users") == [(800,)]
        small.chain.drop(1)
        small.block()
        await stage.until_settled(small.head)
        assert stage.stage.rows("SELECT argus_score FROM analytics.users") == []


async def test_a_state_that_came_back_with_its_block_is_compared_with_the_chain_again(
    database: Database, redis_url: str
) -> None:
    """The score was 600, then 900 in a block that left and came back, then 600 again."""
    small, again = SmallChain(), SmallChain()
    for one in (small, again):
        one.block(one.deployment("d1"))
        one.rate(600)
        one.block()
        one.rate(900)
        one.block()
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain) as node,
        stage.indexing(stage.settings(small.protocol, node.url)),
    ):
        await until_read(stage, 2)
        await stage.until_settled(small.head)
        small.chain.drop(1)
        small.block(seconds=5)
        await stage.until_settled(small.head)
        again.rate(600)
        again.block()
        serve(node, again.chain)
        await stage.until_settled(again.head)
        assert stage.stage.rows(STATE) == [("ACTIVE", "", 600)]
