"""Figures of windows: golden values, edges, liquidations, quiet and young vaults."""

from decimal import Decimal
from fractions import Fraction
from math import sqrt

import pytest

from services.analytics.metrics.risk import risk_score
from services.analytics.metrics.windows import Window, window_figures
from services.analytics.timeline import Timeline
from tests.unit.ledger_builder import BASE, trade, with_times
from tests.unit.point_builder import DAY, NOON, alternating, figures_of, near, points_of, timeline_of


@pytest.mark.parametrize("window", [Window.MONTH, Window.QUARTER, Window.YEAR, Window.ALL])
def test_thirty_days_of_alternating_results_give_the_golden_figures(window: Window) -> None:
    figures = figures_of(alternating(30), window, 30 * DAY)
    assert figures.roi_pct.value == Decimal("7.5")
    assert figures.pnl == 750
    assert near(figures.max_drawdown_pct.value, Fraction("0.495049504950495"), 1e-15)
    assert near(figures.annualised_pct.value, Fraction("141.066196136416"), 1e-14)
    assert near(figures.volatility_pct.value, Fraction("14.0454165713185"), 1e-14)
    assert near(figures.sharpe.value, Fraction("6.33996571029731"), 1e-14)
    assert near(figures.sortino.value, Fraction("13.7675867333509"), 1e-14)
    assert near(figures.calmar.value, Fraction("284.953716195561"), 1e-14)
    assert figures.null_reasons == {}
    assert figures.closed_win_rate_pct.value == 50
    assert figures.profit_factor.value == 2
    assert figures.coverage_days == 30
    assert figures.partial is (window in {Window.QUARTER, Window.YEAR})
    assert (figures.peak_at.value, figures.trough_at.value) == (NOON, DAY + NOON)
    assert risk_score(800, figures.max_drawdown_pct.value, figures.volatility_pct.value).score == 13


@pytest.mark.parametrize("window", [Window.MONTH, Window.QUARTER, Window.YEAR, Window.ALL])
def test_one_second_before_the_thirtieth_day_is_over_all_four_have_too_few_days(window: Window) -> None:
    figures = figures_of(alternating(30), window, 30 * DAY - 1)
    four = ["volatilityPct", "sharpe", "sortino", "calmar"]
    assert [figures.null_reasons[name] for name in four] == ["too_few_days"] * 4
    assert figures.null_reasons["annualisedPct"] == "too_few_days"
    assert figures.roi_pct.value == Decimal("7.5")
    assert risk_score(800, figures.max_drawdown_pct.value, figures.volatility_pct.value).score == 10


@pytest.mark.parametrize("window", list(Window))
def test_a_vault_without_any_event_has_reasons_instead_of_figures(window: Window) -> None:
    figures = window_figures(window, Timeline().window(window, 5 * DAY), 5 * DAY)
    assert figures.null_reasons == {
        "roiPct": "no_deposits",
        "annualisedPct": "no_deposits",
        "maxDrawdownPct": "no_deposits",
        "currentDrawdownPct": "no_deposits",
        "peakAt": "no_deposits",
        "troughAt": "no_deposits",
        "volatilityPct": "too_few_days",
        "sharpe": "too_few_days",
        "sortino": "too_few_days",
        "calmar": "too_few_days",
        "closedWinRatePct": "no_closes",
        "profitFactor": "no_losses",
    }
    assert (figures.pnl, figures.volume, figures.coverage_days) == (0, 0, Decimal(0))
    assert figures.partial is (window is not Window.ALL)


def test_profit_without_a_deposit_is_pnl_but_no_return() -> None:
    figures = figures_of("10 +100", Window.DAY, 20)
    assert (figures.pnl, figures.roi_pct) == (100, (None, "no_deposits"))


def test_events_in_the_second_of_the_start_count_as_before_the_window() -> None:
    # The price is 1.1 at the start, 1.32 at the end.
    ledger = f"0 dep 1000, {DAY} +100, {DAY + 1} +220"
    figures = figures_of(ledger, Window.DAY, 2 * DAY)
    assert (figures.roi_pct.value, figures.pnl) == (Decimal(20), 220)
    assert figures.partial is False
    one_second_earlier = figures_of(ledger, Window.DAY, 2 * DAY - 1)
    assert (one_second_earlier.roi_pct.value, one_second_earlier.pnl) == (Decimal(32), 320)


