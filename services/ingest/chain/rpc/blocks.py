"""Blocks as the reader gives them, and headers read from a node's answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from services.ingest.chain.rpc.errors import Damaged

_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]{1,16}")
_BLOOM: Final = re.compile(r"0x[0-9a-fA-F]{512}")
_ZERO_BLOOM: Final = "0x" + "0" * 512


class Header(NamedTuple):
    """What is kept of a block."""

    number: int
    hash: str  # 0x and 64 lower-case hex digits
    parent_hash: str
    timestamp: int  # UNIX seconds
    bloom: int  # the 2048 bits of logsBloom; 0 also where a node gives none
    transactions: int  # how many


@dataclass(frozen=True, slots=True)
class Head:
    """The newest block of one endpoint; windows and calls of the same moment name it."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int
    endpoint: str


@dataclass(frozen=True, slots=True)
class Window:
    """All blocks of a range, parent-linked, with all their logs: of one chain, from one endpoint."""

    start: int
    stop: int  # inclusive
    headers: list[Header]  # stop - start + 1, in order
    logs: list[dict[str, Any]]  # raw, in chain order, once each; blockHash is that of the header
    endpoint: str

    @property
    def block_times(self) -> dict[str, int]:
        """UNIX seconds by block hash, as the decoder wants them."""
        return {header.hash: header.timestamp for header in self.headers}


def read_header(raw: Any) -> Header:
    """The header of an `eth_getBlockBy…` answer; Damaged when it is null or garbled."""
    if type(raw) is not dict:
        raise Damaged("no block where one is due")
    transactions = raw.get("transactions")
    if type(transactions) is not list:
        raise Damaged("a block without its list of transactions")
    return Header(
        number=read_quantity(raw.get("number"), "number"),
        hash=_hash(raw.get("hash"), "hash"),
        parent_hash=_hash(raw.get("parentHash"), "parentHash"),
        timestamp=read_quantity(raw.get("timestamp"), "timestamp"),
        bloom=_bloom(raw.get("logsBloom")),
        transactions=len(transactions),
    )


def read_quantity(value: Any, field: str) -> int:
    """A JSON-RPC quantity of at most 63 bits; Damaged when it is none."""
    if type(value) is not str or not _QUANTITY.fullmatch(value) or (number := int(value, 16)) >= 2**63:
        raise Damaged(f"{field} is not a quantity")
    return number


def _hash(value: Any, field: str) -> str:
    if type(value) is not str or not _HASH.fullmatch(value):
        raise Damaged(f"{field} of a block is not a hash")
    return value.lower()


def _bloom(value: Any) -> int:
    if value is None or value == _ZERO_BLOOM:
        return 0
    # A short or empty text is what nodes without blooms fill in; it is no evidence, nor worth failing for.
    return int(value, 16) if type(value) is str and _BLOOM.fullmatch(value) else 0
