"""Ready answers by canonical URL: one flight per key, dropped by change notices, bounded, never stale."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from gateway.answers import Answer

# Without change notices an answer is served no longer than this after its fetch began.
FALLBACK_LIFETIME_SECONDS = 1.0
# The change stream sends something at least every 500 ms.
MAX_SILENCE_SECONDS = 1.5
# Ways to write a URL that are remembered, so that a repeated one needs no parsing.
MAX_SPELLINGS = 4_096
MAX_SPELLING_LENGTH = 256

Fetch = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Entry:
    answer: Answer
    fetched_at: float


@dataclass(eq=False, slots=True)
class _Flight:
    key: str
    started_at: float
    # Tags announced since the start: what was fetched may be older than they are.
    missed: set[str] = field(default_factory=set)
    missed_all: bool = False
    task: asyncio.Task[Answer] | None = None


class ResponseCache:
    """Least recently used answers within `max_entries` and `max_bytes`; times are seconds of `clock`."""

    def __init__(self, *, max_entries: int, max_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._keys_by_tag: defaultdict[str, set[str]] = defaultdict(set)
        self._joinable: dict[str, _Flight] = {}
        self._flights: set[_Flight] = set()
        self._bytes = 0
        self._heard_at = float("-inf")
        self._keys_by_spelling: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes held, as Answer.size counts them."""
        return self._bytes

    @property
    def is_followed(self) -> bool:
        """Whether the change stream is up and not silent."""
        return self._clock() - self._heard_at <= MAX_SILENCE_SECONDS

    def find(self, key: str) -> Answer | None:
        """The answer kept under a canonical URL, None when there is none that may still be served."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not self._is_current(entry.fetched_at):
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return entry.answer

    def find_spelling(self, url: str) -> Answer | None:
        """The answer for a URL as a client wrote it, canonical or learnt."""
        return self.find(self._keys_by_spelling.get(url, url))

    def learn(self, url: str, key: str) -> None:
        """Remember that a URL as written means the canonical one; true for ever, as parsing is pure."""
        if url == key or len(url) > MAX_SPELLING_LENGTH or url in self._keys_by_spelling:
            return
        self._keys_by_spelling[url] = key
        if len(self._keys_by_spelling) > MAX_SPELLINGS:
            self._keys_by_spelling.popitem(last=False)

    async def get(self, key: str, fetch: Fetch) -> Answer:
        """The kept answer, or the one of a flight under way, or that of a new flight; raises what `fetch` raises."""
        answer = self.find(key)
        if answer is not None:
            return answer
        flight = self._joinable.get(key)
        if flight is None or flight.task is None or not self._is_current(flight.started_at):
            flight = _Flight(key, self._clock())
            self._joinable[key] = flight
            self._flights.add(flight)
            flight.task = asyncio.create_task(self._fly(flight, fetch))
            flight.task.add_done_callback(_retrieve)
        # A caller who goes away must not end the flight for the others.
        return await asyncio.shield(flight.task)

    def heard(self) -> None:
        """The change stream has just spoken."""
        self._heard_at = self._clock()

    def lost(self) -> None:
        """The change stream is gone: from now on answers live one second."""
        self._heard_at = float("-inf")

    def drop(self, tags: Iterable[str]) -> None:
        """Forget the answers with any of these tags; flights under way will not be kept under them."""
        tags = set(tags)
        for flight in self._flights:
            flight.missed |= tags
        # Whoever asks after a notice must not get what was fetched before it.
        self._joinable.clear()
        for tag in tags:
            for key in tuple(self._keys_by_tag.get(tag, ())):
                self._remove(key)

    def drop_all(self) -> None:
        """Forget everything, flights under way included."""
        for flight in self._flights:
            flight.missed_all = True
        self._joinable.clear()
        self._entries.clear()
        self._keys_by_tag.clear()
        self._bytes = 0

    async def close(self) -> None:
        """End the flights under way."""
        tasks = [flight.task for flight in self._flights if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_current(self, since: float) -> bool:
        now = self._clock()
        return now - since <= FALLBACK_LIFETIME_SECONDS or now - self._heard_at <= MAX_SILENCE_SECONDS

    async def _fly(self, flight: _Flight, fetch: Fetch) -> Answer:
        try:
            answer = await fetch()
        finally:
            self._flights.discard(flight)
            if self._joinable.get(flight.key) is flight:
                del self._joinable[flight.key]
        if not flight.missed_all and flight.missed.isdisjoint(answer.tags):
            self._store(flight.key, _Entry(answer, flight.started_at))
        return answer

    def _store(self, key: str, entry: _Entry) -> None:
        kept = self._entries.get(key)
        if entry.answer.size > self._max_bytes or (kept and kept.fetched_at > entry.fetched_at):
            return
        self._remove(key)
        self._entries[key] = entry
        self._bytes += entry.answer.size
        for tag in entry.answer.tags:
            self._keys_by_tag[tag].add(key)
        while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
            self._remove(next(iter(self._entries)))

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= entry.answer.size
        for tag in entry.answer.tags:
            keys = self._keys_by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._keys_by_tag[tag]


def _retrieve(task: asyncio.Task[Answer]) -> None:
    # When every caller has gone away nobody else looks at a failure.
    if not task.cancelled():
        task.exception()
