"""The ingest service's RPCs: how far the pipeline is, and what an operator does with dead letters."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import orjson
import pytest
from redis.asyncio import Redis

from libs.errors import InvalidArgument, NotFound
from libs.rpc.errors import error_from_rpc
from protos.events.v1 import events_pb2
from protos.ingest.v1 import ingest_pb2 as pb
from protos.ingest.v1 import ingest_pb2_grpc
from services.ingest.streams import BULK, EVENTS
from tests.integration.ingest_jobs import batch, bulk, envelope, item
from tests.integration.ingest_stage import Stage, refusing, staged, until
from tests.oracle.jobs import deployed, flow, trade, tx
from tests.servers import Database, short_folder

OPEN, RETRIED, DISCARDED = pb.DEAD_LETTER_STATE_OPEN, pb.DEAD_LETTER_STATE_RETRIED, pb.DEAD_LETTER_STATE_DISCARDED
TVL = "SELECT tvl::int FROM vaults.vaults"


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    with short_folder() as folder:
        async with staged(database, folder) as stage:
            yield stage


@pytest.fixture
async def ingest(stage: Stage, redis_url: str) -> AsyncIterator[ingest_pb2_grpc.IngestServiceStub]:
    async with stage.serving(redis_url) as stub:
        yield stub


async def letters(ingest, **wanted) -> list[pb.DeadLetter]:
    answer = await ingest.ListDeadLetters(pb.ListDeadLettersRequest(**wanted))
    return list(answer.dead_letters)


async def retry(ingest, *ids: int) -> tuple[int, int]:
    answer = await ingest.RetryDeadLetters(pb.RetryDeadLettersRequest(ids=ids))
    return answer.retried_count, answer.failed_count


async def discard(ingest, *ids: int, resolution: str = "looked at") -> Any:
    answer = await ingest.DiscardDeadLetters(pb.DiscardDeadLettersRequest(ids=ids, resolution=resolution))
    return answer.discarded_count


async def refused_field(call) -> str:
    """The field that a call was refused for."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    error = error_from_rpc(caught.value)
    assert isinstance(error, InvalidArgument), caught.value
    return error.violations[0].field


async def status(ingest) -> Any:
    return await ingest.GetPipelineStatus(pb.GetPipelineStatusRequest(), timeout=10)


async def test_an_empty_pipeline_says_so(ingest):
    answer = await status(ingest)
    assert not answer.HasField("delivered_block_number")
    assert not answer.HasField("last_snapshot_at")
    counts = (answer.delivered_event_count, answer.pending_count, answer.deferred_count, answer.oldest_pending_age_ms)
    assert counts == (0, 0, 0, 0)
    assert (answer.open_dead_letter_count, list(answer.dead_letter_counts)) == (0, [])
    assert [(s.stream, s.length, s.in_work) for s in answer.streams] == [
        ("vaultline:events", 0, 0),
        ("vaultline:bulk", 0, 0),
        ("vaultline:snapshots", 0, 0),
    ]
    assert (answer.redis_error, answer.delivery_error, answer.change_sequence) == ("", "", 0)


async def test_the_status_tells_what_waits_what_was_delivered_and_what_was_laid_aside(stage, ingest, redis_url):
    async with Redis.from_url(redis_url) as redis:
        await redis.xgroup_create(EVENTS, "ingest", id="0", mkstream=True)
        for number in range(5):
            await redis.xadd(EVENTS, {"data": str(number)})
        await redis.xreadgroup("ingest", "someone", {EVENTS: ">"}, count=2)
        await redis.xadd(BULK, {"data": "x"})
    async with stage.dispatching():
        await stage.feed(deployed(), trade(3, 5), flow(1, "A", "DEPOSIT", 4, vaultAddress="0x" + "99" * 20))
        await stage.until_delivered(2)
        await until(lambda: stage.value("SELECT count(*) FROM ingest.deliveries WHERE deferred_for IS NULL") == 0)
    await stage.feed(flow(2, "A", "DEPOSIT", 4), b"no json", b"[]", flow(5, "A", "DEPOSIT", -1))
    stage.run("UPDATE ingest.deliveries SET created_at = now() - interval '90 s' WHERE deferred_for IS NULL")
    answer = await status(ingest)
    assert (answer.delivered_block_number, answer.delivered_event_count, answer.change_sequence) == (13, 2, 2)
    assert (answer.pending_count, answer.deferred_count) == (1, 1)
    assert 90_000 <= answer.oldest_pending_age_ms < 120_000
    assert answer.open_dead_letter_count == 3
    assert {c.reason: c.count for c in answer.dead_letter_counts} == {"INVALID_PAYLOAD": 1, "UNDECODABLE": 2}
    assert [(s.stream, s.length, s.in_work) for s in answer.streams] == [
        ("vaultline:events", 5, 2),
        ("vaultline:bulk", 1, 0),
        ("vaultline:snapshots", 0, 0),
    ]


