"""Replies matched to requests by id, and the pauses that nodes ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from services.ingest.chain.rpc.faults import Fault, FaultKind
from services.ingest.chain.rpc.transport import match_replies, retry_after_seconds


def reply(at: Any, result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": at, "result": result}


def kinds(outcome: Any) -> Any:
    """Results as they are, faults by their kind."""
    if isinstance(outcome, Fault):
        return outcome.kind
    return [item.kind if isinstance(item, Fault) else item for item in outcome]


def test_reordered_replies_find_their_requests():
    assert match_replies([7, 8, 9], [reply(9, "c"), reply(7, "a"), reply(8, None)]) == ["a", None, "c"]


@pytest.mark.parametrize(
    "content",
    [
        [reply(7, "a")],
        [reply(7, "a"), reply("8", "b")],
        [reply(7, "a"), reply(8.0, "b")],
        [reply(7, "a"), reply([8], "b")],
        [reply(7, "a"), reply(8, "b"), reply(8, "b")],
        [reply(7, "a"), reply(8, "b"), {"id": 8, "error": {"code": 1, "message": "no"}}],
        [reply(7, "a"), reply(9, "b"), None, 5],
    ],
)
def test_what_is_left_out_or_answered_twice_counts_as_missing(content):
    assert kinds(match_replies([7, 8], content)) == ["a", FaultKind.MISSING]


def test_an_error_of_one_item_leaves_the_others_alone():
    content = [{"id": 7, "error": {"code": -32601, "message": "no such method"}}, reply(8, "b")]
    assert kinds(match_replies([7, 8], content)) == [FaultKind.UNSUPPORTED, "b"]


def test_an_item_with_neither_result_nor_error_is_damaged():
    assert kinds(match_replies([7, 8], [{"id": 7}, reply(8, "b")])) == [FaultKind.DAMAGED, "b"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"id": None, "error": {"code": -32600, "message": "batch too large"}}, FaultKind.BATCH_REFUSED),
        ({"id": None, "error": {"code": -32600, "message": "Invalid Request"}}, FaultKind.BATCH_REFUSED),
        ({"id": None, "error": {"code": 429, "message": "slow down"}}, FaultKind.THROTTLED),
        ({"result": 5}, FaultKind.DAMAGED),
        ("text", FaultKind.DAMAGED),
        (None, FaultKind.DAMAGED),
    ],
)
def test_an_answer_that_is_no_list_is_one_fault_for_the_batch(content, kind):
    assert kinds(match_replies([7, 8], content)) is kind


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (reply(7, "a"), ["a"]),
        (reply(6, "a"), [FaultKind.MISSING]),
        ({"id": None, "error": {"code": 3, "message": "execution reverted"}}, [FaultKind.REVERTED]),
        ([reply(7, "a")], ["a"]),
        ([], [FaultKind.MISSING]),
    ],
)
def test_a_single_request_takes_the_answer_that_is_its_own(content, expected):
    assert kinds(match_replies([7], content)) == expected


@pytest.mark.parametrize(
    ("header", "seconds"), [(None, None), ("3", 3.0), ("0.5", 0.5), ("-4", 0.0), ("86400", 300.0), ("soon", None)]
)
def test_a_pause_is_understood_as_seconds(header, seconds):
    assert retry_after_seconds(header) == seconds


def test_a_pause_is_understood_as_a_date():
    wait = retry_after_seconds(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    assert wait is not None
    assert 50 < wait <= 60


@pytest.mark.parametrize("header", ["nan", "inf", "Mon, 99 Foo 2020", "Wed, 21 Oct 2015 07:28:00"])
def test_a_pause_that_makes_no_sense_is_never_a_long_one(header):
    assert (retry_after_seconds(header) or 0.0) <= 300.0
