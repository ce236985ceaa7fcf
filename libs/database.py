"""Connection pools to PostgreSQL and what its errors mean to a caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from libs.errors import Unavailable

Connection: TypeAlias = AsyncConnection[TupleRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]

STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000


@asynccontextmanager
async def open_pool(url: str, *, name: str, min_size: int = 1, max_size: int = 8) -> AsyncIterator[Pool]:
    """A pool that opens in the background: the service starts before its database and waits for it."""
    pool: Pool = AsyncConnectionPool(
        url,
        name=name,
        min_size=min_size,
        max_size=max_size,
        open=False,
        timeout=5,
        kwargs={
            "application_name": name,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC",
        },
        reconnect_timeout=10,
    )
    await pool.open(wait=False)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def reading(pool: Pool) -> AsyncIterator[Connection]:
    """A connection to read with: each statement is a transaction of its own, which saves BEGIN and COMMIT."""
    async with pool.connection() as conn:
        await conn.set_autocommit(True)
        try:
            yield conn
        finally:
            # It must never return to the pool like this: whoever writes next counts on one transaction.
            if conn.info.transaction_status is TransactionStatus.IDLE:
                await conn.set_autocommit(False)
            else:
                await conn.close()


async def is_reachable(pool: Pool) -> bool:
    """Whether a statement runs within two seconds."""
    try:
        async with pool.connection(timeout=2) as conn:
            await conn.execute("SELECT 1")
    except (psycopg.Error, PoolTimeout):
        return False
    return True


@asynccontextmanager
async def database_errors() -> AsyncIterator[None]:
    """Turn outages and lost races into Unavailable; everything else stays what it is."""
    try:
        yield
    except PoolTimeout:
        raise Unavailable("the database is busy", reason="DATABASE_BUSY") from None
    except (
        psycopg.errors.DeadlockDetected,
        psycopg.errors.SerializationFailure,
        psycopg.errors.LockNotAvailable,
    ):
        raise Unavailable("the database asks to try again", reason="DATABASE_RETRY") from None
    except psycopg.errors.QueryCanceled:
        raise Unavailable("the database took too long", reason="DATABASE_TIMEOUT") from None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if isinstance(error, psycopg.errors.ProgrammingError | psycopg.errors.DataError):
            raise
        raise Unavailable("the database is away", reason="DATABASE_AWAY") from error


async def read_from_one_snapshot(conn: Connection) -> None:
    """Let every statement of the transaction see the same state; the first call in it, for reading only."""
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
