"""Reading whole chains from nodes of every kind, with faults: all blocks and all logs, once and in order."""

from __future__ import annotations

import random
from functools import cache

import pytest

from services.ingest.chain.contracts import TradeExecuted, Transfer, VaultDeployed
from services.ingest.chain.rpc.reader import open_reader
from tests.chain_node.activity import Activity
from tests.chain_node.chain import Chain
from tests.chain_node.faults import DIALECTS, OFTEN, Fault, Faults, Traits
from tests.chain_node.recorded import recorded_chain
from tests.chain_node.server import running_node
from tests.integration.chain_reading import FAST, HANG_SECONDS, IMPATIENT, assert_complete, copy_chain

TOPICS = {Transfer.TOPIC, TradeExecuted.TOPIC, VaultDeployed.TOPIC}


@cache
def recorded() -> Chain:
    return recorded_chain()


@cache
def generated() -> Chain:
    activity = Activity(11)
    activity.mine(90, busy=0.5)
    return activity.chain


def any_traits(chance: random.Random) -> Traits:
    """A node of some kind."""
    return Traits(
        one_block_logs=chance.random() < 0.4,
        max_range=chance.choice((None, None, 2, 10, 37)),
        max_results=chance.choice((None, None, 60, 200)),
        dialect=chance.choice(list(DIALECTS)),
        batches=chance.random() < 0.9,
        max_batch=chance.choice((None, None, 5, 20)),
        blooms=chance.random() < 0.7,
        block_hash_queries=chance.random() < 0.5,
        block_receipts=chance.random() < 0.5,
        log_timestamps=chance.random() < 0.5,
    )


@pytest.mark.parametrize("seed", range(30))
async def test_whatever_the_node_and_its_faults_nothing_is_missing_and_nothing_comes_twice(seed):
    chance = random.Random(seed)
    traits = any_traits(chance)
    topics = TOPICS if chance.random() < 0.3 else None
    rates = dict(OFTEN)
    if topics or not traits.blooms:
        # A list that only lacks its end is known by the bloom of all logs alone.
        del rates[Fault.LOST_LOGS]
    chain = recorded() if seed % 2 else generated()
    async with (
        running_node(chain, traits, Faults(rates, seed=seed), hang_seconds=HANG_SECONDS) as node,
        open_reader([node.url], chain_id=125, topics=topics, options=IMPATIENT) as reader,
    ):
        copy = await copy_chain(reader, chain.head.number, size=chance.choice((20, 50, 200)))
    assert_complete(copy, chain, topics, stamps=traits.log_timestamps)
    assert node.faults.happened.total() > 10


RATES = {
    Fault.HTTP_ERROR: 0.3,
    Fault.DISCONNECT: 0.3,
    Fault.TIMEOUT: 0.1,
    Fault.THROTTLE: 0.3,
    Fault.THROTTLE_WITH_WAIT: 0.3,
    Fault.THROTTLED_ITEM: 0.1,
    Fault.TRUNCATED: 0.3,
    Fault.REFUSED_BATCH: 0.3,
    Fault.ERROR: 0.1,
    Fault.SHORT: 0.7,
    Fault.REORDERED: 1.0,
    Fault.DUPLICATE: 0.7,
    Fault.NULL_BLOCK: 0.1,
    Fault.EMPTY_LOGS: 0.9,
    Fault.LOST_LOGS: 0.9,
    Fault.OTHER_HASH: 0.02,
    Fault.HEAD_BACK: 0.5,
}


@pytest.mark.parametrize("one_block", [True, False], ids=["one-block", "wide"])
@pytest.mark.parametrize("fault", list(Fault), ids=str)
async def test_each_fault_alone_loses_nothing(fault, one_block):
    chain = recorded()
    faults = Faults({fault: RATES[fault]}, seed=1)
    async with (
        running_node(chain, Traits(one_block_logs=one_block), faults, hang_seconds=HANG_SECONDS) as node,
        open_reader([node.url], chain_id=125, options=IMPATIENT) as reader,
    ):
        copy = await copy_chain(reader, 138, size=70)
    assert_complete(copy, chain)
    assert faults.happened[fault] > 0


