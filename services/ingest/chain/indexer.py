"""The indexer: follows the chain block by block and commits what it read in one transaction with how far it read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from libs.database import Connection, database_errors
from libs.identifiers import Address
from libs.telemetry import get_logger
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.chain import facts, listed, silent
from services.ingest.chain.contracts import RawAddress
from services.ingest.chain.decoder import Decoded, decode_window, deployed_vaults
from services.ingest.chain.hand_over import HIGH_WATER, HandOver, outgoing
from services.ingest.chain.job import Job
from services.ingest.chain.progress import Progress
from services.ingest.chain.protocol import DecoderState, Protocol, initial_state
from services.ingest.chain.reorg import Rewinder, TooDeep, find_fork
from services.ingest.chain.rpc.blocks import Head, Window
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.rpc.reader import ChainReader
from services.ingest.jobs import MAX_SECONDS_AHEAD
from services.ingest.repository import chain, outbox, rewinds
from services.ingest.repository import silent as silent_states

log = get_logger(__name__)

# Blocks of one window; the reader cuts it into what the node allows.
SPAN: Final = 500
# Windows fetched while one is used.
AHEAD: Final = 4
HIGH_WATER_PAUSE_SECONDS: Final = 0.2


class Stopped(Exception):
    """The indexer must not go on by itself; the message says why."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator decides."""

    protocol: Protocol
    start_block: int
    confirmations: int
    finality_depth: int
    poll_seconds: float
    span: int = SPAN


