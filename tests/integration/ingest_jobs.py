"""Jobs as entries of the queue: alone, in bulk, in batches."""

from __future__ import annotations

import itertools
from typing import Any

import orjson

from services.ingest.batch import Batch, QueueEntry
from services.ingest.streams import EVENTS
from tests.oracle.sending import START, RawJob

_numbers = itertools.count(1)


def envelope(job: RawJob) -> bytes:
    """The bytes of a job."""
    message = {name: job[name] for name in ("task_id", "task_name", "kwargs")}
    return orjson.dumps({**message, "labels": {}, "args": []})


def item(job: RawJob) -> dict[str, Any]:
    """The job as an item of a bulk job."""
    return {"task": job["task_name"], "taskId": job["task_id"], **job["kwargs"]}


def bulk(*items: Any, task_id: str = "bulk") -> bytes:
    """The bytes of a bulk job."""
    return envelope({"task_id": task_id, "task_name": "ingest.events", "kwargs": {"events": list(items)}})


def batch(*jobs: RawJob | bytes | None, stream: str = EVENTS) -> Batch:
    """Jobs as a batch of entries that no batch had before."""
    entries = []
    for job in jobs:
        received_at = job["received_at"] if isinstance(job, dict) else START
        data = envelope(job) if isinstance(job, dict) else job
        entries.append(QueueEntry(stream, f"{received_at * 1000}-{next(_numbers)}", data, 1))
    return Batch(entries)


def vault_address(number: int) -> str:
    """Address of a vault, in lower case as some producers write it."""
    return f"0x{number:040x}"
