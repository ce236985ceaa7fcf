"""The bridge on a real Redis and PostgreSQL, with the producers that indexers use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis.asyncio import Redis

from libs.database import open_pool
from libs.identifiers import checksum_address
from protos.events.v1.events_pb2 import ChainEvent
from services.ingest import replay
from services.ingest.batch import Outage
from services.ingest.bridge.settler import BridgeStats
from services.ingest.intake import InboxIntake
from tests.integration.bridge_stage import (
    CHAIN_ID,
    DEPLOYED,
    FOLLOWERS,
    HAS_NODE,
    PREFIX,
    PRODUCERS,
    SNAPSHOTS,
    TRADES,
    add,
    bridging,
    count,
    deployment,
    flow,
    identities,
    install_node_packages,
    job,
    letters,
    rows,
    trade,
    until_completed,
)
from tests.integration.ingest_stage import staged
from tests.integration.queue_harness import RecordingIntake, eventually, until
from tests.oracle.jobs import BASE, LEADER, TOKEN, VAULT, tx
from tests.oracle.sending import START

Add = Callable[..., Awaitable[list[str]]]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the npm packages of the producers are; empty without Node.js."""
    folder = tmp_path_factory.mktemp("bullmq")
    if HAS_NODE:
        install_node_packages(folder)
    return folder


@pytest.fixture
def send(redis_url: str, packages: Path) -> Add:
    """Adds jobs with the newest producer."""

    async def added(*jobs: Any) -> list[str]:
        return await add(PRODUCERS[-1], packages, redis_url, *jobs)

    return added


def events(database) -> dict[str, ChainEvent]:
    """Events in the inbox by identity."""
    found = rows(database, "SELECT identity, event FROM ingest.inbox")
    return {identity: ChainEvent.FromString(event) for identity, event in found}


@pytest.mark.parametrize("producer", PRODUCERS)
async def test_jobs_of_all_four_queues_arrive_with_the_job_id_as_identity(database, redis_url, packages, producer):
    added = (START + 7) * 1000 + 999
    jobs = (
        job(DEPLOYED, deployment(), timestamp=added),
        job(TRADES, trade(tx(1), timestamp=START + 1, blockNumber=11), timestamp=added),
        job(FOLLOWERS, flow(500), jobId="custom-id", timestamp=added),
        job(FOLLOWERS, flow(200, "WITHDRAW", timestamp=START + 3), timestamp=added),
        job(SNAPSHOTS, {"vaultAddress": VAULT, "interval": "1h", "triggeredAt": START}, timestamp=added),
    )
    ids = await add(producer, packages, redis_url, *jobs)
    assert ids == ["1", "1", "custom-id", "2", "1"]
    async with bridging(database, redis_url) as settler:
        for queue, number in ((DEPLOYED, 1), (TRADES, 1), (FOLLOWERS, 2), (SNAPSHOTS, 1)):
            await until_completed(redis_url, queue, number)
    assert settler.stats == BridgeStats(stored=5)
    stored = events(database)
    assert set(stored) == {
        "task:bullmq:VaultDeployedQueue:1",
        "task:bullmq:TradeProcessingQueue:1",
        "task:bullmq:FollowerEventQueue:custom-id",
        "task:bullmq:FollowerEventQueue:2",
    }
    vault = checksum_address(VAULT)
    made = stored["task:bullmq:VaultDeployedQueue:1"]
    assert (made.vault_deployed.name, made.vault_deployed.leader_address) == ("", checksum_address(LEADER))
    assert (made.transaction_hash, made.occurred_at.seconds, made.time_assumed) == ("", START + 7, False)
    sold = stored["task:bullmq:TradeProcessingQueue:1"]
    assert (sold.transaction_hash, sold.occurred_at.seconds, sold.block_number) == (tx(1), START + 1, 11)
    body = sold.trade_executed
    assert (body.vault_address, body.asset_in, body.asset_out, body.amount_in) == (vault, BASE, TOKEN, "100")
    assert not body.HasField("amount_out")
    assert not body.HasField("pnl_override")
    assert stored["task:bullmq:FollowerEventQueue:custom-id"].occurred_at.seconds == START + 7
    assert stored["task:bullmq:FollowerEventQueue:2"].occurred_at.seconds == START + 3
    assert rows(database, "SELECT vault_address, interval FROM ingest.snapshots") == [(vault, "1h")]
    assert letters(database) == []


