"""How much to ask of a node at once, and when not to ask it: learned from its answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection

from services.ingest.backoff import Backoff

Clock = Callable[[], float]

_FIRST_PATIENCE = 8
_MOST_PATIENCE = 4096


class AdaptiveSize:
    """A size from 1 to `most` that doubles while a node accepts it, and closes in on what it refuses."""

    def __init__(self, *, start: int, most: int) -> None:
        self.size = min(start, most)
        self._most = most
        self._works = 1  # the largest size that was accepted since a refusal
        self._refused: int | None = None  # the smallest size that was refused lately
        self._patience = _FIRST_PATIENCE
        self._calm = 0

    def refused(self, tried: int, allowed: Collection[int] = ()) -> None:
        """The node refused `tried`; `allowed` are numbers it named, the largest one below is taken as its limit."""
        named = max((number for number in allowed if 1 <= number < tried), default=0)
        smallest = named + 1 if named else max(tried, 2)
        self._refused = smallest if self._refused is None else min(smallest, self._refused)
        if self._works >= tried:
            self._works = 1
        below = self._works if self._works > tried // 4 else max(1, tried // 2)
        self.size = min(self.size, named or below)
        self._calm = 0

    def accepted(self, tried: int) -> None:
        """The node answered `tried`; smaller ones than the current size teach nothing."""
        if tried < self.size:
            return
        self._works = max(self._works, tried)
        self._calm += 1
        if self._refused is None:
            self.size = min(self.size * 2, self._most)
        elif self._refused - self.size > max(1, self.size // 8):
            self.size = min((self.size + self._refused) // 2, self._most)
        elif self._calm >= self._patience:
            # What was too much once need not be so for ever, but asking costs a refusal: ever more seldom.
            self._refused, self._calm = None, 0
            self._patience = min(self._patience * 2, _MOST_PATIENCE)


class Gate:
    """How many exchanges may run at once: one more per round of successes, half after a failure."""

    def __init__(self, *, start: int, most: int, clock: Clock = time.monotonic) -> None:
        self.limit = float(min(start, most))
        self._most = most
        self._clock = clock
        self._inside = 0
        self._round = 0
        self._open_at = 0.0
        self._changed = asyncio.Condition()

    async def enter(self) -> int:
        """Wait for room and for the end of a pause; gives the round, which `leave` wants back."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._inside < int(self.limit))
            self._inside += 1
        while (pause := self.pause_seconds) > 0:
            try:
                await asyncio.sleep(pause)
            except BaseException:
                await self._step_out()
                raise
        return self._round

    async def leave(self, entered_in: int, *, overloaded: bool) -> None:
        """Say how it went. Failures of one round count once: they have one cause."""
        if not overloaded:
            self.limit = min(float(self._most), self.limit + 1 / self.limit)
        elif entered_in == self._round:
            self._round += 1
            self.limit = max(1.0, self.limit / 2)
        await self._step_out()

    def pause(self, seconds: float) -> None:
        """Let nobody enter for so long."""
        self._open_at = max(self._open_at, self._clock() + seconds)

    @property
    def pause_seconds(self) -> float:
        """How long nobody may enter; 0 or less when all may."""
        return self._open_at - self._clock()

    async def _step_out(self) -> None:
        async with self._changed:
            self._inside -= 1
            self._changed.notify_all()


class Breaker:
    """Open after failures in a row: then nothing is sent until a delay is over, longer each time."""

    def __init__(
        self, *, threshold: int, base_seconds: float, cap_seconds: float, clock: Clock = time.monotonic
    ) -> None:
        self._threshold = threshold
        self._backoff = Backoff(base_seconds=base_seconds, cap_seconds=cap_seconds)
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether nothing may be sent now. After the delay one failure is enough to open it again."""
        return self._clock() < self._open_until

    def succeeded(self) -> None:
        """An answer came, of whatever content."""
        self._failures = 0
        self._backoff.reset()

    def failed(self) -> bool:
        """No answer came; True when that opened the breaker."""
        self._failures += 1
        if self._failures < self._threshold or self.is_open:
            return False
        self._open_until = self._clock() + self._backoff.next_delay()
        return True