def test_events_after_now_do_not_count_yet() -> None:
    ledger = f"0 dep 1000, {DAY} +100, {DAY + 1} -1100"
    figures = figures_of(ledger, Window.ALL, DAY)
    assert (figures.roi_pct.value, figures.max_drawdown_pct.value, figures.pnl) == (Decimal(10), Decimal(0), 100)
    before = figures_of(f"{DAY} dep 1000", Window.ALL, DAY - 1)
    assert before.roi_pct.reason == "no_deposits"


def test_a_first_deposit_in_the_second_of_the_start_covers_the_whole_window() -> None:
    # A result of the same second is before the window too.
    figures = figures_of(f"{DAY} dep 1000, {DAY} +100, {DAY + 5} +110", Window.DAY, 2 * DAY)
    assert (figures.partial, figures.coverage_days) == (False, Decimal(1))
    assert (figures.roi_pct.value, figures.pnl) == (Decimal(10), 110)


def test_a_young_vault_is_measured_from_its_first_deposit_and_says_so() -> None:
    ledger = f"{DAY} +70, {2 * DAY} dep 1000, {2 * DAY} -500, {3 * DAY} +250"
    figures = figures_of(ledger, Window.WEEK, 4 * DAY)
    assert (figures.partial, figures.coverage_days) == (True, Decimal(2))
    assert figures.roi_pct.value == -25
    assert figures.max_drawdown_pct.value == 50
    assert figures.current_drawdown_pct.value == 25
    assert (figures.peak_at.value, figures.trough_at.value) == (2 * DAY, 2 * DAY)
    # What came before the deposit is no return, but it is profit.
    assert figures.pnl == -180
    assert figures_of(ledger, Window.ALL, 4 * DAY).partial is False


def test_a_windows_fall_starts_from_its_price_at_the_start() -> None:
    # 2, 1.8 before the window; 1.62, 1.71 in it: a fall of 10 % from the start, 5 % of it left.
    ledger = f"0 dep 1000, 100 +1000, 200 -200, {DAY + 300} -180, {DAY + 400} +90"
    figures = figures_of(ledger, Window.DAY, DAY + 400)
    assert figures.max_drawdown_pct.value == 10
    assert figures.current_drawdown_pct.value == 5
    assert (figures.peak_at.value, figures.trough_at.value) == (400, DAY + 300)
    assert figures_of(ledger, Window.WEEK, DAY + 400).max_drawdown_pct.value == 19


def test_a_liquidation_in_the_window_is_a_loss_of_everything() -> None:
    ledger = f"0 dep 1000, {40 * DAY} -1200, {41 * DAY} dep 500, {42 * DAY} +500"
    figures = figures_of(ledger, Window.MONTH, 45 * DAY)
    assert figures.roi_pct.value == figures.annualised_pct.value == -100
    assert figures.max_drawdown_pct.value == figures.current_drawdown_pct.value == 100
    assert (figures.peak_at.value, figures.trough_at.value) == (15 * DAY, 40 * DAY)
    # A later epoch's results are profit, but no return. Days 15 to 40 count: 26.
    assert figures.pnl == -700
    assert figures.sharpe.reason == "too_few_days"
    assert figures_of(ledger, Window.WEEK, 45 * DAY).roi_pct.value == -100


def test_a_window_that_starts_after_the_liquidation_has_no_return() -> None:
    ledger = f"0 dep 1000, {40 * DAY} -1200, {41 * DAY} dep 500, {42 * DAY} +500"
    figures = figures_of(ledger, Window.DAY, 43 * DAY - 1)
    names = ["roiPct", "annualisedPct", "maxDrawdownPct", "currentDrawdownPct", "peakAt", "troughAt"]
    assert [figures.null_reasons[name] for name in names] == ["liquidated"] * 6
    assert (figures.pnl, figures.coverage_days, figures.partial) == (500, Decimal(1), False)
    assert figures_of(ledger, Window.ALL, 43 * DAY).roi_pct.value == -100


def test_a_quiet_window_has_no_change_and_no_variance() -> None:
    figures = figures_of("0 dep 1000, 50 +100", Window.MONTH, 50 * DAY)
    assert figures.roi_pct.value == figures.annualised_pct.value == figures.volatility_pct.value == 0
    assert figures.pnl == figures.volume == figures.max_drawdown_pct.value == 0
    assert figures.null_reasons == {
        "peakAt": "no_drawdown",
        "troughAt": "no_drawdown",
        "sharpe": "no_variance",
        "sortino": "no_down_day",
        "calmar": "no_drawdown",
        "closedWinRatePct": "no_closes",
        "profitFactor": "no_losses",
    }


