"""The indexer: follows the chain block by block and commits what it read in one transaction with how far it read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from libs.database import Connection, database_errors
from libs.identifiers import Address
from libs.telemetry import get_logger
from services.ingest.chain import facts, silent
from services.ingest.chain.contracts import RawAddress
from services.ingest.chain.decoder import Decoded, decode_window, deployed_vaults
from services.ingest.chain.hand_over import HIGH_WATER, HandOver, outgoing
from services.ingest.chain.progress import Progress
from services.ingest.chain.protocol import DecoderState, Protocol, initial_state
from services.ingest.chain.reorg import Rewinder, TooDeep, find_fork
from services.ingest.chain.rpc.blocks import Head, Window
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.rpc.reader import ChainReader
from services.ingest.repository import chain, outbox

log = get_logger(__name__)

# Blocks of one window; the reader cuts it into what the node allows.
SPAN: Final = 2_000
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
        self._next = 0
        self._state = initial_state(rules.protocol)
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
        if cursor.fatal:
            raise Stopped(cursor.fatal)
        self._next = cursor.next_block
        self._state = learned_state(stored, self._rules.protocol)
        log.info("indexing", next_block=self._next, vaults=len(self._state.vaults))

    async def _step(self) -> bool:
        """Read up to the head, or to a reorganisation; False when there is nothing to read yet."""
        head = await self._reader.head()
        last = head.number - self._rules.confirmations
        async with database_errors(), self._conn.transaction():
            await chain.save_head(self._conn, head.number)
        if last < self._next:
            self.caught_up.set()
            return False
        async with aclosing(self._reader.stream(self._next, last, head, size=SPAN)) as windows:
            async for window in windows:
                if not await self._continues(window):
                    await self._take_back(head)
                    break
                await self._commit(window, await self._decode(window, head))
                self._progress.report(self._next, last, caught_up=self._next > last)
                await self._wait_for_room()
        return True

    async def _wait_for_room(self) -> None:
        """Read no further while much of what was read is still on its way to the inbox."""
        while True:
            async with database_errors(), self._conn.transaction():
                waiting = await outbox.count(self._conn)
            if waiting <= HIGH_WATER:
                return
            await asyncio.sleep(HIGH_WATER_PAUSE_SECONDS)

    async def _continues(self, window: Window) -> bool:
        """Whether the window's first block is the child of the last one read."""
        async with database_errors(), self._conn.transaction():
            expected = await chain.find_block_hash(self._conn, self._next - 1)
        return expected is None or window.headers[0].parent_hash == expected

    async def _decode(self, window: Window, head: Head) -> Decoded:
        times = {header.hash: header.timestamp for header in window.headers}
        vaults = deployed_vaults(self._rules.protocol, self._state, window.logs, block_times=times)
        known = await facts.read(self._reader, vaults, window.headers[-1].number, head) if vaults else {}
        decoded = decode_window(self._rules.protocol, self._state, window.logs, facts=known, block_times=times)
        if decoded.damaged or decoded.unread_vaults:
            raise ChainUnavailable(f"the node's logs are damaged: {decoded.damaged or decoded.unread_vaults}")
        for oddity in decoded.oddities:
            log.warning("odd log", reason=oddity.reason, address=oddity.address, block=oddity.block_number)
        return decoded

    async def _commit(self, window: Window, decoded: Decoded) -> None:
        """Jobs, blocks, what was learned and the cursor count as read together or not at all."""
        await self._reinstate(window)
        rows = outgoing(decoded.jobs, self._rules.protocol.chain_id)
        frozen = silent.noted_freezes(decoded.jobs)
        start, stop = self._next, window.headers[-1].number + 1
        async with database_errors(), self._conn.transaction():
            if rows:
                await outbox.insert(self._conn, rows)
            if frozen:
                await chain.save_silent_states(self._conn, frozen)
            if decoded.state != self._state:
                await chain.save_state(self._conn, start_block=start, next_block=stop, state=_to_json(decoded.state))
            keep = self._rules.finality_depth + 1
            blocks = [(header.number, header.hash) for header in window.headers[-keep:]]
            await chain.save_blocks(self._conn, blocks, keep)
            await chain.advance(self._conn, stop)
        self._next, self._state = stop, decoded.state
        self._progress.count(blocks=stop - start, events=len(rows))
        if rows:
            self._hand_over.wake()
        if frozen or any(job.task_name == "ingest.vault_deployed" for job in decoded.jobs):
            self.look_now.set()

    async def _reinstate(self, window: Window) -> None:
        """Blocks of the window that were taken back before are part of the chain again."""
        hashes = [header.hash for header in window.headers]
        async with database_errors(), self._conn.transaction():
            back = await chain.find_orphaned(self._conn, hashes)
        if back:
            await self._rewinder.reinstate(back)

    async def _take_back(self, head: Head) -> None:
        """The chain has reorganised: forget what is no longer part of it, here and in the services."""
        async with database_errors(), self._conn.transaction():
            remembered = await chain.list_blocks(self._conn)
        headers = await self._reader.headers([number for number, _ in remembered if number <= head.number], head)
        canonical = {header.number: header.hash for header in headers}
        try:
            fork = find_fork(remembered, canonical, self._rules.finality_depth)
        except TooDeep as error:
            async with database_errors(), self._conn.transaction():
                await chain.save_fatal(self._conn, str(error))
            raise Stopped(str(error)) from None
        log.warning("reorganisation", depth=len(fork.orphaned), ancestor=fork.ancestor)
        async with database_errors(), self._conn.transaction():
            await chain.save_rewind(self._conn, fork.orphaned)
            next_block = await chain.forget_after(self._conn, fork.ancestor)
            await chain.advance(self._conn, next_block)
        await self._resume()
        self.look_now.set()


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


def _to_json(state: DecoderState) -> dict[str, Any]:
    return {"factories": sorted(state.factories), "vaults": sorted(state.vaults), "oracle": state.oracle}


def vault_addresses(state: DecoderState) -> Sequence[Address]:
    """Every vault that is known, in a fixed order."""
    return [Address(address) for address in sorted(state.vaults)]
