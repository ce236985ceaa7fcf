"""Ways to send the same jobs: shuffled, sent again, cut into batches, contradicted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

RawJob = dict[str, Any]

MAX_UINT256 = 2**256 - 1
START = 1_700_000_000
DAY = 86_400
TIMES = (START, START + 1, START + 60, START + DAY, START + 3 * DAY)
"""Few on purpose: most events share their second with others."""

CONFLICT_RECEIVED_AT = TIMES[-1] + 1


def shuffled_with_duplicates(jobs: Sequence[RawJob]) -> SearchStrategy[list[RawJob]]:
    """The same jobs in any order, some of them sent again (with their `received_at`)."""

    @st.composite
    def resend(draw: DrawFn) -> list[RawJob]:
        again = [resent(draw, job) for job in some(draw, jobs, 8)]
        return list(draw(st.permutations([*jobs, *again])))

    return resend()


def split_in_batches(jobs: Sequence[RawJob]) -> SearchStrategy[list[list[RawJob]]]:
    """The same jobs in the same order, cut into batches of one or more."""
    cuts = st.sets(st.integers(1, len(jobs) - 1)) if len(jobs) > 1 else st.just(set[int]())
    return cuts.map(lambda drawn: _cut(jobs, sorted(drawn)))


def _cut(jobs: Sequence[RawJob], cuts: Sequence[int]) -> list[list[RawJob]]:
    edges = [0, *cuts, len(jobs)]
    batches = [list(jobs[start:end]) for start, end in pairwise(edges)]
    return [batch for batch in batches if batch]


def some(draw: DrawFn, jobs: Sequence[RawJob], at_most: int) -> list[RawJob]:
    """Up to `at_most` of the jobs, repetitions allowed."""
    if not jobs:
        return []
    return draw(st.lists(st.sampled_from(jobs), max_size=at_most))


def resent(draw: DrawFn, job: RawJob) -> RawJob:
    """The same event again: as it was, in lower case, or (with a transaction) under another task id."""
    body = dict(job["kwargs"])
    if draw(st.booleans()):
        body = {name: value.lower() if _is_address(value) else value for name, value in body.items()}
    task_id = job["task_id"]
    if body.get("txHash") and draw(st.booleans()):
        task_id += "-again"
    return job | {"task_id": task_id, "kwargs": body}


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith("0x") and len(value) == 42


def has_amount(job: RawJob) -> bool:
    """Whether `conflicting` knows an amount to change."""
    return bool({"amount", "amountIn"} & job["kwargs"].keys())


def conflicting(job: RawJob) -> RawJob:
    """The same identity with another amount, later than every other job."""
    body = dict(job["kwargs"])
    name = "amount" if "amount" in body else "amountIn"
    body[name] = str(int(body[name]) + 1 if body[name] != str(MAX_UINT256) else 0)
    return job | {"kwargs": body, "received_at": CONFLICT_RECEIVED_AT}