async def test_the_status_answers_at_once_while_redis_is_away(stage, restartable_redis):
    await stage.feed(b"no json")
    async with stage.serving(restartable_redis.url) as ingest:
        assert (await status(ingest)).redis_error == ""
        restartable_redis.stop()
        before = time.monotonic()
        answer = await status(ingest)
        assert time.monotonic() - before < 1.0
        assert answer.redis_error != ""
        assert list(answer.streams) == []
        assert answer.open_dead_letter_count == 1
        restartable_redis.start()
        assert (await status(ingest)).redis_error == ""


async def test_dead_letters_are_listed_newest_first_in_pages_and_by_reason_and_state(stage, ingest):
    await stage.feed(*(b"no json", flow(1, "A", "DEPOSIT", -1), None) * 3)
    everything = await letters(ingest)
    assert [letter.id for letter in everything] == list(range(9, 0, -1))
    assert [letter.reason for letter in everything[-3:]] == ["MISSING_DATA", "INVALID_PAYLOAD", "UNDECODABLE"]
    assert all(letter.state == OPEN and letter.HasField("created_at") for letter in everything)
    pages = []
    token = ""
    while True:
        answer = await ingest.ListDeadLetters(pb.ListDeadLettersRequest(page_size=4, page_token=token))
        pages.append([letter.id for letter in answer.dead_letters])
        token = answer.next_page_token
        if not token:
            break
        # What comes in between neither shifts nor repeats a row.
        await stage.feed(b"another")
    assert pages == [[9, 8, 7, 6], [5, 4, 3, 2], [1]]
    assert await discard(ingest, 1, 2) == 2
    assert [letter.id for letter in await letters(ingest, reason="INVALID_PAYLOAD")] == [8, 5, 2]
    assert [letter.id for letter in await letters(ingest, reason="INVALID_PAYLOAD", state=OPEN)] == [8, 5]
    assert [letter.id for letter in await letters(ingest, state=DISCARDED)] == [2, 1]
    assert await letters(ingest, reason="NO_SUCH_REASON") == []


async def test_a_dead_letter_says_where_it_came_from_why_it_failed_and_what_it_was(stage, ingest):
    first = batch(flow(1, "A", "DEPOSIT", -1))
    await stage.intake.accept(first)
    answer = await ingest.GetDeadLetter(pb.GetDeadLetterRequest(id=1))
    letter = answer.dead_letter
    assert (letter.stream, letter.entry_id) == (EVENTS, first.entries[0].entry_id)
    assert (letter.task_name, letter.task_id, letter.identity) == ("ingest.follower_event", "flow-1", "")
    assert (letter.reason, letter.detail) == (
        "INVALID_PAYLOAD",
        "amount: must be a base-10 integer from 0 to 2^256-1",
    )
    assert not letter.HasField("resolved_at")
    assert answer.payload == envelope(flow(1, "A", "DEPOSIT", -1))


@pytest.mark.parametrize("identifier", [0, 2, 2**63, 2**64 - 1])
async def test_an_unknown_dead_letter_is_not_found(stage, ingest, identifier):
    await stage.feed(b"no json")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ingest.GetDeadLetter(pb.GetDeadLetterRequest(id=identifier))
    error = error_from_rpc(caught.value)
    assert isinstance(error, NotFound)
    assert error.reason == "DEAD_LETTER_NOT_FOUND"


