"""The chain that a test node serves: blocks that follow each other, their logs, and what views return when."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson
from eth_hash.auto import keccak

from tests.chain_node.abi import logs_bloom

ZERO_HASH = "0x" + "0" * 64
EMPTY_BLOOM = "0x" + "0" * 512


@dataclass(frozen=True)
class Reverts:
    """A view that reverts, with this data."""

    data: bytes = b""


@dataclass(frozen=True)
class Emitted:
    """A log as a contract emits it."""

    address: str  # lower case
    topics: list[str]
    data: bytes = b""


@dataclass(frozen=True)
class Transaction:
    """A transaction and the logs it left; one that was reverted or only changed state has none."""

    hash: str
    logs: list[Emitted] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """A block with its logs as `eth_getLogs` gives them."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int
    transactions: list[str]
    logs: list[dict[str, Any]]

    @cached_property
    def bloom(self) -> str:
        """Its logsBloom, always filled; the node may hide it."""
        return logs_bloom(self.logs) if self.logs else EMPTY_BLOOM

    def header(self, *, with_bloom: bool) -> dict[str, Any]:
        """The answer to eth_getBlockByNumber without full transactions."""
        return {
            "number": hex(self.number),
            "hash": self.hash,
            "parentHash": self.parent_hash,
            "nonce": "0x0000000000000000",
            "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
            "logsBloom": self.bloom if with_bloom else EMPTY_BLOOM,
            "transactionsRoot": ZERO_HASH,
            "stateRoot": ZERO_HASH,
            "receiptsRoot": ZERO_HASH,
            "miner": "0x" + "0" * 40,
            "difficulty": "0x0",
            "totalDifficulty": "0x0",
            "extraData": "0x",
            "size": "0x220",
            "gasLimit": "0x1c9c380",
            "gasUsed": hex(21_000 * len(self.transactions)),
            "timestamp": hex(self.timestamp),
            "transactions": self.transactions,
            "uncles": [],
            "baseFeePerGas": "0x7",
            "mixHash": ZERO_HASH,
        }

    @cached_property
    def header_json(self) -> bytes:
        """The header with its bloom as bytes, for speed."""
        return orjson.dumps(self.header(with_bloom=True))


class Chain:
    """Grows by `append`, shrinks by `drop`. Views set between two blocks hold from the next block on."""

    def __init__(self, chain_id: int = 125) -> None:
        self.chain_id = chain_id
        self.blocks: list[Block] = []
        self._views: dict[tuple[str, bytes], list[tuple[int, bytes | Reverts]]] = {}
        self._defaults: dict[tuple[str, bytes], bytes | Reverts] = {}
        self._contracts: set[str] = set()
        self._branch = 0

    @property
    def head(self) -> Block:
        """The newest block."""
        return self.blocks[-1]

    @property
    def logs(self) -> list[dict[str, Any]]:
        """Every log of the chain, in order."""
        return [log for block in self.blocks for log in block.logs]

    def append(self, transactions: Sequence[Transaction] = (), *, seconds: int = 2) -> Block:
        """Add a block of these transactions, so many seconds after the one before."""
        number = len(self.blocks)
        parent = self.blocks[-1].hash if self.blocks else ZERO_HASH
        time = self.blocks[-1].timestamp + seconds if self.blocks else 1_788_220_800
        content = f"{self._branch}:{number}:{parent}:{','.join(item.hash for item in transactions)}"
        block_hash = "0x" + keccak(content.encode()).hex()
        logs = _raw_logs(number, block_hash, time, transactions)
        return self.add(Block(number, block_hash, parent, time, [item.hash for item in transactions], logs))

    def add(self, block: Block) -> Block:
        """Add a block as it is."""
        self.blocks.append(block)
        return block

    def drop(self, depth: int) -> list[Block]:
        """Take the newest blocks off and forget their views; what is appended next gets other hashes."""
        assert 0 < depth < len(self.blocks)
        dropped = self.blocks[-depth:]
        del self.blocks[-depth:]
        self._branch += 1
        for history in self._views.values():
            while history and history[-1][0] >= len(self.blocks):
                history.pop()
        return dropped

    def set_view(self, contract: str, data: bytes, result: bytes | Reverts, *, number: int | None = None) -> None:
        """What the call returns from the next block on, or from that number."""
        at = len(self.blocks) if number is None else number
        history = self._views.setdefault((contract.lower(), data), [])
        while history and history[-1][0] >= at:
            history.pop()
        history.append((at, result))
        self._contracts.add(contract.lower())

    def set_default(self, contract: str, selector: bytes, result: bytes | Reverts) -> None:
        """What calls of a view return whose arguments have no result of their own."""
        self._defaults[contract.lower(), selector] = result
        self._contracts.add(contract.lower())

    def view(self, contract: str, data: bytes, number: int | None = None) -> bytes | Reverts:
        """What the call returns at the end of that block, or by now. Nothing (b"") where there is no code."""
        at = len(self.blocks) if number is None else number
        history = self._views.get((contract.lower(), data), [])
        place = bisect_right(history, at, key=lambda entry: entry[0])
        if place:
            return history[place - 1][1]
        missing: bytes | Reverts = Reverts() if contract.lower() in self._contracts else b""
        return self._defaults.get((contract.lower(), data[:4]), missing)

    def has_code(self, address: str) -> bool:
        """Whether the address is a contract with views."""
        return address.lower() in self._contracts


def _raw_logs(number: int, block_hash: str, time: int, transactions: Sequence[Transaction]) -> list[dict[str, Any]]:
    logs: list[dict[str, Any]] = []
    for index, transaction in enumerate(transactions):
        for log in transaction.logs:
            logs.append(
                {
                    "address": log.address.lower(),
                    "topics": log.topics,
                    "data": "0x" + log.data.hex(),
                    "blockHash": block_hash,
                    "blockNumber": hex(number),
                    "blockTimestamp": hex(time),
                    "transactionHash": transaction.hash,
                    "transactionIndex": hex(index),
                    "logIndex": hex(len(logs)),
                    "removed": False,
                }
            )
    return logs
