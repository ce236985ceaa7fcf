"""Several dispatchers: each partition has one at a time, and one that was taken over writes nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from libs.identifiers import checksum_address, vault_id
from protos.vaults.v1 import vaults_pb2
from services.ingest.dispatcher import LeaseLost
from services.ingest.domain import Lease
from tests.integration.ingest_jobs import vault_address
from tests.integration.ingest_stage import CHAIN_ID, Stage, staged, until
from tests.oracle.jobs import VAULT, deployed, flow
from tests.servers import Database, short_folder

FIGURES = """
    SELECT v.tvl::int, v.trade_count, v.follower_count, v.ledger_version = a.ledger_version
    FROM vaults.vaults v JOIN analytics.vaults a USING (id) WHERE v.id = %(id)s
"""


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    with short_folder() as folder:
        async with staged(database, folder) as stage:
            yield stage


def vault(address: str = VAULT):
    return vault_id(CHAIN_ID, checksum_address(address))


async def test_a_dispatcher_that_lost_its_lease_writes_nothing(stage):
    """It was paused in the middle of a delivery while another replica took its partition over."""
    await stage.feed(
        deployed(), flow(1, "A", "DEPOSIT", 100), flow(2, "A", "DEPOSIT", 1, vaultAddress=vault_address(7))
    )
    partition = stage.value(
        "SELECT DISTINCT partition FROM ingest.inbox WHERE vault_address = %(v)s", v=checksum_address(VAULT)
    )
    owner, other = uuid4(), uuid4()
    lease = "UPDATE ingest.leases SET owner = %(owner)s, generation = %(generation)s WHERE partition = %(partition)s"
    stage.run(lease, owner=owner, generation=1, partition=partition)

    async def take_over(request, context) -> None:
        stage.run(lease, owner=other, generation=2, partition=partition)

    stage.analytics.after = take_over
    left = stage.rows("SELECT * FROM ingest.deliveries ORDER BY sequence")
    async with asyncio.timeout(10):
        with pytest.raises(LeaseLost):
            await stage.dispatcher(Lease(partition, 1), owner).run()
    assert stage.rows("SELECT * FROM ingest.deliveries ORDER BY sequence") == left
    assert stage.rows("SELECT * FROM ingest.changes") == []
    assert stage.delivered() == 0
    assert stage.rows("SELECT * FROM ingest.known_vaults") == []
    stage.analytics.after = None
    stage.run("UPDATE ingest.leases SET owner = NULL, expires_at = '-infinity'")
    async with stage.dispatching():
        await stage.until_delivered(2)
    assert stage.rows(FIGURES, id=vault()) == [(100, 0, 1, True)]


async def test_what_a_late_dispatcher_sends_can_not_overwrite_newer_figures(stage):
    """The figures of the first batch arrive after those of the second."""
    await stage.feed(deployed(), flow(1, "A", "DEPOSIT", 100))
    sent: list[vaults_pb2.UpdatePerformanceRequest] = []

    async def keep(request, context) -> None:
        sent.append(request)

    stage.vaults.update = keep
    async with stage.dispatching():
        await stage.until_delivered(2)
        await stage.feed(flow(2, "A", "DEPOSIT", 11))
        await stage.until_delivered(3)
        assert [request.performances[0].tvl for request in sent] == ["100", "111"]
        stage.vaults.update = None
        assert await stage.services.update_performance(sent[0].performances) == 0
    assert stage.rows(FIGURES, id=vault()) == [(111, 0, 1, True)]


async def test_replicas_share_the_partitions_evenly_and_give_them_back(stage):
    shares = "SELECT count(*) FROM ingest.leases WHERE expires_at > now() GROUP BY owner ORDER BY 1"
    async with stage.dispatching():
        await until(lambda: stage.rows(shares) == [(8,)])
        async with stage.dispatching():
            await until(lambda: stage.rows(shares) == [(4,), (4,)])
            async with stage.dispatching():
                await until(lambda: stage.rows(shares) == [(2,), (3,), (3,)])
                await stage.feed(*(deployed(100 + n, vaultAddress=vault_address(n)) for n in range(1, 25)))
                await stage.until_delivered(24)
            await until(lambda: stage.rows(shares) == [(4,), (4,)])
        await until(lambda: stage.rows(shares) == [(8,)])
    assert stage.rows(shares) == []
    assert stage.rows("SELECT * FROM ingest.replicas") == []
    assert len(stage.vaults.sent) == 24


async def test_the_partitions_of_a_replica_that_vanished_are_taken_over_within_its_lease(stage):
    stage.run("INSERT INTO ingest.replicas VALUES (gen_random_uuid(), clock_timestamp())")
    stage.run("UPDATE ingest.leases SET owner = gen_random_uuid(), generation = 5, expires_at = now() + interval '1 s'")
    await stage.feed(*(deployed(100 + n, vaultAddress=vault_address(n)) for n in range(1, 25)))
    async with stage.dispatching(lease_seconds=1):
        await stage.until_delivered(24, seconds=3)
        owners = "SELECT count(*), min(generation) FROM ingest.leases GROUP BY owner"
        await until(lambda: stage.rows(owners) == [(8, 6)], seconds=1)


async def test_a_replica_with_a_long_lease_stays_counted_between_its_renewals(stage):
    """With a lease of a minute a replica reports every twenty seconds."""
    stage.run("INSERT INTO ingest.replicas VALUES (gen_random_uuid(), clock_timestamp() - interval '19 s')")
    async with stage.dispatching(lease_seconds=60) as owner:
        await until(lambda: stage.value("SELECT count(*) FROM ingest.leases WHERE owner = %(o)s", o=owner) > 0)
        assert stage.value("SELECT count(*) FROM ingest.leases WHERE owner = %(o)s", o=owner) == 4


async def test_a_replica_that_stops_right_after_taking_partitions_gives_them_back(stage):
    """The transaction is over and no dispatcher runs yet."""
    held = "SELECT count(*) FROM ingest.leases WHERE owner IS NOT NULL"
    for _ in range(10):
        async with stage.dispatching():
            while stage.value(held) == 0:
                await asyncio.sleep(0)
        assert stage.value(held) == 0
