"""The change log as a stream: every watcher reads it in order, woken by notifications and by a clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from libs.database import Pool, database_errors
from services.ingest.cancellation import raise_if_cancelled
from services.ingest.domain import Change
from services.ingest.repository import changes

# Watchers are promised a message every 500 ms; reading and sending take their part of it.
HEARTBEAT_SECONDS: Final = 0.4
PAGE: Final = 1_000


class ChangeFeed:
    """Wakes the watchers of the change log."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There may be something new."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def bounds(self) -> tuple[int, int]:
        """Number of the oldest change that is kept, and of the newest."""
        async with database_errors(), self._pool.connection() as conn:
            return await changes.find_bounds(conn)

    async def watch(self, after: int) -> AsyncIterator[tuple[int, list[Change]]]:
        """(number up to which the watcher is complete, changes) for ever; without changes at every heartbeat."""
        while True:
            raise_if_cancelled()
            # Taken before reading, so that nothing that commits in between is slept through.
            news = self._news
            async with database_errors(), self._pool.connection() as conn:
                page = await changes.list_after(conn, after, PAGE)
            after = page[-1].sequence if page else after
            yield after, page
            if len(page) < PAGE:
                await _wait(news)


async def _wait(news: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            await news.wait()
    except TimeoutError:
        return
