"""Dispatching: one partition of the inbox, in order, in batches, under a lease."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from libs.database import Connection, Pool, database_errors
from libs.errors import Unavailable
from libs.events import Event, Flow, Kind, Score, Settlement, event_from_proto
from libs.identifiers import user_id, vault_id
from libs.results import ORPHANED_BLOCK
from libs.telemetry import get_logger
from protos.events.v1 import events_pb2 as pb
from services.ingest.backoff import Backoff
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.delivery import Answers, DeliveryFailed, Remedy, Services, cut_batch
from services.ingest.domain import CHANGE_KINDS, Delivery, Lease, NewChange, NewDeadLetter
from services.ingest.repository import changes, dead_letters, deliveries

log = get_logger(__name__)

MAX_ATTEMPTS: Final = 5
IDLE_SECONDS: Final = 1.0


class LeaseLost(Exception):
    """Another replica dispatches the partition now."""


class PartitionDispatcher:
    """Delivers the events of one partition while its lease lasts."""

    def __init__(
        self, *, pool: Pool, services: Services, owner: UUID, lease: Lease, chain_id: int, batch_size: int
    ) -> None:
        self._pool = pool
        self._services = services
        self._owner = owner
        self._lease = lease
        self._chain_id = chain_id
        self._batch_size = batch_size
        self._wake = asyncio.Event()
        self._backoff = Backoff(base_seconds=0.1, cap_seconds=5)

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled; raises LeaseLost when the lease is another's."""
        while True:
            raise_if_cancelled()
            self._wake.clear()
            try:
                delivered = await self._deliver_next()
            except (DeliveryFailed, Unavailable) as error:
                await self._wait_out(str(error))
                continue
            if self._backoff.failures:
                self._backoff.reset()
                await self._note_error("")
            if not delivered:
                await self._pause(IDLE_SECONDS)

    async def _deliver_next(self) -> bool:
        async with database_errors(), self._pool.connection() as conn:
            ready = await deliveries.list_ready(conn, self._lease.partition, self._batch_size)
        batch = cut_batch(ready)
        if batch:
            await self._deliver(batch)
        return bool(batch)

    async def _deliver(self, batch: Sequence[Delivery]) -> None:
        """Take a batch to the services; one that is refused is cut in halves until the culprit stands alone."""
        events = [(delivery.sequence, pb.ChainEvent.FromString(delivery.encoded)) for delivery in batch]
        events = await self._without_orphaned(events)
        if not events:
            return
        try:
            answers = await self._services.apply(events)
        except DeliveryFailed as failure:
            if failure.remedy is Remedy.LATER:
                raise
            await self._isolate(failure, batch, {sequence for sequence, _ in events})
            return
        await self._settle(events, answers)

    async def _without_orphaned(self, events: Sequence[tuple[int, pb.ChainEvent]]) -> list[tuple[int, pb.ChainEvent]]:
        """Events of blocks that are no longer part of the chain are refused here."""
        hashes = {event.block_hash for _, event in events if event.block_hash}
        if not hashes:
            return list(events)
        async with database_errors(), self._pool.connection() as conn:
            orphaned = await deliveries.find_orphaned(conn, sorted(hashes))
            if not orphaned:
                return list(events)
            await self._fence(conn)
            dropped = [sequence for sequence, event in events if event.block_hash in orphaned]
            await deliveries.delete(conn, dropped)
        log.info("orphaned events dropped", partition=self._lease.partition, events=len(dropped))
        return [(sequence, event) for sequence, event in events if event.block_hash not in orphaned]

    async def _isolate(self, failure: DeliveryFailed, batch: Sequence[Delivery], present: set[int]) -> None:
        blamed = {int(violation.field): violation.reason for violation in failure.violations}
        if blamed and failure.remedy is Remedy.REJECT:
            await self._lay_aside([d for d in batch if d.sequence in blamed], "INVALID_EVENT", blamed)
            return
        remaining = [delivery for delivery in batch if delivery.sequence in present]
        if len(remaining) > 1:
            middle = len(remaining) // 2
            await self._deliver(remaining[:middle])
            await self._deliver(remaining[middle:])
            return
        culprit = remaining[0]
        if failure.remedy is not Remedy.REJECT and culprit.attempts + 1 < MAX_ATTEMPTS:
            async with database_errors(), self._pool.connection() as conn:
                await self._fence(conn)
                await deliveries.count_attempt(conn, [culprit.sequence])
            raise failure
        await self._lay_aside(remaining, "DELIVERY_FAILED", {culprit.sequence: failure.message})

    async def _lay_aside(self, batch: Sequence[Delivery], reason: str, details: dict[int, str]) -> None:
        letters = [_dead_letter(d, reason, details[d.sequence]) for d in batch]
        async with database_errors(), self._pool.connection() as conn:
            await self._fence(conn)
            await dead_letters.insert(conn, letters)
            await deliveries.delete(conn, [d.sequence for d in batch])
        for letter in letters:
            log.error("dead letter", reason=reason, identity=letter.identity, detail=letter.detail)

    async def _settle(self, events: Sequence[tuple[int, pb.ChainEvent]], answers: Answers) -> None:
        """Write down in one transaction what the services have done."""
        by_sequence = dict(events)
        delivered = [event_from_proto(by_sequence[sequence]) for sequence in answers.delivered]
        rejected = [
            _dead_letter(
                Delivery(sequence, by_sequence[sequence].SerializeToString(), 0), reason, "refused by a service"
            )
            for sequence, reason in answers.rejected.items()
            if reason != ORPHANED_BLOCK
        ]
        waiting = {sequence: event_from_proto(by_sequence[sequence]).vault or "" for sequence in answers.deferred}
        async with database_errors(), self._pool.connection() as conn:
            await self._fence(conn)
            await deliveries.delete(conn, [*answers.delivered, *answers.rejected])
            if waiting:
                await deliveries.defer(conn, waiting)
            if rejected:
                await dead_letters.insert(conn, rejected)
            await self._record(conn, delivered)
        for letter in rejected:
            log.warning("dead letter", reason=letter.reason, identity=letter.identity, detail=letter.detail)

    async def _record(self, conn: Connection, delivered: Sequence[Event]) -> None:
        if not delivered:
            return
        deployed = [event.vault for event in delivered if event.kind is Kind.DEPLOYMENT and event.vault]
        if deployed:
            await deliveries.save_known_vaults(conn, deployed)
        blocks = [event.block_number for event in delivered if event.block_number is not None]
        # Last, since it holds the pipeline's row lock until the commit.
        await changes.append(
            conn,
            [_change(event, self._chain_id) for event in delivered],
            events=len(delivered),
            block_number=max(blocks, default=None),
        )

    async def _fence(self, conn: Connection) -> None:
        if not await deliveries.holds_lease(conn, self._owner, self._lease):
            raise LeaseLost(self._lease)

    async def _wait_out(self, error: str) -> None:
        delay = self._backoff.next_delay()
        if self._backoff.worth_logging():
            log.warning("delivery waits", partition=self._lease.partition, error=error, failures=self._backoff.failures)
            await self._note_error(error)
        await asyncio.sleep(delay)

    async def _note_error(self, error: str) -> None:
        try:
            async with database_errors(), self._pool.connection() as conn:
                await deliveries.save_error(conn, self._lease, error)
        except Unavailable:
            log.info("delivery error not written", error=error)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return


def _change(event: Event, chain_id: int) -> NewChange:
    body = event.body
    wallet = body.wallet if isinstance(body, Score) else None
    if isinstance(body, Flow | Settlement):
        wallet = body.follower
    return NewChange(
        kind=CHANGE_KINDS[event.kind],
        vault_id=vault_id(chain_id, event.vault) if event.vault else None,
        user_id=user_id(chain_id, wallet) if wallet else None,
        identity=event.identity,
    )


def _dead_letter(delivery: Delivery, reason: str, detail: str) -> NewDeadLetter:
    event = pb.ChainEvent.FromString(delivery.encoded)
    return NewDeadLetter(
        reason=reason,
        detail=detail,
        payload=delivery.encoded,
        sequence=delivery.sequence,
        task_id=event.task_id,
        identity=event.identity,
    )
