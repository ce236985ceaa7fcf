"""Driving generated systems of jobs through both services: one pair of services for many examples."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.service_pair import REJECTED, ServicePair, event_of, service_pair
from tests.oracle.sending import RawJob
from tests.oracle.strategies import systems
from tests.servers import Database

# How many systems the long tests try.
LONG_SYSTEMS = int(os.environ.get("LONG_SYSTEMS", "3000"))

# Shrinking would run the services thousands of times: a failing system is small enough as it is.
_QUIET = settings(
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

Check = Callable[[ServicePair, list[RawJob], st.DataObject], Awaitable[None]]


def try_systems(database: Database, examples: int, check: Check) -> None:
    """Run a check on generated systems, each with empty services."""
    with asyncio.Runner() as runner:
        context = service_pair(database)
        pair = runner.run(context.__aenter__())

        @settings(_QUIET, max_examples=examples)
        @given(systems(max_jobs=30), st.data())
        def try_one(jobs: list[RawJob], data: st.DataObject) -> None:
            runner.run(_cleared(pair, check(pair, _legal(jobs), data)))

        try:
            try_one()
        finally:
            runner.run(context.__aexit__(None, None, None))


async def _cleared(pair: ServicePair, work: Awaitable[None]) -> None:
    await pair.clear()
    await work


async def deliver(pair: ServicePair, batches: Sequence[Sequence[RawJob]]) -> None:
    """Deliver batches of jobs; none may be refused."""
    for batch in batches:
        outcomes = await pair.deliver([event_of(job) for job in batch])
        assert REJECTED not in outcomes


def _legal(jobs: list[RawJob]) -> list[RawJob]:
    """The same jobs, settlements without a log index given one: their producers must tell it."""
    for job in jobs:
        if job["task_name"] == "ingest.profit_settled" and job["kwargs"].get("logIndex") is None:
            # Sent again it has the same number in its task id, and so the same identity.
            job["kwargs"]["logIndex"] = 100 + int(job["task_id"].split("-")[1])
    return jobs
