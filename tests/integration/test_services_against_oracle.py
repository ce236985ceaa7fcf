"""Generated systems through both services: any arrival gives the same rows, and they are the oracle's."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from tests.integration.generated_systems import LONG_SYSTEMS, deliver, try_systems
from tests.integration.oracle_checks import check_everything, check_vaults, last_changes
from tests.integration.service_pair import ServicePair, difference
from tests.oracle import expected
from tests.oracle.sending import RawJob, shuffled_with_duplicates, split_in_batches
from tests.servers import Database


async def arrive_twice(pair: ServicePair, jobs: list[RawJob], data: st.DataObject) -> None:
    """Deliver a system in two ways: rows must be equal, and the oracle's."""
    system = expected(jobs)
    await deliver(pair, data.draw(split_in_batches(jobs)))
    await check_everything(pair, jobs, system)
    rows = await pair.rows()
    await pair.clear()
    await deliver(pair, data.draw(split_in_batches(data.draw(shuffled_with_duplicates(jobs)))))
    assert difference(rows, await pair.rows()) == []
    await check_vaults(pair, system, last_changes(jobs, system))


def test_any_arrival_of_a_system_ends_in_the_rows_of_the_oracle(database: Database) -> None:
    try_systems(database, 120, arrive_twice)


@pytest.mark.long
def test_any_arrival_of_thousands_of_systems_ends_in_the_rows_of_the_oracle(database: Database) -> None:
    try_systems(database, LONG_SYSTEMS, arrive_twice)
