"""The scheduled refresh by its protocol, with literals: windows, previous ranks, retention, and calls side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from libs.database import open_pool
from libs.errors import InvalidArgument
from libs.identifiers import checksum_address
from protos.analytics.v1 import refresh_pb2 as pb
from services.analytics.board_rows import Board, Least
from services.analytics.metrics.boards import Sort
from services.analytics.metrics.windows import Window
from services.analytics.repository import boards
from services.analytics.servicer_refresh import RefreshServicer
from tests.integration.service_pair import CHAIN_ID, address, event_of, service_pair
from tests.oracle.jobs import deployed, flow, trade
from tests.oracle.sending import DAY
from tests.servers import Database

# 2023-11-15T00:00:00Z.
MIDNIGHT = 1_700_006_400
NOON = MIDNIGHT + DAY // 2
ONE, TWO = (checksum_address(address(number)) for number in (1, 2))
ENTRY = {"vaultAddress": ONE, "timestamp": NOON, "blockNumber": 1_500}


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Any]:
    """Both services, and the refresh's servicer on a pool of its own."""
    async with service_pair(database) as pair, open_pool(database.url("analytics"), name="refresh") as pool:
        yield SimpleNamespace(pair=pair, pool=pool, service=RefreshServicer(pool, CHAIN_ID, 366), admin=pair.admin)


async def arrive(stage: Any, *jobs: Any) -> None:
    await stage.pair.deliver([event_of(job) for job in jobs])


def two_vaults() -> list[Any]:
    """One vault with 1000 and a result of 100, another with 1000 and one of 50; each of a leader of its own."""
    return [
        deployed(1, vaultAddress=ONE, leader=address(11), timestamp=MIDNIGHT),
        deployed(2, vaultAddress=TWO, leader=address(12), timestamp=MIDNIGHT),
        flow(3, "A", "DEPOSIT", 1_000, **ENTRY, logIndex=3),
        flow(4, "A", "DEPOSIT", 1_000, **ENTRY | {"vaultAddress": TWO}, logIndex=4),
        trade(5, 100, **ENTRY, logIndex=5),
        trade(6, 50, **ENTRY | {"vaultAddress": TWO}, logIndex=6),
    ]


async def refresh(stage: Any, at: int) -> tuple[int, int, int]:
    """Number, moment and count of a refresh."""
    done = await stage.service.RefreshFigures(pb.RefreshFiguresRequest(as_of=Timestamp(seconds=at)), None)
    return done.refresh_number, done.as_of.seconds, done.subject_count


async def ranks(stage: Any) -> list[tuple[int, int | None, str, str]]:
    """Rank, previous rank, address and value of the vaults by the return of all."""
    async with stage.pool.connection() as conn:
        rows = await boards.list_board(conn, Board(False, Sort.ROI, Window.ALL), Least(), limit=10)
    return [(row.rank, row.previous_rank, row.address, f"{row.value:f}".rstrip("0").rstrip(".")) for row in rows]


async def test_only_what_changed_is_touched_and_the_clock_never_goes_back(stage):
    await arrive(stage, *two_vaults())
    assert await refresh(stage, NOON + 60) == (1, NOON + 60, 2)
    assert await refresh(stage, NOON + 61) == (2, NOON + 61, 0)
    await arrive(stage, trade(7, 10, **ENTRY | {"timestamp": NOON + 62}, logIndex=7))
    # One second early the event is not due yet: it is looked at, and counts from its own second on.
    assert await refresh(stage, NOON + 61) == (3, NOON + 61, 1)
    assert await ranks(stage) == [(1, 1, ONE, "10"), (2, 2, TWO, "5")]
    assert await refresh(stage, NOON + 62) == (4, NOON + 62, 1)
    assert await ranks(stage) == [(1, 1, ONE, "11"), (2, 2, TWO, "5")]
    assert await refresh(stage, NOON) == (5, NOON + 62, 0)


async def test_previous_ranks_are_those_of_the_first_refresh_of_the_utc_day(stage):
    await arrive(stage, *two_vaults())
    await refresh(stage, NOON + 60)
    await arrive(stage, trade(7, 550, **ENTRY | {"vaultAddress": TWO, "timestamp": NOON + 90}, logIndex=7))
    await refresh(stage, NOON + 120)
    assert await ranks(stage) == [(1, 2, TWO, "60"), (2, 1, ONE, "10")]
    await refresh(stage, NOON + 180)
    assert await ranks(stage) == [(1, 2, TWO, "60"), (2, 1, ONE, "10")]
    await refresh(stage, MIDNIGHT + DAY)
    assert await ranks(stage) == [(1, 1, TWO, "60"), (2, 2, ONE, "10")]


