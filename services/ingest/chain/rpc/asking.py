"""Requests to one endpoint until each has an answer that can be used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

from services.ingest.backoff import Backoff
from services.ingest.chain.rpc.endpoint import Endpoint
from services.ingest.chain.rpc.errors import ChainUnavailable, Damaged, StateUnavailable
from services.ingest.chain.rpc.faults import Fault, FaultKind
from services.ingest.chain.rpc.transport import Request

T = TypeVar("T")
# A fault of one item to the value that stands for it, or None to ask again; the flag says that it was the last try.
Settle = Callable[[Fault, bool], T | None]

# Faults of an item in a reply that is otherwise well: the batch may be the reason.
_ALONE: Final = frozenset({FaultKind.MISSING, FaultKind.DAMAGED})


async def ask(
    endpoint: Endpoint,
    requests: Sequence[Request],
    read: Callable[[Any], T],
    *,
    settle: Settle[T] | None = None,
    most_per_batch: int | None = None,
) -> list[T]:
    """Every result through `read`, in order; what fails or is Damaged is asked again, alone if it was an item's fault.

    ChainUnavailable when that does not help, StateUnavailable when the node has dropped the state asked for.
    """
    options = endpoint.options
    asking = _Asking(endpoint, requests, read, settle, most_per_batch)
    backoff = Backoff(base_seconds=options.retry_base_seconds, cap_seconds=options.retry_cap_seconds)
    for left in reversed(range(options.attempts)):
        await asking.round(is_last=not left)
        if not asking.faults:
            return asking.in_order()
        endpoint.counters.repeated_items += len(asking.faults)
        if not left or not endpoint.is_usable or asking.is_pruned():
            break
        await asyncio.sleep(backoff.next_delay())
    raise asking.failure()


class _Asking(Generic[T]):
    """The requests with what came of them so far."""

    def __init__(
        self,
        endpoint: Endpoint,
        requests: Sequence[Request],
        read: Callable[[Any], T],
        settle: Settle[T] | None,
        most_per_batch: int | None,
    ) -> None:
        self._endpoint = endpoint
        self._requests = requests
        self._read = read
        self._settle = settle
        self._most_per_batch = most_per_batch
        self._results: dict[int, T] = {}
        self._pending: Iterable[int] = range(len(requests))
        self.faults: dict[int, Fault] = {}  # by the place of the request

    async def round(self, *, is_last: bool) -> None:
        """Ask for what has no answer yet."""
        before, self.faults = self.faults, {}
        alone = [at for at, fault in before.items() if fault.kind in _ALONE]
        lonely = set(alone)
        await self._send([at for at in self._pending if at not in lonely], self._most_per_batch, is_last=is_last)
        await self._send(alone, 1, is_last=is_last)
        self._pending = list(self.faults)

    def in_order(self) -> list[T]:
        """The values, when there is no fault left."""
        return [self._results[at] for at in range(len(self._requests))]

    def is_pruned(self) -> bool:
        """Whether asking this node again is no use: it has dropped the state."""
        return any(fault.kind is FaultKind.PRUNED for fault in self.faults.values())

    def failure(self) -> ChainUnavailable:
        """What to raise for the faults that are left."""
        error = StateUnavailable if self.is_pruned() else ChainUnavailable
        at, fault = next(iter(self.faults.items()))
        name, text = self._endpoint.name, self._endpoint.address.redact(fault.text)
        of_all = f"{len(self.faults)} of {len(self._requests)} requests"
        return error(f"{name}: {self._requests[at].method}: {text} ({of_all})")

    async def _send(self, places: Sequence[int], most_per_batch: int | None, *, is_last: bool) -> None:
        def take(index: int, reply: Any) -> None:
            value = self._value(reply, is_last=is_last)
            if isinstance(value, Fault):
                self.faults[places[index]] = value
            else:
                self._results[places[index]] = value

        if places:
            await self._endpoint.send([self._requests[at] for at in places], take, most_per_batch=most_per_batch)

    def _value(self, reply: Any, *, is_last: bool) -> T | Fault:
        if isinstance(reply, Fault):
            settled = self._settle(reply, is_last) if self._settle else None
            return reply if settled is None else settled
        try:
            return self._read(reply)
        except Damaged as error:
            return Fault(FaultKind.DAMAGED, str(error))
