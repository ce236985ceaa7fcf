"""Looking at the silent state: about once a minute, and at once where an event hints at a change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from libs.database import Pool, database_errors
from libs.errors import Unavailable
from libs.identifiers import Address, checksum_address
from libs.telemetry import get_logger
from protos.events.v1 import events_pb2
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.chain import silent, views
from services.ingest.chain.hand_over import HandOver, outgoing
from services.ingest.chain.indexer import Indexer
from services.ingest.chain.protocol import Protocol
from services.ingest.chain.rpc.blocks import Head
from services.ingest.chain.rpc.calls import Reverted
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.rpc.reader import ChainReader
from services.ingest.chain.silent import Seen
from services.ingest.repository import chain, outbox
from services.ingest.repository import silent as silent_states

log = get_logger(__name__)

RETRY_SECONDS: Final = 3.0


class SilentWatch:
    """Sends frozen flags and scores that changed, once the indexer has caught up."""

    def __init__(
        self,
        *,
        pool: Pool,
        reader: ChainReader,
        indexer: Indexer,
        hand_over: HandOver,
        protocol: Protocol,
        finality_depth: int,
        seconds: float,
    ) -> None:
        self._pool = pool
        self._reader = reader
        self._indexer = indexer
        self._hand_over = hand_over
        self._protocol = protocol
        self._finality_depth = finality_depth
        self._seconds = seconds

    async def run(self) -> None:
        """Look until cancelled."""
        await self._indexer.caught_up.wait()
        while True:
            raise_if_cancelled()
            self._indexer.look_now.clear()
            pause = self._seconds
            try:
                await self.look()
            except (ChainUnavailable, Unavailable) as error:
                log.warning("silent state not read", error=str(error))
                pause = min(pause, RETRY_SECONDS)
            await self._pause(pause)

    async def look(self) -> int:
        """Compare the state at the end of the last block that was read with what was sent; returns how many jobs.

        What was seen belongs to that block: a reorganisation takes it back with it. ChainUnavailable when the block
        is replaced meanwhile.
        """
        # Before the block is chosen: it may lack a vault that is just being read, never have one that is not there.
        vaults = [checksum_address(address) for address in sorted(self._indexer.state.vaults)]
        oracle = self._indexer.state.oracle
        head = await self._reader.head()
        async with database_errors(), self._pool.connection() as conn:
            last = await chain.find_last_block(conn)
        if last is None:
            return 0
        number, block_hash = last
        if head.number < number:
            raise ChainUnavailable(f"the node is at block {head.number}, behind block {number}")
        frozen = await self._frozen(vaults, number, head)
        metrics = await self._metrics(oracle, number, head)
        (header,) = await self._reader.headers([number], head)
        if header.hash != block_hash:
            raise ChainUnavailable(f"block {number} was replaced while its state was read")
        return await self._send(frozen, metrics, Seen(number, block_hash, header.timestamp))

    async def _send(self, frozen: dict[Address, bool], metrics: dict[Address, views.Metrics], seen: Seen) -> int:
        async with database_errors(), self._pool.connection() as conn:
            if not await chain.hold_block(conn, seen.number, seen.hash):
                raise ChainUnavailable(f"block {seen.number} was taken back while its state was read")
            sent = await silent_states.list_last(conn)
            found = silent.changes(sent, frozen=frozen, metrics=metrics, seen=seen)
            if found.jobs:
                await outbox.insert(conn, outgoing(found.jobs, self._protocol.chain_id))
                await silent_states.save(conn, found.sent, seen.number - self._finality_depth - 1)
            await silent_states.save_look(conn, seen.number)
        if found.jobs:
            self._hand_over.wake()
        return len(found.jobs)

    async def _frozen(self, vaults: Sequence[Address], number: int, head: Head) -> dict[Address, bool]:
        risk_manager = self._protocol.risk_manager
        if risk_manager is None:
            return {}
        calls = [views.is_frozen(risk_manager, vault) for vault in vaults]
        results = await self._reader.call_many(calls, number, head=head)
        # A view that reverts says nothing.
        flags = [None if isinstance(result, Reverted) else views.read_number(result) for result in results]
        return {vault: flag != 0 for vault, flag in zip(vaults, flags, strict=True) if flag is not None}

    async def _metrics(self, oracle: str | None, number: int, head: Head) -> dict[Address, views.Metrics]:
        if oracle is None:
            return {}
        wallets = await self._leaders(number)
        calls = [views.metrics(oracle, wallet) for wallet in wallets]
        results = await self._reader.call_many(calls, number, head=head)
        rated = [None if isinstance(result, Reverted) else views.read_metrics(result) for result in results]
        return {wallet: metrics for wallet, metrics in zip(wallets, rated, strict=True) if metrics is not None}

    async def _leaders(self, number: int) -> list[Address]:
        async with database_errors(), self._pool.connection() as conn:
            under_way = await silent_states.list_leaders_under_way(conn, number)
            deployments = await silent_states.list_deployments(conn, number)
        known = {events_pb2.ChainEvent.FromString(event).vault_deployed.leader_address for event in deployments}
        return sorted({checksum_address(wallet) for wallet in [*known, *under_way]})

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._indexer.look_now.wait()
        except TimeoutError:
            return
