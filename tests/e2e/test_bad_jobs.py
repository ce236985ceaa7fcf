"""Every kind of bad input through a real Redis and a real worker: one readable dead letter each, nobody else harmed."""

from __future__ import annotations

import pickle
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
import redis

from protos.ingest.v1 import ingest_pb2 as pb
from services.ingest.streams import BULK, EVENTS, SNAPSHOTS
from tests.integration.ingest_jobs import bulk, envelope, item
from tests.integration.ingest_processes import worker
from tests.integration.ingest_stage import Stage, staged, until
from tests.oracle.jobs import VAULT, deployed, flow, job, trade, tx
from tests.oracle.sending import START
from tests.servers import Database, short_folder

UINT256 = "must be a base-10 integer from 0 to 2^256-1"
ADDRESS = "must be 0x followed by 40 hex digits"
HASH = "must be 0x followed by 64 hex digits"
JSON = "data: is not JSON in UTF-8: "


@dataclass(frozen=True)
class Bad:
    """An entry, and the dead letter that it becomes; `detail` is how the detail begins."""

    reason: str
    detail: str
    data: bytes | None
    stream: str = EVENTS
    # With another field an entry has no data.
    fields: dict[Any, Any] = field(default_factory=dict)


def wrong(detail: str, **changes: Any) -> Bad:
    """A deposit with something wrong in its payload."""
    one = flow(1, "A", "DEPOSIT", 5)
    return Bad("INVALID_PAYLOAD", detail, envelope(one | {"kwargs": one["kwargs"] | changes}))


def wrong_trade(detail: str, **changes: Any) -> Bad:
    """A trade with something wrong in its payload."""
    return Bad("INVALID_PAYLOAD", detail, envelope(trade(1, 5, **changes)))


def early(detail: str, timestamp: int) -> Bad:
    return Bad("TIMESTAMP_IN_FUTURE", detail, envelope(flow(1, "A", "DEPOSIT", 5, timestamp=timestamp)))


def message(reason: str, detail: str, **changes: Any) -> Bad:
    """A deposit with something wrong around its payload."""
    whole = orjson.loads(envelope(flow(1, "A", "DEPOSIT", 5))) | changes
    return Bad(reason, detail, orjson.dumps({name: value for name, value in whole.items() if value is not ...}))


def without(name: str) -> bytes:
    one = flow(1, "A", "DEPOSIT", 5)
    del one["kwargs"][name]
    return envelope(one)


