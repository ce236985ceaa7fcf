"""Taking blocks back, with crashes and late deliveries in between."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from libs.database import open_pool
from libs.events import OrphanedBlock
from protos.vaults.v1 import vaults_pb2
from services.ingest.chain.indexer import Indexer
from services.ingest.chain.reorg import Rewinder
from services.ingest.repository import rewinds
from services.ingest.repository.rewinds import OpenRewind, Subjects
from tests.chain_node.activity import Activity
from tests.chain_node.server import running_node
from tests.integration.chain_stage import chain_stage, serve
from tests.integration.chain_truth import check_tables
from tests.integration.ingest_stage import Hook, until
from tests.integration.small_chain import SmallChain
from tests.servers import Database


class Crash(Exception):
    """The process ends here."""


@pytest.mark.parametrize("point", ["before_the_services", "between_the_services", "after_the_services"])
async def test_a_rewind_that_a_crash_cut_off_is_finished_by_the_next_indexer(
    database: Database, redis_url: str, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity = Activity(51)
    activity.mine(16)
    async with chain_stage(database, redis_url) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.head)
        activity.reorganise(8)
        with monkeypatch.context() as patch:
            if point == "before_the_services":
                patch.setattr(Rewinder, "_tell_services", crash)
            elif point == "after_the_services":
                patch.setattr(rewinds, "complete", crash)
            else:
                patch.setattr(Rewinder, "_try_to_tell", tell_vaults_only)
            async with stage.indexing(settings) as indexing:
                await until(indexing.done)
                assert isinstance(indexing.exception(), Crash)
        assert stage.stage.value("SELECT count(*) FROM ingest.rewinds WHERE completed_at IS NULL") == 1
        async with stage.indexing(settings):
            await stage.until_settled(activity.chain.head)
            await check_tables(stage, activity.protocol, activity.chain)
        assert stage.stage.value("SELECT count(*) FROM ingest.rewinds") == 1


async def crash(*_: Any, **__: Any) -> None:
    """What a patched step does."""
    raise Crash


async def test_a_deeper_reorganisation_of_blocks_that_are_read_again_is_noticed(
    database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rewind makes the indexer read again from where it learned something last; those blocks may change too."""
    small = SmallChain()
    small.block(small.deployment("d1"))
    for number in range(2, 6):
        small.block(small.deposit(f"d{number}", 10**number))
    async with chain_stage(database, redis_url) as stage, running_node(small.chain) as node:
        settings = stage.settings(small.protocol, node.url)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
        small.chain.drop(1)
        small.block(seconds=7)
        with monkeypatch.context() as patch:
            patch.setattr(Indexer, "_read", crash)
            async with stage.indexing(settings) as indexing:
                await until(indexing.done)
        # Block 5 has been taken back, and the index goes on with block 0.
        assert stage.stage.rows("SELECT next_block FROM ingest.chain_cursor") == [(0,)]
        assert stage.position()[0] == 4
        small.chain.drop(3)
        for _ in range(3):
            small.block(seconds=7)
        async with stage.indexing(settings):
            await stage.until_settled(small.head)
            assert stage.stage.rows("SELECT tvl FROM vaults.vaults") == [(100,)]
            await check_tables(stage, small.protocol, small.chain)


async def tell_vaults_only(rewinder: Any, request: dict[str, Any]) -> None:
    """The first half of a rewind."""
    await rewinder._vaults.Rewind(vaults_pb2.RewindRequest(**request), timeout=5)
    raise Crash


async def test_a_service_that_is_away_is_waited_for(database: Database, redis_url: str) -> None:
    activity = Activity(52)
    activity.mine(12)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(activity.chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await stage.until_settled(activity.chain.head)
        await stage.stage.stop("analytics")
        activity.reorganise(5)
        await until(lambda: stage.stage.value("SELECT count(*) FROM ingest.rewinds WHERE completed_at IS NULL") == 1)
        await stage.stage.start("analytics")
        await stage.until_settled(activity.chain.head)
        await check_tables(stage, activity.protocol, activity.chain)


async def test_what_a_dispatcher_had_in_hand_before_a_rewind_does_not_count_after_it(
    database: Database, redis_url: str
) -> None:
    """A deposit was applied, its block left the chain and came back, and only then the answer is written down."""
    small, again = SmallChain(), SmallChain()
    for one in (small, again):
        one.block(one.deployment("d1"))
    answered, go_on = asyncio.Event(), asyncio.Event()
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(small.chain) as node,
        stage.indexing(stage.settings(small.protocol, node.url)),
    ):
        await stage.until_settled(small.head)
        for one in (small, again):
            one.block(one.deposit("d2", 700))
        stage.stage.vaults.update = holding(answered, go_on)
        await answered.wait()
        small.chain.drop(1)
        small.block(seconds=9)
        await until(lambda: stage.position()[1] == small.head.hash)
        serve(node, again.chain)
        await until(lambda: stage.position()[1] == again.head.hash)
        go_on.set()
        await stage.until_settled(again.head)
        assert stage.stage.rows("SELECT tvl FROM vaults.vaults") == [(700,)]
        await check_tables(stage, small.protocol, again.chain)


def holding(answered: asyncio.Event, go_on: asyncio.Event) -> Hook:
    """A hook that holds the first call back until told."""

    async def hook(request: Any, context: Any) -> None:
        if not answered.is_set():
            answered.set()
            await go_on.wait()

    return hook


