"""One node: what it can, how much it bears, and requests sent to it accordingly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import aiohttp

from libs.telemetry import get_logger
from services.ingest.backoff import Backoff
from services.ingest.chain.rpc.address import NodeAddress
from services.ingest.chain.rpc.counters import Counters
from services.ingest.chain.rpc.errors import ChainUnavailable, Damaged, StateUnavailable
from services.ingest.chain.rpc.faults import Fault, FaultKind
from services.ingest.chain.rpc.options import ReaderOptions
from services.ingest.chain.rpc.pacing import AdaptiveSize, Breaker, Gate
from services.ingest.chain.rpc.transport import Request, Transport

logger = get_logger(__name__)

T = TypeVar("T")
# A fault of one item to the value that stands for it, or None to ask again; the flag says that it was the last try.
Settle = Callable[[Fault, bool], T | None]

_OVERLOAD: Final = frozenset({FaultKind.THROTTLED, FaultKind.TIMEOUT, FaultKind.UNREACHABLE})
_NO_ANSWER: Final = frozenset({FaultKind.TIMEOUT, FaultKind.UNREACHABLE, FaultKind.DAMAGED})
_TOO_MUCH: Final = frozenset({FaultKind.TIMEOUT, FaultKind.TOO_LARGE, FaultKind.BATCH_REFUSED})
_ALONE: Final = frozenset({FaultKind.MISSING, FaultKind.DAMAGED})
_DOWN: Final = Fault(FaultKind.UNREACHABLE, "not asked: it failed too often")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a node can, as its answers showed. False may also mean that it could not be found out."""

    chain_id: int
    batches: bool
    log_ranges: bool  # eth_getLogs over more than one block
    block_hash: bool  # eth_getLogs by blockHash
    block_receipts: bool
    log_timestamps: bool
    blooms: bool  # headers have a logsBloom that fits the logs


