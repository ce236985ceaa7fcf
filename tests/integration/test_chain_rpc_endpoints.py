"""Several endpoints, reorganisations under a request, and nodes that can't be used."""

from __future__ import annotations

import dataclasses

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from services.ingest.chain.rpc.errors import ChainUnavailable, WindowTorn, WrongChain
from services.ingest.chain.rpc.faults import FaultKind
from services.ingest.chain.rpc.reader import ChainReader, open_reader
from tests.chain_node.activity import Activity
from tests.chain_node.chain import Chain
from tests.chain_node.faults import Fault, Faults, Traits
from tests.chain_node.recorded import recorded_chain
from tests.chain_node.server import running_node
from tests.integration.chain_reading import FAST, assert_complete, copy_chain, head_at

ALWAYS_SURVEY = dataclasses.replace(FAST, survey_seconds=0.0)
CLOSED = "http://127.0.0.1:1/v3/SecretProjectKey"  # nothing listens there


class HidesLogs(Faults):
    """Every list of logs is empty, for ever."""

    def lies_about(self, fault: Fault, block_hash: str) -> bool:
        return fault is Fault.EMPTY_LOGS


def chain_of(seed: int, blocks: int = 40) -> Activity:
    activity = Activity(seed)
    activity.mine(blocks)
    return activity


async def test_a_node_of_another_chain_is_refused_loudly_and_not_used():
    chain = recorded_chain()
    async with (
        running_node(chain, Traits(chain_id=1)) as wrong,
        running_node(chain) as right,
        open_reader([wrong.url, right.url], chain_id=125, options=FAST) as reader,
    ):
        with capture_logs() as lines:
            copy = await copy_chain(reader, 138, size=139)
        assert_complete(copy, chain)
        assert [state.refused for state in reader.states()] == ["it serves chain 1 instead of 125", ""]
        assert wrong.requests["eth_chainId"] <= 2
        refused = [line for line in lines if line["event"] == "rpc_endpoint_refused"]
        assert [(line["log_level"], line["reason"]) for line in refused] == [
            ("error", "it serves chain 1 instead of 125")
        ]


async def test_when_all_nodes_serve_another_chain_it_says_so_every_time():
    async with (
        running_node(recorded_chain(), Traits(chain_id=1)) as wrong,
        open_reader([wrong.url, wrong.url], chain_id=125, options=FAST) as reader,
    ):
        for _ in range(2):
            with pytest.raises(WrongChain, match="serves chain 1 instead of 125"):
                await reader.head()


async def test_an_unreachable_node_is_passed_over_and_its_key_is_never_shown():
    chain = recorded_chain()
    async with running_node(chain) as node, open_reader([CLOSED, node.url], chain_id=125, options=FAST) as reader:
        with capture_logs() as lines:
            copy = await copy_chain(reader, 138, size=50)
        assert_complete(copy, chain)
        assert "SecretProjectKey" not in f"{lines}{reader.states()}{reader.counters}"
    async with open_reader([CLOSED], chain_id=125, options=FAST) as alone:
        with pytest.raises(ChainUnavailable, match=r"^127\.0\.0\.1:1#1: eth_chainId: ClientConnectorError") as failure:
            await alone.head()
        assert "SecretProjectKey" not in repr(failure.value)


