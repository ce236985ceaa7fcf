"""Views of the protocol: their selectors as the deployed contracts have them, and results of any shape."""

from __future__ import annotations

import pytest

from services.ingest.chain import views
from services.ingest.chain.views import Metrics

VAULT = "0x" + "ab" * 20
WALLET = "0x" + "00" * 19 + "07"
WORD_OF_WALLET = bytes(31) + b"\x07"


def words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32) for number in numbers)


@pytest.mark.parametrize(
    ("call", "selector", "arguments"),
    [
        # As the Solidity compiler gives them: they stand in the bytecode under demo_chain/artifacts.
        (views.leader(VAULT), "40eedabb", b""),
        (views.vault_name(VAULT), "0ace9ca0", b""),
        (views.base_asset(VAULT), "cdf456e1", b""),
        (views.total_tvl(VAULT), "a988b5c2", b""),
        (views.decimals(VAULT), "313ce567", b""),
        (views.follower(VAULT, WALLET), "95d955e2", WORD_OF_WALLET),
        (views.is_frozen(VAULT, WALLET), "8c160fb3", WORD_OF_WALLET),
        (views.metrics(VAULT, WALLET), "e844c8c6", WORD_OF_WALLET),
    ],
)
def test_calls_carry_selector_and_argument(call, selector, arguments):
    assert (call.to, call.data.hex()) == (VAULT, selector + arguments.hex())


def test_a_number_is_a_whole_word():
    assert views.read_number(words(5)) == 5
    assert views.read_number(words(5, 2**256 - 1), 1) == 2**256 - 1
    assert views.read_number(b"\x05" * 31) is None
    assert views.read_number(words(5), 1) is None
    assert views.read_number(b"") is None


def test_an_address_has_twenty_bytes():
    assert views.read_address(words(7)) == "0x0000000000000000000000000000000000000007"
    assert views.read_address(words(2**160)) is None
    assert views.read_address(b"\x01") is None


def test_an_oracles_figures_stay_in_the_ranges_that_it_documents():
    assert views.read_metrics(words(700, 5_500, 900, 12, 1_788_000_000)) == Metrics(700, 5_500, 900, 12, 1_788_000_000)
    beyond = views.read_metrics(words(*[2**256 - 1] * 5))
    assert beyond is not None
    assert (beyond.score, beyond.win_rate_bps, beyond.max_drawdown_bps) == (1_000, 10_000, 10_000)
    assert beyond.signal_count == 2**63 - 1


def test_an_oracle_that_answers_too_little_says_nothing():
    assert views.read_metrics(words(700, 5_500, 900, 12)) is None
    assert views.read_metrics(b"") is None
