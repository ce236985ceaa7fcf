"""Raw logs of a node's answers: checked as far as the order of the chain needs it, and put in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from services.ingest.chain.rpc.blocks import Header, read_quantity
from services.ingest.chain.rpc.errors import Damaged, WindowTorn

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_WORD: Final = re.compile(r"0x[0-9a-fA-F]{64}")


class PlacedLog(NamedTuple):
    """A raw log with its place."""

    block_number: int
    log_index: int  # within the block
    block_hash: str
    raw: dict[str, Any]


def read_placed_logs(raw_logs: Any) -> list[PlacedLog]:
    """An `eth_getLogs` answer; Damaged when it is no list of logs that are on the chain."""
    if type(raw_logs) is not list:
        raise Damaged("no list of logs where one is due")
    return [_placed(raw) for raw in raw_logs]


def assemble(headers: Sequence[Header], logs: Iterable[PlacedLog]) -> list[list[PlacedLog]]:
    """The logs of each block, in order; WindowTorn unless blocks follow each other and the logs are of these blocks."""
    _check_links(headers)
    blocks: list[list[PlacedLog]] = [[] for _ in headers]
    first = headers[0].number
    for log in logs:
        at = log.block_number - first
        if not 0 <= at < len(headers):
            raise WindowTorn(f"a log of block {log.block_number} was not asked for")
        if log.block_hash != headers[at].hash:
            raise WindowTorn(f"a log of block {log.block_number} is of {log.block_hash}, not {headers[at].hash}")
        blocks[at].append(log)
    for block in blocks:
        if len(block) > 1:
            _put_in_order(block)
    return blocks


def _check_links(headers: Sequence[Header]) -> None:
    for before, after in pairwise(headers):
        if after.number != before.number + 1 or after.parent_hash != before.hash:
            raise WindowTorn(f"block {after.number} ({after.hash}) does not follow {before.number} ({before.hash})")


def _put_in_order(block: list[PlacedLog]) -> None:
    block.sort(key=lambda log: log.log_index)
    for before, after in pairwise(block):
        if before.log_index == after.log_index:
            raise WindowTorn(f"two logs of block {after.block_number} have the index {after.log_index}")


def _placed(raw: Any) -> PlacedLog:
    if type(raw) is not dict or raw.get("removed") is True:
        raise Damaged("a log that is none, or was removed")
    topics, address, block_hash = raw.get("topics"), raw.get("address"), raw.get("blockHash")
    if type(topics) is not list or not all(type(topic) is str and _WORD.fullmatch(topic) for topic in topics):
        raise Damaged("topics of a log are not words")
    if type(address) is not str or not _ADDRESS.fullmatch(address):
        raise Damaged("address of a log is none")
    if type(block_hash) is not str or not _WORD.fullmatch(block_hash):
        raise Damaged("blockHash of a log is no hash")
    return PlacedLog(
        block_number=read_quantity(raw.get("blockNumber"), "blockNumber"),
        log_index=read_quantity(raw.get("logIndex"), "logIndex"),
        block_hash=block_hash.lower(),
        raw=raw,
    )
