"""The entries that this worker holds: kept alive by a heartbeat, settled or handed back by one script a batch."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from libs.telemetry import get_logger
from services.ingest.batch import Batch, BrokerStats
from services.ingest.cancellation import raise_if_cancelled

logger = get_logger(__name__)

# What a command may raise while Redis is away, restarting, full, or not (yet) what we expect.
REDIS_TROUBLE = (RedisError, OSError, TimeoutError)
# A worker that stops hands its entries to this consumer, so that its own name can leave the group.
HANDED_BACK = "handed-back"
# Bounds how long one script keeps Redis busy, and stays far below Lua's limit of about 8,000 arguments.
_IDS_PER_SCRIPT = 500
_DEAD_CONSUMER_MS = 3_600_000

# A script, because MULTI is refused once Redis has reached maxmemory: acknowledging must work to make room.
_ACKNOWLEDGE = """
local acked = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
return acked
"""

# JUSTID leaves the delivery count alone; claiming unconditionally would steal entries back from a new owner.
_RENEW = """
local lost = {}
for i = 3, #ARGV do
  local owned = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if #owned == 1 then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
"""

# Looks again whether the entry is gone: a claim that returned nothing may also have lost a race.
_FORGET_DELETED = """
local forgotten = 0
for i = 2, #ARGV do
  if #redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i]) == 0 then
    forgotten = forgotten + redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  end
end
return forgotten
"""

# The count goes back by one, for stopping is not the entry's fault; IDLE makes it claimable at once.
_HAND_BACK = """
local owned = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[5], ARGV[2])
for _, entry in ipairs(owned) do
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, entry[1],
    'IDLE', ARGV[4], 'RETRYCOUNT', math.max(entry[4] - 1, 0), 'JUSTID')
end
if #owned < tonumber(ARGV[5]) then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
return #owned
"""

# Consumers of killed workers stay for ever otherwise; one with pending entries must not be deleted.
_REMOVE_DEAD_CONSUMERS = """
local removed = 0
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #info, 2 do consumer[info[i]] = info[i + 1] end
  if consumer['pending'] == 0 and consumer['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name'])
    removed = removed + 1
  end
