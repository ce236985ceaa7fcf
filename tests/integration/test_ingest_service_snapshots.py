"""Snapshots: the figures of the vaults service are brought up to those of analytics when a job asks for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from libs.identifiers import checksum_address
from protos.ingest.v1 import ingest_pb2 as pb
from services.ingest.upkeep import answer_one_request, run_snapshots
from services.ingest.windows import WindowRefresh
from tests.integration.ingest_jobs import vault_address
from tests.integration.ingest_stage import CHAIN_ID, Stage, staged, until
from tests.oracle.jobs import deployed, flow, job, trade
from tests.oracle.sending import START
from tests.servers import Database, short_folder

FIGURES = """
    SELECT contract_address, tvl::int, trade_count, follower_count FROM vaults.vaults ORDER BY contract_address
"""
TAMPER = "UPDATE vaults.vaults SET ledger_version = 0, tvl = 666, trade_count = 6, follower_count = 66"
OPEN = "SELECT count(*) FROM ingest.snapshots WHERE completed_at IS NULL OR completed_at < requested_at"
REFRESH = "SELECT number, (SELECT count(*) FROM analytics.board_entries) FROM analytics.refreshes"
WINDOWS = """
    SELECT contract_address, window_name, pnl::int
    FROM vaults.vault_windows JOIN vaults.vaults ON id = vault_id
    WHERE window_name IN ('1y', 'all')
    ORDER BY contract_address, window_name
"""
ONE, TWO = (checksum_address(vault_address(number)) for number in (1, 2))
TRUE = [(ONE, 500, 1, 1), (TWO, 30, 0, 1)]


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Two vaults whose events have taken effect."""
    with short_folder() as folder:
        async with staged(database, folder) as stage:
            async with stage.dispatching():
                await stage.feed(deployed(101, vaultAddress=ONE), deployed(102, vaultAddress=TWO))
                await stage.feed(
                    flow(1, "A", "DEPOSIT", 500, vaultAddress=ONE),
                    trade(2, 10, vaultAddress=ONE),
                    flow(3, "B", "DEPOSIT", 30, vaultAddress=TWO),
                )
                await stage.until_delivered(5)
            assert stage.rows(FIGURES) == TRUE
            yield stage


@asynccontextmanager
async def answering(stage: Stage) -> AsyncIterator[None]:
    """Snapshot requests are answered inside the block."""
    task = asyncio.create_task(run_snapshots(stage.pool, stage.services, CHAIN_ID))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()


def snapshot(number: int, **payload):
    return job("snapshot", f"snapshot-{number}", **{"interval": "1h", "triggeredAt": START, **payload})


async def test_a_snapshot_job_restores_figures_that_were_tampered_with(stage):
    stage.run(TAMPER)
    async with answering(stage):
        await stage.feed(snapshot(1))
        await until(lambda: stage.value(OPEN) == 0)
    assert stage.rows(FIGURES) == TRUE
    assert stage.rows("SELECT sequence, kind FROM ingest.changes WHERE sequence > 5") == [(6, pb.CHANGE_KIND_SNAPSHOT)]


async def test_a_snapshot_of_one_vault_leaves_the_others_alone(stage):
    stage.run(TAMPER)
    async with answering(stage):
        await stage.feed(snapshot(1, vaultAddress=TWO))
        await until(lambda: stage.value(OPEN) == 0)
    assert stage.rows(FIGURES) == [(ONE, 666, 6, 66), (TWO, 30, 0, 1)]


async def test_a_snapshot_of_one_vault_that_is_current_is_no_change(stage, redis_url):
    async with answering(stage), stage.serving(redis_url) as ingest:
        await stage.feed(snapshot(1, vaultAddress=ONE), snapshot(2, vaultAddress=vault_address(99)))
        await until(lambda: stage.value(OPEN) == 0)
        status = await ingest.GetPipelineStatus(pb.GetPipelineStatusRequest())
    assert status.HasField("last_snapshot_at")
    assert status.change_sequence == 5


