"""A taskiq stream broker that loses nothing: it outlives Redis, reclaims on a timer and keeps slow jobs alive."""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from taskiq_redis import RedisStreamBroker

from libs.telemetry import get_logger
from services.ingest.backoff import Backoff
from services.ingest.batch import Batch, BrokerStats, Intake, QueueEntry
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.lease import REDIS_TROUBLE, Leases
from services.ingest.streams import GROUP, STREAMS

logger = get_logger(__name__)

_SEND_ENTRIES = 1_000
_SEND_BYTES = 4 * 1024 * 1024


class _Abandoned(NamedTuple):
    """A pending entry that nobody has renewed for a whole lease, with its deliveries so far."""

    stream: str
    entry_id: str
    deliveries: int


class HardenedStreamBroker(RedisStreamBroker):
    """Reads whole batches from one or several streams; `streams` maps each name to its entries per read.

    An entry delivered `max_deliveries` times without being settled is yielded once more as exhausted.
    The first stream is where `kick` sends a task without the label `queue_name`.
    """

    def __init__(
        self,
        url: str,
        *,
        streams: Mapping[str, int] = STREAMS,
        group: str = GROUP,
        lease_seconds: float = 10.0,
        block_seconds: float = 1.0,
        max_deliveries: int = 5,
        lanes: int = 2,
    ) -> None:
        super().__init__(
            url,
            queue_name=next(iter(streams)),
            consumer_group_name=group,
            consumer_name=f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
            consumer_id="0",
            # Twice what a read may block and more: a silent server is an error, a quiet stream is not.
            socket_timeout=2 * block_seconds + 4,
            socket_connect_timeout=2,
            health_check_interval=30,
            # A feature of managed servers that needs RESP3; over TCP it refuses to connect with RESP2.
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        # The URL's query would win over arguments; the shapes of replies are not for a deployment to choose.
        self.connection_pool.connection_kwargs.update(protocol=2, decode_responses=False, retry=Retry(NoBackoff(), 0))
        self.streams = dict(streams)
        self.lanes = lanes
        self.max_deliveries = max_deliveries
        self.intake: Intake | None = None
        self.stats = BrokerStats()
        self._redis: Redis = Redis(connection_pool=self.connection_pool)
        self._lease_ms = round(lease_seconds * 1000)
        self._scan_seconds = min(1.0, lease_seconds / 5)
        self._block_seconds = min(block_seconds, self._scan_seconds)
        self._leases = Leases(
            self._redis, group=group, consumer=self.consumer_name, lease_ms=self._lease_ms, stats=self.stats
        )
        self._backoff = Backoff(base_seconds=0.1, cap_seconds=5)
        self._groups_declared = False
        self._scan_at = 0.0
        self._abandoned: deque[_Abandoned] = deque()
        self._rotation = deque(self.streams)

    async def _declare_consumer_group(self) -> None:
        """Nothing: the listener declares the groups, so that a worker may start before Redis does."""

    async def shutdown(self) -> None:
        """Hand back what was not acknowledged, so that others need not wait for its lease, and disconnect."""
        await self._leases.stop()
        if self.is_worker_process:
            self.let_go_of_all()
            try:
                for stream in self.streams:
                    await self._leases.hand_back(stream)
            except REDIS_TROUBLE as error:
                # Nothing is lost: the entries wait for their lease to run out.
                logger.warning("queue.hand_back_failed", error=repr(error))
        await super().shutdown()

    async def send_many(self, stream: str, messages: Iterable[bytes]) -> None:
        """Add messages in order, pipelined; on an error some of them may be in the stream: send all again."""
        for chunk in _send_chunks(messages):
            pipeline = self._redis.pipeline(transaction=False)
            for message in chunk:
                pipeline.execute_command("XADD", stream, "*", b"data", message)
            await pipeline.execute()

    async def listen(self) -> AsyncGenerator[Batch, None]:  # type: ignore[override]
        """Yield batches for ever, each held by a heartbeat until it is acknowledged or let go.

        Reads only when asked for the next batch, so the caller's demand bounds what is held.
        """
        self._leases.start()
        ready: deque[Batch] = deque()
        try:
            while True:
                while ready:
                    yield ready.popleft()
                self._leases.check()
                try:
                    ready.extend(await self._next_batches())
                    self._backoff.reset()
                except REDIS_TROUBLE as error:
                    await self._wait_out(error)
                raise_if_cancelled()
        finally:
            for batch in ready:
                self.let_go(batch)

    async def acknowledge(self, batch: Batch) -> None:
        """Remove the batch from Redis, waiting for Redis if need be; while it waits the batch stays held."""
        backoff = Backoff(base_seconds=0.1, cap_seconds=5)
        while True:
            try:
                await self._leases.acknowledge(batch)
            except REDIS_TROUBLE as error:
                self.stats.redis_errors += 1
                raise_if_cancelled()
                delay = backoff.next_delay()
                if backoff.worth_logging():
                    logger.warning("queue.acknowledge_failed", stream=batch.stream, error=repr(error))
                await asyncio.sleep(delay)
            else:
                return

    def let_go(self, batch: Batch) -> None:
        """Stop holding the batch without acknowledging it: it comes again, here or elsewhere."""
        self._leases.let_go(batch.stream, batch.entry_ids)

    def let_go_of_all(self) -> None:
        """Stop holding everything that is in hand."""
        self._leases.let_go_of_all()

    async def _next_batches(self) -> list[Batch]:
        if not self._groups_declared:
            await self._declare_groups()
        if time.monotonic() >= self._scan_at:
            self._abandoned = deque(await self._find_abandoned())
            self._scan_at = time.monotonic() + self._scan_seconds
        self._leases.forget_changes()
        worst = self._leases.worst_delivery_count()
        if worst > 2 or (self._abandoned and not self._may_claim(worst)):
            fresh = [] if worst > 2 or self._abandoned[0].deliveries > 1 else await self._poll()
            if not fresh:
                await self._leases.wait_for_change(self._block_seconds)
            return fresh
        if self._abandoned:
            return await self._claim()
        return await self._poll() or await self._wait_for_entries()

    def _may_claim(self, worst: int) -> bool:
        """Whether the next abandoned entry may be worked on beside what is in hand.

        A redelivered entry may be what killed its worker. At its second delivery it runs beside fresh entries
        but never beside another suspect, from the third on alone: so the count of an innocent entry, which
        rises with every crash it is part of, stays below any limit above three.
        """
        deliveries = self._abandoned[0].deliveries
        return deliveries == 0 or (deliveries == 1 and worst <= 1) or worst == 0

    async def _find_abandoned(self) -> list[_Abandoned]:
        found: list[_Abandoned] = []
        for stream, count in self.streams.items():
            pending: Any = await self._redis.xpending_range(
                stream,
                self.consumer_group_name,
                "-",
                "+",
                count + self._leases.held_count(stream),
                idle=self._lease_ms,
            )
            for row in pending:
                entry_id = row["message_id"].decode()
                if not self._leases.holds(stream, entry_id):
                    found.append(_Abandoned(stream, entry_id, row["times_delivered"]))
        return found

    async def _claim(self) -> list[Batch]:
        """Take over the next abandoned entry, or all together that a stopping worker handed back unharmed."""
        first = self._abandoned.popleft()
        ids: list[Any] = [first.entry_id]
        while first.deliveries == 0 and self._abandoned and self._abandoned[0][::2] == first[::2]:
            ids.append(self._abandoned.popleft().entry_id)
        reply: Any = await self._redis.xclaim(
            first.stream, self.consumer_group_name, self.consumer_name, self._lease_ms, ids
        )
        claimed = [(entry_id, fields) for entry_id, fields in reply if entry_id is not None]
        if len(claimed) < len(reply):
            await self._leases.forget_deleted(first.stream, ids)
        if not claimed:
            return []
        batch = self._hold(first.stream, claimed, first.deliveries + 1)
        self.stats.reclaimed += len(batch.entries)
        return [batch]

    async def _poll(self) -> list[Batch]:
        """Read without waiting, each stream in turn first and with its own count."""
        for _ in self.streams:
            stream = self._rotation[0]
            self._rotation.rotate(-1)
            batches = await self._read([stream], block_ms=None)
            if batches:
                return batches
        return []

    async def _wait_for_entries(self) -> list[Batch]:
        until_scan = self._scan_at - time.monotonic()
        # BLOCK 0 would wait for ever, and the next scan with it.
        block_ms = max(1, round(min(self._block_seconds, until_scan) * 1000))
        return await self._read(list(self.streams), block_ms=block_ms)

    async def _read(self, streams: Sequence[str], *, block_ms: int | None) -> list[Batch]:
        reply: Any = await self._redis.xreadgroup(
            self.consumer_group_name,
            self.consumer_name,
            dict.fromkeys(streams, ">"),
            count=min(self.streams[stream] for stream in streams),
            block=block_ms,
        )
        batches = [self._hold(stream.decode(), entries, 1) for stream, entries in reply]
        self.stats.read += sum(len(batch.entries) for batch in batches)
        return batches

    def _hold(self, stream: str, entries: Iterable[tuple[bytes, Mapping[bytes, bytes]]], count: int) -> Batch:
        rows = [QueueEntry(stream, entry_id.decode(), fields.get(b"data"), count) for entry_id, fields in entries]
        exhausted = count > self.max_deliveries
        reason = f"delivered {self.max_deliveries} times and never settled" if exhausted else ""
        batch = Batch(rows, exhausted=exhausted, reason=reason)
        self.stats.exhausted += len(rows) if exhausted else 0
        self._leases.hold(batch)
        return batch

    async def _declare_groups(self) -> None:
        for stream in self.streams:
            await self._leases.declare_group(stream)
        self._groups_declared = True

    async def _wait_out(self, error: Exception) -> None:
        """Wait a little longer after each failure in a row; a lost group is declared again afterwards."""
        self.stats.redis_errors += 1
        delay = self._backoff.next_delay()
        if self._backoff.worth_logging():
            logger.warning("queue.redis_error", error=repr(error), failures=self._backoff.failures)
        if "NOGROUP" in str(error):
            self._groups_declared = False
        # While Redis was away nobody could renew: reclaiming at once would take entries from living workers.
        self._scan_at = time.monotonic() + self._lease_ms / 1000
        self._abandoned.clear()
        await asyncio.sleep(delay)


def _send_chunks(messages: Iterable[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for message in messages:
        if chunk and (len(chunk) == _SEND_ENTRIES or size + len(message) > _SEND_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(message)
        size += len(message)
    if chunk:
        yield chunk
