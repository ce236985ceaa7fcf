"""Blocks and logs from one endpoint: ranges as wide as it allows, answers checked against each other."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from services.ingest.chain.rpc.asking import ask
from services.ingest.chain.rpc.blocks import Head, Header, Window, read_header
from services.ingest.chain.rpc.bloom import bloom_of
from services.ingest.chain.rpc.doubt import Doubt, doubt
from services.ingest.chain.rpc.endpoint import Endpoint
from services.ingest.chain.rpc.errors import ChainUnavailable, WindowTorn
from services.ingest.chain.rpc.faults import Fault, FaultKind
from services.ingest.chain.rpc.logs import PlacedLog, assemble, read_placed_logs
from services.ingest.chain.rpc.second_look import SecondLook
from services.ingest.chain.rpc.together import both
from services.ingest.chain.rpc.transport import Request

Range = tuple[int, int]  # first and last block

_TRIES_OF_A_WINDOW: Final = 3
# Blocks whose logs one exchange may carry: several narrow ranges share one, a wide one goes alone.
_BLOCKS_PER_EXCHANGE: Final = 400
# These may go away with a smaller range, whatever the node calls them.
_NARROWER: Final = frozenset(
    {FaultKind.RANGE, FaultKind.OTHER, FaultKind.TOO_LARGE, FaultKind.TIMEOUT, FaultKind.UNSUPPORTED}
)


class _Refused(NamedTuple):
    allowed: tuple[int, ...]  # sizes that the node named


class BlockSource:
    """One endpoint's chain; `topics` are the first topics that logs are filtered by, None for all logs."""

    def __init__(self, endpoint: Endpoint, topics: Collection[str] | None, witnesses: Sequence[Endpoint] = ()) -> None:
        self._endpoint = endpoint
        self._topics = topics
        self._second_look = SecondLook(endpoint, topics, witnesses)

    async def head(self) -> Head:
        """The newest block."""
        (header,) = await ask(self._endpoint, [Request("eth_getBlockByNumber", ("latest", False))], read_header)
        return Head(header.number, header.hash, header.parent_hash, header.timestamp, self._endpoint.name)

    async def confirm(self, head: Head) -> None:
        """ChainUnavailable unless this endpoint has that block."""
        (header,) = await self.headers([head.number])
        if header.hash != head.hash:
            raise ChainUnavailable(f"{self._endpoint.name}: block {head.number} is {header.hash}, not {head.hash}")

    async def headers(self, numbers: Iterable[int]) -> list[Header]:
        """The headers of these blocks, in this order."""
        wanted = list(numbers)
        requests = [Request("eth_getBlockByNumber", (hex(number), False)) for number in wanted]
        headers = await ask(self._endpoint, requests, read_header)
        for number, header in zip(wanted, headers, strict=True):
            if header.number != number:
                raise WindowTorn(f"{self._endpoint.name}: block {number} was asked for, {header.number} came")
        return headers

    async def window(self, start: int, stop: int, head: Head) -> Window:
        """All of the blocks from start to stop, complete and of one chain; WindowTorn when it stays torn."""
        for left in reversed(range(_TRIES_OF_A_WINDOW)):
            try:
                return await self._window(start, stop, head)
            except WindowTorn:
                self._endpoint.counters.torn_windows += 1
                if not left:
                    raise
            await asyncio.sleep(self._endpoint.options.retry_base_seconds)
        raise AssertionError("unreachable")

    async def _window(self, start: int, stop: int, head: Head) -> Window:
        headers, logs = await both(self.headers(range(start, stop + 1)), self._logs(start, stop))
        if stop == head.number and headers[-1].hash != head.hash:
            raise WindowTorn(f"{self._endpoint.name}: block {stop} became {headers[-1].hash}, was {head.hash}")
        headers = headers if self._endpoint.options.trust_blooms else [item._replace(bloom=0) for item in headers]
        blocks = assemble(headers, logs)
        await self._complete(headers, blocks, head)
        counters = self._endpoint.counters
        raw_logs = [log.raw for block in blocks for log in block]
        counters.blocks += len(headers)
        counters.logs += len(raw_logs)
        return Window(start, stop, headers, raw_logs, self._endpoint.name)

    async def _complete(self, headers: list[Header], blocks: list[list[PlacedLog]], head: Head) -> None:
        # Most blocks of a quiet chain end here: they have neither.
        asked = [at for at, header in enumerate(headers) if header.bloom or header.transactions or blocks[at]]
        blooms = {at: bloom_of(log.raw for log in blocks[at]) for at in asked}
        self._learn_about_blooms((headers[at].bloom, blooms[at]) for at in asked)
        recent = head.number - self._endpoint.options.recent_blocks
        doubtful = {
            at: headers[at]
            for at in asked
            if self._is_doubtful(headers[at], blocks[at], blooms[at], is_recent=headers[at].number >= recent)
        }
        if doubtful:
            await self._second_look.settle(doubtful, blocks)

    def _is_doubtful(self, header: Header, logs: list[PlacedLog], bloom: int, *, is_recent: bool) -> bool:
        endpoint = self._endpoint
        if is_recent and header.transactions and endpoint.capabilities and endpoint.capabilities.block_receipts:
            # A log with the address and topics of another leaves no trace in the bloom; receipts tell for one request.
            return True
        zero_is_proof = not is_recent and endpoint.fills_blooms and not endpoint.skips_blooms
        return doubt(header, logs, bloom, self._topics, zero_is_proof=zero_is_proof) is not Doubt.NONE

    def _learn_about_blooms(self, blooms: Iterable[tuple[int, int]]) -> None:
        """From pairs of a header's bloom and that of its logs."""
        for stated, computed in blooms:
            self._endpoint.fills_blooms |= stated != 0
            self._endpoint.skips_blooms |= computed & ~stated != 0

    async def _logs(self, start: int, stop: int) -> list[PlacedLog]:
        span = self._endpoint.span
        found: list[PlacedLog] = []
        ranges = list(_cut(start, stop, span.size))
        while ranges:
            narrow = [item for item in ranges if item[0] == item[1]]
            wide = [item for item in ranges if item[0] < item[1]]
            logs, refused = await both(self._single_blocks(narrow), self._wide_ranges(wide, found))
            found += logs
            if not refused:
                # A window narrower than the span teaches nothing about it.
                span.accepted(max(last - first + 1 for first, last in ranges))
            ranges = [part for item in refused for part in self._narrowed(item)]
        return found

    def _narrowed(self, item: Range) -> Iterator[Range]:
        """A refused range in parts that are at most half as wide."""
        first, last = item
        return _cut(first, last, max(1, min(self._endpoint.span.size, (last - first + 1) // 2)))

    async def _single_blocks(self, ranges: Sequence[Range]) -> list[PlacedLog]:
        answers = await ask(self._endpoint, [self._log_request(item) for item in ranges], read_placed_logs)
        return [log for logs in answers for log in logs]

    async def _wide_ranges(self, ranges: Sequence[Range], found: list[PlacedLog]) -> list[Range]:
        """Add the logs to `found`; gives the ranges that the node refused."""
        widest = max((last - first + 1 for first, last in ranges), default=1)
        answers: list[list[PlacedLog] | _Refused] = await ask(
            self._endpoint,
            [self._log_request(item) for item in ranges],
            read_placed_logs,
            settle=_refusal,
            most_per_batch=max(1, _BLOCKS_PER_EXCHANGE // widest),
        )
        refused = []
        for item, answer in zip(ranges, answers, strict=True):
            if isinstance(answer, _Refused):
                self._endpoint.span.refused(item[1] - item[0] + 1, answer.allowed)
                self._endpoint.counters.narrowed_ranges += 1
                refused.append(item)
            else:
                found += answer
        return refused

    def _log_request(self, item: Range) -> Request:
        query: dict[str, Any] = {"fromBlock": hex(item[0]), "toBlock": hex(item[1])}
        if self._topics is not None:
            query["topics"] = [list(self._topics)]
        return Request("eth_getLogs", (query,))


def _refusal(fault: Fault, _last: bool) -> _Refused | None:
    return _Refused(fault.allowed) if fault.kind in _NARROWER else None


def _cut(start: int, stop: int, size: int) -> Iterator[Range]:
    for first in range(start, stop + 1, size):
        yield first, min(first + size - 1, stop)
