"""Sharing the partitions among the replicas: leases are renewed, taken over, given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

from libs.database import Pool, database_errors
from libs.errors import Unavailable
from libs.telemetry import get_logger
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.dispatcher import LeaseLost, PartitionDispatcher
from services.ingest.domain import PARTITIONS, Lease
from services.ingest.repository import deliveries

log = get_logger(__name__)

# Three renewals fit into a lease.
_RENEWALS_PER_LEASE: Final = 3


class Coordinator:
    """Runs one dispatcher for each partition that this replica holds."""

    def __init__(
        self, pool: Pool, owner: UUID, lease_seconds: float, make: Callable[[Lease], PartitionDispatcher]
    ) -> None:
        self._pool = pool
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._make = make
        self._running: dict[Lease, tuple[PartitionDispatcher, asyncio.Task[None]]] = {}

    def wake(self) -> None:
        """There may be something new in the inbox."""
        for dispatcher, _ in self._running.values():
            dispatcher.wake()

    async def run(self) -> None:
        """Hold leases until cancelled, then give them back."""
        try:
            while True:
                try:
                    await self._tick()
                except Unavailable as error:
                    log.warning("leases not renewed", error=error.message)
                raise_if_cancelled()
                await asyncio.sleep(self._lease_seconds / _RENEWALS_PER_LEASE)
        finally:
            await self._give_back()

    async def _tick(self) -> None:
        async with database_errors(), self._pool.connection() as conn:
            replicas = await deliveries.save_replica(conn, self._owner, self._lease_seconds)
            held = await deliveries.renew_leases(conn, self._owner, self._lease_seconds)
            fair_share = -(-PARTITIONS // max(1, replicas))
            if len(held) < fair_share:
                held += await deliveries.acquire_leases(conn, self._owner, self._lease_seconds, fair_share - len(held))
        surplus = held[fair_share:]
        await self._reconcile(set(held[:fair_share]))
        for lease in surplus:
            await self._release(lease)

    async def _reconcile(self, held: set[Lease]) -> None:
        for lease in list(self._running):
            if lease not in held:
                await self._end(lease)
        for lease in sorted(held, key=lambda lease: lease.partition):
            task = self._running.get(lease, (None, None))[1]
            if task is not None and task.done():
                _report(lease, task)
            if task is None or task.done():
                dispatcher = self._make(lease)
                self._running[lease] = (dispatcher, asyncio.create_task(dispatcher.run()))

    async def _end(self, lease: Lease) -> None:
        _, task = self._running.pop(lease)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _release(self, lease: Lease) -> None:
        async with database_errors(), self._pool.connection() as conn:
            await deliveries.release_lease(conn, self._owner, lease)

    async def _give_back(self) -> None:
        for lease in list(self._running):
            await self._end(lease)
        try:
            async with database_errors(), self._pool.connection() as conn:
                # Also those that were just acquired and have no dispatcher yet.
                await deliveries.release_all_leases(conn, self._owner)
                await deliveries.delete_replica(conn, self._owner)
        except Unavailable as error:
            log.info("leases will expire by themselves", error=error.message)


def _report(lease: Lease, task: asyncio.Task[None]) -> None:
    error = task.exception()
    if isinstance(error, LeaseLost):
        log.info("lease lost", partition=lease.partition)
    else:
        log.error("dispatcher failed", partition=lease.partition, exc_info=error)
