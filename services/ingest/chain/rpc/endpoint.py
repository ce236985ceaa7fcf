"""One node: what it can, how much it bears, and requests sent to it accordingly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from libs.telemetry import get_logger
from services.ingest.chain.rpc.address import NodeAddress
from services.ingest.chain.rpc.counters import Counters
from services.ingest.chain.rpc.faults import Fault, FaultKind
from services.ingest.chain.rpc.options import ReaderOptions
from services.ingest.chain.rpc.pacing import AdaptiveSize, Breaker, Gate
from services.ingest.chain.rpc.transport import Request, Transport

logger = get_logger(__name__)

_OVERLOAD: Final = frozenset({FaultKind.THROTTLED, FaultKind.TIMEOUT, FaultKind.UNREACHABLE})
_NO_ANSWER: Final = frozenset({FaultKind.TIMEOUT, FaultKind.UNREACHABLE, FaultKind.DAMAGED})
_TOO_MUCH: Final = frozenset({FaultKind.TIMEOUT, FaultKind.TOO_LARGE, FaultKind.BATCH_REFUSED})
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

    async def send(
        self, requests: Sequence[Request], take: Callable[[int, Any], None], *, most_per_batch: int | None = None
    ) -> None:
        """Ask in as many batches as the node bears; `take` gets each request's place and its result or Fault.

        Answers are taken as they come, so that a raw reply is not kept longer than needed. `take` must not raise.
        """
        start = 0
        async with asyncio.TaskGroup() as group:
            while start < len(requests) and self.is_usable:
                entered_in = await self.gate.enter()
                size = min(self.batch.size, most_per_batch or self.batch.size)
                part = requests[start : start + size]
                group.create_task(self._exchange(part, take, start, entered_in))
                start += len(part)
        for at in range(start, len(requests)):
            take(at, _DOWN)

    async def _exchange(
        self, part: Sequence[Request], take: Callable[[int, Any], None], start: int, entered_in: int
    ) -> None:
        overloaded = False
        try:
            outcome = await self._transport.exchange(part)
            overloaded = self._learn(outcome, len(part))
        finally:
            await self.gate.leave(entered_in, overloaded=overloaded)
        answers = [outcome] * len(part) if isinstance(outcome, Fault) else outcome
        for at, answer in enumerate(answers, start=start):
            take(at, answer)

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
