"""Figures that follow from a vault's state alone."""

from decimal import Decimal

import pytest

from services.analytics import figures
from services.analytics.state import VaultState
from tests.unit.ledger_builder import folded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2.005", "2.01"),
        ("-2.005", "-2.01"),
        ("2.0049999", "2.00"),
        ("-0.001", "0.00"),
        ("1e30", "999999999999.99"),
        ("-1e30", "-999999999999.99"),
        ("38.461538461538461538461538461538461538461538461538", "38.46"),
    ],
)
def test_a_legacy_number_has_two_decimals_half_away_from_zero_and_is_clamped(value: str, expected: str) -> None:
    assert str(figures.legacy_number(Decimal(value))) == expected


def test_a_legacy_number_for_unknown_is_zero() -> None:
    assert str(figures.legacy_number(None)) == "0.00"


def test_a_ratio_beyond_ten_to_the_fifteen_is_null() -> None:
    assert figures.published(Decimal("1e15")) == figures.Figure(Decimal("1e15"))
    assert figures.published(Decimal("1000000000000000.000000000000000000000001")).reason == "out_of_range"
    assert figures.published(Decimal("-1e16")) == figures.Figure(None, "out_of_range")


def test_rates_and_factors_count_what_they_say() -> None:
    state = folded("dep 1000, +30, -20, +10, -5, +1").state
    assert figures.win_rate(state) == Decimal(60)
    assert figures.closed_win_rate_pct(state).value == Decimal(60)
    assert figures.profit_factor(state).value == Decimal("1.64")


def test_without_trades_rates_have_no_value() -> None:
    state = VaultState()
    assert figures.win_rate(state) == 0
    assert figures.closed_win_rate_pct(state).reason == "no_closes"
    assert figures.profit_factor(state).reason == "no_losses"
    assert figures.epoch_roi_pct(state).reason == "no_deposits"
    assert figures.current_drawdown_pct(state).reason == "no_deposits"
    assert figures.high_water_mark(state) == 1


def test_an_epochs_return_is_minus_one_hundred_until_the_next_deposit() -> None:
    assert figures.epoch_roi_pct(folded("dep 10, -10").state).value == -100
    assert figures.epoch_roi_pct(folded("dep 10, -10, dep 10").state).value == 0


def test_the_high_water_mark_and_the_current_drawdown_follow_the_first_epoch() -> None:
    state = folded("dep 100, +60, -40").state
    assert figures.high_water_mark(state) == Decimal("1.6")
    assert figures.current_drawdown_pct(state).value == 25
    later = folded("dep 100, +60, -160, dep 100, +900").state
    assert figures.high_water_mark(later) == Decimal("1.6")
    assert figures.current_drawdown_pct(later).value == 100
    assert figures.unit_price(later) == 10


@pytest.mark.parametrize(
    ("ledger", "percent", "peak_at", "trough_at"),
    [
        pytest.param("dep 1000, +1000, -500, +500, -500", "25", 60, 120, id="same peak, same fall"),
        pytest.param("dep 10, +10, -5, +5, -15", "75", 60, 240, id="the first of two equal peaks"),
        pytest.param("dep 12, +4, -4, +8, -5", "25", 60, 120, id="another peak, the same fall in thirds"),
        pytest.param("dep 12, +4, -4, +8, -6", "30", 180, 240, id="another peak, a deeper fall"),
        pytest.param(
            "dep 3, +4, dep 7, -8, +8, -8",
            "57.142857142857142857142857142857142857142857142857",
            60,
            180,
            id="a tie across a flow, in sevenths",
        ),
        pytest.param("+5, dep 10, -5, +5, -5", "50", 60, 120, id="the first price counts from the first deposit"),
        pytest.param("dep 10, +10, -20, dep 10, +30, -35", "100", 60, 120, id="a later epoch does not count"),
        pytest.param("dep 10, +10, wd 15, dep 80", "0", None, None, id="flows are no fall"),
    ],
)
def test_of_equal_drawdowns_the_earliest_counts(
    ledger: str, percent: str, peak_at: int | None, trough_at: int | None
) -> None:
    state = folded(ledger).state
    assert figures.max_drawdown_pct(state).value == Decimal(percent)
    assert state.drawdown is not None
    assert (state.drawdown.deepest_peak_at, state.drawdown.trough_at) == (peak_at, trough_at)


def test_a_price_that_comes_back_by_thirds_is_exactly_what_it_was() -> None:
    state = folded("dep 3, +4, dep 7, -8").state
    assert figures.unit_price(state) == 1
    assert figures.roi_pct(state).value == 0


def test_a_change_far_smaller_than_the_price_keeps_its_digits() -> None:
    state = folded(f"dep {10**60}, +3, -6").state
    assert figures.roi_pct(state).value == Decimal("-3e-58")
    assert figures.max_drawdown_pct(state).value == Decimal("6e-58")
