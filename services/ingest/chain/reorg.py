"""Reorganisations: where the chain parted from what was read, and taking back what is no longer part of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import grpc

from libs.database import Pool, database_errors
from libs.events import OrphanedBlock
from libs.telemetry import get_logger
from protos.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from protos.events.v1 import events_pb2
from protos.vaults.v1 import vaults_pb2, vaults_pb2_grpc
from services.ingest.backoff import Backoff
from services.ingest.domain import ChangeKind, NewChange, SnapshotRequest
from services.ingest.repository import chain, changes, inbox

log = get_logger(__name__)

_TIMEOUT_SECONDS: Final = 60.0


class TooDeep(Exception):
    """A reorganisation reaches below the blocks that may be reorganised: somebody has to decide."""


@dataclass(frozen=True, slots=True)
class Fork:
    """The last block that is still part of the chain, and the read ones that are not."""

    ancestor: int
    orphaned: list[OrphanedBlock]


def find_fork(remembered: Sequence[tuple[int, str]], canonical: Mapping[int, str], finality_depth: int) -> Fork:
    """Compare the (number, hash) of read blocks, newest first, with the chain's own. Raises TooDeep."""
    orphaned: list[OrphanedBlock] = []
    for number, hash_ in remembered:
        if canonical.get(number) == hash_:
            return Fork(number, orphaned)
        orphaned.append(OrphanedBlock(number, hash_))
        if len(orphaned) > finality_depth:
            break
    deepest = orphaned[-1]
    raise TooDeep(
        f"reorganisation deeper than {finality_depth} blocks: at block {deepest.number} we read {deepest.hash}, "
        f"the chain now says {canonical.get(deepest.number, 'nothing')}"
    )


class Rewinder:
    """Carries out rewinds in both services; one that was begun is finished after any crash."""

    def __init__(self, pool: Pool, vaults: grpc.aio.Channel, analytics: grpc.aio.Channel) -> None:
        self._pool = pool
        self._vaults = vaults_pb2_grpc.VaultServiceStub(vaults)
        self._analytics = analytics_pb2_grpc.AnalyticsServiceStub(analytics)

    async def finish_open(self) -> None:
        """Finish what was begun; waits for services that are away."""
        while True:
            async with database_errors(), self._pool.connection() as conn:
                rewind = await chain.find_open_rewind(conn)
            if rewind is None:
                return
            removed = await self._tell_services(rewind.blocks, reinstated=[])
            async with database_errors(), self._pool.connection() as conn:
                await chain.complete_rewind(conn, rewind, sorted(removed))
                # A crash may have come between a service's rewind and the figures that follow from it.
                await inbox.save_snapshot_requests(conn, [SnapshotRequest("", "rewind")])
                await changes.append(conn, [NewChange(ChangeKind.REWIND)], events=0, block_number=None)
            log.info("rewound", blocks=len(rewind.blocks), removed_vaults=len(removed))

    async def reinstate(self, blocks: Sequence[OrphanedBlock]) -> None:
        """Blocks that were taken back are part of the chain again: their events are delivered again."""
        await self._tell_services([], reinstated=blocks)
        async with database_errors(), self._pool.connection() as conn:
            await chain.reinstate(conn, blocks)
        log.info("reinstated", blocks=len(blocks))

    async def _tell_services(self, blocks: Sequence[OrphanedBlock], reinstated: Sequence[OrphanedBlock]) -> set[str]:
        """Both services follow; returns the vaults that became unknown."""
        backoff = Backoff(base_seconds=0.2, cap_seconds=5)
        while True:
            try:
                return await self._try_to_tell(blocks, reinstated)
            except grpc.aio.AioRpcError as error:
                delay = backoff.next_delay()
                if backoff.worth_logging():
                    log.warning("rewind waits", error=error.details(), failures=backoff.failures)
                await asyncio.sleep(delay)

    async def _try_to_tell(self, blocks: Sequence[OrphanedBlock], reinstated: Sequence[OrphanedBlock]) -> set[str]:
        orphaned = events_pb2.BlocksOrphaned(blocks=_to_proto(blocks))
        back = _to_proto(reinstated)
        vaults = await self._vaults.Rewind(
            vaults_pb2.RewindRequest(blocks_orphaned=orphaned, reinstated_blocks=back), timeout=_TIMEOUT_SECONDS
        )
        analytics = await self._analytics.Rewind(
            analytics_pb2.RewindRequest(blocks_orphaned=orphaned, reinstated_blocks=back), timeout=_TIMEOUT_SECONDS
        )
        if analytics.performances:
            update = vaults_pb2.UpdatePerformanceRequest(performances=analytics.performances)
            await self._vaults.UpdatePerformance(update, timeout=_TIMEOUT_SECONDS)
        return {*vaults.removed_vault_addresses, *analytics.removed_vault_addresses}


def _to_proto(blocks: Sequence[OrphanedBlock]) -> list[events_pb2.OrphanedBlock]:
    return [events_pb2.OrphanedBlock(number=block.number, hash=block.hash) for block in blocks]