end
return removed
"""


class Leases:
    """Holds entries for one consumer of one group; an entry not renewed for `lease_ms` may be claimed by others."""

    def __init__(self, redis: Redis, *, group: str, consumer: str, lease_ms: int, stats: BrokerStats) -> None:
        self._redis = redis
        self._group = group
        self._consumer = consumer
        self._lease_ms = lease_ms
        self._stats = stats
        self._held: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._settled = asyncio.Event()
        self._heartbeat: asyncio.Task[None] | None = None
        # A renewal beside an acknowledgement would take what was just settled for lost.
        self._one_script = asyncio.Lock()
        self._acknowledge = redis.register_script(_ACKNOWLEDGE)
        self._renew = redis.register_script(_RENEW)
        self._forget_deleted = redis.register_script(_FORGET_DELETED)
        self._hand_back = redis.register_script(_HAND_BACK)
        self._remove_dead_consumers = redis.register_script(_REMOVE_DEAD_CONSUMERS)

    def start(self) -> None:
        """Begin the heartbeat, once; called inside the loop that listens."""
        if self._heartbeat is None:
            self._heartbeat = asyncio.create_task(self._beat())

    def check(self) -> None:
        """Raise what ended the heartbeat, if anything did: holding entries without it is not safe."""
        if self._heartbeat is not None and self._heartbeat.done():
            self._heartbeat.result()

    async def stop(self) -> None:
        """End the heartbeat."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.gather(self._heartbeat, return_exceptions=True)
            self._heartbeat = None

    def hold(self, batch: Batch) -> None:
        """Keep the batch's entries alive from now on."""
        held = self._held[batch.stream]
        for entry in batch.entries:
            held[entry.entry_id] = entry.delivery_count
        self._count_in_hand()

    def let_go(self, stream: str, entry_ids: Sequence[str]) -> None:
        """Keep these entries alive no longer; unknown ones are ignored."""
        held = self._held[stream]
        for entry_id in entry_ids:
            held.pop(entry_id, None)
        self._count_in_hand()
        self._settled.set()

    def let_go_of_all(self) -> None:
        """Keep nothing alive any longer."""
        for stream, held in self._held.items():
            self.let_go(stream, list(held))

    def holds(self, stream: str, entry_id: str) -> bool:
        """True while the entry is in hand here."""
        return entry_id in self._held[stream]

    def held_count(self, stream: str) -> int:
        """How many entries of the stream are in hand here."""
        return len(self._held[stream])

    def worst_delivery_count(self) -> int:
        """The highest delivery count in hand, 0 when nothing is."""
        return max((count for held in self._held.values() for count in held.values()), default=0)

    def forget_changes(self) -> None:
        """From here on `wait_for_change` waits for something new."""
        self._settled.clear()

    async def wait_for_change(self, seconds: float) -> None:
        """Wait until something was let go since `forget_changes`, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._settled.wait()

    async def acknowledge(self, batch: Batch) -> None:
        """Remove the batch's entries from the group and from the stream, then let them go."""
        for ids in _chunks(batch.entry_ids):
            async with self._one_script:
                self._stats.acked += await self._run(self._acknowledge, batch.stream, *ids)
                self.let_go(batch.stream, ids)

    async def forget_deleted(self, stream: str, entry_ids: Sequence[str]) -> None:
        """Acknowledge those of the entries that no longer exist, so that they don't stay pending for ever."""
        await self._run(self._forget_deleted, stream, *entry_ids)

    async def hand_back(self, stream: str) -> None:
        """Give whatever this consumer still owns to whoever claims first, and leave the group."""
        limit = _IDS_PER_SCRIPT
        args = (self._consumer, HANDED_BACK, self._lease_ms, limit)
        while await self._run(self._hand_back, stream, *args) == limit:
            pass

    async def declare_group(self, stream: str) -> None:
        """Make sure that the group exists, and drop its consumers that died long ago and own nothing."""
        try:
            await self._run(self._remove_dead_consumers, stream, _DEAD_CONSUMER_MS)
        except ResponseError as error:
            if "NOGROUP" not in str(error) and "no such key" not in str(error):
                raise
            # Only where it is missing: a full Redis refuses to create even a group that exists.
            await self._create_group(stream)

    async def _create_group(self, stream: str) -> None:
        try:
            await self._redis.xgroup_create(stream, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def renew(self) -> None:
        """Restart the idle clock of everything in hand that is still ours; what is not is let go and logged."""
        for stream in [stream for stream, held in self._held.items() if held]:
            for chunk in _chunks(list(self._held[stream])):
                async with self._one_script:
                    await self._renew_chunk(stream, [entry_id for entry_id in chunk if self.holds(stream, entry_id)])

    async def _renew_chunk(self, stream: str, ids: Sequence[str]) -> None:
        if not ids:
            return
        try:
            lost = [entry_id.decode() for entry_id in await self._run(self._renew, stream, self._consumer, *ids)]
        except RedisError as error:
            if "NOGROUP" not in str(error):
                raise
            lost = list(ids)
        self._stats.renewed += len(ids) - len(lost)
        if lost:
            self._stats.lost_ownership += len(lost)
            logger.warning("queue.ownership_lost", stream=stream, entries=len(lost), first=lost[0])
            self.let_go(stream, lost)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._lease_ms / 3000)
            try:
                await self.renew()
            except REDIS_TROUBLE as error:
                self._stats.redis_errors += 1
                logger.warning("queue.renewal_failed", error=repr(error), in_hand=self._stats.in_hand)
            raise_if_cancelled()

    async def _run(self, script: Any, stream: str, *args: Any) -> Any:
        return await script(keys=[stream], args=[self._group, *args])

    def _count_in_hand(self) -> None:
        self._stats.in_hand = sum(len(held) for held in self._held.values())


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _IDS_PER_SCRIPT):
        yield ids[start : start + _IDS_PER_SCRIPT]
