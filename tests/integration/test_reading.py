"""Connections for reading: every statement by itself, and nothing of that left for whoever writes next."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest

from libs.database import Pool, open_pool, reading
from tests.servers import Database

ADD = "INSERT INTO known_vaults (vault_address) VALUES ('0xA')"
COUNT = "SELECT count(*) FROM known_vaults"


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    """A pool of one connection, so that each user gets what the one before left."""
    async with open_pool(database.url("ingest"), name="test", max_size=1) as pool:
        yield pool


async def count(pool: Pool) -> int:
    async with reading(pool) as conn:
        row = await (await conn.execute(COUNT)).fetchone()
    assert row is not None
    return int(row[0])


async def add_twice(pool: Pool) -> None:
    """The second one fails."""
    async with pool.connection() as conn:
        await conn.execute(ADD)
        await conn.execute(ADD)


async def test_reading_opens_no_transaction(pool: Pool) -> None:
    async with reading(pool) as conn:
        await conn.execute(COUNT)
        assert conn.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


async def test_the_next_user_of_the_connection_writes_all_or_nothing(pool: Pool) -> None:
    assert await count(pool) == 0
    with pytest.raises(psycopg.errors.UniqueViolation):
        await add_twice(pool)
    assert await count(pool) == 0


async def test_a_read_that_fails_leaves_the_connection_as_it_was(pool: Pool) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        async with reading(pool) as conn:
            await conn.execute("SELECT 1 FROM nowhere")
    with pytest.raises(psycopg.errors.UniqueViolation):
        await add_twice(pool)
    assert await count(pool) == 0


async def test_a_transaction_left_open_by_a_reader_is_ended_with_its_connection(pool: Pool) -> None:
    async with reading(pool) as conn:
        await conn.execute("BEGIN")
        await conn.execute(ADD)
    assert conn.closed
    assert await count(pool) == 0
