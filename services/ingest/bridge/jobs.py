"""BullMQ jobs as entries of our own queue: same payloads, with the BullMQ job id as identity."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from services.ingest.batch import QueueEntry
from services.ingest.jobs import MAX_JOB_BYTES
from services.ingest.payloads import BULK_TASK, PAYLOADS

QUEUES: Final[Mapping[str, str]] = {
    "VaultDeployedQueue": "bridge.vault_deployed",
    "TradeProcessingQueue": "bridge.trade_executed",
    "FollowerEventQueue": "bridge.follower_event",
    "SnapshotCalculationQueue": "ingest.snapshot",
}
# What PostgreSQL's text and UTF-8 can't hold; the chain's names may.
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
# The database indexes the id of a dead letter's entry.
_ID_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class BullJob:
    """A job as BullMQ keeps it; `data` is any JSON value, `added_ms` its `timestamp` in UNIX milliseconds."""

    queue: str
    id: str
    added_ms: int
    data: Any

    @property
    def block_number(self) -> int | None:
        """The block that the job names; None when it names none."""
        number = self.data.get("blockNumber") if isinstance(self.data, dict) else None
        return number if type(number) is int else None


def to_entry(job: BullJob) -> QueueEntry:
    """The entry that the intake reads; the same job gives the same entry every time. `queue` is one of QUEUES."""
    task_name, task_id = QUEUES[job.queue], f"bullmq:{job.queue}:{job.id}"
    fields = _payload(job, PAYLOADS[task_name].TIME_FIELD)
    try:
        data = _envelope(task_name, task_id, fields)
    except RecursionError:
        # Nested too deeply for any payload: without it, a dead letter.
        data = _envelope(task_name, task_id, None)
    if len(data) > MAX_JOB_BYTES and isinstance(fields, dict):
        # A vault's name may be longer than a single job.
        item = {**fields, "task": task_name, "taskId": task_id}
        data = _envelope(BULK_TASK, task_id, {"events": [item]})
    return QueueEntry(f"bullmq:{job.queue}", f"{max(0, job.added_ms)}-{_short(job.id)}", data, 1)


def _payload(job: BullJob, time_field: str) -> Any:
    """The payload; without a time of its own it happened when the producer added the job."""
    if not isinstance(job.data, dict):
        return job.data
    fields = dict(job.data)
    if fields.get(time_field) is None:
        fields[time_field] = job.added_ms // 1000
    if isinstance(name := fields.get("name"), str):
        # A leader could otherwise hide a vault by its name.
        fields["name"] = _NO_TEXT.sub("\ufffd", name)
    return fields


def _envelope(task_name: str, task_id: str, kwargs: Any) -> bytes:
    envelope = {"task_id": task_id, "task_name": task_name, "labels": {}, "args": [], "kwargs": kwargs}
    # The standard library's writer takes every value that its reader gives, half surrogates and NaN included: what
    # is no JSON for the intake shall become a dead letter, not an exception.
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _short(job_id: str) -> str:
    if len(job_id) <= _ID_CHARACTERS and "\0" not in job_id:
        return job_id
    return blake2b(job_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