async def test_window_figures_come_by_page_and_only_of_what_changed_since_a_refresh(stage):
    await arrive(stage, *two_vaults())
    await refresh(stage, NOON + 60)
    first = await stage.service.ListWindowFigures(pb.ListWindowFiguresRequest(page_size=1), None)
    rest = await stage.service.ListWindowFigures(
        pb.ListWindowFiguresRequest(page_size=1, page_token=first.next_page_token), None
    )
    assert rest.next_page_token == ""
    shown = {figures.windows[5].pnl: figures for figures in (*first.figures, *rest.figures)}
    assert sorted(shown) == ["100", "50"]
    day = shown["100"].windows[0]
    assert (day.window, day.roi_pct.rstrip("0"), day.pnl, day.max_drawdown_pct) == ("24h", "10.", "100", "0")
    assert not day.HasField("volatility_pct")
    await arrive(stage, trade(7, 10, **ENTRY | {"timestamp": NOON + 62}, logIndex=7))
    await refresh(stage, NOON + 120)
    (changed,) = (
        await stage.service.ListWindowFigures(pb.ListWindowFiguresRequest(after_refresh_number=1), None)
    ).figures
    assert (changed.refresh_number, changed.windows[5].pnl) == (2, "110")
    with pytest.raises(InvalidArgument):
        await refresh(stage, 0)


async def test_refreshes_at_once_follow_one_another_and_events_do_not_wait_for_them(stage):
    await arrive(stage, *two_vaults())
    more = trade(7, 10, **ENTRY | {"timestamp": NOON + 62}, logIndex=7)
    arriving = asyncio.create_task(arrive(stage, more))
    done = await asyncio.gather(*(refresh(stage, NOON + 60) for _ in range(3)))
    await arriving
    assert sorted(number for number, _, _ in done) == [1, 2, 3]
    async with stage.pool.connection() as conn, conn.transaction():
        # What a refresh under way has written is locked; events write elsewhere.
        await conn.execute("UPDATE subjects SET refresh_number = 9; UPDATE board_entries SET trades = 9")
        async with asyncio.timeout(5):
            await arrive(stage, trade(8, 10, **ENTRY | {"timestamp": NOON + 63}, logIndex=8))


async def test_old_points_keep_the_last_of_each_hour_and_a_late_event_still_gives_exact_windows(stage):
    # 1000, +100, -210 and +21 within an hour: P 1.1, 0.89, 0.911; the fall is 210 of 1100.
    old = [100, -210, 21]
    await arrive(stage, *two_vaults()[:1], flow(3, "A", "DEPOSIT", 1_000, **ENTRY, logIndex=3))
    await arrive(stage, *(trade(10 + n, pnl, **ENTRY, logIndex=10 + n) for n, pnl in enumerate(old)))
    now = NOON + 400 * DAY
    await refresh(stage, now)
    kept = await stage.admin.execute("SELECT number FROM analytics.price_points ORDER BY number")
    assert await kept.fetchall() == [(4,)]
    # What is behind it is written again; what was thinned before it comes from the ledger.
    await arrive(stage, trade(20, 50, **ENTRY, logIndex=9))
    await refresh(stage, now + 60)
    figures = (await stage.service.ListWindowFigures(pb.ListWindowFiguresRequest(), None)).figures[0].windows[5]
    # 1000, 1050, 1150, 940, 961: a fall of 210 of 1150.
    assert (figures.pnl, figures.max_drawdown_pct[:12]) == ("-39", "18.260869565")


async def test_a_ledger_from_before_there_were_points_gets_them(stage):
    await arrive(stage, *two_vaults())
    query = "SELECT to_jsonb(p)::text FROM analytics.{} p ORDER BY 1"
    tables = ("price_points", "follower_points")
    written = [await (await stage.admin.execute(query.format(table))).fetchall() for table in tables]
    assert [len(rows) for rows in written] == [4, 2]
    await stage.admin.execute("DELETE FROM analytics.price_points; DELETE FROM analytics.follower_points")
    await refresh(stage, NOON + 60)
    assert [await (await stage.admin.execute(query.format(table))).fetchall() for table in tables] == written
    assert await ranks(stage) == [(1, 1, ONE, "10"), (2, 2, TWO, "5")]
