"""What a trade received and paid, and which split belongs to which settlement."""

from __future__ import annotations

from typing import Any

import pytest

from services.ingest.chain import contracts
from tests.unit.chain_builder import (
    FOLLOWER,
    OTHER_VAULT,
    ROUTER,
    USD,
    VAULT,
    WETH,
    Chain,
    address,
    decode,
    only,
)


def amounts(chain: Chain) -> list[tuple[str, str]]:
    """(amountOut, amountInPaid) of each trade."""
    jobs = decode(chain).jobs
    return [(job.kwargs["amountOut"], job.kwargs["amountInPaid"]) for job in jobs]


def cuts(chain: Chain) -> list[tuple[Any, ...]]:
    """(profit, leaderCut, protocolCut, followerRemaining) of each settlement."""
    names = ("profit", "leaderCut", "protocolCut", "followerRemaining")
    return [tuple(job.kwargs[name] for name in names) for job in decode(chain).jobs]


def test_received_is_the_last_transfer_and_not_their_sum():
    chain = Chain().transfer(WETH, FOLLOWER, VAULT, 100).transfer(WETH, ROUTER, VAULT, 3).trade()
    assert amounts(chain) == [("3", "0")]


def test_paid_is_the_sum_of_what_left_the_vault():
    chain = Chain().transfer(USD, VAULT, ROUTER, 2).transfer(USD, VAULT, ROUTER, 3).trade()
    assert amounts(chain) == [("0", "5")]


def test_a_second_trade_in_the_transaction_starts_after_the_first():
    chain = Chain().transfer(USD, VAULT, ROUTER, 5).transfer(WETH, ROUTER, VAULT, 3).trade().trade()
    chain.transfer(USD, VAULT, ROUTER, 6).transfer(WETH, ROUTER, VAULT, 4).trade()
    assert amounts(chain) == [("3", "5"), ("0", "0"), ("4", "6")]


def test_another_vaults_trade_does_not_end_the_span():
    chain = Chain().transfer(WETH, ROUTER, VAULT, 3).transfer(WETH, ROUTER, OTHER_VAULT, 8)
    chain.trade(vault=OTHER_VAULT).trade()
    assert amounts(chain) == [("8", "0"), ("3", "0")]


def test_transfers_of_other_transactions_tokens_and_receivers_do_not_count():
    chain = Chain().transfer(WETH, ROUTER, VAULT, 100).next_tx()
    chain.transfer(USD, ROUTER, VAULT, 50).transfer(WETH, ROUTER, FOLLOWER, 60).trade()
    chain.transfer(WETH, ROUTER, VAULT, 70)
    assert amounts(chain) == [("0", "0")]


def test_the_spans_end_at_a_transaction_also_when_the_block_goes_on():
    chain = Chain().trade().next_tx().transfer(WETH, ROUTER, VAULT, 9).trade().next_block().trade()
    assert amounts(chain) == [("0", "0"), ("9", "0"), ("0", "0")]


def test_a_transfer_of_another_standard_is_no_oddity_and_no_payment():
    chain = Chain().log(WETH, contracts.Transfer, ROUTER, VAULT, address(7)).trade()
    decoded = decode(chain)
    assert decoded.jobs[0].kwargs["amountOut"] == "0"
    assert decoded.oddities == ()


def test_a_hostile_tokens_payments_stay_a_uint256():
    chain = Chain().transfer(USD, VAULT, ROUTER, 2**256 - 1).transfer(USD, VAULT, ROUTER, 2**256 - 1).trade()
    assert amounts(chain) == [("0", str(2**256 - 1))]


def test_a_trade_says_that_its_amounts_are_known():
    kwargs = only(Chain().trade(2**256 - 1)).kwargs
    assert (kwargs["amountIn"], kwargs["amountOut"], kwargs["amountOutKnown"]) == (str(2**256 - 1), "0", True)
    assert (kwargs["isProfit"], kwargs["pnlAmount"]) == (False, None)


def test_a_settlement_takes_the_cuts_of_the_split_before_it():
    assert cuts(Chain().split(100, 10, 2, 88).settle(100)) == [("100", "10", "2", "88")]


def test_each_settlement_of_a_transaction_takes_its_own_split():
    chain = Chain().split(100, 10, 2, 88).settle(100).split(100, 20, 4, 76).settle(100)
    assert cuts(chain) == [("100", "10", "2", "88"), ("100", "20", "4", "76")]


def test_a_settlement_inside_another_leaves_the_outer_split_to_the_outer_one():
    chain = Chain().split(100, 10, 2, 88).split(100, 20, 4, 76).settle(100).settle(100)
    assert cuts(chain) == [("100", "20", "4", "76"), ("100", "10", "2", "88")]


@pytest.mark.parametrize(
    "chain",
    [
        Chain().settle(100),
        Chain().settle(100).split(100, 10, 2, 88),
        Chain().split(99, 10, 2, 87).settle(100),
        Chain().split(100, 10, 2, 88).next_tx().settle(100),
        Chain().split(100, 10, 2, 88, vault=OTHER_VAULT).settle(100),
        Chain().split(100, 10, 2, 88, by=address(0x66)).settle(100),
    ],
)
def test_without_a_split_of_its_own_a_settlement_says_nothing_of_cuts(chain):
    assert cuts(chain) == [("100", None, None, None)]


def test_a_split_alone_is_no_event():
    assert decode(Chain().split(100, 10, 2, 88)).jobs == ()
