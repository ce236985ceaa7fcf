"""What goes wrong at a test node: properties it always has, and faults that a seed draws."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """Something that happens now and then."""

    HTTP_ERROR = "http_error"
    DISCONNECT = "disconnect"
    TIMEOUT = "timeout"
    THROTTLE = "throttle"  # 429
    THROTTLE_WITH_WAIT = "throttle_with_wait"  # 429 and Retry-After
    THROTTLED_ITEM = "throttled_item"  # a JSON-RPC error of one item
    TRUNCATED = "truncated"  # half of the JSON
    REFUSED_BATCH = "refused_batch"  # one error object for a whole batch
    ERROR = "error"  # a JSON-RPC error of one item
    SHORT = "short"  # items of a batch left out
    REORDERED = "reordered"
    DUPLICATE = "duplicate"  # an item answered twice
    NULL_BLOCK = "null_block"
    EMPTY_LOGS = "empty_logs"  # a block's logs are not there yet: for its first one or two answers
    LOST_LOGS = "lost_logs"  # the same, but only the last log is not there yet
    OTHER_HASH = "other_hash"  # the logs of another fork
    HEAD_BACK = "head_back"  # "latest" is a few blocks older than it was


NEVER: Mapping[Fault, float] = {}
# Of each HTTP request, item or block: enough that every window meets several.
OFTEN: Mapping[Fault, float] = {
    Fault.HTTP_ERROR: 0.03,
    Fault.DISCONNECT: 0.02,
    Fault.TIMEOUT: 0.01,
    Fault.THROTTLE: 0.03,
    Fault.THROTTLE_WITH_WAIT: 0.01,
    Fault.THROTTLED_ITEM: 0.005,
    Fault.TRUNCATED: 0.02,
    Fault.REFUSED_BATCH: 0.01,
    Fault.ERROR: 0.01,
    Fault.SHORT: 0.04,
    Fault.REORDERED: 0.2,
    Fault.DUPLICATE: 0.04,
    Fault.NULL_BLOCK: 0.01,
    Fault.EMPTY_LOGS: 0.2,
    Fault.LOST_LOGS: 0.2,
    Fault.OTHER_HASH: 0.002,
    Fault.HEAD_BACK: 0.1,
}


class Faults:
    """Draws faults from a seed and counts those that happened."""

    def __init__(self, rates: Mapping[Fault, float] = NEVER, *, seed: int = 0) -> None:
        self.rates = dict(rates)
        self.happened: Counter[Fault] = Counter()
        self.random = random.Random(seed)
        self._seed = seed
        self._lies: dict[tuple[Fault, str], int] = {}

    def draw(self, fault: Fault) -> bool:
        """Whether it happens now."""
        rate = self.rates.get(fault, 0.0)
        happens = rate > 0 and self.random.random() < rate
        self.happened[fault] += happens
        return happens

    def lies_about(self, fault: Fault, block_hash: str) -> bool:
        """Whether this answer hides logs of the block: for a drawn block its first one or two answers do."""
        rate = self.rates.get(fault, 0.0)
        if rate <= 0:
            return False
        key = fault, block_hash
        if key not in self._lies:
            chance = random.Random(f"{self._seed}:{fault}:{block_hash}")
            self._lies[key] = chance.choice((1, 2)) if chance.random() < rate else 0
        lies = self._lies[key] > 0
        self._lies[key] -= lies
        self.happened[fault] += lies
        return lies


@dataclass(frozen=True)
class Dialect:
    """How a kind of node refuses ranges of logs: code and text, `{limit}`, `{first}` and `{last}` filled in."""

    code: int
    too_wide: str
    too_many: str


DIALECTS = {
    "geth": Dialect(-32602, "exceed maximum block range: {limit}", "query exceeds max results {limit}"),
    "erigon": Dialect(-32000, "block range {first}-{last} exceeds {limit}", "query returned more than {limit} results"),
    "alchemy": Dialect(
        -32602,
        "You can make eth_getLogs requests with up to a {limit} block range. Based on your parameters, this block "
        "range should work: [{first:#x}, {last:#x}]",
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on "
        "the response size. Based on your parameters and the response size limit, this block range should work: "
        "[{first:#x}, {last:#x}]",
    ),
    "infura": Dialect(
        -32005,
        "Block range limit exceeded.",
        "query returned more than {limit} results. Try with this block range [{first:#x}, {last:#x}].",
    ),
    "cosmos": Dialect(-32000, "maximum [from, to] blocks distance: {limit}", "query returned more than {limit} logs"),
    "silent": Dialect(-32603, "Internal error", "Internal error"),
}
ONE_BLOCK = Dialect(-32000, "eth_getLogs serves single-block ranges only: fromBlock must equal toBlock", "")


@dataclass(frozen=True)
class Traits:
    """What a node can and can't, always."""

    chain_id: int | None = None  # another one than its chain's
    one_block_logs: bool = False
    max_range: int | None = None  # blocks in one eth_getLogs
    max_results: int | None = None  # logs in one answer
    dialect: str = "geth"
    batches: bool = True
    max_batch: int | None = None
    blooms: bool = True
    block_hash_queries: bool = True
    block_receipts: bool = True
    log_timestamps: bool = True
    state_blocks: int | None = None  # how many blocks' state it keeps
    lag: int = 0  # blocks that it is behind


def error(code: int, message: str, data: str | None = None) -> dict[str, Any]:
    """The `error` member of a reply."""
    return {"code": code, "message": message} | ({} if data is None else {"data": data})
