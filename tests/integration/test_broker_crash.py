"""What happens to entries whose worker is killed, and to entries that kill it: with real processes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from services.ingest.streams import EVENTS
from tests.integration.queue_harness import drained, pending_count, until, working
from tests.integration.redis_server import RedisServer, running_server

ROOT = Path(__file__).parents[2]
CHILD_LEASE_SECONDS = 0.5


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_server() as server:
        yield server


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url, protocol=2) as client:
        yield client


async def start_child(url: str, journal: Path, mode: str, max_deliveries: int = 5) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.queue_worker",
        url,
        str(journal),
        mode,
        str(max_deliveries),
        cwd=ROOT,
    )


def journal_of(path: Path, what: str) -> Counter[str]:
    """How often each payload was written with that word."""
    lines = path.read_text().splitlines() if path.exists() else []
    return Counter(line.split()[1] for line in lines if line.split()[0] == what)


async def ended(child: asyncio.subprocess.Process, seconds: float = 10.0) -> int:
    async with asyncio.timeout(seconds):
        return await child.wait()


async def test_the_entries_of_a_killed_worker_reach_another_on_a_quiet_stream(server, client, tmp_path):
    journal = tmp_path / "journal"
    for number in range(20):
        await client.xadd(EVENTS, {"data": f"{number}"})
    child = await start_child(server.url, journal, "hold")
    await until(lambda: journal_of(journal, "held").total() == 20)
    async with working(server.url, lease_seconds=CHILD_LEASE_SECONDS) as other:
        child.send_signal(signal.SIGKILL)
        assert await ended(child) == -signal.SIGKILL
        await until(lambda: other.broker.stats.acked == 20, seconds=CHILD_LEASE_SECONDS + 2)
        assert await drained(client, EVENTS)
    assert other.intake.accepted == Counter(b"%d" % number for number in range(20))
    assert {entry.delivery_count for batch in other.intake.batches for entry in batch.entries} == {2}
    assert {len(batch.entries) for batch in other.intake.batches} == {1}


async def test_a_terminated_worker_hands_its_entries_to_another_at_once(server, client, tmp_path):
    journal = tmp_path / "journal"
    await client.xadd(EVENTS, {"data": "job"})
    child = await start_child(server.url, journal, "hold")
    await until(lambda: journal_of(journal, "held") == {"job": 1})
    child.terminate()
    assert await ended(child) == 0
    async with working(server.url, lease_seconds=CHILD_LEASE_SECONDS) as other:
        await until(lambda: other.broker.stats.acked == 1)
    assert other.intake.batches[0].entries[0].delivery_count == 1


async def test_a_poison_entry_is_given_up_and_all_its_neighbours_are_done(server, client, tmp_path):
    """Three crashes are the limit: the first takes the neighbours along, the others hit the poison alone."""
    journal = tmp_path / "journal"
    for number in range(30):
        await client.xadd(EVENTS, {"data": f"{number}"})
    await client.xadd(EVENTS, {"data": "poison"})
    for number in range(30, 60):
        await client.xadd(EVENTS, {"data": f"{number}"})
    crashes = 0
    with capture_logs():
        for _ in range(6):
            child = await start_child(server.url, journal, "work", max_deliveries=3)
            watch = asyncio.create_task(child.wait())
            await until(lambda: watch.done() or journal_of(journal, "dead").total() > 0)  # noqa: B023
            if not watch.done():
                break
            assert watch.result() == 9
            crashes += 1
    await until(lambda: journal_of(journal, "accepted").total() == 60)
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    assert await watch == 0
    assert crashes == 3
    assert journal_of(journal, "dead") == {"poison": 1}
    assert journal_of(journal, "accepted") == Counter(str(number) for number in range(60))
    assert await pending_count(client, EVENTS) == 0
    assert await client.xlen(EVENTS) == 0


async def test_a_suspect_never_works_beside_another_suspect(server, client):
    """Five entries that died twice and five that died once: the former run alone, the latter one at a time."""
    await client.xgroup_create(EVENTS, "ingest", id="0", mkstream=True)
    ids = [await client.xadd(EVENTS, {"data": f"old-{number}"}) for number in range(10)]
    await client.xreadgroup("ingest", "dead worker", {EVENTS: ">"})
    await client.xclaim(EVENTS, "ingest", "dead worker", 0, ids[::2], idle=60_000, retrycount=2, justid=True)
    await client.xclaim(EVENTS, "ingest", "dead worker", 0, ids[1::2], idle=60_000, retrycount=1, justid=True)
    together: list[list[int]] = []
    running: list[int] = []

    async def overlap(batch) -> None:
        worst = max(entry.delivery_count for entry in batch.entries)
        running.append(worst)
        together.append(sorted(running))
        for _ in range(20):
            await asyncio.sleep(0)
        running.remove(worst)

    async with working(server.url, streams={EVENTS: 2}, lanes=4) as worker:
        worker.intake.before = overlap
        for _ in range(50):
            await worker.broker.send_many(EVENTS, [b"fresh"] * 4)
        await until(lambda: worker.broker.stats.acked == 210)
    suspects = [[count for count in group if count > 1] for group in together]
    assert max(len(group) for group in suspects) == 1
    assert {len(group) for group in together if group[-1] == 3} == {1}
    assert Counter(count for group, count in zip(together, map(max, together), strict=True) if count == 3) == {3: 5}
    assert worker.intake.accepted[b"fresh"] == 200
