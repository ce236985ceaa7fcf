"""What contracts and nodes can get wrong, and that it never stops the decoder."""

from __future__ import annotations

import pytest

from libs.identifiers import checksum_address
from services.ingest.chain import contracts
from services.ingest.chain.contracts import MalformedError, VaultFacts
from services.ingest.chain.decoder import decode_window
from services.ingest.chain.protocol import initial_state
from tests.unit.chain_builder import (
    PROTOCOL,
    RISK,
    ROUTER,
    TX,
    USD,
    VAULT,
    WETH,
    Chain,
    decode,
    text_data,
    word,
)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ({"topics": [contracts.TradeExecuted.TOPIC]}, "1 topics instead of 3"),
        ({"topics": [contracts.TradeExecuted.TOPIC, *["0x" + word(USD)] * 3]}, "4 topics instead of 3"),
        (
            {"topics": [contracts.TradeExecuted.TOPIC, "0x" + "f" * 64, "0x" + word(USD)]},
            "an address with more than 20 bytes",
        ),
        ({"data": "0x"}, "0 bytes of data instead of 32"),
        ({"data": "0x" + "0" * 62}, "31 bytes of data instead of 32"),
    ],
)
def test_a_malformed_log_of_a_vault_is_skipped_and_reported(spoil, reason):
    chain = Chain().trade().subscribe()
    chain.logs[0].update(spoil)
    decoded = decode(chain)
    assert [job.task_name for job in decoded.jobs] == ["ingest.follower_event"]
    (oddity,) = decoded.oddities
    assert (oddity.reason, oddity.address) == (reason, checksum_address(VAULT))
    assert (oddity.block_number, oddity.transaction_hash, oddity.log_index) == (10, TX, 0)


@pytest.mark.parametrize("data", ["0x", "0x" + word(32), "0x" + word(2**255), "0x" + word(32) + word(33) + word(0)])
def test_a_freeze_whose_reason_reaches_beyond_its_data_is_skipped_and_reported(data):
    chain = Chain().log(RISK, contracts.VaultFrozen, VAULT, data=data)
    decoded = decode(chain)
    assert decoded.jobs == ()
    assert [oddity.reason for oddity in decoded.oddities] == ["the string reaches beyond the data"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("blockNumber", None),
        ("blockNumber", "21"),
        ("blockNumber", hex(2**63)),
        ("logIndex", "0x"),
        ("logIndex", hex(2**31)),
        ("blockHash", "0x12"),
        ("transactionHash", 5),
        ("address", VAULT + "00"),
        ("data", "0x1"),
        ("data", None),
        ("topics", None),
        ("topics", [5]),
        ("blockTimestamp", None),
    ],
)
def test_a_log_that_the_node_garbled_is_reported_apart_so_that_the_window_is_fetched_again(field, value):
    chain = Chain().trade().subscribe()
    chain.logs[0][field] = value
    decoded = decode(chain)
    assert len(decoded.damaged) == 1
    assert field in decoded.damaged[0]
    assert [job.task_name for job in decoded.jobs] == ["ingest.follower_event"]


def test_a_log_that_is_no_object_is_damage_too():
    assert len(decode_window(PROTOCOL, initial_state(PROTOCOL), [None, 5, []], facts={}).damaged) == 3


def test_headers_give_the_time_where_logs_have_none_and_win_where_they_have():
    chain = Chain().subscribe().next_block().subscribe()
    del chain.logs[0]["blockTimestamp"]
    chain.logs[1]["blockTimestamp"] = "0x0"
    times = {chain.logs[0]["blockHash"]: 1_700_000_000, chain.logs[1]["blockHash"]: 1_700_000_002}
    decoded = decode_window(PROTOCOL, initial_state(PROTOCOL), chain.logs, facts={}, block_times=times)
    assert [job.kwargs["timestamp"] for job in decoded.jobs] == [1_700_000_000, 1_700_000_002]


def test_logs_may_come_shuffled_and_twice_and_removed_ones_are_left_out():
    chain = Chain().transfer(USD, VAULT, ROUTER, 5).transfer(WETH, ROUTER, VAULT, 3).trade().subscribe()
    expected = decode(chain)
    removed = {**chain.logs[3], "removed": True, "logIndex": "0x9"}
    chain.logs = [*reversed(chain.logs), *chain.logs, removed]
    assert decode(chain) == expected


def test_anonymous_and_unrelated_logs_are_passed_over():
    chain = Chain().trade().trade()
    chain.logs[0]["topics"] = []
    chain.logs[1]["topics"][0] = "0x" + "5" * 64
    decoded = decode(chain)
    assert (decoded.jobs, decoded.oddities, decoded.damaged) == ((), (), ())


def test_facts_come_from_the_results_of_the_views():
    name = bytes.fromhex(text_data(b"Alpha\xff")[2:])
    asset = bytes.fromhex(word(USD))
    facts = VaultFacts.from_results(name, asset, bytes.fromhex(word(18)))
    assert facts == VaultFacts(b"Alpha\xff", checksum_address(USD), 18)


@pytest.mark.parametrize("decimals", [None, b"", bytes(31), bytes.fromhex(word(256)), b"\xff" * 32])
def test_an_asset_that_does_not_tell_its_decimals_has_none(decimals):
    name, asset = bytes.fromhex(text_data(b"")[2:]), bytes.fromhex(word(USD))
    assert VaultFacts.from_results(name, asset, decimals) == VaultFacts(b"", checksum_address(USD), None)


@pytest.mark.parametrize(
    ("name", "asset"),
    [(b"", bytes(32)), (bytes(64), b""), (bytes(64), b"\xff" * 32), (b"\xff" * 32, bytes(32))],
)
def test_views_that_answer_nonsense_are_an_error(name, asset):
    with pytest.raises(MalformedError):
        VaultFacts.from_results(name, asset, None)