async def test_a_snapshot_of_all_brings_windows_and_boards_up_to_now_and_tells_of_it(stage):
    asked_at = int(time.time())
    async with answering(stage):
        await stage.feed(snapshot(1))
        await until(lambda: stage.value(OPEN) == 0)
        assert stage.rows("SELECT kind FROM ingest.changes WHERE sequence > 5") == [(pb.CHANGE_KIND_SNAPSHOT,)]
        assert stage.rows(REFRESH) == [(1, 3)]
        # The trade of 10 was long ago: only the window of all has it, and the vaults service knows that.
        assert stage.rows(WINDOWS) == [(ONE, "1y", 0), (ONE, "all", 10), (TWO, "1y", 0), (TWO, "all", 0)]
        await stage.feed(snapshot(2))
        await until(lambda: stage.rows(REFRESH) == [(2, 3)] and stage.value(OPEN) == 0)
    assert asked_at <= stage.value("SELECT extract(epoch FROM as_of)::bigint FROM analytics.refreshes") <= time.time()


async def test_windows_that_did_not_reach_vaults_are_taken_there_by_the_next_snapshot(stage):
    async with answering(stage):
        await stage.feed(snapshot(1))
        await until(lambda: stage.value(OPEN) == 0)
        known = stage.rows(WINDOWS)
        stage.run("DELETE FROM vaults.vault_windows; UPDATE vaults.vaults SET refresh_number = 0")
    stage.services.windows = WindowRefresh(*stage.channels)
    async with answering(stage):
        await stage.feed(snapshot(2))
        await until(lambda: stage.value(OPEN) == 0)
    assert stage.rows(WINDOWS) == known


async def test_requests_of_the_same_kind_are_answered_once(stage):
    calls: list[int] = []

    async def count(request, context) -> None:
        calls.append(len(request.performances))

    stage.vaults.update = count
    await stage.feed(*(snapshot(number) for number in range(20)))
    await stage.feed(*(snapshot(number) for number in range(20, 40)))
    async with answering(stage):
        await until(lambda: stage.value(OPEN) == 0)
    assert calls == [2]


async def test_a_request_that_comes_during_a_refresh_is_taken_in_at_once_and_answered_after_it(stage):
    """The worker must not wait for the refresh: other jobs of its batch would wait with it."""
    release = asyncio.Event()
    entered = asyncio.Event()
    calls: list[int] = []

    async def hold(request, context) -> None:
        calls.append(len(request.performances))
        entered.set()
        await release.wait()

    stage.vaults.update = hold
    async with answering(stage):
        await stage.feed(snapshot(1))
        async with asyncio.timeout(10):
            await entered.wait()
        async with asyncio.timeout(3):
            await stage.feed(snapshot(2), flow(9, "A", "DEPOSIT", 1))
        assert calls == [2]
        release.set()
        await until(lambda: stage.value(OPEN) == 0)
    assert calls == [2, 2]
    assert stage.value("SELECT count(*) FROM ingest.inbox") == 6


async def test_two_replicas_do_not_refresh_the_same_at_the_same_time(stage):
    release = asyncio.Event()
    calls: list[int] = []

    async def hold(request, context) -> None:
        calls.append(len(request.performances))
        await release.wait()

    stage.vaults.update = hold
    await stage.feed(snapshot(1))
    async with answering(stage):
        await until(lambda: len(calls) > 0)
        assert await answer_one_request(stage.pool, stage.services, CHAIN_ID) is False
        release.set()
        await until(lambda: stage.value(OPEN) == 0)
    assert calls == [2]


async def test_a_refresh_that_fails_is_tried_again(stage):
    async def fail(request, context) -> None:
        stage.vaults.update = None
        await context.abort(grpc.StatusCode.INTERNAL, "scripted")

    stage.vaults.update = fail
    stage.run(TAMPER)
    async with answering(stage):
        await stage.feed(snapshot(1))
        await until(lambda: stage.value(OPEN) == 0)
    assert stage.rows(FIGURES) == TRUE
