"""Views of contracts: eth_call in batches, where a revert is a value and an outage an exception."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from services.ingest.chain.rpc.asking import ask
from services.ingest.chain.rpc.endpoint import Endpoint
from services.ingest.chain.rpc.errors import Damaged
from services.ingest.chain.rpc.faults import Fault, FaultKind
from services.ingest.chain.rpc.transport import Request

BlockTag = int | Literal["latest"]

_DATA: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_CALLS_PER_EXCHANGE: Final = 100


class Call(NamedTuple):
    """A call of a contract, without sender and value."""

    to: str  # 0x and 40 hex digits
    data: bytes  # selector and ABI-encoded arguments


@dataclass(frozen=True, slots=True)
class Reverted:
    """The contract's refusal: it reverted, ran out of gas or of time, or its code is broken."""

    reason: str  # the node's words
    data: bytes = b""


async def call_many(endpoint: Endpoint, calls: Sequence[Call], block: BlockTag) -> list[bytes | Reverted]:
    """What each call returns, in order; an address without code returns nothing (b"")."""
    tag = hex(block) if isinstance(block, int) else block
    gas = hex(endpoint.options.call_gas)
    requests = [
        Request("eth_call", ({"to": call.to, "data": "0x" + call.data.hex(), "gas": gas}, tag)) for call in calls
    ]
    return await ask(endpoint, requests, _read_bytes, settle=_reverted, most_per_batch=_CALLS_PER_EXCHANGE)


def _read_bytes(value: Any) -> bytes | Reverted:
    if type(value) is not str or not _DATA.fullmatch(value):
        raise Damaged("the result of a call is not hex")
    return bytes.fromhex(value[2:])


def _reverted(fault: Fault, last: bool) -> bytes | Reverted | None:
    # A node under load stops calls too, so a slow one is only believed to be the contract's doing in the end.
    if fault.kind is FaultKind.REVERTED or (fault.kind is FaultKind.SLOW_CALL and last):
        data = bytes.fromhex(fault.data[2:]) if _DATA.fullmatch(fault.data) else b""
        return Reverted(fault.text, data)
    return None
