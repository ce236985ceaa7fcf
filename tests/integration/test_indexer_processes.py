"""The indexer as a process: when it stops for good, who leads, and what its commands say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chain_node.activity import Activity
from tests.chain_node.chain import Chain
from tests.chain_node.server import running_node
from tests.faults.indexer_process import ROOT, command_environment, running_indexer
from tests.integration.chain_stage import chain_stage, until_read
from tests.integration.chain_truth import check_tables
from tests.integration.indexer_commands import MODULE, chain_status, command
from tests.integration.ingest_stage import until
from tests.integration.service_pair import difference
from tests.servers import Database

START_SECONDS = 30.0


async def ended(process: Any, *, seconds: float = START_SECONDS) -> int:
    """The exit code of a process that ends by itself."""
    await until(lambda: not process.is_running, seconds=seconds)
    return int(process.wait())


async def test_a_reorganisation_deeper_than_finality_stops_the_indexer_and_changes_nothing(
    database: Database, redis_url: str, tmp_path: Path
) -> None:
    activity = Activity(31)
    activity.mine(20)
    chain = activity.chain
    log = tmp_path / "indexer.log"
    async with chain_stage(database, redis_url) as stage, running_node(chain) as node:
        settings = stage.settings(activity.protocol, node.url, finality_depth=5)
        with running_indexer(settings, log, module=MODULE) as process:
            await stage.until_settled(chain.head, seconds=START_SECONDS)
            before = await stage.rows()
            read = [block.hash for block in chain.blocks]
            activity.reorganise(6)
            assert await ended(process) == 1
        # Six blocks were replaced, so the sixth from the top is the first that is final: number 15.
        assert chain.blocks[15].hash != read[15]
        reason = (
            f"reorganisation deeper than 5 blocks: at block 15 we read {read[15]}, "
            f"the chain now says {chain.blocks[15].hash}"
        )
        assert reason in process.log
        status = await chain_status(stage)
        assert (status.fatal, status.last_indexed_block) == (reason, 20)
        with running_indexer(settings, log, module=MODULE) as process:
            assert await ended(process) == 1
        assert process.log.count(reason) == 2
        assert difference(before, await stage.rows()) == []
        assert stage.position()[:2] == (20, read[20])
        assert stage.stage.value("SELECT count(*) FROM ingest.rewinds") == 0
        assert stage.stage.value("SELECT count(*) FROM ingest.orphaned_blocks") == 0


async def test_a_stopped_indexer_goes_on_when_told_and_stops_again_while_the_reason_holds(
    database: Database, redis_url: str, tmp_path: Path
) -> None:
    activity, again = Activity(32), Activity(32)
    activity.mine(20)
    again.mine(20)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url, finality_depth=3)
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.head)
        activity.reorganise(9)
        for _ in range(2):
            async with stage.indexing(settings) as indexing:
                await until(indexing.done)
                assert "deeper than 3 blocks" in str(indexing.exception())
        assert await command(settings, "resume") == (0, "")
        assert (await chain_status(stage)).fatal == ""
        async with stage.indexing(settings) as indexing:
            await until(indexing.done)
            assert "deeper than 3 blocks" in str(indexing.exception())
        # It was the node's fault: it serves the chain again that was read.
        node.chain = again.chain
        node.traits = node.traits
        assert (await command(settings, "resume"))[0] == 0
        again.mine(2)
        async with stage.indexing(settings):
            await stage.until_settled(again.chain.head)
            await check_tables(stage, activity.protocol, again.chain)


async def test_of_two_indexers_one_leads_and_the_other_takes_over_when_it_is_killed(
    database: Database, redis_url: str, tmp_path: Path
) -> None:
    activity = Activity(33)
    activity.mine(10)
    chain = activity.chain
    async with chain_stage(database, redis_url) as stage, running_node(chain) as node:
        settings = stage.settings(activity.protocol, node.url)
        with running_indexer(settings, tmp_path / "first.log") as first:
            await stage.until_settled(chain.head, seconds=START_SECONDS)
            with running_indexer(settings, tmp_path / "second.log") as second:
                await until(lambda: "waiting to take over" in second.log, seconds=START_SECONDS)
                activity.mine(5)
                await stage.until_settled(chain.head)
                assert "leading" not in second.log.replace("leads", "")
                first.kill()
                activity.mine(5)
                await stage.until_settled(chain.head, seconds=START_SECONDS)
                assert "leading" in second.log
                await check_tables(stage, activity.protocol, chain)
                assert second.terminate() == 0


async def test_sigterm_ends_an_indexer_that_has_nothing_to_do(
    database: Database, redis_url: str, tmp_path: Path
) -> None:
    activity = Activity(34)
    activity.mine(3)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url)
        with running_indexer(settings, tmp_path / "log", module=MODULE) as process:
            await stage.until_settled(activity.chain.head, seconds=START_SECONDS)
            assert process.terminate() == 0
            assert "stopped" in process.log


async def test_a_node_of_another_chain_ends_the_indexer(database: Database, redis_url: str, tmp_path: Path) -> None:
    chain = Chain(chain_id=1)
    chain.append()
    async with chain_stage(database, redis_url) as stage, running_node(chain) as node:
        settings = stage.settings(Activity(35).protocol, node.url)
        with running_indexer(settings, tmp_path / "log", module=MODULE) as process:
            assert await ended(process) == 1
            assert "it serves chain 1 instead of 125" in process.log


async def test_an_indexer_outlives_its_database_connection(database: Database, redis_url: str) -> None:
    activity = Activity(36)
    activity.mine(5)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(activity.chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await until_read(stage, 5)
        stage.stage.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'indexer-leader'"
        )
        activity.mine(5)
        await stage.until_settled(activity.chain.head)
        await check_tables(stage, activity.protocol, activity.chain)


@pytest.mark.parametrize(
    ("variable", "value"), [("RPC_URL", "ws://node"), ("VAULT_FACTORY_ADDRESS", "0x12"), ("CONFIRMATIONS", "-1")]
)
async def test_a_wrong_setting_is_named(database: Database, redis_url: str, variable: str, value: str) -> None:
    async with chain_stage(database, redis_url) as stage:
        settings = stage.settings(Activity(37).protocol, "http://127.0.0.1:9")
        environment = command_environment(settings) | {variable: value}
        done = subprocess.run(
            [sys.executable, "-m", MODULE], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert f"configuration: {variable}: " in done.stderr