def test_windows_below_thirty_days_have_no_daily_ratios() -> None:
    for window in (Window.DAY, Window.WEEK):
        reasons = figures_of(alternating(60), window, 60 * DAY).null_reasons
        assert [reasons[name] for name in ("annualisedPct", "volatilityPct", "sharpe", "sortino", "calmar")] == [
            "too_few_days"
        ] * 5


def test_counts_and_volume_are_those_of_the_window() -> None:
    # Results of 30, -20, 10 before and 9, -3 in the window.
    ledger = f"0 dep 1000, 10 +30, 20 -20, 30 +10, {DAY + 40} +9, {DAY + 50} -3"
    day, everything = figures_of(ledger, Window.DAY, DAY + 60), figures_of(ledger, Window.ALL, DAY + 60)
    assert (day.closed_win_rate_pct.value, day.profit_factor.value, day.pnl) == (Decimal(50), Decimal(3), 6)
    assert (everything.closed_win_rate_pct.value, everything.pnl) == (Decimal(60), 26)
    assert near(everything.profit_factor.value, Fraction(49, 23), 1e-40)


def test_volume_is_the_base_asset_side_of_the_windows_trades() -> None:
    buy, sell = trade(0, BASE, "X", 1000, 10), trade(1, "X", BASE, 4, 450)
    timeline = Timeline(points_of(with_times([buy, sell], [10, DAY + 10])))
    assert window_figures(Window.DAY, timeline.window(Window.DAY, DAY + 10), DAY + 10).volume == 450
    assert window_figures(Window.ALL, timeline.window(Window.ALL, DAY + 10), DAY + 10).volume == 1450


def test_thirty_covered_days_from_noon_are_annualised_though_a_day_is_missing_for_the_ratios() -> None:
    # From day 0 at noon to day 30 at noon the price grows by 10 %: 1.1^(365/30) - 1.
    figures = figures_of(f"{NOON} dep 1000, {NOON + 5} +100", Window.ALL, 30 * DAY + NOON)
    assert near(figures.annualised_pct.value, 100 * (1.1 ** (365 / 30) - 1))
    earlier = figures_of(f"{NOON} dep 1000, {NOON + 5} +100", Window.ALL, 30 * DAY)
    assert earlier.annualised_pct.reason == earlier.calmar.reason == "too_few_days"
    assert earlier.coverage_days == Decimal("29.5")
    assert earlier.volatility_pct.value is not None


def test_ratios_beyond_ten_to_the_fifteen_are_out_of_range() -> None:
    figures = figures_of(f"0 dep 1, {40 * DAY} +{10**16}", Window.ALL, 45 * DAY)
    assert figures.roi_pct.reason == figures.annualised_pct.reason == figures.volatility_pct.reason == "out_of_range"
    # One jump x in 45 days: x/45 / (x/sqrt(45)) * sqrt(365), however large it is.
    assert near(figures.sharpe.value, sqrt(365 / 45))
    figures = figures_of(f"0 dep 10, 5 -1, 10 +{10**18}, 20 -1", Window.ALL, 30)
    assert figures.profit_factor == (None, "out_of_range")


def test_calmar_divides_the_unclamped_return_by_the_deepest_fall() -> None:
    # 36.5 days, ten times the price: 10^10 - 1 a year, 100 * (10^10 - 1) / 20.
    ledger = f"0 dep 100, 10 -20, {20 * DAY} +920"
    figures = figures_of(ledger, Window.ALL, 36 * DAY + NOON)
    assert near(figures.calmar.value, Fraction(100 * (10**10 - 1), 20))


def test_a_growth_far_smaller_than_the_price_is_annualised_with_its_digits() -> None:
    # 365 days / 73 days = 5: five times the change, as its square is beyond notice.
    figures = figures_of(f"0 dep {10**60}, 10 +3", Window.ALL, 73 * DAY)
    assert near(figures.annualised_pct.value, 0, 1e-50)
    assert near((figures.annualised_pct.value or Decimal(0)).scaleb(57), Fraction("1.5"))
    assert timeline_of(f"0 dep {10**60}, 10 +3").first_deposit_at == 0
