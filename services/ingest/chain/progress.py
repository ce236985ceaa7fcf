"""How a backfill gets on: a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from libs.telemetry import get_logger

log = get_logger(__name__)

REPORT_SECONDS: Final = 5.0


class Progress:
    """Counts blocks and events, and says how fast they come and how long the rest takes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._blocks = 0
        self._events = 0
        self._filling = False

    def count(self, *, blocks: int, events: int) -> None:
        """These were read."""
        self._blocks += blocks
        self._events += events

    def report(self, next_block: int, last_block: int, *, caught_up: bool) -> None:
        """Write a line when one is due: while there is much to read, and once when it is done."""
        elapsed = self._clock() - self._since
        if caught_up:
            if self._filling:
                log.info("caught up", block=last_block)
            self._restart(filling=False)
        elif elapsed >= REPORT_SECONDS:
            rate = self._blocks / elapsed
            log.info(
                "backfill",
                block=next_block - 1,
                of=last_block,
                blocks_per_second=round(rate),
                events_per_second=round(self._events / elapsed),
                seconds_left=round((last_block - next_block + 1) / rate) if rate else None,
            )
            self._restart(filling=True)

    def _restart(self, *, filling: bool) -> None:
        self._since = self._clock()
        self._blocks = self._events = 0
        self._filling = filling
