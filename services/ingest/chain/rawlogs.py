"""Raw `eth_getLogs` objects to logs in chain order; what a node garbled is told apart and named."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from services.ingest.chain.contracts import Log, MalformedError, RawAddress

_QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]{1,16}")
_DATA: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_WORD: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")


def read_logs(
    raw_logs: Iterable[Any], topics: Collection[str], block_times: Mapping[str, int]
) -> tuple[list[Log], list[str]]:
    """The logs with one of these first topics, in chain order and once each, and what could not be read.

    `block_times` gives a block's UNIX seconds by its hash, and wins over the node's `blockTimestamp`,
    which not every node fills. Logs marked as removed are left out: their block is off the chain.
    """
    logs: dict[tuple[str, int], Log] = {}
    damaged: list[str] = []
    for raw in raw_logs:
        try:
            if _first_topic(raw) not in topics or raw.get("removed") is True:
                continue
            log = _read_log(raw, block_times)
        except MalformedError as fault:
            damaged.append(str(fault))
        else:
            logs[log.block_hash, log.log_index] = log
    return sorted(logs.values(), key=_place), damaged


def _place(log: Log) -> tuple[int, int]:
    return log.block_number, log.log_index


def _first_topic(raw: Any) -> str:
    if type(raw) is not dict or type(raw.get("topics")) is not list:
        raise MalformedError("a log is not an object with a list of topics")
    topics = raw["topics"]
    if not topics:
        return ""
    return _hex(topics[0], _WORD, "topics")


def _read_log(raw: dict[str, Any], block_times: Mapping[str, int]) -> Log:
    block_hash = _hex(raw.get("blockHash"), _WORD, "blockHash")
    time = block_times.get(block_hash)
    return Log(
        block_number=_quantity(raw, "blockNumber", 2**63),
        log_index=_quantity(raw, "logIndex", 2**31),
        address=RawAddress(_hex(raw.get("address"), _ADDRESS, "address")),
        topics=tuple(_hex(topic, _WORD, "topics") for topic in raw["topics"]),
        data=bytes.fromhex(_hex(raw.get("data"), _DATA, "data")[2:]),
        block_hash=block_hash,
        block_time=_quantity(raw, "blockTimestamp", 2**63) if time is None else time,
        transaction_hash=_hex(raw.get("transactionHash"), _WORD, "transactionHash"),
    )


def _hex(value: Any, pattern: re.Pattern[str], field: str) -> str:
    if type(value) is not str or not pattern.fullmatch(value):
        raise MalformedError(f"{field} of a log is not the hex it should be")
    return value.lower()


def _quantity(raw: dict[str, Any], field: str, limit: int) -> int:
    value = int(_hex(raw.get(field), _QUANTITY, field), 16)
    if value >= limit:
        raise MalformedError(f"{field} of a log is out of range")
    return value