class Endpoint:
    """One RPC URL with what was learned about it."""

    def __init__(
        self, session: aiohttp.ClientSession, address: NodeAddress, counters: Counters, options: ReaderOptions
    ) -> None:
        self.address = address
        self.counters = counters
        self.options = options
        self.capabilities: Capabilities | None = None
        self.verified = False  # probed since its last outage: another node may answer under the URL afterwards
        self.refused = ""  # why it is not used at all
        self.fills_blooms = False  # a bloom was seen that is not zero
        self.skips_blooms = False  # a bloom was seen that lacks logs: zero proves nothing then
        self.batch = AdaptiveSize(start=options.start_batch, most=options.most_batch)
        self.span = AdaptiveSize(start=options.start_span, most=options.most_span)
        self.gate = Gate(start=options.start_concurrency, most=options.most_concurrency)
        self._breaker = Breaker(
            threshold=options.breaker_failures,
            base_seconds=options.breaker_base_seconds,
            cap_seconds=options.breaker_cap_seconds,
        )
        self._transport = Transport(
            session,
            address,
            counters,
            timeout_seconds=options.timeout_seconds,
            max_reply_bytes=options.max_reply_bytes,
        )

    @property
    def name(self) -> str:
        """Host, port and place in the list: what may be logged."""
        return self.address.name

    @property
    def is_usable(self) -> bool:
        """Whether asking it now makes sense."""
        return (
            not self.refused and not self._breaker.is_open and self.gate.pause_seconds <= self.options.patience_seconds
        )

    async def send(self, requests: Sequence[Request], *, most_per_batch: int | None = None) -> list[Any]:
        """Results or Faults in the order of the requests, in as many batches as the node bears. Never raises."""
        replies: list[Any] = [_DOWN] * len(requests)
        start = 0
        async with asyncio.TaskGroup() as group:
            while start < len(requests) and self.is_usable:
                entered_in = await self.gate.enter()
                size = min(self.batch.size, most_per_batch or self.batch.size)
                part = requests[start : start + size]
                group.create_task(self._exchange(part, replies, start, entered_in))
                start += len(part)
        return replies

    async def ask(
        self,
        requests: Sequence[Request],
        read: Callable[[Any], T],
        *,
        settle: Settle[T] | None = None,
        most_per_batch: int | None = None,
    ) -> list[T]:
        """Every result through `read`, in order; what fails or is Damaged is asked again, alone if it was an item's.

        ChainUnavailable when that does not help, StateUnavailable when the node has dropped the state asked for.
        """
        results: dict[int, T] = {}
        pending, alone = list(range(len(requests))), set[int]()
        backoff = Backoff(base_seconds=self.options.retry_base_seconds, cap_seconds=self.options.retry_cap_seconds)
        for attempt in range(self.options.attempts):
            last = attempt == self.options.attempts - 1
            faults: dict[int, Fault] = {}
            for group, most in (([at for at in pending if at not in alone], most_per_batch), (sorted(alone), 1)):
                replies = await self.send([requests[at] for at in group], most_per_batch=most) if group else []
                for at, reply in zip(group, replies, strict=True):
                    value = _value(reply, read, settle, last)
                    if isinstance(value, Fault):
                        faults[at] = value
                    else:
                        results[at] = value
            if not faults:
                return [results[at] for at in range(len(requests))]
            self._note(faults)
            pending, alone = list(faults), {at for at, fault in faults.items() if fault.kind in _ALONE}
            if last or not self.is_usable:
                break
            await asyncio.sleep(backoff.next_delay())
        raise self._given_up(requests, faults)

    def _note(self, faults: dict[int, Fault]) -> None:
        self.counters.repeated_items += len(faults)
        pruned = next((fault for fault in faults.values() if fault.kind is FaultKind.PRUNED), None)
        if pruned is not None:
            raise StateUnavailable(f"{self.name}: {self.address.redact(pruned.text)}")

    def _given_up(self, requests: Sequence[Request], faults: dict[int, Fault]) -> ChainUnavailable:
        at, fault = next(iter(faults.items()))
        text = self.address.redact(fault.text)
        return ChainUnavailable(
            f"{self.name}: {requests[at].method}: {text} ({len(faults)} of {len(requests)} requests)"
        )

    async def _exchange(self, part: Sequence[Request], replies: list[Any], start: int, entered_in: int) -> None:
        overloaded = False
        try:
            outcome = await self._transport.exchange(part)
            answers = [outcome] * len(part) if isinstance(outcome, Fault) else outcome
            replies[start : start + len(part)] = answers
            overloaded = self._learn(outcome, len(part))
        finally:
            await self.gate.leave(entered_in, overloaded=overloaded)

    def _learn(self, outcome: list[Any] | Fault, size: int) -> bool:
        """Adjust to an exchange's outcome; True when the node was asked for too much at once."""
        if isinstance(outcome, Fault):
            return self._learn_from_failure(outcome, size)
        self._breaker.succeeded()
        faults = [reply for reply in outcome if isinstance(reply, Fault)]
        self.counters.faults.update(fault.kind for fault in faults)
        if not faults:
            self.batch.accepted(size)
        return any(fault.kind is FaultKind.THROTTLED for fault in faults)

    def _learn_from_failure(self, fault: Fault, size: int) -> bool:
        self.counters.faults[fault.kind] += 1
        if fault.kind in _TOO_MUCH and size > 1:
            self.batch.refused(size, fault.allowed)
        if fault.retry_after_seconds is not None:
            self.gate.pause(fault.retry_after_seconds)
        if fault.kind not in _NO_ANSWER:
            self._breaker.succeeded()
        elif self._breaker.failed():
            self.verified = False
            logger.warning("rpc_endpoint_down", endpoint=self.name, reason=self.address.redact(fault.text))
        return fault.kind in _OVERLOAD


def _value(reply: Any, read: Callable[[Any], T], settle: Settle[T] | None, last: bool) -> T | Fault:
    if isinstance(reply, Fault):
        settled = settle(reply, last) if settle else None
        return reply if settled is None else settled
    try:
        return read(reply)
    except Damaged as error:
        return Fault(FaultKind.DAMAGED, str(error))