@pytest.mark.parametrize("dialect", list(DIALECTS))
@pytest.mark.parametrize("limits", [{"max_range": 16}, {"max_results": 200}], ids=["range", "results"])
async def test_limits_of_ranges_are_learned_from_every_nodes_words(dialect, limits):
    chain = recorded()
    async with (
        running_node(chain, Traits(dialect=dialect, **limits)) as node,
        open_reader([node.url], chain_id=125, options=FAST) as reader,
    ):
        copy = await copy_chain(reader, 138, size=139)
        span = reader.states()[0].log_range
    assert_complete(copy, chain)
    assert copy.failures == 0
    assert span > 1
    assert node.requests["eth_getLogs"] < 80


async def test_a_named_range_is_kept_to_after_one_refusal():
    chain = recorded()
    async with (
        running_node(chain, Traits(max_range=16, dialect="cosmos")) as node,
        open_reader([node.url], chain_id=125, options=FAST) as reader,
    ):
        await copy_chain(reader, 138, size=139)
        assert reader.states()[0].log_range == 16
        # 139 blocks in ranges of 50, then the 3 refused ones in parts of 16.
        assert reader.counters.narrowed_ranges == 3


async def test_a_one_block_node_is_read_in_batches():
    chain = recorded()
    async with (
        running_node(chain, Traits(one_block_logs=True)) as node,
        open_reader([node.url], chain_id=125, options=FAST) as reader,
    ):
        copy = await copy_chain(reader, 138, size=139)
        assert_complete(copy, chain)
        assert node.largest_batch >= 64
        assert reader.counters.exchanges < 40


async def test_a_node_without_batches_is_read_by_single_requests():
    chain = recorded()
    async with (
        running_node(chain, Traits(batches=False)) as node,
        open_reader([node.url], chain_id=125, options=FAST) as reader,
    ):
        copy = await copy_chain(reader, 138, size=139)
        batch_size = reader.states()[0].batch_size
    assert_complete(copy, chain)
    assert copy.failures == 0
    assert batch_size <= 2


async def test_blocks_without_blooms_and_without_another_way_to_look_are_asked_for_several_times():
    chain = generated()
    traits = Traits(blooms=False, block_receipts=False, block_hash_queries=False)
    async with (
        running_node(chain, traits, Faults({Fault.EMPTY_LOGS: 1.0}, seed=2)) as node,
        open_reader([node.url], chain_id=125, options=FAST) as reader,
    ):
        copy = await copy_chain(reader, chain.head.number, size=40)
        assert reader.counters.found_by_second_look > 10
    assert_complete(copy, chain)
    assert node.requests["eth_getBlockReceipts"] == 1  # the probe


async def test_windows_of_a_stream_come_in_order_and_are_fetched_ahead():
    chain = generated()
    async with running_node(chain) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        head = await reader.head()
        ranges, logs = [], []
        async for window in reader.stream(3, 90, head, size=25, ahead=3):
            ranges.append((window.start, window.stop))
            logs += window.logs
    assert ranges == [(3, 27), (28, 52), (53, 77), (78, 90)]
    assert logs == [log for block in chain.blocks[3:] for log in block.logs]


async def test_a_window_gives_the_time_of_each_block_by_its_hash():
    async with running_node(recorded()) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        window = await reader.fetch(137, 138, await reader.head())
    assert window.block_times["0x8ddc14eadca5d84e1d68d0c118848e9568c3eef4abb5be890b8acb90e3074370"] == 1_789_532_423


@pytest.mark.parametrize(("start", "stop"), [(5, 4), (-1, 4), (100, 139)])
async def test_a_range_beyond_the_head_is_a_mistake_of_the_caller(start, stop):
    async with running_node(recorded()) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        head = await reader.head()
        with pytest.raises(ValueError, match="are no range below block 138"):
            await reader.fetch(start, stop, head)
