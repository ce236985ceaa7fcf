"""Jobs on their way out: what a producer of ours puts on the queue, and its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from services.ingest.jobs import MAX_BULK_BYTES, MAX_JOB_BYTES
from services.ingest.payloads import BULK_TASK, MAX_BULK_EVENTS


class Job(NamedTuple):
    """One job: task name, task id (the event's identity) and the payload as it goes over the wire."""

    task_name: str
    task_id: str
    kwargs: dict[str, Any]


def encode_job(job: Job) -> bytes:
    """The field `data` of one job; a job above 64 KiB (a very long name) becomes a bulk job of one."""
    data = _envelope(job.task_name, job.task_id, job.kwargs)
    if len(data) <= MAX_JOB_BYTES:
        return data
    return next(encode_bulk([job]))


def encode_bulk(jobs: Iterable[Job]) -> Iterator[bytes]:
    """The fields `data` of as few bulk jobs as hold these jobs, each at most 1,000 items and 8 MiB."""
    items: list[bytes] = []
    first, size = "", 0
    # the list's brackets, the envelope's names and an escaped task id
    room = MAX_BULK_BYTES - 4_096
    for job in jobs:
        item = orjson.dumps({"task": job.task_name, "taskId": job.task_id, **job.kwargs})
        if items and (len(items) == MAX_BULK_EVENTS or size + len(item) > room):
            yield _bulk(first, items)
            items, size = [], 0
        first = first if items else job.task_id
        items.append(item)
        size += len(item) + 1
    if items:
        yield _bulk(first, items)


def _bulk(first: str, items: list[bytes]) -> bytes:
    events = orjson.Fragment(b"[" + b",".join(items) + b"]")
    return _envelope(BULK_TASK, f"bulk:{first}"[:512], {"events": events})


def _envelope(task_name: str, task_id: str, kwargs: dict[str, Any]) -> bytes:
    return orjson.dumps({"task_id": task_id, "task_name": task_name, "labels": {}, "args": [], "kwargs": kwargs})
