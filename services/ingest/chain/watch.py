"""Looking at the silent state: about once a minute, and at once where an event hints at a change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from libs.database import Pool, database_errors
from libs.errors import Unavailable
from libs.identifiers import Address, checksum_address
from libs.telemetry import get_logger
from protos.events.v1 import events_pb2
from services.ingest.chain import silent, views
from services.ingest.chain.hand_over import HandOver, outgoing
from services.ingest.chain.indexer import Indexer, vault_addresses
from services.ingest.chain.protocol import Protocol
from services.ingest.chain.rpc.blocks import Head
from services.ingest.chain.rpc.calls import Reverted
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.rpc.reader import ChainReader
from services.ingest.repository import chain, outbox

log = get_logger(__name__)


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
        seconds: float,
    ) -> None:
        self._pool = pool
        self._reader = reader
        self._indexer = indexer
        self._hand_over = hand_over
        self._protocol = protocol
        self._seconds = seconds

    async def run(self) -> None:
        """Look until cancelled."""
        await self._indexer.caught_up.wait()
        while True:
            self._indexer.look_now.clear()
            try:
                await self.look()
            except (ChainUnavailable, Unavailable) as error:
                log.warning("silent state not read", error=str(error))
            await self._pause()

    async def look(self) -> int:
        """Compare the state at the head with what was sent; returns the number of jobs."""
        head = await self._reader.head()
        frozen = await self._frozen(head)
        metrics = await self._metrics(head)
        async with database_errors(), self._pool.connection() as conn:
            sent = await chain.list_silent_states(conn)
            found = silent.changes(sent, frozen=frozen, metrics=metrics, block_time=head.timestamp)
            if found.jobs:
                await outbox.insert(conn, outgoing(found.jobs, self._protocol.chain_id))
                await chain.save_silent_states(conn, found.sent)
        if found.jobs:
            self._hand_over.wake()
        return len(found.jobs)

    async def _frozen(self, head: Head) -> dict[Address, bool]:
        risk_manager = self._protocol.risk_manager
        if risk_manager is None:
            return {}
        vaults = [checksum_address(address) for address in vault_addresses(self._indexer.state)]
        results = await self._reader.call_many(
            [views.is_frozen(risk_manager, v) for v in vaults], head.number, head=head
        )
        numbers = _read(dict(zip(vaults, results, strict=True)))
        return {vault: number != 0 for vault, number in numbers.items()}

    async def _metrics(self, head: Head) -> dict[Address, views.Metrics]:
        oracle = self._indexer.state.oracle
        if oracle is None:
            return {}
        wallets = await self._leaders()
        results = await self._reader.call_many(
            [views.metrics(oracle, wallet) for wallet in wallets], head.number, head=head
        )
        found: dict[Address, views.Metrics] = {}
        for wallet, result in zip(wallets, results, strict=True):
            metrics = None if isinstance(result, Reverted) else views.read_metrics(result)
            if metrics is not None:
                found[wallet] = metrics
        return found

    async def _leaders(self) -> list[Address]:
        async with database_errors(), self._pool.connection() as conn:
            deployments = await chain.list_deployment_events(conn)
            under_way = await chain.list_leaders_under_way(conn)
        known = {events_pb2.ChainEvent.FromString(event).vault_deployed.leader_address for event in deployments}
        return sorted({checksum_address(wallet) for wallet in [*known, *under_way]})

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._indexer.look_now.wait()
        except TimeoutError:
            return


def _read(results: Mapping[Address, bytes | Reverted]) -> dict[Address, int]:
    """Results that are numbers; a view that reverts says nothing."""
    return {
        address: number
        for address, result in results.items()
        if not isinstance(result, Reverted) and (number := views.read_number(result)) is not None
    }
