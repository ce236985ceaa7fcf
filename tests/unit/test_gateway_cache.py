"""The cache's rules under a clock that the test moves."""

from __future__ import annotations

import asyncio

import pytest

from gateway.answers import Answer, Responder
from gateway.cache import MAX_SPELLINGS, ResponseCache

RESPONDER = Responder([("Vary", "Accept-Encoding")])


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Counts fetches; waits for its gate when it has one."""

    def __init__(self, *tags: str, size: int = 10) -> None:
        self.fetches = 0
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None
        self._tags = tags
        self._size = size

    async def __call__(self) -> Answer:
        self.fetches += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return RESPONDER.ready({"fetch": self.fetches, "fill": "x" * self._size}, *self._tags)


def _cache(
    clock: Clock | None = None, *, followed: bool = True, max_entries: int = 100, max_bytes: int = 10_000_000
) -> ResponseCache:
    cache = ResponseCache(max_entries=max_entries, max_bytes=max_bytes, clock=clock or Clock())
    if followed:
        cache.heard()
    return cache


async def test_an_answer_lives_on_while_heartbeats_come():
    clock, source = Clock(), Source("a")
    cache = _cache(clock)
    first = await cache.get("k", source)
    for _ in range(100):
        clock.now += 1.4
        cache.heard()
    clock.now += 1.5
    assert await cache.get("k", source) is first
    assert source.fetches == 1


async def test_after_a_second_and_a_half_of_silence_old_answers_are_gone():
    clock, source = Clock(), Source("a")
    cache = _cache(clock)
    await cache.get("k", source)
    clock.now += 1.51
    assert cache.find("k") is None
    assert not cache.is_followed


async def test_the_second_without_a_stream_counts_from_the_begin_of_the_fetch():
    clock, source = Clock(), Source("a")
    cache = _cache(clock, followed=False)
    source.gate = asyncio.Event()
    asking = asyncio.create_task(cache.get("k", source))
    await asyncio.sleep(0)
    clock.now += 0.8
    source.gate.set()
    await asking
    clock.now += 0.2
    assert cache.find("k") is not None
    clock.now += 0.01
    assert cache.find("k") is None


async def test_without_a_stream_nobody_joins_a_flight_that_is_older_than_a_second():
    clock, source = Clock(), Source("a")
    cache = _cache(clock, followed=False)
    source.gate = asyncio.Event()
    early = asyncio.create_task(cache.get("k", source))
    await asyncio.sleep(0)
    clock.now += 1.01
    late = asyncio.create_task(cache.get("k", source))
    await asyncio.sleep(0)
    source.gate.set()
    await asyncio.gather(early, late)
    assert source.fetches == 2


async def test_an_early_flight_that_lands_late_does_not_replace_a_newer_answer():
    clock = Clock()
    cache = _cache(clock, followed=False)
    slow, quick = Source("a"), Source("a")
    slow.gate = asyncio.Event()
    early = asyncio.create_task(cache.get("k", slow))
    await asyncio.sleep(0)
    clock.now += 1.01
    newer = await cache.get("k", quick)
    cache.heard()
    slow.gate.set()
    await early
    assert cache.find("k") is newer


async def test_a_flight_that_missed_its_own_tag_is_not_kept():
    cache, source = _cache(), Source("a", "b")
    source.gate = asyncio.Event()
    asking = asyncio.create_task(cache.get("k", source))
    await asyncio.sleep(0)
    cache.drop(["b"])
    source.gate.set()
    await asking
    assert cache.find("k") is None


async def test_a_flight_that_missed_everything_is_not_kept():
    cache, source = _cache(), Source()
    source.gate = asyncio.Event()
    asking = asyncio.create_task(cache.get("k", source))
    await asyncio.sleep(0)
    cache.drop_all()
    source.gate.set()
    await asking
    assert cache.find("k") is None


async def test_a_failed_flight_fails_all_who_wait_and_is_forgotten():
    cache, source = _cache(), Source("a")
    source.gate, source.error = asyncio.Event(), LookupError("gone")
    asking = [asyncio.create_task(cache.get("k", source)) for _ in range(3)]
    await asyncio.sleep(0)
    source.gate.set()
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(result) for result in results] == [LookupError] * 3
    assert source.fetches == 1
    source.error = None
    assert (await cache.get("k", source)).tags == {"a"}


async def test_a_caller_who_is_cancelled_leaves_the_flight_alone():
    cache, source = _cache(), Source("a")
    source.gate = asyncio.Event()
    leaves = asyncio.create_task(cache.get("k", source))
    stays = asyncio.create_task(cache.get("k", source))
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.gather(leaves, return_exceptions=True)
    source.gate.set()
    assert await stays is cache.find("k")
    assert source.fetches == 1


async def test_closing_ends_what_is_under_way():
    cache, source = _cache(), Source("a")
    source.gate = asyncio.Event()
    asking = asyncio.create_task(cache.get("k", source))
    await asyncio.sleep(0)
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_the_least_recently_used_answer_goes_first():
    cache = _cache(max_entries=2)
    await cache.get("a", Source())
    await cache.get("b", Source())
    cache.find("a")
    await cache.get("c", Source())
    assert [key for key in "abc" if cache.find(key)] == ["a", "c"]


async def test_bytes_are_bounded_and_given_back():
    # Each counts twice its body and 4,096 bytes: about 24,100.
    cache = _cache(max_bytes=50_000)
    for key in "abc":
        await cache.get(key, Source("t", size=10_000))
    assert [key for key in "abc" if cache.find(key)] == ["b", "c"]
    assert 48_000 < cache.size <= 50_000
    await cache.get("huge", Source("t", size=30_000))
    assert cache.find("huge") is None
    assert len(cache) == 2
    cache.drop(["t"])
    assert (len(cache), cache.size) == (0, 0)


async def test_dropping_everything_leaves_nothing_behind():
    cache = _cache()
    await cache.get("a", Source("t"))
    cache.drop_all()
    assert (len(cache), cache.size) == (0, 0)
    cache.drop(["t"])
    await cache.get("a", Source("t"))
    assert len(cache) == 1


async def test_a_learnt_spelling_finds_the_canonical_answer_and_is_bounded():
    cache = _cache()
    answer = await cache.get("/a", Source())
    assert cache.find_spelling("/a") is answer
    assert cache.find_spelling("/a?x=1") is None
    cache.learn("/a?x=1", "/a")
    assert cache.find_spelling("/a?x=1") is answer
    cache.learn("/a?x=" + "1" * 300, "/a")
    assert cache.find_spelling("/a?x=" + "1" * 300) is None
    for number in range(MAX_SPELLINGS):
        cache.learn(f"/a?y={number}", "/a")
    assert cache.find_spelling("/a?x=1") is None
    assert cache.find_spelling(f"/a?y={MAX_SPELLINGS - 1}") is answer
    assert len(cache) == 1