class Indexer:
    """Reads on from its cursor. Only the leader has one; its connection holds the leader's lock."""

    def __init__(
        self, *, conn: Connection, reader: ChainReader, rules: Rules, rewinder: Rewinder, hand_over: HandOver
    ) -> None:
        self._conn = conn
        self._reader = reader
        self._rules = rules
        self._rewinder = rewinder
        self._hand_over = hand_over
        self._progress = Progress()
        self._start = self._next = 0
        self._state = initial_state(rules.protocol)
        self._unannounced: set[Address] = set()
        # Set when a look at the silent state is due before its time.
        self.look_now = asyncio.Event()
        self.caught_up = asyncio.Event()

    @property
    def state(self) -> DecoderState:
        """What the decoder knows by now."""
        return self._state

    async def run(self) -> None:
        """Follow the chain until cancelled. Raises Stopped; ChainUnavailable is waited out."""
        await self._resume()
        while True:
            raise_if_cancelled()
            try:
                moved = await self._step()
            except ChainUnavailable as error:
                log.warning("chain unavailable", error=str(error))
                moved = False
            if not moved:
                await asyncio.sleep(self._rules.poll_seconds)

    async def _resume(self) -> None:
        await self._rewinder.finish_open()
        async with database_errors(), self._conn.transaction():
            cursor = await chain.get_cursor(self._conn, self._rules.start_block)
            stored = await chain.find_state(self._conn)
            vaults = self._rules.protocol.known_vaults
            announced = await silent_states.list_announced(self._conn, sorted(vaults)) if vaults else set()
        if cursor.fatal:
            raise Stopped(cursor.fatal)
        self._start, self._next = cursor.start_block, cursor.next_block
        self._state = learned_state(stored, self._rules.protocol)
        self._unannounced = {vault for vault in vaults if vault not in announced}
        log.info("indexing", next_block=self._next, vaults=len(self._state.vaults))

    async def _step(self) -> bool:
        """Read up to the head, or to a reorganisation; False when there is nothing to read yet."""
        head = await self._reader.head()
        goal = last = head.number - self._rules.confirmations
        if goal - self._next > self._rules.finality_depth:
            # What may be reorganised is read in a window of its own: only that is read again.
            last = goal - self._rules.finality_depth
        async with database_errors(), self._conn.transaction():
            await chain.save_head(self._conn, head.number)
        if last < self._next:
            if await self._is_replaced(min(head.number, self._next - 1), head):
                return await self._take_back(head)
            self.caught_up.set()
            return False
        async with aclosing(self._reader.stream(self._next, last, head, size=self._rules.span, ahead=AHEAD)) as windows:
            async for window in windows:
                if not await self._continues(window):
                    return await self._take_back(head)
                await self._read(window, head)
                self._progress.report(self._next, goal, caught_up=self._next > goal)
                await self._wait_for_room()
        if self._next > goal:
            self.caught_up.set()
        return True

    async def _is_replaced(self, number: int, head: Head) -> bool:
        """Whether the chain has another block at a number that was read: it may reorganise without growing."""
        async with database_errors(), self._conn.transaction():
            expected = await chain.find_block_hash(self._conn, number)
        if expected is None:
            return False
        if number == head.number:
            return head.hash != expected
        (header,) = await self._reader.headers([number], head)
        return header.hash != expected

    async def _continues(self, window: Window) -> bool:
        """Whether the window follows the last block read, and has the blocks that are read again as they were."""
        async with database_errors(), self._conn.transaction():
            remembered = dict(await chain.list_blocks(self._conn, lowest=self._next - 1))
        first = window.headers[0]
        return remembered.get(first.number - 1, first.parent_hash) == first.parent_hash and all(
            remembered.get(header.number, header.hash) == header.hash for header in window.headers
        )

    async def _wait_for_room(self) -> None:
        """Read no further while much of what was read is still on its way to the inbox."""
        while True:
            async with database_errors(), self._conn.transaction():
                waiting = await outbox.count(self._conn)
            if waiting <= HIGH_WATER:
                return
            await asyncio.sleep(HIGH_WATER_PAUSE_SECONDS)

    async def _read(self, window: Window, head: Head) -> None:
        if window.headers[-1].timestamp > time.time() + MAX_SECONDS_AHEAD:
            raise ChainUnavailable(f"block {window.stop} is more than an hour ahead of our clock")
        deployed = deployed_vaults(self._rules.protocol, self._state, window.logs, block_times=window.block_times)
        known = await facts.read(self._reader, deployed, head) if deployed else {}
        decoded = decode_window(
            self._rules.protocol, self._state, window.logs, facts=known, block_times=window.block_times
        )
        if decoded.damaged or decoded.unread_vaults:
            raise ChainUnavailable(f"the node's logs are damaged: {decoded.damaged or decoded.unread_vaults}")
        for oddity in decoded.oddities:
            log.warning("odd log", reason=oddity.reason, address=oddity.address, block=oddity.block_number)
        first = listed.first_jobs(decoded.jobs, self._unannounced)
        jobs = [*await listed.announcements(self._reader, first, head), *decoded.jobs]
        if deployed or first:
            await self._still_there(window, head)
        await self._commit(window, decoded, jobs)
        self._unannounced -= first.keys()

    async def _still_there(self, window: Window, head: Head) -> None:
        """Views were asked by number: their answers are the window's only if its blocks are still the chain's."""
        (header,) = await self._reader.headers([window.stop], head)
        if header.hash != window.headers[-1].hash:
            raise ChainUnavailable(f"block {window.stop} was replaced while it was read")

    async def _commit(self, window: Window, decoded: Decoded, jobs: list[Job]) -> None:
        """Jobs, blocks, what was learned and the cursor count as read together or not at all."""
        await self._reinstate(window)
        rows = outgoing(jobs, self._rules.protocol.chain_id)
        frozen = silent.noted_freezes(jobs)
        start, stop, keep = self._next, window.stop + 1, self._rules.finality_depth + 1
        final = window.stop - keep
        async with database_errors(), self._conn.transaction():
            if rows:
                await outbox.insert(self._conn, rows)
            if frozen:
                await silent_states.save(self._conn, frozen, final)
            if decoded.state != self._state:
                await chain.save_state(
                    self._conn,
                    start_block=start,
                    next_block=stop,
                    final_block=final,
                    state=self._learned(decoded.state),
                )
            blocks = [(header.number, header.hash) for header in window.headers[-keep:]]
            await chain.save_blocks(self._conn, blocks, keep)
            await chain.advance(self._conn, stop)
        self._next, self._state = stop, decoded.state
        self._progress.count(blocks=stop - start, events=len(rows))
        if rows:
            self._hand_over.wake()
        if frozen or any(job.task_name == "ingest.vault_deployed" for job in jobs):
            self.look_now.set()

    def _learned(self, state: DecoderState) -> dict[str, Any]:
        """The state as it is stored; the configured oracle is left out, for the configuration may change."""
        configured = initial_state(self._rules.protocol).oracle
        return {
            "factories": sorted(state.factories),
            "vaults": sorted(state.vaults),
            "oracle": state.oracle if state.oracle != configured else None,
        }

    async def _reinstate(self, window: Window) -> None:
        """Blocks of the window that were taken back before are part of the chain again."""
        hashes = [header.hash for header in window.headers]
        async with database_errors(), self._conn.transaction():
            back = await rewinds.find_orphaned(self._conn, hashes)
        if back:
            await self._rewinder.reinstate(back)

    async def _take_back(self, head: Head) -> bool:
        """The chain has reorganised: forget what is no longer part of it, here and in the services.

        False when it is back already as it was. Raises Stopped.
        """
        async with database_errors(), self._conn.transaction():
            remembered = await chain.list_blocks(self._conn)
        headers = await self._reader.headers([number for number, _ in remembered if number <= head.number], head)
        canonical = {header.number: header.hash for header in headers}
        try:
            fork = find_fork(remembered, canonical, finality_depth=self._rules.finality_depth, start_block=self._start)
        except TooDeep as error:
            async with database_errors(), self._conn.transaction():
                await chain.save_fatal(self._conn, str(error))
            raise Stopped(str(error)) from None
        if not fork.orphaned:
            return False
        log.warning("reorganisation", depth=len(fork.orphaned), ancestor=fork.ancestor)
        async with database_errors(), self._conn.transaction():
            await rewinds.save(self._conn, fork.orphaned)
            next_block = await chain.forget_after(self._conn, fork.ancestor)
            await chain.advance(self._conn, next_block)
        await self._resume()
        self.look_now.set()
        return True


def learned_state(stored: Mapping[str, Any] | None, protocol: Protocol) -> DecoderState:
    """What was learned, and what is configured now: an operator may have added a contract since."""
    configured = initial_state(protocol)
    if stored is None:
        return configured
    return DecoderState(
        factories=configured.factories | {RawAddress(address) for address in stored["factories"]},
        vaults=configured.vaults | {RawAddress(address) for address in stored["vaults"]},
        oracle=RawAddress(stored["oracle"]) if stored["oracle"] else configured.oracle,
    )
