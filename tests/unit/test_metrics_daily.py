"""Daily returns and their ratios."""

from decimal import Decimal
from fractions import Fraction

import pytest

from services.analytics.metrics.daily_ratios import daily_ratios, sharpe, sortino, volatility_pct
from services.analytics.metrics.daily_returns import DailyReturns, DayClose, daily_returns
from services.analytics.metrics.windows import Window
from services.analytics.timeline import ratios_of
from tests.unit.point_builder import DAY, alternating, near, timeline_of


def returns_of(*changes: str) -> DailyReturns:
    return DailyReturns(len(changes), tuple(Decimal(change) for change in changes if Decimal(change)))


@pytest.mark.parametrize(
    ("changes", "published"),
    [
        (["0", "0.5"], "13.51"),
        (["0", "0.5", "-0.02"], "10.38"),
        (["0", "0.5", "-0.02", "-0.08"], "7.11"),
    ],
)
def test_the_sharpe_ratio_is_the_one_of_binances_published_example(changes: list[str], published: str) -> None:
    value = sharpe(returns_of(*changes)).value
    assert value is not None
    assert round(value, 2) == Decimal(published)


def test_volatility_and_sortino_follow_their_arithmetic() -> None:
    # Mean 0.02; deviations 0.08, -0.06, -0.02: sum of squares 0.0104, variance 0.0052; downside 0.04^2 / 3.
    returns = returns_of("0.1", "-0.04", "0")
    assert near(volatility_pct(returns), 137.7679207943562)  # 100 * sqrt(0.0052 * 365)
    assert near(sharpe(returns).value, 5.298766184398315)  # 0.02 / sqrt(0.0052) * sqrt(365)
    assert near(sortino(returns).value, 16.54539010177521)  # 0.02 / sqrt(0.0016 / 3) * sqrt(365)


def test_equal_returns_have_no_variance_and_gains_alone_no_down_day() -> None:
    assert sharpe(returns_of("0.01", "0.01", "0.01")).reason == "no_variance"
    assert sharpe(returns_of("0", "0")).reason == "no_variance"
    assert sortino(returns_of("0.01", "0", "0.02")).reason == "no_down_day"
    assert sharpe(returns_of("0.01", "0.01", "0")).reason is None


def test_thirty_returns_are_needed() -> None:
    assert daily_ratios(DailyReturns(29, (Decimal("0.1"),))).volatility_pct.reason == "too_few_days"
    # One day of 3 % among thirty: 100 * 0.03 / sqrt(30) * sqrt(365).
    assert near(daily_ratios(DailyReturns(30, (Decimal("0.03"),))).volatility_pct.value, 10.464224768228174)


def close(day: int, price: str, *, was: bool = True, still: bool = True) -> DayClose:
    return DayClose(day, Decimal(price), was, still)


def test_each_day_is_compared_with_the_close_before() -> None:
    days = [close(10, "1.1"), close(11, "0.99"), close(12, "0.99")]
    assert daily_returns(days, 13) == (3, (Decimal("0.1"), Decimal("-0.1")))


def test_the_day_of_now_does_not_count_yet() -> None:
    assert daily_returns([close(10, "1.1"), close(11, "2.2")], 11) == (1, (Decimal("0.1"),))
    assert daily_returns([close(10, "1.1")], 10) == (0, ())


def test_quiet_days_are_flat_while_units_exist() -> None:
    assert daily_returns([close(10, "1.1"), close(20, "1.21")], 25) == (15, (Decimal("0.1"), Decimal("0.1")))


def test_days_without_units_do_not_count() -> None:
    # All is withdrawn on day 12, deposited again on day 20.
    days = [close(10, "1.1"), close(12, "1.1", was=False, still=False), close(20, "1.21")]
    assert daily_returns(days, 22) == (5, (Decimal("0.1"), Decimal("0.1")))


def test_a_day_on_which_units_existed_for_a_moment_counts() -> None:
    assert daily_returns([close(10, "1", was=True, still=False)], 40) == (1, ())
    assert daily_returns([close(10, "1", was=False, still=False)], 40) == (0, ())


def test_a_window_of_days_starts_from_the_close_before_it() -> None:
    days = [close(10, "2"), close(15, "3"), close(17, "4.5")]
    assert daily_returns(days, 18, first=15) == (3, (Decimal("0.5"), Decimal("0.5")))
    assert daily_returns(days, 18, first=16) == (2, (Decimal("0.5"),))
    assert daily_returns(days[:1], 18, first=16) == (2, ())
    assert daily_returns([], 18, first=16) == (0, ())


def test_after_a_liquidation_no_day_counts() -> None:
    days = [close(10, "1"), close(11, "0", was=False, still=False), close(12, "0", was=False, still=False)]
    assert daily_returns(days, 50) == (2, (Decimal(-1),))


def test_returns_have_forty_significant_digits() -> None:
    third = Decimal(1) + Decimal("0." + "3" * 200)
    assert daily_returns([close(10, str(third)) if False else DayClose(10, third, True, True)], 11).moved == (
        Decimal("0." + "3" * 40),
    )


def test_a_days_ratios_stay_the_same_until_the_next_day_begins() -> None:
    days = list(timeline_of(alternating(90)).days())
    assert ratios_of(Window.MONTH, days, 60 * DAY) == ratios_of(Window.MONTH, days, 61 * DAY - 1)
    # The window's thirty days have fifteen gains and fifteen losses; on the next day it is the same again but smaller.
    assert ratios_of(Window.MONTH, days, 61 * DAY) != ratios_of(Window.MONTH, days, 60 * DAY)
    assert ratios_of(Window.MONTH, days, 60 * DAY).days == 30
    assert ratios_of(Window.QUARTER, days, 60 * DAY).days == 60
    assert ratios_of(Window.ALL, days, 90 * DAY + 5).days == 90
    assert ratios_of(Window.WEEK, days, 90 * DAY).days == 0


def test_the_days_of_a_timeline_are_those_with_events() -> None:
    ledger = f"5 +10, {DAY - 1} dep 1000, {DAY} +100, {3 * DAY} wd 1100, {3 * DAY + 5} dep 7"
    days = list(timeline_of(ledger).days())
    assert [(day.day, day.was_exposed, day.is_exposed) for day in days] == [
        (0, True, True),
        (1, True, True),
        (3, True, True),
    ]
    assert [Fraction(day.close) for day in days] == [1, Fraction(11, 10), Fraction(11, 10)]