async def test_bad_requests_are_refused_with_the_name_of_the_field(ingest):
    too_large = "WyJkZWFkX2xldHRlcnMiLDE4NDQ2NzQ0MDczNzA5NTUxNjE1XQ"  # ["dead_letters",18446744073709551615]
    other_list = "WyJ2YXVsdHMiLDFd"  # ["vaults",1]
    for wrong in [
        pb.ListDeadLettersRequest(page_token="nonsense!"),
        pb.ListDeadLettersRequest(page_token=other_list),
        pb.ListDeadLettersRequest(page_token=too_large),
    ]:
        assert await refused_field(ingest.ListDeadLetters(wrong)) == "page_token"
    assert await refused_field(ingest.ListDeadLetters(pb.ListDeadLettersRequest(page_size=-1))) == "page_size"
    assert await refused_field(ingest.ListDeadLetters(pb.ListDeadLettersRequest(reason="A\0B"))) == "reason"
    unknown_state = pb.ListDeadLettersRequest.FromString(b"\x18\x63")
    assert await refused_field(ingest.ListDeadLetters(unknown_state)) == "state"
    for ids in ([], [1] * 1001):
        assert await refused_field(ingest.RetryDeadLetters(pb.RetryDeadLettersRequest(ids=ids))) == "ids"
        request = pb.DiscardDeadLettersRequest(ids=ids, resolution="x")
        assert await refused_field(ingest.DiscardDeadLetters(request)) == "ids"
    for resolution in ("", "x" * 1001, "a\0b"):
        request = pb.DiscardDeadLettersRequest(ids=[1], resolution=resolution)
        assert await refused_field(ingest.DiscardDeadLetters(request)) == "resolution"


async def test_ids_that_no_letter_has_are_passed_over(stage, ingest):
    await stage.feed(b"no json")
    assert await retry(ingest, 0, 2, 2**63, 2**64 - 1) == (0, 0)
    assert await discard(ingest, 0, 2, 2**63, 2**64 - 1) == 0
    assert [letter.state for letter in await letters(ingest)] == [OPEN]


async def test_a_discarded_letter_stays_discarded(stage, ingest):
    await stage.feed(b"no json", b"[]")
    assert await discard(ingest, 1, 1, resolution="a known producer") == 1
    assert await discard(ingest, 1, resolution="again") == 0
    assert await retry(ingest, 1) == (0, 0)
    second, first = await letters(ingest)
    assert (first.state, first.resolution, first.HasField("resolved_at")) == (DISCARDED, "a known producer", True)
    assert second.state == OPEN
    assert (await status(ingest)).open_dead_letter_count == 1


async def test_a_job_that_is_retried_goes_through_the_intake_and_fails_as_a_new_letter(stage, ingest):
    """The job itself is still wrong: the new letter says of which one it is the retry."""
    await stage.feed(flow(1, "A", "DEPOSIT", -1))
    assert await retry(ingest, 1) == (1, 1)
    second, first = await letters(ingest)
    assert (first.state, first.HasField("resolved_at")) == (RETRIED, True)
    assert (second.id, second.state, second.reason) == (2, OPEN, "INVALID_PAYLOAD")
    assert second.detail == "retry of dead letter 1: amount: must be a base-10 integer from 0 to 2^256-1"
    assert await retry(ingest, 1) == (0, 0)
    assert await retry(ingest, 1, 2) == (1, 1)
    payloads = [(await ingest.GetDeadLetter(pb.GetDeadLetterRequest(id=n))).payload for n in (1, 2, 3)]
    assert payloads == [envelope(flow(1, "A", "DEPOSIT", -1))] * 3


