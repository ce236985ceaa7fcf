"""What the dispatcher does about each way in which a delivery can fail."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import grpc
import psycopg
import pytest

from libs.database import open_pool
from protos.events.v1 import events_pb2
from services.ingest.batch import Outage
from services.ingest.dispatcher import PartitionDispatcher
from services.ingest.domain import Lease
from tests.integration.ingest_stage import CHAIN_ID, Stage, refusing, staged, until
from tests.oracle.jobs import deployed, flow, trade, tx
from tests.servers import Database, short_folder

TVL = "SELECT tvl::int FROM vaults.vaults"
LEFT = "SELECT count(*) FROM ingest.deliveries"
ERROR = "SELECT max(error) FROM ingest.leases"
# A deployment, ten deposits of 1 to 10 and, between them, a trade.
JOBS = [deployed(), trade(20, 5), *(flow(n, "A", "DEPOSIT", n) for n in range(1, 11))]
TOTAL = 55

Code = grpc.StatusCode


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    with short_folder() as folder:
        async with staged(database, folder) as stage:
            yield stage


def id_of(number: int) -> str:
    return f"125:{tx(number)}:0"


def alone(calls: list[list[str]], identity: str) -> int:
    """How often an event was sent without any other."""
    return calls.count([identity])


@pytest.mark.parametrize(
    ("service", "code", "times"),
    [
        # The channel itself repeats an UNAVAILABLE call twice.
        ("vaults", Code.UNAVAILABLE, 7),
        ("analytics", Code.DEADLINE_EXCEEDED, 3),
        ("vaults", Code.ABORTED, 3),
        ("analytics", Code.CANCELLED, 3),
    ],
)
async def test_an_outage_is_waited_out_without_a_dead_letter(stage, service, code, times):
    getattr(stage, service).before = refusing(code, times=times)
    await stage.feed(*JOBS)
    async with stage.dispatching():
        await until(lambda: stage.value(ERROR) == f"{code.name}: scripted {code.name}")
        await stage.until_delivered(12)
        await until(lambda: stage.value(ERROR) == "")
    assert stage.value(TVL) == TOTAL
    assert stage.dead_letters() == []
    assert {len(call) for call in stage.analytics.calls} == {12}


async def test_a_service_that_is_away_gets_its_events_when_it_comes_back(stage):
    await stage.stop("analytics")
    await stage.feed(*JOBS)
    async with stage.dispatching():
        await until(lambda: str(stage.value(ERROR)).startswith("UNAVAILABLE: "))
        assert stage.delivered() == 0
        await stage.start("analytics")
        await stage.until_delivered(12)
    assert stage.value(TVL) == TOTAL
    assert stage.dead_letters() == []


async def test_figures_that_could_not_be_handed_over_are_handed_over_later(stage):
    stage.vaults.update = refusing_updates(times=4)
    await stage.feed(*JOBS)
    async with stage.dispatching():
        await stage.until_delivered(12)
    assert stage.value(TVL) == TOTAL
    assert stage.dead_letters() == []


def refusing_updates(times: int):
    left = itertools.count(times, -1)

    async def hook(request, context) -> None:
        if next(left) > 0:
            await context.abort(Code.ABORTED, "scripted")

    return hook


async def test_a_batch_that_is_too_much_is_halved_until_it_fits(stage):
    stage.vaults.before = refusing(Code.RESOURCE_EXHAUSTED, more_than=3)
    await stage.feed(*JOBS)
    async with stage.dispatching():
        await stage.until_delivered(12)
    # Twelve, of which the trade is not for vaults.
    assert [len(call) for call in stage.vaults.calls] == [11, 6, 3, 3, 5, 3, 2]
    assert stage.value(TVL) == TOTAL
    assert stage.dead_letters() == []


async def test_an_event_that_is_too_much_alone_is_tried_five_times(stage):
    stage.vaults.before = refusing(Code.RESOURCE_EXHAUSTED, identity=id_of(4))
    await stage.feed(*JOBS)
    async with stage.dispatching():
        await stage.until_delivered(11)
        await until(lambda: stage.value(LEFT) == 0)
    assert alone(stage.vaults.calls, id_of(4)) == 5
    assert stage.dead_letters() == [
        ("DELIVERY_FAILED", "RESOURCE_EXHAUSTED: scripted RESOURCE_EXHAUSTED", id_of(4)),
    ]


async def test_a_malformed_event_is_laid_aside_by_name_and_the_others_are_sent_once_more(stage):
    """The event was spoiled in the inbox; the services name its place in the call, which differs between them."""
    await stage.feed(*JOBS)
    spoiled = events_pb2.ChainEvent.FromString(event_of(stage, id_of(4)))
    spoiled.follower_flow.amount = "a lot"
    stage.run(
        "UPDATE ingest.inbox SET event = %(event)s WHERE identity = %(identity)s",
        event=spoiled.SerializeToString(),
        identity=id_of(4),
    )
    async with stage.dispatching():
        await stage.until_delivered(11)
    detail = "follower_flow.amount: must be a base-10 integer from 0 to 2^256-1"
    assert stage.dead_letters() == [("INVALID_EVENT", detail, id_of(4))]
    assert stage.value(TVL) == TOTAL - 4
    assert [len(call) for call in stage.analytics.calls] == [12, 11]
    letter = stage.rows("SELECT payload, sequence IS NOT NULL, stream, task_id FROM ingest.dead_letters")
    assert letter == [(spoiled.SerializeToString(), True, "", "flow-4")]


def event_of(stage: Stage, identity: str) -> bytes:
    return bytes(stage.value("SELECT event FROM ingest.inbox WHERE identity = %(i)s", i=identity))


@pytest.mark.parametrize("code", [Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION])
async def test_a_refusal_without_names_is_narrowed_down_and_laid_aside_at_its_first_try_alone(stage, code):
    stage.analytics.before = refusing(code, identity=id_of(4))
    await stage.feed(*JOBS)
    async with stage.dispatching():
        await stage.until_delivered(11)
    assert alone(stage.analytics.calls, id_of(4)) == 1
    assert stage.dead_letters() == [("DELIVERY_FAILED", f"{code.name}: scripted {code.name}", id_of(4))]


@pytest.mark.parametrize(("service", "code"), [("analytics", Code.INTERNAL), ("vaults", Code.UNKNOWN)])
async def test_an_event_that_breaks_a_service_is_isolated_tried_five_times_and_laid_aside(stage, service, code):
    script = getattr(stage, service)
    script.before = refusing(code, identity=id_of(4))
    await stage.feed(*JOBS)
    async with stage.dispatching():
        await stage.until_delivered(11)
        await until(lambda: stage.value(LEFT) == 0)
    assert alone(script.calls, id_of(4)) == 5
    assert stage.dead_letters() == [("DELIVERY_FAILED", f"{code.name}: scripted {code.name}", id_of(4))]
    assert stage.value("SELECT count(*) FROM vaults.flows WHERE NOT amount = 4") == 9
    assert stage.value("SELECT count(*) FROM analytics.flows WHERE NOT amount = 4") == 9


async def test_a_service_that_breaks_for_a_moment_costs_no_event(stage):
    stage.analytics.before = refusing(Code.INTERNAL, identity=id_of(4), times=6)
    await stage.feed(*JOBS)
    async with stage.dispatching():
        await stage.until_delivered(12)
    assert stage.value(TVL) == TOTAL
    assert stage.dead_letters() == []


async def test_a_dispatcher_that_fails_unexpectedly_is_replaced(stage):
    stage.run("ALTER TABLE ingest.changes RENAME TO gone")
    await stage.feed(*JOBS)
    async with stage.dispatching():
        await until(lambda: len(stage.analytics.calls) >= 2)
        stage.run("ALTER TABLE ingest.gone RENAME TO changes")
        await stage.until_delivered(12)
    assert stage.value(TVL) == TOTAL
    assert stage.value("SELECT count(*) FROM ingest.changes") == 12


async def test_the_whole_pipeline_goes_on_after_an_outage_of_the_database(stage):
    await stage.feed(deployed(), flow(1, "A", "DEPOSIT", 1))
    async with stage.dispatching():
        await stage.until_delivered(2)
        with psycopg.connect(stage.database.admin_url, dbname="postgres", autocommit=True) as admin:
            name = stage.database.name
            admin.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
            clients = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            # The test's own connection has another database's administrator behind it.
            admin.execute(clients + " AND usename <> 'postgres'", [name])
            with pytest.raises(Outage):
                await stage.feed(flow(2, "A", "DEPOSIT", 2))
            admin.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
        async with asyncio.timeout(15):
            while True:
                with suppress(Outage):
                    await stage.feed(flow(2, "A", "DEPOSIT", 2))
                    break
        await stage.until_delivered(3)
    assert stage.value(TVL) == 3
    assert stage.dead_letters() == []


async def test_a_dispatcher_ends_when_told_to_even_if_the_pool_swallows_the_cancellation(stage):
    """In Python 3.11 the pool loses a cancellation that comes when a connection was just handed over."""
    partition = stage.value("SELECT min(partition) FROM ingest.leases")
    async with open_pool(stage.database.url("ingest"), name="narrow", max_size=1) as pool:
        for turns in range(12):
            held = await pool.getconn()
            dispatcher = PartitionDispatcher(
                pool=pool,
                services=stage.services,
                owner=uuid4(),
                lease=Lease(partition, 1),
                chain_id=CHAIN_ID,
                batch_size=10,
            )
            running = asyncio.create_task(dispatcher.run())
            async with asyncio.timeout(5):
                while pool.get_stats()["requests_waiting"] == 0:
                    await asyncio.sleep(0)
                await pool.putconn(held)
                for _ in range(turns):
                    await asyncio.sleep(0)
                running.cancel()
                dispatcher.wake()
                await asyncio.wait([running])
            assert running.cancelled()
