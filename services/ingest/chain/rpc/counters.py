"""Figures of the chain reader since its start, as plain numbers: whoever serves metrics reads them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from services.ingest.chain.rpc.faults import FaultKind


@dataclass(slots=True)
class Counters:
    """Totals over all endpoints."""

    exchanges: int = 0  # HTTP requests sent
    items: int = 0  # JSON-RPC requests in them
    bytes_received: int = 0
    repeated_items: int = 0  # JSON-RPC requests that had to be sent again
    faults: Counter[FaultKind] = field(default_factory=Counter)
    narrowed_ranges: int = 0  # ranges of blocks that a node refused and that were cut
    torn_windows: int = 0
    second_looks: int = 0  # blocks whose empty or short list of logs was not believed
    found_by_second_look: int = 0  # of these, blocks that did have more logs
    failovers: int = 0  # windows and calls that another endpoint answered
    blocks: int = 0
    logs: int = 0
