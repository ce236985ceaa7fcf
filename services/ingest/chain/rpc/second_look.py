"""Blocks whose logs are in doubt, asked for once more: by receipts, by block hash, elsewhere, or later."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any, Final

from services.ingest.chain.rpc.asking import ask
from services.ingest.chain.rpc.blocks import Header
from services.ingest.chain.rpc.bloom import bloom_of
from services.ingest.chain.rpc.doubt import Doubt, doubt
from services.ingest.chain.rpc.endpoint import Endpoint
from services.ingest.chain.rpc.errors import ChainUnavailable, Damaged
from services.ingest.chain.rpc.logs import PlacedLog, read_placed_logs
from services.ingest.chain.rpc.transport import Request

# An unsure block is believed after so many further answers that don't say otherwise.
_AGREEING_LOOKS: Final = 3


class SecondLook:
    """Settles the doubts about one window's blocks."""

    def __init__(self, endpoint: Endpoint, topics: Collection[str] | None, witnesses: Sequence[Endpoint]) -> None:
        self._endpoint = endpoint
        self._topics = topics
        self._witnesses = witnesses

    async def settle(self, doubtful: dict[int, Header], blocks: list[list[PlacedLog]]) -> None:
        """Complete `blocks`, whose places the keys of `doubtful` are; ChainUnavailable while logs are missing."""
        counters, options = self._endpoint.counters, self._endpoint.options
        counters.second_looks += len(doubtful)
        open_places = dict(doubtful)
        for look in range(options.attempts):
            if look:
                await asyncio.sleep(options.second_look_seconds)
            for at, (logs, is_final) in (await self._look(look, open_places)).items():
                header = open_places[at]
                if len(logs) > len(blocks[at]):
                    counters.found_by_second_look += 1
                    blocks[at] = logs
                bloom = bloom_of(log.raw for log in blocks[at])
                left = doubt(header, blocks[at], bloom, self._topics, zero_is_proof=False)
                enough = is_final or look + 1 >= _AGREEING_LOOKS
                if left is Doubt.NONE or (left is Doubt.UNSURE and enough):
                    del open_places[at]
            if not open_places:
                return
        header = next(iter(open_places.values()))
        raise ChainUnavailable(f"{self._endpoint.name}: logs of block {header.number} ({header.hash}) are missing")

    async def _look(self, look: int, places: dict[int, Header]) -> dict[int, tuple[list[PlacedLog], bool]]:
        """The logs of each block as another way shows them, and whether that way can't be wrong."""
        capabilities = self._endpoint.capabilities
        if look % 2 == 0 and capabilities is not None and capabilities.block_receipts:
            return await self._by_receipts(places)
        witness = self._witnesses[look % len(self._witnesses)] if self._witnesses and look % 2 else None
        if witness is not None:
            try:
                return await self._by_query(witness, places)
            except ChainUnavailable:
                pass  # a witness that is away says nothing
        return await self._by_query(self._endpoint, places)

    async def _by_receipts(self, places: dict[int, Header]) -> dict[int, tuple[list[PlacedLog], bool]]:
        requests = [Request("eth_getBlockReceipts", (hex(header.number),)) for header in places.values()]
        answers = await ask(self._endpoint, requests, read_receipts, most_per_batch=20)
        return {
            at: (self._of_block(header, logs), count == header.transactions)
            for (at, header), (count, logs) in zip(places.items(), answers, strict=True)
        }

    async def _by_query(self, endpoint: Endpoint, places: dict[int, Header]) -> dict[int, tuple[list[PlacedLog], bool]]:
        by_hash = endpoint.capabilities is not None and endpoint.capabilities.block_hash
        requests = [log_request(header, self._topics, by_hash=by_hash) for header in places.values()]
        answers = await ask(endpoint, requests, read_placed_logs, most_per_batch=20)
        return {
            at: (self._of_block(header, logs), False)
            for (at, header), logs in zip(places.items(), answers, strict=True)
        }

    def _of_block(self, header: Header, logs: Sequence[PlacedLog]) -> list[PlacedLog]:
        """Those of this very block, once each: a witness may be on another fork."""
        found = {log.log_index: log for log in logs if log.block_hash == header.hash and self._follows(log)}
        return [found[index] for index in sorted(found)]

    def _follows(self, log: PlacedLog) -> bool:
        topics = log.raw["topics"]
        return self._topics is None or (bool(topics) and topics[0].lower() in self._topics)


def log_request(header: Header, topics: Collection[str] | None, *, by_hash: bool) -> Request:
    """`eth_getLogs` for one block."""
    place = {"blockHash": header.hash} if by_hash else {"fromBlock": hex(header.number), "toBlock": hex(header.number)}
    return Request("eth_getLogs", (place if topics is None else {**place, "topics": [list(topics)]},))


def read_receipts(raw: Any) -> tuple[int, list[PlacedLog]]:
    """How many receipts an `eth_getBlockReceipts` answer has, and all their logs."""
    if type(raw) is not list or not all(type(receipt) is dict and "logs" in receipt for receipt in raw):
        raise Damaged("no list of receipts where one is due")
    return len(raw), [log for receipt in raw for log in read_placed_logs(receipt["logs"])]
