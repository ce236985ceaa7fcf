"""What the ingest service does on its own: snapshots, sweeping, listening for notifications."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

import grpc
import psycopg

from libs.database import Connection, Pool, database_errors
from libs.errors import Unavailable
from libs.identifiers import Address, vault_id
from libs.telemetry import get_logger
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.delivery import Services
from services.ingest.domain import ChangeKind, NewChange, SnapshotRequest
from services.ingest.repository import changes, deliveries, inbox

log = get_logger(__name__)

SNAPSHOT_POLL_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 5.0
RECONNECT_SECONDS: Final = 1.0


async def run_snapshots(pool: Pool, services: Services, chain_id: int) -> None:
    """Answer requests for fresh figures until cancelled."""
    while True:
        raise_if_cancelled()
        try:
            done = await answer_one_request(pool, services, chain_id)
        except (Unavailable, grpc.aio.AioRpcError) as error:
            log.warning("snapshot waits", error=str(error))
            done = False
        if not done:
            await asyncio.sleep(SNAPSHOT_POLL_SECONDS)


async def answer_one_request(pool: Pool, services: Services, chain_id: int) -> bool:
    """Answer the oldest request; False when there is none, or another replica is at it."""
    async with database_errors(), pool.connection() as conn:
        found = await inbox.find_snapshot_request(conn) if await inbox.lock_snapshots(conn) else None
        if found is None:
            return False
        request, requested_at = found
        updated = await refresh(services, chain_id, request)
        if not request.vault_address:
            await services.windows.run(int(time.time()))
        await inbox.complete_snapshot_request(conn, request, requested_at)
        if updated or not request.vault_address:
            # Windows and boards hold for a later moment now.
            await changes.append(conn, [NewChange(ChangeKind.SNAPSHOT)], events=0, block_number=None)
    log.info("snapshot", vault=request.vault_address or "all", interval=request.interval, updated=updated)
    return True


async def refresh(services: Services, chain_id: int, request: SnapshotRequest) -> int:
    """Bring the figures of the vaults service up to those of analytics; returns how many vaults changed."""
    vaults = [str(vault_id(chain_id, Address(request.vault_address)))] if request.vault_address else []
    updated = 0
    token = ""
    while True:
        page = await services.list_performances(vaults, token)
        updated += await services.update_performance(page.performances)
        token = page.next_page_token
        if not token:
            return updated


async def run_sweeper(pool: Pool, change_log_hours: float, wake: Callable[[], None]) -> None:
    """Find what was left over, and drop old changes, until cancelled."""
    while True:
        raise_if_cancelled()
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            async with database_errors(), pool.connection() as conn:
                released = await deliveries.release_deferred(conn)
                await changes.prune(conn, change_log_hours)
        except Unavailable as error:
            log.warning("sweep failed", error=error.message)
            continue
        if released:
            log.info("deferred events released", events=released)
        wake()


async def run_listener(database_url: str, wakers: Mapping[str, Callable[[], None]]) -> None:
    """Call the waker of each notified channel until cancelled; polling covers the time without a connection."""
    while True:
        try:
            await _listen(database_url, wakers)
        except psycopg.Error as error:
            log.warning("listener reconnects", error=str(error).partition("\n")[0])
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen(database_url: str, wakers: Mapping[str, Callable[[], None]]) -> None:
    conn: Connection = await psycopg.AsyncConnection.connect(
        database_url, autocommit=True, application_name="ingest-listener"
    )
    async with conn:
        for channel in wakers:
            await conn.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
        for wake in wakers.values():
            wake()
        async for notification in conn.notifies():
            wakers[notification.channel]()
