"""Whatever happens to the chain, its nodes and the indexer: the tables are a single-threaded fold of the true chain."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.chain_life import Life, Ways
from tests.integration.chain_stage import chain_stage
from tests.integration.chain_truth import check_tables
from tests.servers import Database

STEPS = 12
# Any number of seeds from any on: CHAIN_SEEDS=500 CHAIN_FIRST_SEED=30
FIRST_SEED = int(os.environ.get("CHAIN_FIRST_SEED", "0"))
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("CHAIN_SEEDS", "30")))
LONG_SEEDS = range(1_000, 1_500)
# Starting a process takes longer than a whole life of the others.
PROCESS_SEEDS = SEEDS[:4]
LONG_PROCESS_SEEDS = range(1_000, 1_030)


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """A failure says how to see it again."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"again: CHAIN_FIRST_SEED={seed} CHAIN_SEEDS=1 python -m pytest {Path(__file__).name}")
        raise


async def live(seed: int, database: Database, redis_url: str, ways: Ways) -> Life:
    """One life, checked at its end in three ways."""
    with reproducible(seed):
        async with chain_stage(database, redis_url) as stage:
            life = Life(seed, stage, ways)
            async with life.lived(STEPS):
                await check_tables(stage, life.activity.protocol, life.chain, life.start_block, life.confirmations)
                report = await stage.verified(life.settings())
                assert report.disagreements == {}
                assert stage.stage.dead_letters() == []
    print(f"seed {seed}: {dict(life.counts)}")
    return life


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_happens_the_tables_are_those_of_the_true_chain(
    seed: int, database: Database, redis_url: str, tmp_path: Path
) -> None:
    await live(seed, database, redis_url, Ways(tmp_path))


@pytest.mark.parametrize("seed", PROCESS_SEEDS)
async def test_a_killed_indexer_loses_nothing_and_doubles_nothing(
    seed: int, database: Database, redis_url: str, tmp_path: Path
) -> None:
    await live(seed, database, redis_url, Ways(tmp_path, processes=True))


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_PROCESS_SEEDS)
async def test_dozens_of_killed_indexers_lose_nothing(
    seed: int, database: Database, redis_url: str, tmp_path: Path
) -> None:
    await live(seed, database, redis_url, Ways(tmp_path, processes=True))


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
async def test_whatever_happens_in_hundreds_of_lives(
    seed: int, database: Database, redis_url: str, tmp_path: Path
) -> None:
    await live(seed, database, redis_url, Ways(tmp_path))
