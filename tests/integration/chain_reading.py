"""A chain reader with short delays, and a whole chain read through it as an indexer would."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from services.ingest.chain.rpc.blocks import Head, Header
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.rpc.options import ReaderOptions
from services.ingest.chain.rpc.reader import ChainReader
from tests.chain_node.chain import Chain

FAST = ReaderOptions(
    retry_base_seconds=0.005,
    retry_cap_seconds=0.02,
    second_look_seconds=0.005,
    breaker_base_seconds=0.01,
    breaker_cap_seconds=0.05,
    start_batch=16,
    start_span=50,
)
# For nodes that hang now and then: what they hold back takes longer than the time-out.
IMPATIENT = replace(FAST, timeout_seconds=0.5)
HANG_SECONDS = 1.0
_MOST_TRIES = 200
_POLL_SECONDS = 0.01


@dataclass
class Copy:
    """What was read of a chain."""

    headers: list[Header] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)
    failures: int = 0  # ChainUnavailable on the way


async def head_at(reader: ChainReader, number: int) -> Head:
    """The first head that is at least so high; it fails like the reader's last try."""
    for left in reversed(range(_MOST_TRIES)):
        try:
            head = await reader.head()
        except ChainUnavailable:
            if not left:
                raise
        else:
            if head.number >= number:
                return head
        await asyncio.sleep(_POLL_SECONDS)
    raise AssertionError(f"no head reached block {number}")


async def copy_chain(reader: ChainReader, last: int, *, size: int) -> Copy:
    """Blocks 0 to last in windows; each is tried again with a new head while the chain is unavailable."""
    copy = Copy()
    for start in range(0, last + 1, size):
        stop = min(start + size - 1, last)
        for left in reversed(range(_MOST_TRIES)):
            try:
                window = await reader.fetch(start, stop, await head_at(reader, last))
            except ChainUnavailable:
                copy.failures += 1
                if not left:
                    raise
                await asyncio.sleep(_POLL_SECONDS)
            else:
                break
        copy.headers += window.headers
        copy.logs += window.logs
    return copy


def assert_complete(copy: Copy, chain: Chain, topics: set[str] | None = None, *, stamps: bool = True) -> None:
    """All headers of the chain and all its logs (with one of the first topics, if given), in order and once."""
    assert [(item.number, item.hash, item.parent_hash, item.timestamp, item.transactions) for item in copy.headers] == [
        (block.number, block.hash, block.parent_hash, block.timestamp, len(block.transactions))
        for block in chain.blocks
    ]
    expected = [log for log in chain.logs if topics is None or (log["topics"] and log["topics"][0] in topics)]
    if not stamps:
        # Receipts may carry the block's time where logs don't.
        expected, copy.logs = ([_without_time(log) for log in logs] for logs in (expected, copy.logs))
    assert copy.logs == expected


def _without_time(log: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in log.items() if name != "blockTimestamp"}
