"""logsBloom: bits against other implementations, and what a header proves about its logs."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from services.ingest.chain.rpc.blocks import Header
from services.ingest.chain.rpc.bloom import bloom_bits, bloom_of, may_hold
from services.ingest.chain.rpc.doubt import Doubt, doubt
from services.ingest.chain.rpc.logs import PlacedLog
from tests.chain_node.recorded import recorded_chain

HASH = "0x" + "11" * 32
ADDRESS, OTHER = "0x" + "aa" * 20, "0x" + "bb" * 20
TOPIC, OTHER_TOPIC = "0x" + "01" * 32, "0x" + "02" * 32


def placed(index: int, address: str = ADDRESS, topic: str = TOPIC) -> PlacedLog:
    return PlacedLog(7, index, HASH, {"address": address, "topics": [topic]})


def header(bloom: int, transactions: int = 1) -> Header:
    return Header(7, HASH, HASH, 1_788_000_000, bloom, transactions)


def verdict(stated: int, logs: list[PlacedLog], topics: tuple[str, ...] | None = None, *, proof: bool = False) -> Doubt:
    return doubt(header(stated), logs, bloom_of(log.raw for log in logs), topics, zero_is_proof=proof)


def test_a_hundred_values_give_the_bloom_that_go_ethereum_tests_for():
    # core/types/bloom9_test.go, TestBloomExtensively
    bloom = 0
    for at in range(100):
        bloom |= bloom_bits("0x" + f"xxxxxxxxxx data {at} yyyyyyyyyyyyyy".encode().hex())
    assert keccak(bloom.to_bytes(256)).hex() == "c8d3ca65cdb4874300a9e39475508f23ed6da09fdbc487f89a2dcf50b09eb263"


def test_the_recordings_blocks_get_the_blooms_that_the_test_node_computes_its_own_way():
    chain = recorded_chain()
    for block in chain.blocks:
        assert bloom_of(block.logs) == int(block.bloom, 16)
    assert sum(int(block.bloom, 16) != 0 for block in chain.blocks) == 93


def test_a_value_may_be_in_a_bloom_only_when_all_its_bits_are():
    bloom = bloom_bits(ADDRESS)
    assert may_hold(bloom, ADDRESS)
    assert may_hold(bloom, ADDRESS.upper().replace("0X", "0x"))
    assert not may_hold(bloom, OTHER)


def test_a_bloom_that_the_logs_do_not_explain_proves_that_logs_are_missing():
    both = bloom_of([placed(0).raw, placed(1, OTHER, OTHER_TOPIC).raw])
    assert verdict(both, []) is Doubt.PROVEN
    assert verdict(both, [placed(0)]) is Doubt.PROVEN
    assert verdict(both, [placed(0), placed(1, OTHER, OTHER_TOPIC)]) is Doubt.NONE


def test_logs_beyond_the_bloom_are_no_reason_to_doubt():
    one = bloom_of([placed(0).raw])
    assert verdict(one, [placed(0), placed(1, OTHER, OTHER_TOPIC)]) is Doubt.NONE


def test_with_a_filter_a_followed_topic_in_the_bloom_and_not_in_the_logs_leaves_it_unsure():
    both = bloom_of([placed(0).raw, placed(1, OTHER, OTHER_TOPIC).raw])
    assert verdict(both, [], (TOPIC,)) is Doubt.UNSURE
    assert verdict(both, [placed(0)], (TOPIC,)) is Doubt.NONE
    assert verdict(both, [placed(0)], (TOPIC, OTHER_TOPIC)) is Doubt.UNSURE
    assert verdict(both, [], ("0x" + "03" * 32,)) is Doubt.NONE


@pytest.mark.parametrize(
    ("transactions", "proof", "expected"), [(0, False, Doubt.NONE), (1, False, Doubt.UNSURE), (1, True, Doubt.NONE)]
)
def test_without_a_bloom_an_empty_answer_is_believed_of_an_empty_block_or_where_nodes_fill_blooms(
    transactions, proof, expected
):
    assert doubt(header(0, transactions), [], 0, None, zero_is_proof=proof) is expected


def test_without_a_bloom_a_gap_in_the_indexes_says_that_logs_are_missing():
    assert verdict(0, [placed(0), placed(2)]) is Doubt.UNSURE
    assert verdict(0, [placed(0), placed(1)]) is Doubt.NONE
    assert verdict(0, [placed(2)], (TOPIC,)) is Doubt.NONE
