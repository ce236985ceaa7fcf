"""Entries of the queue to results: accepted as canonical events, or rejected with a readable reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from libs.identifiers import Address
from protos.events.v1.events_pb2 import ChainEvent
from services.ingest.canonical import EVENT_BUILDERS, Intake
from services.ingest.payloads import (
    BULK_TASK,
    MAX_BULK_EVENTS,
    MAX_TASK_ID_CHARACTERS,
    PAYLOADS,
    Payload,
    SnapshotPayload,
)

MAX_JOB_BYTES: Final = 64 * 1024
MAX_BULK_BYTES: Final = 8 * 1024 * 1024
MAX_SECONDS_AHEAD: Final = 3_600
MAX_DETAIL_CHARACTERS: Final = 500
MAX_TASK_NAME_CHARACTERS: Final = 100

_ENVELOPE: Final = (
    ("task_id", str, "a string"),
    ("task_name", str, "a string"),
    ("kwargs", dict, "an object"),
    ("labels", dict, "an object"),
    ("args", list, "a list"),
)
_OPTIONAL: Final = frozenset({"labels", "args"})


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job that became an event."""

    task_id: str
    task_name: str
    event: ChainEvent


@dataclass(frozen=True, slots=True)
class SnapshotRequested:
    """A job that asks for fresh figures, of one vault or of all (None)."""

    task_id: str
    vault_address: Address | None
    interval: str
    triggered_at: int  # UNIX seconds


@dataclass(frozen=True, slots=True)
class Rejected:
    """A job that can't be used. Every text in it is short and free of NUL."""

    reason: str  # MISSING_DATA, JOB_TOO_LARGE, UNDECODABLE, UNKNOWN_TASK, INVALID_PAYLOAD, TIMESTAMP_IN_FUTURE
    detail: str  # names the field as the producer does
    task_id: str  # empty when it could not be read
    task_name: str  # empty when it could not be read
    item_index: int | None  # place in a bulk job, from 0


JobResult: TypeAlias = Accepted | SnapshotRequested | Rejected


