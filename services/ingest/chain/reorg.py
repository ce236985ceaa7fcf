"""Reorganisations: where the chain parted from what was read, and taking back what is no longer part of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc

from libs.database import Connection, Pool, database_errors
from libs.events import OrphanedBlock
from libs.telemetry import get_logger
from protos.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from protos.events.v1 import events_pb2
from protos.vaults.v1 import vaults_pb2, vaults_pb2_grpc
from services.ingest.backoff import Backoff
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.domain import ChangeKind, NewChange, SnapshotRequest
from services.ingest.repository import changes, inbox, rewinds

log = get_logger(__name__)

_TIMEOUT_SECONDS: Final = 60.0


class TooDeep(Exception):
    """A reorganisation reaches below the blocks that may be reorganised: somebody has to decide."""


@dataclass(frozen=True, slots=True)
class Fork:
    """The last block that is still part of the chain, and the read ones that are not."""

    ancestor: int
    orphaned: list[OrphanedBlock]


def find_fork(
    remembered: Sequence[tuple[int, str]], canonical: Mapping[int, str], *, finality_depth: int, start_block: int
) -> Fork:
    """Compare the (number, hash) of read blocks, newest first, with the chain's own. Raises TooDeep.

    Below the block that the index started with nothing was read: a fork there orphans all of it.
    """
    orphaned: list[OrphanedBlock] = []
    for number, hash_ in remembered:
        if canonical.get(number) == hash_:
            return Fork(number, orphaned)
        orphaned.append(OrphanedBlock(number, hash_))
        if len(orphaned) > finality_depth:
            break
    deepest = orphaned[-1]
    if deepest.number == start_block and len(orphaned) <= finality_depth:
        return Fork(start_block - 1, orphaned)
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
                rewind = await rewinds.find_open(conn)
                if rewind is None:
                    return
                subjects = await rewinds.find_subjects(conn, rewind.blocks)
            await self._tell_services(
                blocks_orphaned=events_pb2.BlocksOrphaned(blocks=_to_proto(rewind.blocks)),
                status_vault_addresses=subjects.status_vaults,
                score_wallet_addresses=subjects.score_wallets,
            )
            async with database_errors(), self._pool.connection() as conn:
                await rewinds.complete(conn, rewind, subjects)
                await _announce(conn)
            log.info("rewound", blocks=len(rewind.blocks), vaults=len(subjects.deployed))

    async def reinstate(self, blocks: Sequence[OrphanedBlock]) -> None:
        """Blocks that were taken back are part of the chain again: their events are delivered again."""
        await self._tell_services(reinstated_blocks=_to_proto(blocks))
        async with database_errors(), self._pool.connection() as conn:
            await rewinds.reinstate(conn, blocks)
            await _announce(conn)
        log.info("reinstated", blocks=len(blocks))

    async def _tell_services(self, **request: Any) -> None:
        """Both services do it, however often it takes: each Rewind may be repeated."""
        backoff = Backoff(base_seconds=0.2, cap_seconds=5)
        while True:
            raise_if_cancelled()
            try:
                return await self._try_to_tell(request)
            except grpc.aio.AioRpcError as error:
                delay = backoff.next_delay()
                if backoff.worth_logging():
                    log.warning("rewind waits", error=error.details(), failures=backoff.failures)
                await asyncio.sleep(delay)

    async def _try_to_tell(self, request: dict[str, Any]) -> None:
        await self._vaults.Rewind(vaults_pb2.RewindRequest(**request), timeout=_TIMEOUT_SECONDS)
        rewound = await self._analytics.Rewind(analytics_pb2.RewindRequest(**request), timeout=_TIMEOUT_SECONDS)
        if rewound.performances:
            update = vaults_pb2.UpdatePerformanceRequest(performances=rewound.performances)
            await self._vaults.UpdatePerformance(update, timeout=_TIMEOUT_SECONDS)


async def _announce(conn: Connection) -> None:
    """Readers drop what they hold; and a crash may have come between a service's rewind and its figures."""
    await inbox.save_snapshot_requests(conn, [SnapshotRequest("", "rewind")])
    await changes.append(conn, [NewChange(ChangeKind.REWIND)], events=0, block_number=None)


def _to_proto(blocks: Sequence[OrphanedBlock]) -> list[events_pb2.OrphanedBlock]:
    return [events_pb2.OrphanedBlock(number=block.number, hash=block.hash) for block in blocks]
