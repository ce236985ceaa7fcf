"""Windows and boards of generated ledgers in the real database: any arrival, refreshes in between, are the oracle's."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from libs.database import Pool, open_pool
from libs.identifiers import Address, user_id
from services.analytics import advance
from services.analytics.board_rows import Board, BoardRow, Least
from services.analytics.chained import entry_id
from services.analytics.metrics.boards import Sort
from services.analytics.metrics.windows import Window
from services.analytics.refresh import refresh_figures
from services.analytics.repository import boards
from tests.integration.refreshing import derived_rows, differing, refreshed_from_nothing, refreshed_states, windows_of
from tests.integration.service_pair import CHAIN_ID, ServicePair, event_of, id_of, service_pair
from tests.oracle.sending import DAY, RawJob, shuffled_with_duplicates, split_in_batches
from tests.oracle_metrics import Report, differences, leader_board, measure, vault_board
from tests.oracle_metrics.boards import AMOUNT_SORTS
from tests.oracle_metrics.strategies import BASES, Scenario, scenarios
from tests.published_windows import published
from tests.servers import Database

_QUIET = settings(
    deadline=None,
    database=None,
    # Shrinking would run the service thousands of times: a failing ledger is small enough as it is.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


# Generated ledgers are short: with shorter runs their windows are joined from runs too.
LENGTHS = ((2, 4, 8), (3, 6, 12), advance.RUN_LENGTHS)


def try_scenarios(database: Database, examples: int) -> None:
    """Deliver and refresh generated ledgers, each with empty services."""

    async def opened() -> tuple[Any, ServicePair, Any, Pool]:
        pair, pool = service_pair(database), open_pool(database.url("analytics"), name="refresh", max_size=1)
        return pair, await pair.__aenter__(), pool, await pool.__aenter__()

    with asyncio.Runner() as runner:
        of_pair, pair, of_pool, pool = runner.run(opened())

        @settings(_QUIET, max_examples=examples)
        @given(scenarios(), st.data())
        def try_one(scenario: Scenario, data: st.DataObject) -> None:
            runner.run(pair.clear())
            runner.run(check(pair, pool, in_blocks(scenario), data))

        try:
            try_one()
        finally:
            advance.RUN_LENGTHS = LENGTHS[-1]
            runner.run(of_pool.__aexit__(None, None, None))
            runner.run(of_pair.__aexit__(None, None, None))


async def check(pair: ServicePair, pool: Pool, scenario: Scenario, data: st.DataObject) -> None:
    """Let the ledger arrive somehow with refreshes in between, and compare everything at `now`."""
    advance.RUN_LENGTHS = data.draw(st.sampled_from(LENGTHS))
    arriving = scenario.jobs if data.draw(st.booleans()) else data.draw(shuffled_with_duplicates(scenario.jobs))
    batches = data.draw(split_in_batches(arriving))
    moments = sorted(data.draw(st.lists(moments_before(scenario), min_size=len(batches), max_size=len(batches))))
    for batch, moment in zip(batches, moments, strict=True):
        await pair.deliver([event_of(job) for job in batch])
        if data.draw(st.booleans()):
            await refresh_figures(pool, moment)
    await refresh_figures(pool, scenario.now)
    await compare(pair, pool, scenario.jobs, scenario.now, data)
    orphaned = data.draw(st.sets(st.sampled_from([hash_of(job) for job in scenario.jobs]), max_size=3)) - {""}
    if orphaned:
        blocks = {hash_of(job): job["kwargs"]["blockNumber"] for job in scenario.jobs if hash_of(job) in orphaned}
        await pair.rewind(blocks, [event_of(job) for job in scenario.jobs])
        await refresh_figures(pool, scenario.now)
        left = [job for job in scenario.jobs if hash_of(job) not in orphaned]
        await compare(pair, pool, left, scenario.now, data)


def hash_of(job: RawJob) -> str:
    """The block that an event was read in; empty for scores and statuses."""
    return str(job["kwargs"].get("blockHash", ""))


def in_blocks(scenario: Scenario) -> Scenario:
    """The same with a block hash for every block number."""
    numbers = {id(job): job["kwargs"].get("blockNumber") for job in scenario.jobs}
    jobs = [
        job | {"kwargs": job["kwargs"] | {"blockHash": f"0x{number:064x}"}} if (number := numbers[id(job)]) else job
        for job in scenario.jobs
    ]
    return Scenario(jobs, scenario.now)


async def compare(pair: ServicePair, pool: Pool, jobs: list[RawJob], now: int, data: st.DataObject) -> None:
    report = measure(jobs, now)
    await check_windows(pool, report)
    await check_boards(pool, report, data)
    rows = await derived_rows(pair.admin)
    assert differing(rows, await refreshed_from_nothing(pair.admin, pool, now)) == []


def moments_before(scenario: Scenario) -> st.SearchStrategy[int]:
    """Seconds at, beside and between the events, their windows' edges, and midnights; none after `now`."""
    times = {job["received_at"] for job in scenario.jobs}
    near = {time + days * DAY + beside for time in times for days in (0, 1, 7, 30, 90, 365) for beside in (-1, 0, 1)}
    near |= {time - time % DAY + DAY for time in times}
    return st.sampled_from(sorted(moment for moment in near | {scenario.now} if moment <= scenario.now))


async def check_windows(pool: Pool, report: Report) -> None:
    subjects = {entry_subject(report, *key): entry.windows for key, entry in report.entries.items()}
    subjects |= {UUID(id_of(address)): vault.windows for address, vault in report.vaults.items()}
    as_of, states = await refreshed_states(pool, list(subjects))
    assert as_of == report.now
    for subject, windows in subjects.items():
        for window, figures in windows_of(states[subject], as_of).items():
            assert differences(windows[window.value], published(figures)) == [], (subject, window)


def entry_subject(report: Report, wallet: str, base_asset: str) -> Any:
    """Where the windows of a leader's entry are."""
    vaults = report.entries[wallet, base_asset].vaults
    return UUID(id_of(vaults[0])) if len(vaults) == 1 else entry_id(user_id(CHAIN_ID, Address(wallet)), base_asset)


async def check_boards(pool: Pool, report: Report, data: st.DataObject) -> None:
    sort, window = data.draw(st.sampled_from(Sort)), data.draw(st.sampled_from(Window))
    base = (
        data.draw(st.sampled_from(BASES)) if sort.value in AMOUNT_SORTS else data.draw(st.sampled_from((None, *BASES)))
    )
    async with pool.connection() as conn:
        vaults = await boards.list_board(conn, Board(False, sort, window, base), Least(), limit=100)
        leaders = await boards.list_board(conn, Board(True, sort, window, base), Least(), limit=100)
    assert shown(vaults) == shown(vault_board(report, sort.value, window.value, base))
    assert shown(leaders) == shown(leader_board(report, sort.value, window.value, base))


def shown(rows: Any) -> list[tuple[int, str, str, str]]:
    """Rank, subject, base asset and value (to ten digits) of rows of either kind."""
    return [
        (row.rank, row.address if isinstance(row, BoardRow) else row.subject, row.base_asset, f"{row.value:.9e}")
        for row in rows
    ]


def test_windows_and_boards_of_any_arrival_are_the_oracles_and_those_of_one_refresh(database: Database) -> None:
    try_scenarios(database, 40)


@pytest.mark.long
def test_windows_and_boards_of_thousands_of_arrivals_are_the_oracles(database: Database) -> None:
    try_scenarios(database, 1_500)
