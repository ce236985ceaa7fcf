"""Headers and logs as nodes answer them: what is refused, and what is put in order."""

from __future__ import annotations

from typing import Any

import pytest

from services.ingest.chain.rpc.blocks import Header, read_header
from services.ingest.chain.rpc.errors import Damaged, WindowTorn
from services.ingest.chain.rpc.logs import assemble, read_placed_logs


def block_hash(number: int) -> str:
    return f"0x{number:064x}"


def headers(*numbers: int) -> list[Header]:
    return [Header(number, block_hash(number), block_hash(number - 1), 0, 0, 0) for number in numbers]


def raw_log(number: int, index: int, **changes: Any) -> dict[str, Any]:
    log = {
        "address": "0x" + "aa" * 20,
        "topics": ["0x" + "01" * 32],
        "data": "0x",
        "blockHash": block_hash(number),
        "blockNumber": hex(number),
        "logIndex": hex(index),
        "removed": False,
    }
    return log | changes


def raw_block(**changes: Any) -> dict[str, Any]:
    block = {
        "number": "0x10",
        "hash": block_hash(16),
        "parentHash": block_hash(15),
        "timestamp": "0x6a961582",
        "logsBloom": "0x" + "0" * 511 + "1",
        "transactions": ["0x" + "22" * 32],
    }
    return block | changes


def test_logs_are_put_in_the_order_of_the_chain():
    logs = read_placed_logs([raw_log(6, 1), raw_log(5, 0), raw_log(6, 0)])
    assert [[log.log_index for log in block] for block in assemble(headers(5, 6, 7), logs)] == [[0], [0, 1], []]


@pytest.mark.parametrize(
    ("numbers", "log", "message"),
    [
        ((5, 7), None, "does not follow"),
        ((5, 6), raw_log(7, 0), "was not asked for"),
        ((5, 6), raw_log(4, 0), "was not asked for"),
        ((5, 6), raw_log(6, 0, blockHash=block_hash(99)), "is of 0x0000"),
    ],
)
def test_what_does_not_fit_together_is_torn(numbers, log, message):
    with pytest.raises(WindowTorn, match=message):
        assemble(headers(*numbers), read_placed_logs([log] if log else []))


def test_blocks_of_two_forks_are_torn():
    fork = headers(6)[0]._replace(parent_hash=block_hash(77))
    with pytest.raises(WindowTorn, match="does not follow"):
        assemble([*headers(5), fork], [])


def test_a_log_that_comes_twice_is_torn():
    with pytest.raises(WindowTorn, match="have the index 0"):
        assemble(headers(5), read_placed_logs([raw_log(5, 0), raw_log(5, 0)]))


def test_hashes_are_compared_whatever_their_letters():
    upper = "0x" + block_hash(0xABC)[2:].upper()
    logs = read_placed_logs([raw_log(0xABC, 0, blockHash=upper)])
    assert len(assemble(headers(0xABC), logs)[0]) == 1


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        "0x",
        [None],
        [raw_log(5, 0, removed=True)],
        [raw_log(5, 0, blockNumber=None)],
        [raw_log(5, 0, blockNumber="5")],
        [raw_log(5, 0, blockNumber="0x" + "f" * 16)],
        [raw_log(5, 0, logIndex="0x")],
        [raw_log(5, 0, blockHash="0x1")],
        [raw_log(5, 0, topics=None)],
        [raw_log(5, 0, topics=["0x1"])],
        [raw_log(5, 0, address="0x1")],
    ],
)
def test_an_answer_that_is_no_list_of_logs_is_damaged(answer):
    with pytest.raises(Damaged):
        read_placed_logs(answer)


def test_a_header_is_read_with_its_bloom():
    assert read_header(raw_block()) == Header(16, block_hash(16), block_hash(15), 1_788_220_802, 1, 1)


@pytest.mark.parametrize("bloom", [None, "0x", "0x" + "0" * 512, "nonsense", 0])
def test_a_header_without_a_bloom_has_none(bloom):
    assert read_header(raw_block(logsBloom=bloom)).bloom == 0


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        raw_block(hash=None),
        raw_block(hash="0x12"),
        raw_block(parentHash=5),
        raw_block(number="16"),
        raw_block(number=16),
        raw_block(timestamp="0x"),
        raw_block(transactions=None),
    ],
)
def test_an_answer_that_is_no_block_is_damaged(answer):
    with pytest.raises(Damaged):
        read_header(answer)
