"""From the inbox into the real vaults and analytics services: order, waiting for vaults, batches, partitions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from libs.identifiers import checksum_address, vault_id
from services.ingest import upkeep
from tests.integration.ingest_jobs import batch, bulk, item, vault_address
from tests.integration.ingest_stage import CHAIN_ID, Stage, staged, until
from tests.oracle.jobs import LEADER, VAULT, WALLETS, deployed, flow, job, settlement, trade, tx
from tests.oracle.sending import START
from tests.servers import Database, short_folder

FIGURES = """
    SELECT v.tvl::int, v.trade_count, v.follower_count, v.ledger_version = a.ledger_version
    FROM vaults.vaults v JOIN analytics.vaults a USING (id) WHERE v.id = %(id)s
"""
LEFT = "SELECT count(*) FROM ingest.deliveries"


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    with short_folder() as folder:
        async with staged(database, folder) as stage:
            yield stage


def vault(address: str = VAULT):
    return vault_id(CHAIN_ID, checksum_address(address))


def id_of(number: int) -> str:
    return f"125:{tx(number)}:0"


async def test_events_take_effect_in_both_services_and_the_figures_travel_with_their_version(stage):
    score = job("argus_score", "score-1", walletAddress=LEADER, reputationScore=800, winRateBps=1, maxDrawdownBps=1)
    score["kwargs"] |= {"signalCount": 1, "observedAt": START}
    paused = job("vault_status", "status-1", vaultAddress=VAULT, status="PAUSED", observedAt=START + 1)
    async with stage.dispatching():
        await stage.feed(
            deployed(), flow(1, "A", "DEPOSIT", 1000), trade(2, 100), flow(3, "B", "DEPOSIT", 50), score, paused
        )
        await stage.feed(flow(4, "B", "WITHDRAW", 20), settlement(5, "A", profit="30", leaderCut="3"))
        await stage.until_delivered(8)
    assert stage.rows(FIGURES, id=vault()) == [(1030, 1, 2, True)]
    assert stage.value("SELECT status FROM vaults.vaults") == "PAUSED"
    assert (
        stage.value("SELECT argus_score FROM vaults.users WHERE wallet_address = %(w)s", w=checksum_address(LEADER))
        == 800
    )
    assert stage.value("SELECT count(*) FROM analytics.trades WHERE pnl = 100") == 1
    assert stage.value(LEFT) == 0
    assert stage.dead_letters() == []
    assert stage.value("SELECT delivered_block_number FROM ingest.pipeline") == 15


async def test_the_vaults_service_is_asked_about_everything_but_trades(stage):
    async with stage.dispatching():
        await stage.feed(deployed(), trade(1, 5), flow(2, "A", "DEPOSIT", 7))
        await stage.until_delivered(3)
    assert stage.vaults.sent == [id_of(999), id_of(2)]
    assert stage.analytics.sent == [id_of(999), id_of(1), id_of(2)]


async def test_a_vaults_events_are_sent_in_the_order_of_the_inbox_in_batches(stage):
    await stage.feed(deployed(), *(flow(n, "A", "DEPOSIT", n) for n in range(1, 12)))
    async with stage.dispatching(batch_size=5):
        await stage.until_delivered(12)
    assert [len(call) for call in stage.analytics.calls] == [5, 5, 2]
    assert stage.analytics.sent == [id_of(n) for n in (999, *range(1, 12))]
    assert stage.rows(FIGURES, id=vault()) == [(66, 0, 1, True)]


async def test_a_batch_is_cut_before_it_is_too_heavy_for_a_message(stage):
    """Forty vaults with names of 60,000 characters are 2.4 MB: three calls of at most 1 MiB."""
    names = [deployed(1000 + n, name="n" * 60_000, logIndex=n, txHash=tx(1)) for n in range(40)]
    await stage.feed(bulk(*(item(one) for one in names)))
    async with stage.dispatching():
        await stage.until_delivered(40)
    assert [len(call) for call in stage.vaults.calls] == [17, 17, 6]


async def test_events_of_an_unknown_vault_wait_for_it_and_go_first_when_it_comes(stage):
    other = vault_address(0xBEEF)
    async with stage.dispatching(batch_size=4):
        await stage.feed(flow(1, "A", "DEPOSIT", 100), trade(2, 10), flow(3, "B", "DEPOSIT", 5))
        await until(
            lambda: stage.rows("SELECT deferred_for FROM ingest.deliveries") == [(checksum_address(VAULT),)] * 3
        )
        await stage.feed(deployed(1001, vaultAddress=other))
        await stage.until_delivered(1)
        stage.analytics.calls.clear()
        await stage.feed(deployed(), *(flow(n, "A", "DEPOSIT", 1) for n in range(4, 12)))
        await stage.until_delivered(13)
    # The deployment's own batch was cut before the vault was known; those that waited come in the next one.
    assert stage.analytics.calls[0] == [id_of(n) for n in (999, 4, 5, 6)]
    assert stage.analytics.calls[1][:3] == [id_of(1), id_of(2), id_of(3)]
    assert stage.rows(FIGURES, id=vault()) == [(113, 1, 2, True)]
    assert stage.value("SELECT count(*) FROM ingest.deliveries WHERE deferred_for IS NOT NULL") == 0
    assert stage.dead_letters() == []


async def test_events_that_wait_hold_up_nobody(stage):
    """All in one partition: the unknown vault's events are ahead of the known one's in the inbox."""
    async with stage.dispatching(batch_size=2):
        waiting = [flow(n, "A", "DEPOSIT", 1, vaultAddress=VAULT) for n in range(1, 8)]
        await stage.feed(*waiting)
        score = {"reputationScore": 700, "winRateBps": 1, "maxDrawdownBps": 1, "signalCount": 1, "observedAt": START}
        await stage.feed(job("argus_score", "s", walletAddress=VAULT, **score))
        await stage.until_delivered(1)
        await until(lambda: stage.value(LEFT + " WHERE deferred_for IS NULL") == 0)
    assert stage.value(LEFT) == 7


async def test_an_event_that_was_applied_before_counts_as_delivered_once(stage):
    """As after a crash between the services' commit and ingest's own."""
    jobs = [deployed(), flow(1, "A", "DEPOSIT", 100), trade(2, 10)]
    await stage.feed(*jobs)
    async with stage.dispatching():
        await stage.until_delivered(3)
    stage.run("DELETE FROM ingest.changes")
    stage.run("UPDATE ingest.pipeline SET change_sequence = 0, delivered_events = 0")
    stage.run("INSERT INTO ingest.deliveries (sequence, partition) SELECT sequence, partition FROM ingest.inbox")
    async with stage.dispatching():
        await stage.until_delivered(3)
    assert stage.rows(FIGURES, id=vault()) == [(100, 1, 1, True)]
    assert stage.rows("SELECT sequence, identity FROM ingest.changes ORDER BY 1") == [
        (1, id_of(999)),
        (2, id_of(1)),
        (3, id_of(2)),
    ]


async def test_events_of_orphaned_blocks_are_refused(stage):
    gone, real = "0x" + "0a" * 32, "0x" + "0b" * 32
    stage.run("INSERT INTO ingest.orphaned_blocks VALUES (%(hash)s, 11)", hash=gone)
    await stage.feed(
        deployed(),
        flow(1, "A", "DEPOSIT", 100, blockHash=gone),
        flow(2, "A", "DEPOSIT", 20, blockHash=real),
        flow(3, "A", "DEPOSIT", 3),
    )
    async with stage.dispatching():
        await stage.until_delivered(3)
        await stage.feed(flow(4, "A", "DEPOSIT", 400, blockHash=gone))
        await until(lambda: stage.value(LEFT) == 0)
    assert stage.delivered() == 3
    assert stage.rows(FIGURES, id=vault()) == [(23, 0, 1, True)]
    assert stage.dead_letters() == []


async def test_an_event_that_a_service_rejects_is_a_dead_letter_and_its_neighbours_take_effect(stage):
    """Two blocks report the same log with other contents, and nobody took the first block back."""
    first, second = "0x" + "0a" * 32, "0x" + "0b" * 32
    await stage.feed(deployed(), flow(1, "A", "DEPOSIT", 100, blockHash=first))
    await stage.feed(flow(1, "A", "DEPOSIT", 777, blockHash=second), flow(2, "A", "DEPOSIT", 5))
    async with stage.dispatching():
        await stage.until_delivered(3)
        await until(lambda: stage.value(LEFT) == 0)
    assert stage.dead_letters() == [("CONFLICTING_DUPLICATE", "refused by a service", id_of(1))]
    assert stage.rows(FIGURES, id=vault()) == [(105, 0, 1, True)]


async def test_partitions_are_dispatched_beside_each_other(stage):
    """One vault's call hangs; the vaults of other partitions are served meanwhile."""
    release = asyncio.Event()

    async def hang(request, context) -> None:
        if any(event.vault_deployed.vault_address == checksum_address(VAULT) for event in request.events):
            await release.wait()

    stage.analytics.before = hang
    await stage.feed(deployed(), *(deployed(100 + n, vaultAddress=vault_address(n)) for n in range(1, 25)))
    mine = stage.value("SELECT partition FROM ingest.inbox WHERE vault_address = %(v)s", v=checksum_address(VAULT))
    others = stage.value("SELECT count(*) FROM ingest.inbox WHERE partition <> %(p)s", p=mine)
    assert others > 12
    async with stage.dispatching():
        await stage.until_delivered(others)
        release.set()
        await stage.until_delivered(25)


