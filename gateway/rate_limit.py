"""A limit of requests per minute and client, counted in this process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_SECONDS = 60.0
MAX_CLIENTS = 65_536


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, and what the RateLimit headers say; `reset_seconds` is rounded up."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """The RateLimit headers."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


class RateLimiter:
    """Windows of a minute that begin with a client's first request; the oldest of too many clients are forgotten."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        # Client to (begin of its window, requests in it), oldest window first.
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, client: str) -> Verdict:
        """Count one request of a client."""
        now = self._clock()
        began, count = self._windows.get(client, (now, 0))
        if now - began >= WINDOW_SECONDS:
            began, count = now, 0
        if count == 0:
            self._windows.pop(client, None)
            if len(self._windows) >= MAX_CLIENTS:
                self._windows.popitem(last=False)
        # A refused request is not counted: the count never runs away.
        allowed = count < self._limit
        count += allowed
        self._windows[client] = (began, count)
        return Verdict(allowed, self._limit, self._limit - count, math.ceil(began + WINDOW_SECONDS - now))