SCORE: dict[str, Any] = {
    "walletAddress": VAULT,
    "reputationScore": 1001,
    "winRateBps": 1,
    "maxDrawdownBps": 1,
    "signalCount": 1,
}
IN_A_YEAR = int(time.time()) + 31_536_000
BAD = [
    # The entry and its envelope.
    Bad("MISSING_DATA", "data: the entry has no such field", None, fields={"payload": "x"}),
    Bad("MISSING_DATA", "data: the entry has no such field", None, stream=BULK, fields={"Data": "{}"}),
    Bad("UNDECODABLE", JSON, b""),
    Bad("UNDECODABLE", JSON, b"\xff\xfe\x00\x01 binary"),
    Bad("UNDECODABLE", JSON, pickle.dumps({"task_name": "ingest.follower_event"})),
    Bad("UNDECODABLE", JSON, envelope(flow(1, "A", "DEPOSIT", 5))[:-9]),
    Bad("UNDECODABLE", JSON, b'{"task_id": "\xc3\x28"}'),
    Bad("UNDECODABLE", JSON, b'{"task_id": "\\ud800"}'),
    Bad("UNDECODABLE", JSON, b'{"task_id": NaN}'),
    Bad("UNDECODABLE", JSON, b"[" * 60_000),
    Bad("UNDECODABLE", "data: must be a JSON object", b"[1,2]"),
    Bad("UNDECODABLE", "data: must be a JSON object", b"null", stream=SNAPSHOTS),
    message("UNDECODABLE", "kwargs: must be an object", kwargs=["x"]),
    message("UNDECODABLE", "kwargs: must be an object", kwargs=...),
    message("UNDECODABLE", "task_id: must be a string", task_id=7),
    message("UNDECODABLE", "task_name: must be a string", task_name=None),
    message("UNDECODABLE", "labels: must be an object", labels=[]),
    message("INVALID_PAYLOAD", "args: must be empty; the payload belongs in kwargs", args=[1]),
    message("INVALID_PAYLOAD", "task_id: must be a string of 1 to 512 characters", task_id=""),
    message("INVALID_PAYLOAD", "task_id: must be a string of 1 to 512 characters", task_id="x" * 513),
    message("UNKNOWN_TASK", "task_name: 'ingest.nothing' is no task of this queue", task_name="ingest.nothing"),
    message("UNKNOWN_TASK", "task_name: 'os:system' is no task of this queue", task_name="os:system"),
    # Types and ranges.
    Bad("INVALID_PAYLOAD", "followerAddress: is required", without("followerAddress")),
    wrong(f"amount: {UINT256} in a string, since a JSON number loses digits", amount=5),
    wrong(f"amount: {UINT256} in a string, since a JSON number loses digits", amount=None),
    wrong(f"amount: {UINT256}", amount="-1"),
    wrong(f"amount: {UINT256}", amount=str(2**256)),
    wrong(f"amount: {UINT256}", amount="9" * 5000),
    wrong(f"amount: {UINT256}", amount="1.5"),
    wrong(f"amount: {UINT256}", amount="1e18"),
    wrong(f"amount: {UINT256}", amount="0x10"),
    wrong(f"amount: {UINT256}", amount=""),
    wrong(f"amount: {UINT256}", amount=" 7"),
    wrong(f"amount: {UINT256}", amount="٣"),
    wrong_trade("pnlAmount: must be a base-10 integer from -(2^256-1) to 2^256-1", pnlAmount=f"-{2**256}"),
    wrong_trade(f"amountIn: {UINT256}", amountIn="-0.0"),
    wrong_trade("isProfit: must be a valid boolean", isProfit="yes"),
    wrong(f"vaultAddress: {ADDRESS}", vaultAddress=VAULT[:-1]),
    wrong(f"vaultAddress: {ADDRESS}", vaultAddress="0X" + VAULT[2:]),
    wrong("vaultAddress: must be a string, 0x followed by 40 hex digits", vaultAddress=17),
    wrong(f"followerAddress: {ADDRESS}", followerAddress="vitalik.eth"),
    wrong("followerAddress: has a wrong EIP-55 checksum", followerAddress="0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    wrong(f"txHash: {HASH}", txHash="0x12"),
    wrong(f"txHash: {HASH}", txHash="0x" + "zz" * 32),
    wrong(f"blockHash: {HASH}", blockHash=5),
    wrong("logIndex: must be greater than or equal to 0", logIndex=-1),
    wrong("logIndex: must be a valid integer", logIndex="3"),
    wrong("blockNumber: must be less than or equal to", blockNumber=2**63 + 1),
    wrong("action: must be 'DEPOSIT' or 'WITHDRAW'", action="STEAL"),
    wrong("action: must be 'DEPOSIT' or 'WITHDRAW'", action="deposit"),
    Bad("INVALID_PAYLOAD", "reputationScore: must be", envelope(job("argus_score", "s", **SCORE, observedAt=START))),
    Bad(
        "INVALID_PAYLOAD",
        "status: must be 'ACTIVE' or 'PAUSED'",
        envelope(job("vault_status", "s", vaultAddress=VAULT, status="LIQUIDATED", observedAt=START)),
    ),
    Bad("INVALID_PAYLOAD", "interval: is required", envelope(job("snapshot", "s", triggeredAt=START)), SNAPSHOTS),
    # Times.
    early("timestamp: 1700000000000 is in milliseconds; UNIX seconds are expected", 1_700_000_000_000),
    early(f"timestamp: {IN_A_YEAR} is more than an hour ahead of the clock", IN_A_YEAR),
    early("timestamp: 9223372036854775807 is more than an hour ahead of the clock", 2**63 - 1),
    wrong("timestamp: must be a valid integer", timestamp="1700000000"),
    wrong("timestamp: must be a valid integer", timestamp=1_700_000_000.5),
    wrong("timestamp: must be greater than or equal to 0", timestamp=-1),
    # Too much, and what PostgreSQL can't hold.
    Bad("JOB_TOO_LARGE", "data: 1000", envelope(deployed(1, name="n" * 1_000_000))),
    Bad("JOB_TOO_LARGE", "data: 1000", envelope(flow(1, "A", "DEPOSIT", 5, comment="x" * 1_000_000))),
    Bad("JOB_TOO_LARGE", "data: 8388609 bytes", b" " * 8_388_609, stream=BULK),
    Bad("INVALID_PAYLOAD", "name: must not contain a NUL character", envelope(deployed(1, name="a\0b"))),
    message("INVALID_PAYLOAD", "task_id: must not contain a NUL character", task_id="a\0b"),
    message("UNKNOWN_TASK", "task_name: 'ingest.", task_name="ingest.\0"),
    # Bulk jobs that are wrong as a whole.
    Bad("INVALID_PAYLOAD", "events: must be a list of at most 1000 objects", bulk(*[1] * 1001), stream=BULK),
    Bad(
        "INVALID_PAYLOAD",
        "events: must be a list of at most 1000 objects",
        envelope({"task_id": "b", "task_name": "ingest.events", "kwargs": {"events": {}}}),
    ),
]


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    with short_folder() as folder:
        async with staged(database, folder) as stage:
            yield stage


@pytest.fixture
def queue(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def add(queue: redis.Redis, bad: Bad) -> str:
    """Put the entry on its stream; its id."""
    entry_id: Any = queue.xadd(bad.stream, bad.fields or {"data": bad.data})
    return str(entry_id, "ascii")


def is_drained(queue: redis.Redis) -> bool:
    """Whether nothing is left in the streams nor in anybody's hands."""
    streams = (EVENTS, BULK, SNAPSHOTS)
    return all(queue.xlen(s) == 0 and queue.xpending(s, "ingest")["pending"] == 0 for s in streams)


async def test_each_bad_job_is_one_dead_letter_and_every_good_one_beside_it_takes_effect(
    stage, queue, redis_url, tmp_path
):
    """Good and bad ones in turn, in one stream and in one batch: they are there before the worker is."""
    queue.xadd(EVENTS, {"data": envelope(deployed())})
    ids = {}
    for number, bad in enumerate(BAD, start=1):
        ids[bad.stream, add(queue, bad)] = bad
        queue.xadd(EVENTS, {"data": envelope(flow(1000 + number, "A", "DEPOSIT", 1))})
    with worker(stage.database, redis_url, tmp_path / "log") as process:
        async with stage.dispatching(), stage.serving(redis_url) as ingest:
            await stage.until_delivered(len(BAD) + 1, seconds=30)
            await until(lambda: is_drained(queue))
            status = await ingest.GetPipelineStatus(pb.GetPipelineStatusRequest())
            listed = await ingest.ListDeadLetters(pb.ListDeadLettersRequest(page_size=1000))
        assert process.is_alive
    letters = {(letter.stream, letter.entry_id): letter for letter in listed.dead_letters}
    assert len(listed.dead_letters) == len(letters) == len(BAD)
    for place, bad in ids.items():
        letter = letters[place]
        assert letter.reason == bad.reason, letter
        assert letter.detail.startswith(bad.detail), letter
        assert len(letter.detail) <= 500
    counts = {count.reason: count.count for count in status.dead_letter_counts}
    assert counts == {reason: sum(bad.reason == reason for bad in BAD) for reason in {bad.reason for bad in BAD}}
    assert status.open_dead_letter_count == len(BAD)
    assert stage.value("SELECT tvl::int FROM vaults.vaults") == len(BAD)
    kept = stage.rows("SELECT stream, entry_id, payload FROM ingest.dead_letters")
    assert {(stream, entry_id): payload for stream, entry_id, payload in kept} == {
        place: bad.data or b"" for place, bad in ids.items()
    }


async def test_a_bad_job_delays_nobody_that_comes_with_it(stage, queue, redis_url, tmp_path):
    """Each bad job is followed by a good one, and the good one is in the inbox soon after."""
    with worker(stage.database, redis_url, tmp_path / "log") as process:
        queue.xadd(EVENTS, {"data": envelope(deployed())})
        await until(lambda: stage.value("SELECT count(*) FROM ingest.inbox") == 1)
        pid = process.pid
        for number, bad in enumerate(BAD[::4], start=1):
            add(queue, bad)
            queue.xadd(EVENTS, {"data": envelope(flow(number, "A", "DEPOSIT", 1))})
            identity = f"125:{tx(number)}:0"
            found = "SELECT count(*) FROM ingest.inbox WHERE identity = %(identity)s"
            await until(lambda: stage.value(found, identity=identity) == 1, seconds=2)  # noqa: B023
        await until(lambda: is_drained(queue))
        await until(lambda: len(stage.dead_letters()) == len(BAD[::4]))
        assert process.is_alive
        assert process.pid == pid
        assert process.terminate() == 0


async def test_the_bad_items_of_a_bulk_job_are_laid_aside_alone(stage, queue, redis_url, tmp_path):
    usable = [bad for bad in BAD if bad.reason in ("INVALID_PAYLOAD", "TIMESTAMP_IN_FUTURE") and bad.stream == EVENTS]
    jobs = [orjson.loads(bad.data or b"{}") for bad in usable]
    singles = [job for job in jobs if not job["args"] and job["task_name"] != "ingest.events"]
    megabyte = item(deployed(1, name="n" * 1_000_000))
    items: list[Any] = [
        item(deployed()),
        *map(item, singles),
        item(flow(1, "A", "DEPOSIT", 7)),
        megabyte,
        None,
        "text",
        [],
        5,
    ]
    queue.xadd(BULK, {"data": bulk(*items)})
    with worker(stage.database, redis_url, tmp_path / "log"):
        async with stage.dispatching():
            await stage.until_delivered(2)
            await until(lambda: is_drained(queue))
    indexes = stage.rows("SELECT item_index FROM ingest.dead_letters ORDER BY item_index")
    bad_places = [*range(1, len(singles) + 1), *range(len(singles) + 2, len(items))]
    assert [index for (index,) in indexes] == bad_places
    too_long = "SELECT detail FROM ingest.dead_letters WHERE item_index = %(place)s"
    assert stage.value(too_long, place=len(singles) + 2) == "name: must have at most 65536 characters"
    assert stage.value("SELECT tvl::int FROM vaults.vaults") == 7
