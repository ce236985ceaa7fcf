"""Which endpoint is preferred: the first one configured that is not behind the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.ingest.chain.rpc.blocks import Head
from services.ingest.chain.rpc.endpoint import Endpoint
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.rpc.options import ReaderOptions
from services.ingest.chain.rpc.pacing import Clock


class Survey:
    """Asks the preferred endpoint for its head, and all of them from time to time or when it stands still."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        options: ReaderOptions,
        head_of: Callable[[Endpoint], Awaitable[Head]],
        *,
        clock: Clock,
    ) -> None:
        self._endpoints = endpoints
        self._options = options
        self._head_of = head_of
        self._clock = clock
        self._preferred = endpoints[0]
        self._surveyed_at: float | None = None
        self._highest = -1
        self._advanced_at = clock()

    def order(self, first: str | None = None) -> list[Endpoint]:
        """Usable endpoints: the named one or else the preferred first, the others as configured."""
        name = first or self._preferred.name
        usable = [endpoint for endpoint in self._endpoints if endpoint.is_usable]
        return sorted(usable, key=lambda endpoint: endpoint.name != name)

    async def head(self) -> Head:
        """The preferred endpoint's head; ChainUnavailable when no endpoint tells one."""
        if not self._is_due() and self._preferred.is_usable:
            try:
                return self._seen(await self._head_of(self._preferred))
            except ChainUnavailable:
                if len(self._endpoints) == 1:
                    raise
        return self._seen(await self._ask_all())

    def _is_due(self) -> bool:
        if len(self._endpoints) == 1:
            return False
        now = self._clock()
        if self._surveyed_at is None or now - self._surveyed_at > self._options.survey_seconds:
            return True
        stale = self._options.stale_seconds
        return now - self._advanced_at > stale and now - self._surveyed_at > stale

    async def _ask_all(self) -> Head:
        self._surveyed_at = self._clock()
        usable = [endpoint for endpoint in self._endpoints if endpoint.is_usable]
        answers = await asyncio.gather(*map(self._head_of, usable), return_exceptions=True)
        heads: list[tuple[Endpoint, Head]] = []
        failures: list[BaseException] = []
        for endpoint, answer in zip(usable, answers, strict=True):
            if isinstance(answer, BaseException):
                failures.append(answer)
            else:
                heads.append((endpoint, answer))
        unexpected = next((error for error in failures if not isinstance(error, ChainUnavailable)), None)
        if unexpected is not None:
            raise unexpected
        if not heads:
            raise failures[0] if failures else ChainUnavailable("no RPC endpoint can be asked at the moment")
        best = max(head.number for _, head in heads)
        self._preferred, head = next(item for item in heads if item[1].number >= best - self._options.lag_blocks)
        return head

    def _seen(self, head: Head) -> Head:
        if head.number > self._highest:
            self._highest = head.number
            self._advanced_at = self._clock()
        return head
