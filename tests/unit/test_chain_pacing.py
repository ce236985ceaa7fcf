"""Sizes, concurrency and breaks that follow a node's answers."""

from __future__ import annotations

import asyncio

import pytest

from services.ingest.chain.rpc.address import NodeAddress
from services.ingest.chain.rpc.pacing import AdaptiveSize, Breaker, Gate


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ask_a_node(size: AdaptiveSize, limit: int, rounds: int) -> int:
    """So many requests to a node that takes up to `limit`; gives how many it refused."""
    refusals = 0
    for _ in range(rounds):
        if size.size > limit:
            refusals += 1
            size.refused(size.size)
        else:
            size.accepted(size.size)
    return refusals


def test_a_size_doubles_up_to_the_most():
    size = AdaptiveSize(start=100, most=1000)
    ask_a_node(size, 10**9, 10)
    assert size.size == 1000


@pytest.mark.parametrize("limit", [1, 2, 7, 100, 777])
def test_a_size_closes_in_on_a_limit_that_nobody_names_and_then_seldom_tries_more(limit):
    size = AdaptiveSize(start=1000, most=20_000)
    ask_a_node(size, limit, 40)
    refusals = ask_a_node(size, limit, 400)
    assert limit * 0.8 - 1 <= min(size.size, limit) <= limit
    assert refusals < 60


def test_a_named_limit_is_taken_at_once():
    size = AdaptiveSize(start=3001, most=20_000)
    size.refused(3001, (1000, 4000, 2048))
    assert size.size == 2048
    assert ask_a_node(size, 2048, 8) == 0


def test_refusals_of_one_round_shrink_it_once():
    size = AdaptiveSize(start=1000, most=1000)
    for _ in range(5):
        size.refused(1000)
    assert size.size == 500


def test_a_size_never_falls_below_one():
    size = AdaptiveSize(start=2, most=10)
    for _ in range(5):
        size.refused(size.size)
    assert size.size == 1


def test_a_limit_that_went_away_is_found_out():
    size = AdaptiveSize(start=1000, most=1000)
    ask_a_node(size, 10, 50)
    ask_a_node(size, 10**9, 2000)
    assert size.size == 1000


async def test_a_gate_halves_once_for_failures_of_the_same_round_and_grows_slowly():
    gate = Gate(start=8, most=32)
    rounds = [await gate.enter() for _ in range(8)]
    for entered_in in rounds:
        await gate.leave(entered_in, overloaded=True)
    assert gate.limit == 4
    for _ in range(4):
        await gate.leave(await gate.enter(), overloaded=False)
    assert 4.8 < gate.limit < 5


async def test_a_gate_lets_no_more_in_than_its_limit():
    gate = Gate(start=2, most=2)
    first, _second = await gate.enter(), await gate.enter()
    third = asyncio.ensure_future(gate.enter())
    await asyncio.wait([third], timeout=0.02)
    assert not third.done()
    await gate.leave(first, overloaded=False)
    assert await asyncio.wait_for(third, 5) == 0


async def test_a_cancelled_wait_takes_no_place():
    gate = Gate(start=1, most=1)
    gate.pause(60)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(gate.enter(), 0.01)
    gate.pause(-60)
    assert gate.pause_seconds > 50
    assert gate._inside == 0


def test_a_breaker_opens_after_failures_in_a_row_and_one_more_is_enough_after_the_delay():
    clock = Clock()
    breaker = Breaker(threshold=3, base_seconds=1, cap_seconds=60, clock=clock)
    assert [breaker.failed() for _ in range(3)] == [False, False, True]
    assert breaker.is_open
    clock.now += 1.1
    assert not breaker.is_open
    assert breaker.failed()
    clock.now += 0.9
    assert breaker.is_open
    clock.now += 1.2
    breaker.succeeded()
    assert [breaker.failed(), breaker.is_open] == [False, False]


def test_failures_between_successes_open_nothing():
    breaker = Breaker(threshold=2, base_seconds=1, cap_seconds=60, clock=Clock())
    for _ in range(10):
        assert not breaker.failed()
        breaker.succeeded()
    assert not breaker.is_open


def test_an_address_shows_no_part_that_may_be_a_key():
    address = NodeAddress.parse("https://user:p%40ssw0rd@rpc.example.org:8443/v2/SecretKey123?token=abcdef99", 2)
    assert address.name == "rpc.example.org:8443#2"
    assert repr(address) == "NodeAddress(name='rpc.example.org:8443#2')"
    text = "bad key SecretKey123 or abcdef99 for p@ssw0rd"
    assert address.redact(text) == "bad key *** or *** for ***"


@pytest.mark.parametrize(
    "url", ["", "rpc.example.org/key-4711", "ws://host/key-4711", "http://", "http://[::1/key-4711"]
)
def test_a_url_that_is_no_http_url_is_refused_without_showing_it(url):
    with pytest.raises(ValueError, match=r"^number 3 of the RPC URLs") as refusal:
        NodeAddress.parse(url, 3)
    assert "key-4711" not in str(refusal.value)