async def test_a_node_that_repeats_a_wrong_key_does_not_get_it_into_errors():
    async def refuse(_request: web.Request) -> web.Response:
        return web.json_response(
            {"id": None, "error": {"code": -32000, "message": "no project 4711SecretKey"}}, status=401
        )

    app = web.Application()
    app.router.add_post("/{key}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/4711SecretKey"
    try:
        async with open_reader([url], chain_id=125, options=FAST) as reader:
            with pytest.raises(ChainUnavailable, match=r"no project \*\*\*"):
                await reader.head()
    finally:
        await runner.cleanup()


async def test_reading_goes_on_at_another_node_when_one_dies_in_the_middle():
    chain = recorded_chain()
    async with (
        running_node(chain) as first,
        running_node(chain) as second,
        open_reader([first.url, second.url], chain_id=125, options=FAST) as reader,
    ):
        head = await reader.head()
        before = await reader.fetch(0, 70, head)
        first.down = True
        after = await reader.fetch(71, 138, head)
        assert (before.endpoint, after.endpoint) == (reader.states()[0].name, reader.states()[1].name)
        assert before.logs + after.logs == chain.logs
        assert reader.counters.failovers == 1


async def test_a_node_that_comes_back_is_checked_again_before_it_is_used():
    chain = recorded_chain()
    async with (
        running_node(chain) as node,
        open_reader([node.url], chain_id=125, options=FAST) as reader,
    ):
        await reader.head()
        node.down = True
        for _ in range(3):
            with pytest.raises(ChainUnavailable):
                await reader.head()
        node.down = False
        node.traits = Traits(chain_id=7)
        with pytest.raises(WrongChain):
            await copy_chain(reader, 138, size=139)


async def test_a_node_that_lags_behind_is_not_preferred():
    chain = recorded_chain()
    async with (
        running_node(chain, Traits(lag=20)) as slow,
        running_node(chain) as fast,
        open_reader([slow.url, fast.url], chain_id=125, options=ALWAYS_SURVEY) as reader,
    ):
        assert (await reader.head()).number == 138
        slow.traits = Traits(lag=2)
        # Within the tolerance the first one configured is taken, and its head with it.
        assert await reader.head() == dataclasses.replace(await reader.head(), number=136)


async def test_head_and_logs_come_from_one_node_also_when_the_other_lags():
    activity = chain_of(1)
    async with (
        running_node(activity.chain) as ahead,
        running_node(activity.chain, Traits(lag=10)) as behind,
        open_reader([ahead.url, behind.url], chain_id=125, options=FAST) as reader,
    ):
        head = await reader.head()
        window = await reader.fetch(0, head.number, head)
        assert window.endpoint == head.endpoint == reader.states()[0].name
        assert window.logs == activity.chain.logs
        assert behind.requests["eth_getLogs"] <= 25  # its probe


async def test_a_node_on_another_fork_does_not_stand_in():
    ours, theirs = chain_of(1), chain_of(1)
    theirs.reorganise(5, blocks=6)
    async with (
        running_node(ours.chain) as first,
        running_node(theirs.chain) as second,
        open_reader([first.url, second.url], chain_id=125, options=FAST) as reader,
    ):
        head = await reader.head()
        first.down = True
        with pytest.raises(ChainUnavailable):
            await reader.fetch(0, 10, head)
        assert (await copy_chain(reader, theirs.chain.head.number, size=50)).logs == theirs.chain.logs


async def test_a_witness_on_another_fork_adds_no_logs():
    ours, theirs = chain_of(1), chain_of(1)
    theirs.reorganise(8, blocks=8)
    traits = Traits(blooms=False, block_receipts=False, block_hash_queries=False)
    async with (
        running_node(ours.chain, traits) as first,
        running_node(theirs.chain, traits) as second,
        open_reader([first.url, second.url], chain_id=125, options=ALWAYS_SURVEY) as reader,
    ):
        copy = await copy_chain(reader, ours.chain.head.number, size=50)
        assert second.requests["eth_getLogs"] > 0
    assert_complete(copy, ours.chain)


async def test_a_witness_knows_what_a_lagging_index_does_not():
    chain = chain_of(3).chain
    traits = Traits(blooms=False, block_receipts=False)
    async with (
        running_node(chain, traits, HidesLogs()) as first,
        running_node(chain, traits) as second,
        open_reader([first.url, second.url], chain_id=125, options=ALWAYS_SURVEY) as reader,
    ):
        copy = await copy_chain(reader, chain.head.number, size=50)
        assert reader.counters.found_by_second_look > 10
    assert_complete(copy, chain)


async def test_logs_that_a_bloom_proves_and_no_node_has_stop_the_reading():
    chain = chain_of(3).chain
    options = dataclasses.replace(FAST, attempts=3)
    async with (
        running_node(chain, Traits(block_receipts=False), HidesLogs()) as node,
        open_reader([node.url], chain_id=125, options=options) as reader,
    ):
        head = await reader.head()
        with pytest.raises(ChainUnavailable, match=r"logs of block .* are missing"):
            await reader.fetch(0, head.number, head)
    untrusting = dataclasses.replace(options, trust_blooms=False)
    async with (
        running_node(chain, Traits(block_receipts=False), HidesLogs()) as node,
        open_reader([node.url], chain_id=125, options=untrusting) as reader,
    ):
        assert (await reader.fetch(0, 30, await reader.head())).logs == []


@pytest.mark.parametrize("method", ["eth_getBlockByNumber", "eth_getLogs"])
async def test_a_reorganisation_in_the_middle_of_a_window_never_mixes_two_forks(method):
    activity = chain_of(2)
    seen = 0

    def reorganise(called: str) -> None:
        nonlocal seen
        seen += called == method
        if called == method and seen == 30:
            activity.reorganise(12)

    async with (
        running_node(activity.chain, Traits(one_block_logs=True)) as node,
        open_reader([node.url], chain_id=125, options=FAST) as reader,
    ):
        head = await reader.head()
        seen = 0
        node.before_request = reorganise
        try:
            window = await reader.fetch(0, head.number, head)
        except WindowTorn:
            window = None
        assert seen >= 30
        assert window is None
        new_head = await reader.head()
        assert new_head.hash == activity.chain.head.hash
        assert (await reader.fetch(0, new_head.number, new_head)).logs == activity.chain.logs


async def test_a_reorganisation_below_the_head_gives_a_window_of_one_fork():
    activity = chain_of(2, blocks=60)
    node_requests = 0

    def reorganise(_method: str) -> None:
        nonlocal node_requests
        node_requests += 1
        if node_requests == 25:
            activity.reorganise(30, blocks=40)

    async with running_node(activity.chain) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        head = await reader.head()
        node.before_request = reorganise
        window = await reader.fetch(20, 50, head)
        assert node_requests >= 25
        assert window.logs == [log for block in activity.chain.blocks[20:51] for log in block.logs]
        assert [header.hash for header in window.headers] == [block.hash for block in activity.chain.blocks[20:51]]


async def test_headers_of_single_blocks_are_given_in_the_order_asked_for():
    chain = recorded_chain()
    async with running_node(chain) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        headers = await reader.headers([138, 0, 77], await reader.head())
    assert [header.hash for header in headers] == [chain.blocks[number].hash for number in (138, 0, 77)]


async def test_a_node_that_wants_a_long_pause_is_left_alone_for_it():
    throttling = Faults({Fault.THROTTLE_WITH_WAIT: 1.0})
    options = dataclasses.replace(FAST, patience_seconds=0.02)
    async with (
        running_node(recorded_chain(), None, throttling) as node,
        open_reader([node.url], chain_id=125, options=options) as reader,
    ):
        with pytest.raises(ChainUnavailable):
            await reader.head()
        assert reader.counters.exchanges == 1
        assert not reader.states()[0].usable
        throttling.rates.clear()
        assert (await head_at(reader, 138)).number == 138


async def test_throttling_halves_the_concurrency():
    chain = Chain()
    for _ in range(300):
        chain.append()
    faults = Faults()
    options = dataclasses.replace(FAST, start_concurrency=8, most_batch=16)
    async with (
        running_node(chain, Traits(one_block_logs=True), faults) as node,
        open_reader([node.url], chain_id=125, options=options) as reader,
    ):
        head = await reader.head()
        await reader.fetch(0, 300 - 1, head)
        before = reader.states()[0].concurrency
        faults.rates[Fault.THROTTLE] = 0.5
        await reader.fetch(0, 150, head)
        assert reader.states()[0].concurrency <= before // 2
        assert reader.counters.faults[FaultKind.THROTTLED] > 0


async def test_a_reply_above_the_limit_is_cut_off_and_asked_for_in_smaller_parts():
    options = dataclasses.replace(FAST, max_reply_bytes=60_000)
    chain = recorded_chain()
    async with running_node(chain) as node, open_reader([node.url], chain_id=125, options=options) as reader:
        copy = await copy_chain(reader, 138, size=139)
        assert reader.counters.faults[FaultKind.TOO_LARGE] > 0
    assert_complete(copy, chain)


async def test_a_reader_needs_an_http_url():
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="number 2 of the RPC URLs"):
            ChainReader(session, ["http://localhost:1", "ws://localhost:2"], chain_id=125)
        with pytest.raises(ValueError, match="no RPC URL"):
            ChainReader(session, [], chain_id=125)