async def test_a_withdrawal_of_a_wallet_of_many_vaults_reaches_each(stage):
    """Wallets and vaults of different partitions in calls at the same time."""
    addresses = [vault_address(n) for n in range(1, 17)]
    jobs = [deployed(100 + n, vaultAddress=a) for n, a in enumerate(addresses)]
    jobs += [flow(200 + n, "A", "DEPOSIT", 10, vaultAddress=a) for n, a in enumerate(addresses)]
    jobs += [flow(300 + n, "A", "WITHDRAW", 4, vaultAddress=a) for n, a in enumerate(addresses)]
    async with stage.dispatching(batch_size=3):
        await stage.intake.accept(batch(*jobs))
        await stage.until_delivered(48)
    wallet = checksum_address(WALLETS["A"])
    held = """
        SELECT s.deposited_amount::int FROM vaults.subscriptions s JOIN vaults.users u ON u.id = s.user_id
        WHERE u.wallet_address = %(w)s
    """
    assert stage.rows(held, w=wallet) == [(6,)] * 16
    assert stage.dead_letters() == []


async def test_the_sweeper_finds_an_event_that_waits_though_its_vault_is_known(stage, monkeypatch):
    monkeypatch.setattr(upkeep, "SWEEP_SECONDS", 0.05)
    await stage.feed(deployed())
    async with stage.dispatching():
        await stage.until_delivered(1)
    await stage.feed(flow(1, "A", "DEPOSIT", 3), flow(2, "A", "DEPOSIT", 4, vaultAddress=vault_address(7)))
    stage.run(
        """
        UPDATE ingest.deliveries d SET deferred_for = i.vault_address
        FROM ingest.inbox i WHERE i.sequence = d.sequence
        """
    )
    sweeping = asyncio.create_task(upkeep.run_sweeper(stage.pool, 1, lambda: None))
    async with stage.dispatching():
        await stage.until_delivered(2)
    sweeping.cancel()
    await asyncio.wait([sweeping])
    assert stage.rows(FIGURES, id=vault()) == [(3, 0, 1, True)]
    assert stage.value(LEFT) == 1
