"""Jobs that can't be used: every reason, in words that name the field; and that nothing raises."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.jobs import Accepted, Rejected
from tests.unit.job_examples import (
    NOW,
    PAYLOADS,
    bulk,
    envelope,
    item,
    payload,
    read,
    read_one,
    rejected,
)


def refusal(data: bytes | None) -> Rejected:
    (result,) = read(data)
    assert isinstance(result, Rejected), result
    return result


@pytest.mark.parametrize(
    ("task", "field"),
    [
        ("ingest.trade_executed", "timestamp"),
        ("ingest.follower_event", "timestamp"),
        ("ingest.argus_score", "observedAt"),
        ("ingest.vault_status", "observedAt"),
        ("ingest.snapshot", "triggeredAt"),
    ],
)
def test_a_time_more_than_an_hour_ahead_is_refused(task, field):
    at_the_edge = int(NOW) + 3_600
    assert not isinstance(read_one(task, **{field: at_the_edge}), Rejected)
    late = rejected(task, **{field: at_the_edge + 1})
    assert (late.reason, late.detail) == (
        "TIMESTAMP_IN_FUTURE",
        f"{field}: 1788347001 is more than an hour ahead of the clock",
    )
    milliseconds = rejected(task, **{field: 1_788_343_376_000})
    assert (milliseconds.reason, milliseconds.detail) == (
        "TIMESTAMP_IN_FUTURE",
        f"{field}: 1788343376000 is in milliseconds; UNIX seconds are expected",
    )
    assert rejected(task, **{field: 2**64 - 1}).detail == (
        f"{field}: 18446744073709551615 is more than an hour ahead of the clock"
    )


def test_an_entry_without_data_is_refused():
    assert refusal(None) == Rejected("MISSING_DATA", "data: the entry has no such field", "", "", None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe{}",
        b"\x80\x04\x95pickle",
        b"{",
        b"{} {}",
        b'{"task_id": NaN}',
        b'{"task_id": Infinity}',
        b'{"task_id": 1e999}',
        b'{"task_id": "\\ud800"}',
        b'{"task_id": "a\0b"}',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    ],
)
def test_bytes_that_are_not_json_are_undecodable(data):
    result = refusal(data)
    assert result.reason == "UNDECODABLE"
    assert result.detail.startswith("data: is not JSON in UTF-8")


@pytest.mark.parametrize("data", [b"[]", b"null", b"5", b'"job"', b"true"])
def test_json_that_is_no_object_is_undecodable(data):
    assert refusal(data) == Rejected("UNDECODABLE", "data: must be a JSON object", "", "", None)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"task_id": ...}, "task_id: must be a string"),
        ({"task_id": 5}, "task_id: must be a string"),
        ({"task_name": None}, "task_name: must be a string"),
        ({"kwargs": ...}, "kwargs: must be an object"),
        ({"kwargs": [1]}, "kwargs: must be an object"),
        ({"labels": "x"}, "labels: must be an object"),
        ({"labels": 0}, "labels: must be an object"),
        ({"args": {}}, "args: must be a list"),
        ({"args": False}, "args: must be a list"),
    ],
)
def test_a_wrong_envelope_is_undecodable_and_names_the_field(changes, detail):
    result = refusal(envelope("ingest.snapshot", payload("ingest.snapshot"), **changes))
    assert (result.reason, result.detail) == ("UNDECODABLE", detail)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"args": [1]}, "args: must be empty; the payload belongs in kwargs"),
        ({"task_id": ""}, "task_id: must be a string of 1 to 512 characters"),
        ({"task_id": "x" * 513}, "task_id: must be a string of 1 to 512 characters"),
        ({"task_id": "a\0b"}, "task_id: must not contain a NUL character"),
    ],
)
def test_an_envelope_outside_the_contract_is_refused(changes, detail):
    result = refusal(envelope("ingest.snapshot", payload("ingest.snapshot"), **changes))
    assert (result.reason, result.detail, result.task_name) == ("INVALID_PAYLOAD", detail, "ingest.snapshot")


@pytest.mark.parametrize("name", ["ingest.nothing", "", "Ingest.snapshot", "ingest.snapshot ", "os.system\0"])
def test_a_task_that_nobody_knows_is_refused_by_name(name):
    result = refusal(envelope(name, {}))
    shown = name.replace("\0", "\ufffd")
    assert result == Rejected("UNKNOWN_TASK", f"task_name: {shown!r} is no task of this queue", "job-1", shown, None)


def test_a_job_above_64_kib_is_refused_even_when_all_else_is_right():
    kwargs = payload("ingest.vault_deployed", name="")
    room = 65_536 - len(envelope("ingest.vault_deployed", kwargs))
    fits = envelope("ingest.vault_deployed", {**kwargs, "name": "x" * room})
    assert isinstance(read(fits)[0], Accepted)
    result = refusal(envelope("ingest.vault_deployed", {**kwargs, "name": "x" * (room + 1)}))
    assert (result.reason, result.detail) == ("JOB_TOO_LARGE", "data: 65537 bytes; a job has at most 65536")
    assert (result.task_id, result.task_name) == ("job-1", "ingest.vault_deployed")


def test_a_megabyte_of_text_is_refused_without_being_repeated():
    single = refusal(envelope("ingest.vault_status", payload("ingest.vault_status", reason="x" * 1_000_000)))
    assert single.reason == "JOB_TOO_LARGE"
    (long_reason,) = read(bulk(item("ingest.vault_status", reason="x" * 1_000_000)))
    assert isinstance(long_reason, Rejected)
    assert (long_reason.reason, long_reason.detail) == (
        "INVALID_PAYLOAD",
        "reason: must have at most 65536 characters",
    )
    (long_name,) = read(bulk({"task": "t" * 1_000_000, "taskId": "i" * 1_000_000}))
    assert isinstance(long_name, Rejected)
    assert (len(long_name.task_id), len(long_name.task_name)) == (512, 100)
    assert len(long_name.detail) <= 500


def test_an_entry_above_8_mib_is_refused_unread():
    result = refusal(b"[" * (8 * 1024 * 1024 + 1))
    assert (result.reason, result.detail) == (
        "JOB_TOO_LARGE",
        "data: 8388609 bytes; a bulk job has at most 8388608",
    )


def test_a_bad_item_is_refused_alone():
    good = item("ingest.follower_event")
    results = read(
        bulk(
            good,
            item("ingest.follower_event", "bad", amount="-1"),
            "text",
            {**good, "task": "ingest.nothing"},
            {**good, "task": "ingest.events"},
            {**good, "taskId": 7},
            {**good, "task": ["ingest.snapshot"]},
            good,
        )
    )
    assert [type(result) for result in results] == [Accepted, *[Rejected] * 6, Accepted]
    assert results[1:7] == [
        Rejected(
            "INVALID_PAYLOAD",
            "amount: must be a base-10 integer from 0 to 2^256-1",
            "bad",
            "ingest.follower_event",
            1,
        ),
        Rejected("INVALID_PAYLOAD", "events[2]: must be an object", "", "", 2),
        Rejected("UNKNOWN_TASK", "task: 'ingest.nothing' is no task of this queue", "item-1", "ingest.nothing", 3),
        Rejected("UNKNOWN_TASK", "task: 'ingest.events' is no task of this queue", "item-1", "ingest.events", 4),
        Rejected(
            "INVALID_PAYLOAD",
            "taskId: must be a string of 1 to 512 characters",
            "",
            "ingest.follower_event",
            5,
        ),
        Rejected("UNKNOWN_TASK", "task: '' is no task of this queue", "item-1", "", 6),
    ]


@pytest.mark.parametrize("kwargs", [{}, {"events": None}, {"events": {}}, {"events": [{}] * 1_001}])
def test_a_bulk_job_without_a_list_of_at_most_1000_is_refused_whole(kwargs):
    assert refusal(envelope("ingest.events", kwargs)) == Rejected(
        "INVALID_PAYLOAD", "events: must be a list of at most 1000 objects", "job-1", "ingest.events", None
    )


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def check_texts(data: bytes | None) -> None:
    """Whatever came in, the results can be stored in PostgreSQL and shown to an operator."""
    for result in read(data):
        if isinstance(result, Rejected):
            assert result.reason.isupper()
            assert 0 < len(result.detail) <= 500
            assert "\0" not in result.detail + result.task_id + result.task_name
            (result.detail + result.task_id + result.task_name).encode()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_never_raise(data):
    check_texts(data)


@settings(max_examples=200, deadline=None)
@given(JSON_VALUES)
def test_random_json_never_raises(value):
    check_texts(json.dumps(value).encode())
    check_texts(envelope("ingest.trade_executed", value))
    check_texts(envelope("ingest.events", {"events": [value]}))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(PAYLOADS)), st.data())
def test_a_valid_job_with_any_one_value_replaced_never_raises(task, data):
    field = data.draw(st.sampled_from([*PAYLOADS[task], "extra"]))
    hostile = st.sampled_from(["\0", "0x", "1" * 78, "9" * 79, 2**64, -(2**64), 1e300, [], {}, "\u2028"])
    value = data.draw(JSON_VALUES | hostile)
    check_texts(envelope(task, payload(task, **{field: value})))
    check_texts(bulk({**item(task), data.draw(st.sampled_from(["task", "taskId", field])): value}))


def test_a_valid_job_with_bytes_flipped_never_raises():
    chance = random.Random(125)
    for task in PAYLOADS:
        original = envelope(task, payload(task))
        for _ in range(300):
            data = bytearray(original)
            for _ in range(chance.randint(1, 4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            check_texts(bytes(data[: chance.randrange(1, len(data) + 1)] if chance.random() < 0.3 else data))
