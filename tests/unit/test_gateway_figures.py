"""Rounding and times."""

from __future__ import annotations

import math

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.figures import iso_time, last_change, legacy_percent, ratio, win_rate
from protos.vaults.v1 import vaults_pb2


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0.0),
        ("0", 0.0),
        ("0.005", 0.01),
        ("-0.005", -0.01),
        ("0.004999999999999999999999999999999999999999", 0.0),
        # As a float it would be 1.00499999999999989…
        ("1.005", 1.01),
        ("-11.428571428571428571", -11.43),
        ("2.675", 2.68),
        ("999999999999.985", 999999999999.99),
        ("999999999999.995", 999999999999.99),
        ("1e18", 999999999999.99),
        ("-1000000000000000000", -999999999999.99),
    ],
)
def test_legacy_percentages_round_half_away_from_zero_and_are_clamped(text, number):
    assert legacy_percent(text) == number


def test_a_rounded_loss_of_almost_nothing_is_not_minus_zero():
    assert math.copysign(1, legacy_percent("-0.001")) == 1.0


@pytest.mark.parametrize(
    ("wins", "trades", "rate"),
    [(0, 0, 0.0), (5, 13, 38.46), (1, 3, 33.33), (2, 3, 66.67), (1, 800, 0.13), (1, 1, 100.0), (0, 9, 0.0)],
)
def test_the_win_rate_is_rounded_once_half_up(wins, trades, rate):
    assert win_rate(wins, trades) == rate


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("-11.4285714285714285714", (-11.428571428571429, None)),
        ("1000000000000000", (1e15, None)),
        ("1000000000000000.1", (None, "out_of_range")),
        ("-1e16", (None, "out_of_range")),
    ],
)
def test_a_ratio_is_published_in_full_or_not_at_all(text, answer):
    assert ratio(text) == answer


@pytest.mark.parametrize(
    ("seconds", "nanos", "text"),
    [
        (0, 0, "1970-01-01T00:00:00.000Z"),
        (1_769_916_000, 999_999_999, "2026-02-01T03:20:00.999Z"),
        (-1, 0, "1969-12-31T23:59:59.000Z"),
        (253_402_300_799, 1_000_000, "9999-12-31T23:59:59.001Z"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00.000Z"),
    ],
)
def test_times_are_utc_with_milliseconds(seconds, nanos, text):
    assert iso_time(Timestamp(seconds=seconds, nanos=nanos)) == text


def test_the_last_change_ignores_rows_that_have_none():
    rows = [vaults_pb2.Vault(), vaults_pb2.Vault(block_number=0), vaults_pb2.Vault(as_of=Timestamp(seconds=5))]
    assert last_change(*rows) == {"asOf": "1970-01-01T00:00:05.000Z", "blockNumber": 0}
    assert last_change() == {"asOf": None, "blockNumber": None}
