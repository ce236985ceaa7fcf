"""The check against the chain: it agrees with a true index and names each figure that is not true."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from libs.database import open_pool
from libs.errors import Unavailable
from services.ingest.chain.indexer import learned_state
from services.ingest.chain.leader import opened
from services.ingest.chain.protocol import initial_state
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.verify import Verifier
from services.ingest.repository import chain as chain_repository
from tests.chain_node.abi import call_data, word
from tests.chain_node.activity import FOLLOWERS, Activity
from tests.chain_node.chain import Reverts
from tests.chain_node.server import running_node
from tests.integration.chain_stage import FAST, ChainStage, chain_stage
from tests.integration.indexer_commands import chain_status, command
from tests.integration.small_chain import ADDRESS, FOLLOWER, LEADER, VAULT, SmallChain
from tests.servers import Database

# What makes each kind of figure wrong, its subject, and what the report says of it.
TAMPERING = {
    "deposit": (
        "UPDATE analytics.followers SET deposit = 701",
        f"deposit {ADDRESS} {FOLLOWER}",
        "we say 701, the chain says 700",
    ),
    "tvl": ("UPDATE vaults.vaults SET tvl = 699", f"tvl {ADDRESS}", "we say 699, the chain says 700"),
    "frozen": ("UPDATE vaults.vaults SET is_frozen = true", f"frozen {ADDRESS}", "we say 1, the chain says 0"),
    "score": ("UPDATE vaults.users SET argus_score = 1", f"score {LEADER}", "we say 1, the chain says 640"),
}


def with_deposit() -> SmallChain:
    """A vault with a deposit of 700 whose leader has a score of 640."""
    small = SmallChain()
    small.rate(640)
    small.block(small.deployment("d1", deposit=700))
    return small


async def test_a_true_index_agrees_in_every_figure(database: Database, redis_url: str) -> None:
    activity = Activity(61)
    activity.mine(30)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.head)
            report = await stage.verified(settings)
        vaults = stage.stage.value("SELECT count(*) FROM vaults.vaults")
        followers = stage.stage.value("SELECT count(*) FROM analytics.followers")
        # Of each vault its TVL, its flag and its leader's score.
        assert (report.block_number, report.checked) == (30, 3 * vaults + followers)
        assert report.disagreements == {}
        code, output = await command(settings, "verify")
        assert (code, output) == (0, f"block 30: {report.checked} figures compared, 0 disagree\n")
        status = await chain_status(stage)
        assert (status.verified_block, status.disagreement_count) == (30, 0)


@pytest.mark.parametrize("kind", TAMPERING)
async def test_each_kind_of_figure_that_is_not_true_is_named(database: Database, redis_url: str, kind: str) -> None:
    statement, subject, detail = TAMPERING[kind]
    small = with_deposit()
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
        stage.stage.run(statement)
        code, output = await command(settings, "verify")
        assert (code, output) == (1, f"block 1: 4 figures compared, 1 disagree\n  {subject}: {detail}\n")
        assert (await chain_status(stage)).disagreement_count == 1


async def test_a_vault_whose_views_revert_is_named_and_the_others_are_not(database: Database, redis_url: str) -> None:
    activity = Activity(62)
    activity.mine(30)
    broken = activity.vaults[0]
    activity.break_views(broken)
    activity.mine(3)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.head)
            report = await stage.verified(settings)
    assert report.disagreements
    assert {subject.split()[1].lower() for subject in report.disagreements} == {broken}
    assert all("the chain says nothing" in detail for detail in report.disagreements.values())
    assert any(subject.startswith("tvl ") for subject in report.disagreements)


async def test_a_vault_that_is_missing_is_named(database: Database, redis_url: str) -> None:
    small = with_deposit()
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
        stage.stage.run("DELETE FROM vaults.subscriptions")
        stage.stage.run("DELETE FROM vaults.vaults")
        report = await stage.verified(settings)
    assert list(report.disagreements) == [f"vault {ADDRESS}"]
    assert "can't be read" in report.disagreements[f"vault {ADDRESS}"]


async def test_a_later_check_takes_back_what_is_right_again(database: Database, redis_url: str) -> None:
    small = with_deposit()
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
        small.set_tvl(word(5))
        small.chain.set_view(VAULT, call_data("totalVaultTVL()"), word(5), number=1)
        assert list((await stage.verified(settings)).disagreements) == [f"tvl {ADDRESS}"]
        assert (await chain_status(stage)).disagreement_count == 1
        small.chain.set_view(VAULT, call_data("totalVaultTVL()"), word(700), number=1)
        assert (await stage.verified(settings)).disagreements == {}
        assert (await chain_status(stage)).disagreement_count == 0


async def test_a_sample_leaves_what_was_found_of_others(database: Database, redis_url: str) -> None:
    activity = Activity(63)
    activity.mine(25)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.head)
        stage.stage.run("INSERT INTO ingest.disagreements VALUES ('tvl of another', 1, 'wrong')")
        code, output = await command(settings, "verify", "--sample", "1")
        assert code == 0
        assert "0 disagree" in output
        assert (await chain_status(stage)).disagreement_count == 1


async def test_a_liquidated_vault_may_be_frozen_or_not(database: Database, redis_url: str) -> None:
    small = with_deposit()
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
        stage.stage.run("UPDATE vaults.vaults SET is_liquidated = true, is_frozen = true")
        report = await stage.verified(settings)
    assert (report.checked, report.disagreements) == (3, {})


@pytest.mark.parametrize("answer", [Reverts(), b"", word(5_000) * 5])
async def test_an_oracle_that_refuses_means_no_score_and_one_that_exaggerates_the_highest(
    database: Database, redis_url: str, answer: Any
) -> None:
    small = SmallChain()
    assert small.protocol.oracle is not None
    data = call_data("getPerformanceMetrics(address)", LEADER)
    small.chain.set_view(small.protocol.oracle, data, answer)
    small.block(small.deployment("d1"))
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
            assert (await stage.verified(settings)).disagreements == {}
        expected = 1_000 if answer == word(5_000) * 5 else 0
        assert stage.stage.value("SELECT argus_score FROM vaults.users") == expected


async def test_flags_are_compared_at_the_block_of_the_last_look(database: Database, redis_url: str) -> None:
    small = with_deposit()
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
        small.set_frozen(True)
        small.rate(10)
        small.block()
        # An indexer that has read the block but not looked yet.
        stage.stage.run("UPDATE ingest.chain_cursor SET next_block = 3")
        stage.stage.run("INSERT INTO ingest.chain_blocks VALUES (2, %(hash)s)", hash=small.head.hash)
        report = await stage.verified(settings)
    assert (report.block_number, report.disagreements) == (2, {})


async def verify_now(stage: ChainStage, settings: Any, *, settle_seconds: float = 0.3) -> None:
    """A check that does not wait long."""
    async with opened(settings, FAST) as parts:
        verifier = Verifier(
            pool=parts.pool,
            reader=parts.reader,
            vaults=parts.vaults,
            analytics=parts.analytics,
            protocol=settings.protocol(),
            settle_seconds=settle_seconds,
        )
        await verifier.verify(initial_state(settings.protocol()))


async def test_nothing_is_compared_while_something_is_under_way(database: Database, redis_url: str) -> None:
    small = with_deposit()
    async with chain_stage(database, redis_url, with_worker=False) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url)
        with pytest.raises(Unavailable, match="do not come to rest"):
            await verify_now(stage, settings)
        async with stage.indexing(settings):
            while stage.position()[3] == 0:
                await asyncio.sleep(0.01)
        with pytest.raises(Unavailable, match="do not come to rest"):
            await verify_now(stage, settings)
        assert stage.stage.value("SELECT count(*) FROM ingest.verifications") == 0


async def test_a_node_that_is_behind_or_away_is_no_disagreement(database: Database, redis_url: str) -> None:
    activity = Activity(64)
    activity.mine(8)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.head)
        node.traits = replace(node.traits, lag=3)
        with pytest.raises(ChainUnavailable, match="behind block 8"):
            await stage.verified(settings)
        node.down = True
        with pytest.raises(ChainUnavailable):
            await stage.verified(settings)
        assert (await chain_status(stage)).disagreement_count == 0


async def test_an_indexer_checks_by_itself(database: Database, redis_url: str) -> None:
    small = with_deposit()
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url, verify_seconds=0.1)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
            await stage_until_verified(stage, disagreements=0)
            stage.stage.run("UPDATE analytics.followers SET deposit = 1")
            await stage_until_verified(stage, disagreements=1)
            small.block(small.deposit("d2", 5, follower=FOLLOWERS[1]))
            await stage.until_settled(small.head)


async def stage_until_verified(stage: ChainStage, *, disagreements: int) -> None:
    """Wait until the check has come to this."""
    async with asyncio.timeout(15):
        while True:
            status = await chain_status(stage)
            if status.HasField("verified_block") and status.disagreement_count == disagreements:
                return


async def test_what_an_operator_configures_later_is_believed_from_then_on(database: Database) -> None:
    protocol = SmallChain().protocol
    stored = {"factories": ["0x" + "01" * 20], "vaults": ["0x" + "02" * 20], "oracle": None}
    other = replace(protocol, oracle=ADDRESS)
    state = learned_state(stored, other)
    assert state.oracle == ADDRESS.lower()
    assert state.factories == {"0x" + "01" * 20, str(protocol.factory).lower()}
    async with open_pool(database.url("ingest"), name="test") as pool, pool.connection() as conn:
        assert await chain_repository.find_state(conn) is None
