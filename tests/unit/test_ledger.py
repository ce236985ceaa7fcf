"""The order of a ledger and what a settlement's missing parts mean."""

import pytest

from libs.events import Kind, OrderKey
from services.analytics.ledger import Settlement
from tests.unit.ledger_builder import key_at


def test_the_order_is_time_then_block_then_log_then_source_then_kind_then_follower() -> None:
    ordered = [
        OrderKey.at(1, "0xff", Kind.WITHDRAWAL, block_number=9, log_index=9, follower="0xff"),
        OrderKey.at(2, "0xff", Kind.WITHDRAWAL, block_number=1, log_index=9, follower="0xff"),
        OrderKey.at(2, "0xff", Kind.WITHDRAWAL, block_number=2, log_index=1, follower="0xff"),
        OrderKey.at(2, "0xaa", Kind.WITHDRAWAL, block_number=2, log_index=2, follower="0xff"),
        OrderKey.at(2, "0xbb", Kind.DEPOSIT, block_number=2, log_index=2, follower="0xff"),
        OrderKey.at(2, "0xbb", Kind.TRADE, block_number=2, log_index=2),
        OrderKey.at(2, "0xbb", Kind.SETTLEMENT, block_number=2, log_index=2, follower="0xff"),
        OrderKey.at(2, "0xbb", Kind.WITHDRAWAL, block_number=2, log_index=2, follower="0xaa"),
        OrderKey.at(2, "0xbb", Kind.WITHDRAWAL, block_number=2, log_index=2, follower="0xbb"),
        OrderKey.at(2, "0xaa", Kind.DEPOSIT, block_number=2, follower="0xaa"),
        OrderKey.at(2, "0xaa", Kind.DEPOSIT, log_index=0, follower="0xaa"),
        OrderKey.at(2, "0xaa", Kind.DEPOSIT, follower="0xaa"),
        OrderKey.at(3, "0xaa", Kind.DEPOSIT, block_number=0, log_index=0, follower="0xaa"),
    ]
    shuffled = ordered[1::2] + ordered[::2]
    assert sorted(shuffled) == ordered


def test_letter_case_of_a_wallet_does_not_change_the_order() -> None:
    upper = OrderKey.at(1, "0x1", Kind.DEPOSIT, follower="0xAB")
    assert upper == OrderKey.at(1, "0x1", Kind.DEPOSIT, follower="0xab")


@pytest.mark.parametrize(
    ("profit", "leader_cut", "protocol_cut", "remaining", "expected"),
    [
        (500, 50, 25, 425, (75, 425)),
        (500, 50, 25, None, (75, 425)),
        (500, 50, None, None, (50, 450)),
        (500, None, None, None, (0, 500)),
        (60, 50, 25, None, (75, 0)),
        (500, 50, 25, 0, (75, 0)),
        (-10, None, None, None, (0, 0)),
    ],
)
def test_missing_cuts_are_zero_and_a_missing_rest_is_what_the_cuts_leave(
    profit: int, leader_cut: int | None, protocol_cut: int | None, remaining: int | None, expected: tuple[int, int]
) -> None:
    key = key_at(0, Kind.SETTLEMENT, "A")
    entry = Settlement(key, "A", profit, leader_cut, protocol_cut, remaining)
    assert (entry.cuts, entry.remaining) == expected