class _RefusedError(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Clock:
    entered_at_ms: int
    now: float
    chain_id: int


@dataclass(frozen=True, slots=True)
class _Job:
    """A job as it came: nothing in it has been checked but that `fields` is an object."""

    task_id: Any
    task_name: Any
    fields: dict[str, Any]
    index: int | None = None

    def name(self, field: str) -> str:
        """What the producer calls the field: bulk items write it in camelCase."""
        return field if self.index is None else {"task_id": "taskId", "task_name": "task"}[field]


def read_entry(data: bytes | None, *, entered_at_ms: int, now: float, chain_id: int) -> list[JobResult]:
    """Results of one entry: one, or one per item of a bulk job. Never raises.

    `entered_at_ms` is when the entry was added (UNIX milliseconds), `now` the clock in UNIX seconds.
    Of a key that a JSON object repeats the last counts.
    """
    clock = _Clock(entered_at_ms, now, chain_id)
    envelope: Any = None
    try:
        envelope = _decode(data)
        _check_envelope(envelope, 0 if data is None else len(data))
        job = _Job(envelope["task_id"], envelope["task_name"], envelope["kwargs"])
        if job.task_name != BULK_TASK:
            return [_read_job(job, clock)]
        return [_read_item(item, index, clock) for index, item in enumerate(_items(job))]
    except _RefusedError as refused:
        known = envelope if type(envelope) is dict else {}
        return [_rejected(refused, known.get("task_id"), known.get("task_name"))]


def _decode(data: bytes | None) -> Any:
    if data is None:
        raise _RefusedError("MISSING_DATA", "data: the entry has no such field")
    if len(data) > MAX_BULK_BYTES:
        raise _RefusedError("JOB_TOO_LARGE", f"data: {len(data)} bytes; a bulk job has at most {MAX_BULK_BYTES}")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _RefusedError("UNDECODABLE", f"data: is not JSON in UTF-8: {error}") from None


def _check_envelope(envelope: Any, size: int) -> None:
    if type(envelope) is not dict:
        raise _RefusedError("UNDECODABLE", "data: must be a JSON object")
    for field, kind, words in _ENVELOPE:
        value = envelope.get(field)
        if type(value) is not kind and (value is not None or field not in _OPTIONAL):
            raise _RefusedError("UNDECODABLE", f"{field}: must be {words}")
    if size > MAX_JOB_BYTES and envelope["task_name"] != BULK_TASK:
        raise _RefusedError("JOB_TOO_LARGE", f"data: {size} bytes; a job has at most {MAX_JOB_BYTES}")
    if envelope.get("args"):
        raise _RefusedError("INVALID_PAYLOAD", "args: must be empty; the payload belongs in kwargs")


def _items(job: _Job) -> list[Any]:
    _check_task_id(job)
    events = job.fields.get("events")
    if type(events) is not list or len(events) > MAX_BULK_EVENTS:
        raise _RefusedError("INVALID_PAYLOAD", f"events: must be a list of at most {MAX_BULK_EVENTS} objects")
    return events


def _read_item(item: Any, index: int, clock: _Clock) -> JobResult:
    if type(item) is not dict:
        refused = _RefusedError("INVALID_PAYLOAD", f"events[{index}]: must be an object")
        return _rejected(refused, None, None, index)
    return _read_job(_Job(item.get("taskId"), item.get("task"), item, index), clock)


def _read_job(job: _Job, clock: _Clock) -> JobResult:
    try:
        return _accept(job, clock)
    except _RefusedError as refused:
        return _rejected(refused, job.task_id, job.task_name, job.index)


def _accept(job: _Job, clock: _Clock) -> Accepted | SnapshotRequested:
    _check_task_id(job)
    model = PAYLOADS.get(job.task_name) if type(job.task_name) is str else None
    if model is None:
        shown = _short(job.task_name, MAX_TASK_NAME_CHARACTERS)
        raise _RefusedError("UNKNOWN_TASK", f"{job.name('task_name')}: {shown!r} is no task of this queue")
    try:
        payload = model.model_validate(job.fields)
    except ValidationError as error:
        raise _RefusedError("INVALID_PAYLOAD", _describe(error)) from None
    _check_time(payload, clock.now)
    if isinstance(payload, SnapshotPayload):
        return SnapshotRequested(job.task_id, payload.vault_address, payload.interval, payload.triggered_at)
    intake = Intake(job.task_id, clock.chain_id, clock.entered_at_ms)
    return Accepted(job.task_id, job.task_name, EVENT_BUILDERS[job.task_name](payload, intake))


def _check_task_id(job: _Job) -> None:
    task_id = job.task_id
    if type(task_id) is not str or not 1 <= len(task_id) <= MAX_TASK_ID_CHARACTERS:
        rule = f"must be a string of 1 to {MAX_TASK_ID_CHARACTERS} characters"
        raise _RefusedError("INVALID_PAYLOAD", f"{job.name('task_id')}: {rule}")
    if "\0" in task_id:
        raise _RefusedError("INVALID_PAYLOAD", f"{job.name('task_id')}: must not contain a NUL character")


def _check_time(payload: Payload, now: float) -> None:
    time = payload.reported_time()
    latest = now + MAX_SECONDS_AHEAD
    if time is None or time <= latest:
        return
    # 10^11 seconds is the year 5138, in milliseconds 1973
    if time >= 10**11 and time / 1000 <= latest:
        detail = f"{payload.TIME_FIELD}: {time} is in milliseconds; UNIX seconds are expected"
    else:
        detail = f"{payload.TIME_FIELD}: {time} is more than an hour ahead of the clock"
    raise _RefusedError("TIMESTAMP_IN_FUTURE", detail)


def _describe(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {_words(fault)}" for fault in faults)


def _words(fault: ErrorDetails) -> str:
    return "is required" if fault["type"] == "missing" else fault["msg"].replace("Input should be", "must be", 1)


def _rejected(refused: _RefusedError, task_id: Any, task_name: Any, index: int | None = None) -> Rejected:
    return Rejected(
        reason=refused.reason,
        detail=_short(refused.detail, MAX_DETAIL_CHARACTERS),
        task_id=_short(task_id, MAX_TASK_ID_CHARACTERS),
        task_name=_short(task_name, MAX_TASK_NAME_CHARACTERS),
        item_index=index,
    )


def _short(value: Any, characters: int) -> str:
    # PostgreSQL's text has no NUL
    return value[:characters].replace("\0", "\ufffd") if type(value) is str else ""