async def test_blocks_of_events_that_arrive_late_are_refused(database: Database, redis_url: str) -> None:
    activity = Activity(54)
    activity.mine(14, busy=1.0)
    async with chain_stage(database, redis_url, with_worker=False) as stage, running_node(activity.chain) as node:
        settings = stage.settings(activity.protocol, node.url)
        async with stage.indexing(settings):
            await until(lambda: stage.position()[:2] == (14, activity.chain.head.hash))
            activity.reorganise(6)
            await until(lambda: stage.position()[:2] == (15, activity.chain.head.hash))
            # Only now the jobs of both chains come out of Redis.
            async with stage.worker():
                await stage.until_settled(activity.chain.head)
                await check_tables(stage, activity.protocol, activity.chain)


async def test_after_a_rewind_only_what_is_left_of_its_subjects_is_delivered_again(
    database: Database, redis_url: str
) -> None:
    inbox = """
        INSERT INTO ingest.inbox (identity, block_hash, block_number, kind, partition, vault_address, wallet_address,
            digest, event)
        SELECT %(identity)s, %(hash)s, %(number)s, %(kind)s, 0, %(vault)s, %(wallet)s, '', ''
    """
    rows: list[tuple[str, str, int, int, str | None, str | None]] = [
        ("deployed again", "b1", 1, 4, "V", None),
        ("deployed", "b5", 5, 4, "V", None),
        ("deposit before", "b2", 2, 0, "V", None),
        ("other vault", "b2", 2, 0, "W", None),
        ("status", "b5", 5, 6, "W", None),
        ("status before", "b2", 2, 6, "W", None),
        ("score", "b5", 5, 5, None, "L"),
        ("score before", "b1", 1, 5, None, "L"),
        ("score of another", "b1", 1, 5, None, "M"),
        ("same number", "c5", 5, 5, None, "M"),
    ]
    blocks = [OrphanedBlock(5, "b5"), OrphanedBlock(4, "b4")]
    async with (
        chain_stage(database, redis_url, with_worker=False) as stage,
        open_pool(database.url("ingest"), name="test") as pool,
    ):
        for identity, block_hash, number, kind, vault, wallet in rows:
            stage.stage.run(
                inbox, identity=identity, hash=block_hash, number=number, kind=kind, vault=vault, wallet=wallet
            )
        # No dispatcher shall touch these rows.
        stage.stage.run("UPDATE ingest.leases SET owner = gen_random_uuid(), expires_at = 'infinity'")
        stage.stage.run("INSERT INTO ingest.known_vaults VALUES ('V'), ('W')")
        waiting = "INSERT INTO ingest.deliveries SELECT sequence, 0 FROM ingest.inbox WHERE identity = %(identity)s"
        stage.stage.run(waiting, identity="deployed")
        generation = stage.stage.value("SELECT min(generation) FROM ingest.leases")
        async with pool.connection() as conn:
            await rewinds.save(conn, blocks)
            rewind = await rewinds.find_open(conn)
            assert rewind is not None
            assert rewind.blocks == blocks
            subjects = await rewinds.find_subjects(conn, blocks)
            assert subjects == Subjects(deployed=["V"], status_vaults=["W"], score_wallets=["L"])
            await rewinds.complete(conn, OpenRewind(rewind.id, blocks), subjects)
            assert await rewinds.find_open(conn) is None
        delivered = "SELECT identity FROM ingest.deliveries d JOIN ingest.inbox USING (sequence) ORDER BY identity"
        assert [identity for (identity,) in stage.stage.rows(delivered)] == [
            "deployed again",
            "deposit before",
            "score before",
            "status before",
        ]
        assert stage.stage.rows("SELECT vault_address FROM ingest.known_vaults") == [("W",)]
        assert stage.stage.value("SELECT min(generation) FROM ingest.leases") == generation + 1
        async with pool.connection() as conn:
            assert await rewinds.find_orphaned(conn, ["b4", "c5"]) == [OrphanedBlock(4, "b4")]
            await rewinds.reinstate(conn, [OrphanedBlock(5, "b5")])
            assert await rewinds.find_orphaned(conn, ["b4", "b5"]) == [OrphanedBlock(4, "b4")]
        assert [identity for (identity,) in stage.stage.rows(delivered)] == [
            "deployed",
            "deployed again",
            "deposit before",
            "score",
            "score before",
            "status",
            "status before",
        ]


def busy_twice() -> Hook:
    """A hook that lets the first two calls fail."""
    left = [None, None]

    async def hook(_request: Any, context: Any) -> None:
        if left:
            left.pop()
            await context.abort(grpc.StatusCode.ABORTED, "busy")

    return hook


async def test_a_rewind_that_a_service_refuses_for_a_while_is_repeated(database: Database, redis_url: str) -> None:
    activity = Activity(55)
    activity.mine(12)
    async with (
        chain_stage(database, redis_url) as stage,
        running_node(activity.chain) as node,
        stage.indexing(stage.settings(activity.protocol, node.url)),
    ):
        await stage.until_settled(activity.chain.head)
        # The figures that a rewind changes are refused at first; their events are not.
        stage.stage.vaults.update = busy_twice()
        activity.reorganise(4)
        await stage.until_settled(activity.chain.head)
        await check_tables(stage, activity.protocol, activity.chain)
