"""The change log: gap-free and in order whatever runs side by side, watched over gRPC, pruned from its old end."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from libs.errors import InvalidArgument
from libs.identifiers import checksum_address, user_id, vault_id
from libs.rpc.errors import error_from_rpc
from protos.ingest.v1 import ingest_pb2 as pb
from protos.ingest.v1 import ingest_pb2_grpc
from services.ingest.domain import ChangeKind, NewChange
from services.ingest.repository import changes
from tests.integration.ingest_jobs import vault_address
from tests.integration.ingest_stage import CHAIN_ID, Stage, staged
from tests.oracle.jobs import LEADER, VAULT, WALLETS, deployed, flow, job, settlement, trade, tx
from tests.oracle.sending import START
from tests.servers import Database, short_folder


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    with short_folder() as folder:
        async with staged(database, folder) as stage:
            yield stage


@pytest.fixture
async def ingest(stage: Stage, redis_url: str) -> AsyncIterator[ingest_pb2_grpc.IngestServiceStub]:
    async with stage.serving(redis_url) as stub:
        yield stub


async def watch(ingest, up_to: int, **request: int) -> list[pb.Change]:
    """Changes of a stream until it is complete up to a number."""
    found: list[pb.Change] = []
    async with asyncio.timeout(20):
        stream = ingest.WatchChanges(pb.WatchChangesRequest(**request))
        async for message in stream:
            found += message.changes
            assert not found or message.sequence == found[-1].sequence
            if message.sequence >= up_to:
                stream.cancel()
                return found
    raise AssertionError("the stream ended")


async def first_with_changes(stream) -> Any:
    """The next message of a stream that is no heartbeat."""
    async with asyncio.timeout(10):
        while not (message := await stream.read()).changes:
            pass
    return message


def vaults(count: int) -> list[str]:
    return [vault_address(number) for number in range(1, count + 1)]


async def test_changes_of_partitions_that_run_side_by_side_have_no_gap_and_no_repetition(stage, ingest):
    jobs = [deployed(100 + n, vaultAddress=a) for n, a in enumerate(vaults(24))]
    jobs += [flow(200 + n, "A", "DEPOSIT", 5, vaultAddress=a) for n, a in enumerate(vaults(24))]
    jobs += [trade(300 + n, 1, vaultAddress=a) for n, a in enumerate(vaults(24))]
    live = asyncio.create_task(watch(ingest, 72))
    async with stage.dispatching(batch_size=2), stage.dispatching(batch_size=3):
        for start in range(0, 72, 9):
            await stage.feed(*jobs[start : start + 9])
        await stage.until_delivered(72)
        seen = await live
    assert [change.sequence for change in seen] == list(range(1, 73))
    assert sorted(change.identity for change in seen) == sorted(f"125:{one['kwargs']['txHash']}:0" for one in jobs)
    # Of each vault: the deployment, the deposit, the trade.
    for address in vaults(24):
        mine = [c.kind for c in seen if c.vault_id == str(vault_id(CHAIN_ID, checksum_address(address)))]
        assert mine == [pb.CHANGE_KIND_VAULT, pb.CHANGE_KIND_FLOW, pb.CHANGE_KIND_TRADE]


async def test_a_watcher_that_comes_back_goes_on_where_it_was(stage, ingest):
    async with stage.dispatching(batch_size=3):
        await stage.feed(deployed(), *(flow(n, "A", "DEPOSIT", 1) for n in range(1, 12)))
        await stage.until_delivered(12)
        whole = await watch(ingest, 12, after_sequence=0)
        assert [change.sequence for change in whole] == list(range(1, 13))
        assert await watch(ingest, 12, after_sequence=5) == whole[5:]
        assert await watch(ingest, 12, after_sequence=12) == []
        # Without a number: only what comes from now on.
        fresh = ingest.WatchChanges(pb.WatchChangesRequest())
        assert await fresh.read() == pb.WatchChangesResponse(sequence=12)
        await stage.feed(flow(20, "A", "DEPOSIT", 1))
        message = await first_with_changes(fresh)
        assert [change.identity for change in message.changes] == [f"125:{tx(20)}:0"]
        fresh.cancel()


async def test_a_change_says_what_it_was_about_and_for_whom(stage, ingest):
    score = {"reputationScore": 700, "winRateBps": 1, "maxDrawdownBps": 1, "signalCount": 1, "observedAt": START}
    jobs = [
        deployed(),
        trade(1, 5),
        flow(2, "A", "DEPOSIT", 9),
        flow(3, "A", "WITHDRAW", 1),
        settlement(4, "B"),
        job("vault_status", "s", vaultAddress=VAULT, status="PAUSED", observedAt=START),
        job("argus_score", "a", walletAddress=LEADER, **score),
    ]
    async with stage.dispatching():
        await stage.feed(*jobs)
        await stage.until_delivered(7)
    vault = str(vault_id(CHAIN_ID, checksum_address(VAULT)))
    a, b, leader = (str(user_id(CHAIN_ID, checksum_address(w))) for w in (WALLETS["A"], WALLETS["B"], LEADER))
    found = {(c.kind, c.vault_id, c.user_id) for c in await watch(ingest, 7, after_sequence=0)}
    assert found == {
        (pb.CHANGE_KIND_VAULT, vault, ""),
        (pb.CHANGE_KIND_TRADE, vault, ""),
        (pb.CHANGE_KIND_FLOW, vault, a),
        (pb.CHANGE_KIND_FLOW, vault, b),
        (pb.CHANGE_KIND_STATUS, vault, ""),
        (pb.CHANGE_KIND_SCORE, "", leader),
    }


async def test_a_quiet_stream_has_a_heartbeat_at_least_every_500_milliseconds(stage, ingest):
    beats: list[float] = []
    stream = ingest.WatchChanges(pb.WatchChangesRequest())
    async for message in stream:
        assert (message.sequence, list(message.changes)) == (0, [])
        beats.append(time.monotonic())
        if len(beats) == 6:
            break
    stream.cancel()
    gaps = [later - earlier for earlier, later in itertools.pairwise(beats)]
    assert statistics.median(gaps) <= 0.5


async def test_a_change_reaches_its_watchers_without_waiting_for_a_heartbeat(stage, ingest):
    stream = ingest.WatchChanges(pb.WatchChangesRequest())
    delays: list[float] = []
    for number in range(1, 8):
        assert not (await stream.read()).changes
        before = time.monotonic()
        await append(stage, 1)
        assert (await first_with_changes(stream)).sequence == number
        delays.append(time.monotonic() - before)
    stream.cancel()
    # With heartbeats alone half of them would take longer than half of one.
    assert statistics.median(delays) < 0.2


@pytest.mark.parametrize("after", [-1, 13, 2**63])
async def test_a_number_outside_the_log_is_refused(stage, ingest, after):
    await append(stage, 12)
    stage.run("DELETE FROM ingest.changes WHERE sequence <= 3")
    assert [c.sequence for c in await watch(ingest, 12, after_sequence=3)] == list(range(4, 13))
    await refused(ingest, 2 if after == -1 else after, "must be from 3 to 12")


async def append(stage: Stage, count: int) -> None:
    async with stage.pool.connection() as conn:
        news = [NewChange(ChangeKind.SNAPSHOT)] * count
        await changes.append(conn, news, events=0, block_number=None)


async def refused(ingest, after: int, reason: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await watch(ingest, 10**9, after_sequence=after)
    error = error_from_rpc(caught.value)
    assert isinstance(error, InvalidArgument)
    assert [(v.field, v.reason) for v in error.violations] == [("after_sequence", reason)]


async def test_old_changes_are_pruned_from_the_old_end_and_a_late_watcher_is_told(stage, ingest):
    await append(stage, 10)
    stage.run("UPDATE ingest.changes SET changed_at = now() - interval '89 min' WHERE sequence <= 6")
    stage.run("UPDATE ingest.changes SET changed_at = now() - interval '91 min' WHERE sequence <= 4")
    async with stage.pool.connection() as conn:
        assert await changes.prune(conn, 1.5) == 4
        assert await changes.prune(conn, 1.5) == 0
    assert [c.sequence for c in await watch(ingest, 10, after_sequence=4)] == list(range(5, 11))
    await refused(ingest, 3, "must be from 4 to 10")
    async with stage.pool.connection() as conn:
        stage.run("UPDATE ingest.changes SET changed_at = now() - interval '2 h'")
        assert await changes.prune(conn, 1.5) == 6
    assert await watch(ingest, 10, after_sequence=10) == []
    await refused(ingest, 9, "must be from 10 to 10")
    await append(stage, 1)
    assert [c.sequence for c in await watch(ingest, 11, after_sequence=10)] == [11]


async def test_pruning_leaves_no_gap_where_a_transaction_began_early_and_wrote_late(stage):
    """Numbers are given at the end of a transaction: times must follow them, not its beginning."""
    async with stage.pool.connection() as early, stage.pool.connection() as late:
        await early.execute("SELECT 1")
        await changes.append(late, [NewChange(ChangeKind.SNAPSHOT)], events=0, block_number=None)
        await late.commit()
        await changes.append(early, [NewChange(ChangeKind.SNAPSHOT)], events=0, block_number=None)
    assert stage.rows("SELECT sequence FROM ingest.changes ORDER BY changed_at") == [(1,), (2,)]