async def test_a_job_that_can_be_used_by_now_takes_effect_when_retried(stage, ingest):
    """The intake took it for something from the future; a retry reads the clock anew."""
    await stage.feed(deployed(), flow(1, "A", "DEPOSIT", 30, timestamp=1_700_100_000))
    (letter,) = await letters(ingest)
    assert letter.reason == "TIMESTAMP_IN_FUTURE"
    async with stage.dispatching():
        assert await retry(ingest, letter.id) == (1, 0)
        await stage.until_delivered(2)
    assert stage.value(TVL) == 30
    assert [letter.state for letter in await letters(ingest)] == [RETRIED]


async def test_a_contradiction_that_is_retried_contradicts_again(stage, ingest):
    await stage.feed(flow(1, "A", "DEPOSIT", 30), flow(1, "A", "DEPOSIT", 31))
    assert await retry(ingest, 1) == (1, 1)
    found = [(letter.reason, letter.identity, letter.state) for letter in await letters(ingest)]
    identity = f"125:{tx(1)}:0"
    assert found == [("CONFLICTING_DUPLICATE", identity, OPEN), ("CONFLICTING_DUPLICATE", identity, RETRIED)]


async def test_an_item_of_a_bulk_job_is_retried_as_a_job_of_its_own(stage, ingest):
    ahead = flow(1, "A", "DEPOSIT", 30, timestamp=1_700_100_000, txHash=None, logIndex=None)
    await stage.feed(deployed(), bulk(item(flow(2, "A", "DEPOSIT", 5)), item(ahead), 17))
    async with stage.dispatching():
        assert await retry(ingest, 1, 2) == (2, 1)
        await stage.until_delivered(3)
    assert stage.value(TVL) == 35
    assert stage.rows("SELECT identity FROM ingest.inbox ORDER BY sequence DESC LIMIT 1") == [("task:flow-1",)]
    assert [letter.reason for letter in await letters(ingest, state=OPEN)] == ["UNDECODABLE"]


async def test_an_entry_without_data_can_be_retried_and_discarded_like_any_other(stage, ingest):
    await stage.feed(None)
    assert await retry(ingest, 1) == (1, 1)
    assert await discard(ingest, 1, 2) == 1
    assert (await status(ingest)).open_dead_letter_count == 0


async def test_an_event_that_failed_at_delivery_is_delivered_again_when_retried(stage, ingest):
    identity = f"125:{tx(1)}:0"
    stage.analytics.before = refusing(grpc.StatusCode.FAILED_PRECONDITION, identity=identity)
    async with stage.dispatching():
        await stage.feed(deployed(), flow(1, "A", "DEPOSIT", 30), flow(2, "A", "DEPOSIT", 4))
        await stage.until_delivered(2)
        await until(lambda: len(stage.dead_letters()) == 1)
        answer = await ingest.GetDeadLetter(pb.GetDeadLetterRequest(id=1))
        assert (answer.dead_letter.reason, answer.dead_letter.stream) == ("DELIVERY_FAILED", "")
        assert events_pb2.ChainEvent.FromString(answer.payload).identity == identity
        # Still refused: a new letter, while the old one is closed.
        assert await retry(ingest, 1) == (1, 0)
        await until(lambda: len(stage.dead_letters()) == 2)
        assert [(letter.id, letter.state) for letter in await letters(ingest)] == [(2, OPEN), (1, RETRIED)]
        stage.analytics.before = None
        assert await retry(ingest, 1, 2) == (1, 0)
        await stage.until_delivered(3)
    assert stage.value(TVL) == 34
    assert [letter.state for letter in await letters(ingest)] == [RETRIED, RETRIED]


async def test_a_thousand_letters_are_retried_in_one_call(stage, ingest):
    await stage.feed(bulk(*(item(flow(n, "A", "DEPOSIT", -n)) for n in range(1, 1001))))
    assert await retry(ingest, *range(1, 1001)) == (1000, 1000)
    answer = await status(ingest)
    assert answer.open_dead_letter_count == 1000
    newest = await letters(ingest, page_size=5000)
    assert len(newest) == 1000
    assert newest[0].detail.startswith("retry of dead letter 1000: amount:")
    payload = (await ingest.GetDeadLetter(pb.GetDeadLetterRequest(id=newest[0].id))).payload
    assert orjson.loads(payload)["kwargs"]["amount"] == "-1000"