async def test_trades_of_one_transaction_are_as_many_trades_of_the_vault(database, redis_url, send, tmp_path):
    same = trade(tx(5), timestamp=START)
    await send(
        job(DEPLOYED, deployment(), timestamp=START * 1000),
        *[job(TRADES, same), job(TRADES, same), job(TRADES, trade(tx(5), 7, timestamp=START))],
    )
    async with staged(database, tmp_path) as stage, bridging(database, redis_url), stage.dispatching():
        await stage.until_delivered(4)
        found = stage.rows("SELECT transaction_hash, amount_in::int FROM analytics.trades ORDER BY amount_in")
        assert found == [(tx(5), 7), (tx(5), 100), (tx(5), 100)]
        assert stage.rows("SELECT name, trade_count FROM analytics.vaults") == [("", 3)]
        assert stage.dead_letters() == []


async def test_what_is_no_event_is_a_dead_letter_and_its_job_completed(database, redis_url, send):
    unfit: list[tuple[Any, str, str]] = [
        ("text", "UNDECODABLE", "kwargs: must be an object"),
        (None, "UNDECODABLE", "kwargs: must be an object"),
        ([1], "UNDECODABLE", "kwargs: must be an object"),
        (flow(-5), "INVALID_PAYLOAD", "amount: must be a base-10 integer from 0 to 2^256-1"),
        (flow(5, "STEAL"), "INVALID_PAYLOAD", "action: must be 'DEPOSIT' or 'WITHDRAW'"),
        (
            flow(5, timestamp=99_999_999_999),
            "TIMESTAMP_IN_FUTURE",
            "timestamp: 99999999999 is more than an hour ahead of the clock",
        ),
        (
            {},
            "INVALID_PAYLOAD",
            "vaultAddress: is required; followerAddress: is required; amount: is required; action: is required",
        ),
    ]
    await send(job(FOLLOWERS, flow(5)), *(job(FOLLOWERS, data) for data, *_ in unfit))
    async with bridging(database, redis_url) as settler:
        await until_completed(redis_url, FOLLOWERS, 8)
    assert settler.stats == BridgeStats(stored=8)
    assert identities(database) == ["task:bullmq:FollowerEventQueue:1"]
    assert letters(database) == [
        (reason, detail, "bridge.follower_event", f"bullmq:FollowerEventQueue:{number}")
        for number, (_, reason, detail) in enumerate(unfit, start=2)
    ]


async def test_a_job_whose_hash_is_broken_is_a_dead_letter_and_keeps_its_text(database, redis_url, send):
    await send(*(job(FOLLOWERS, flow(number)) for number in range(1, 8)))
    broken: list[tuple[str, str | bytes]]
    broken = [("data", "no json"), ("timestamp", "soon"), ("opts", "null"), ("data", b"\xff"), ("data", "NaN")]
    broken.append(("data", "[" * 20_000))
    async with Redis.from_url(redis_url) as client:
        for number, (field, text) in enumerate(broken, start=1):
            await client.hset(f"{PREFIX}:{FOLLOWERS}:{number}", field, text)
    async with bridging(database, redis_url):
        await until_completed(redis_url, FOLLOWERS, 7)
    assert identities(database) == ["task:bullmq:FollowerEventQueue:7"]
    found = rows(database, "SELECT reason, payload FROM ingest.dead_letters ORDER BY entry_id")
    assert {reason for reason, _ in found} == {"UNDECODABLE"}
    texts = sorted(payload.partition(b'"kwargs":')[2].decode() for _, payload in found)
    assert [text[:11] for text in texts] == [
        '"[[[[[[[[[[',
        '"no json"}',
        '"{\\"vaultAd',
        '"{\\"vaultAd',
        '"\ufffd"}',
        "NaN}",
    ]


async def test_a_name_that_no_text_can_hold_hides_no_vault(database, redis_url, send):
    await send(job(DEPLOYED, deployment(name="a\0b\ud800c\U0001f600")))
    async with bridging(database, redis_url):
        await until_completed(redis_url, DEPLOYED, 1)
    (event,) = events(database).values()
    assert event.vault_deployed.name == "a\ufffdb\ufffdc\U0001f600"


async def test_a_name_longer_than_a_job_may_be_is_taken(database, redis_url, send):
    await send(job(DEPLOYED, deployment(name="ü" * 65_536)))
    async with bridging(database, redis_url):
        await until_completed(redis_url, DEPLOYED, 1)
    (event,) = events(database).values()
    assert (event.identity, len(event.vault_deployed.name)) == ("task:bullmq:VaultDeployedQueue:1", 65_536)


async def test_jobs_of_later_blocks_are_left_to_the_chain_indexer_and_counted(database, redis_url, send):
    blocks = (99, 100, 101, 10**9, None)
    await send(*(job(FOLLOWERS, flow(1, blockNumber=block)) for block in blocks), job(FOLLOWERS, flow(1)))
    async with bridging(database, redis_url, until_block=100) as settler:
        await until_completed(redis_url, FOLLOWERS, 6)
    assert settler.stats == BridgeStats(stored=4, skipped=2)
    assert identities(database) == [f"task:bullmq:FollowerEventQueue:{number}" for number in (1, 2, 5, 6)]


async def test_during_an_outage_of_the_database_jobs_wait_and_none_fails(database, redis_url, send):
    await send(*(job(FOLLOWERS, flow(1)) for _ in range(3)))
    with psycopg.connect(database.admin_url, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {database.name} WITH ALLOW_CONNECTIONS false")
        async with bridging(database, redis_url, lock_seconds=1.0):

            async def all_in_hand() -> bool:
                return await count(redis_url, FOLLOWERS, "active") == (3,)

            await eventually(all_in_hand)
            async with Redis.from_url(redis_url) as client:
                # Renewed again and again: nobody else gets them while they wait.
                lock = f"{PREFIX}:{FOLLOWERS}:1:lock"
                lives = [await client.pttl(lock)]
                await eventually(lambda: _grown(client, lock, lives))
            assert await count(redis_url, FOLLOWERS, "active", "failed", "completed") == (3, 0, 0)
            admin.execute(f"ALTER DATABASE {database.name} WITH ALLOW_CONNECTIONS true")
            await until_completed(redis_url, FOLLOWERS, 3, seconds=40)
    assert len(identities(database)) == 3


async def _grown(client: Redis, key: str, lives: list[int]) -> bool:
    lives.append(await client.pttl(key))
    return sum(later > earlier for earlier, later in pairwise(lives)) >= 3


async def test_a_bridge_that_stops_during_an_outage_hands_its_jobs_back_at_once(database, redis_url, send):
    await send(job(FOLLOWERS, flow(1)))
    stuck = RecordingIntake(_outage)
    async with bridging(database, redis_url, intake=stuck, lock_seconds=60, queues=[FOLLOWERS]):
        await until(lambda: stuck.calls > 0)
    assert await count(redis_url, FOLLOWERS, "active", "failed") == (0, 0)
    async with bridging(database, redis_url, lock_seconds=60):
        await until_completed(redis_url, FOLLOWERS, 1)
    assert identities(database) == ["task:bullmq:FollowerEventQueue:1"]


async def _outage(_batch: Any) -> None:
    raise Outage("away")


async def test_a_job_that_the_intake_fails_with_is_laid_aside_and_can_be_put_through_again(database, redis_url, send):
    async def fault(_batch: Any) -> None:
        raise RuntimeError("a fault of the code")

    await send(job(TRADES, trade(tx(1), timestamp=START)))
    async with open_pool(database.url("ingest"), name="retry") as pool:
        intake = RecordingIntake(fault)
        intake.give_up = InboxIntake(pool, CHAIN_ID).give_up  # type: ignore[method-assign]
        async with bridging(database, redis_url, intake=intake) as settler:
            await until_completed(redis_url, TRADES, 1)
        assert (intake.calls, settler.stats) == (3, BridgeStats(gave_up=1))
        found = rows(database, "SELECT id, reason, detail FROM ingest.dead_letters")
        assert [row[1:] for row in found] == [("GAVE_UP", "RuntimeError: a fault of the code")]
        async with pool.connection() as conn:
            assert await replay.retry(conn, [found[0][0]], CHAIN_ID) == (1, 0)
    assert identities(database) == ["task:bullmq:TradeProcessingQueue:1"]
