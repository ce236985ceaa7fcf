"""Daily returns and their ratios."""

from decimal import Decimal
from fractions import Fraction
from functools import reduce
from math import sqrt

import pytest

from services.analytics.metrics.daily_ratios import DailyRatios, daily_ratios, sharpe, sortino, volatility_pct
from services.analytics.metrics.daily_returns import DayClose, DaySummary, ReturnSums, summary_of, sums_before
from services.analytics.metrics.windows import Window
from tests.unit.point_builder import DAY, alternating, near, timeline_of


def returns_of(*changes: str) -> ReturnSums:
    return reduce(ReturnSums.plus, (Decimal(change) for change in changes), ReturnSums())


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
    assert near(volatility_pct(returns), 100 * sqrt(0.0052 * 365))
    assert near(sharpe(returns).value, 0.02 / sqrt(0.0052) * sqrt(365))
    assert near(sortino(returns).value, 0.02 / sqrt(0.0016 / 3) * sqrt(365))


def test_equal_returns_have_no_variance_and_gains_alone_no_down_day() -> None:
    assert sharpe(returns_of("0.01", "0.01", "0.01")).reason == "no_variance"
    assert sharpe(returns_of("0", "0")).reason == "no_variance"
    assert sortino(returns_of("0.01", "0", "0.02")).reason == "no_down_day"
    assert sharpe(returns_of("0.01", "0.01", "0")).reason is None


def test_thirty_returns_are_needed() -> None:
    assert daily_ratios(returns_of("0.1", *["0"] * 28)).volatility_pct.reason == "too_few_days"
    # One day of 3 % among thirty: mean 0.001, variance (0.029^2 + 29 * 0.001^2) / 29 = 0.03^2 / 30.
    volatility = daily_ratios(returns_of("0.03", *["0"] * 29)).volatility_pct.value
    assert near(volatility, 100 * 0.03 * sqrt(365 / 30))


def close(day: int, price: str, *, was: bool = True, still: bool = True) -> DayClose:
    return DayClose(day, Decimal(price), was, still)


def returns_until(days: list[DayClose], until: int) -> tuple[int, Decimal, Decimal]:
    """The days that count before a day, the sum of their returns and of their squares."""
    summary: DaySummary | None = None
    for day in days:
        summary = summary_of(day, summary)
    sums = sums_before(until, summary)
    return sums.days, sums.total, sums.squares


def test_each_day_is_compared_with_the_close_before() -> None:
    days = [close(10, "1.1"), close(11, "0.99"), close(12, "0.99")]
    first = summary_of(days[0], None)
    second = summary_of(days[1], first)
    assert first.sums == ReturnSums(1, Decimal("0.1"), Decimal("0.01"), Decimal(0))
    assert second.sums == ReturnSums(2, Decimal(0), Decimal("0.02"), Decimal("0.01"))
    assert summary_of(days[2], second).sums == ReturnSums(3, Decimal(0), Decimal("0.02"), Decimal("0.01"))


def test_quiet_days_are_flat_while_units_exist() -> None:
    days = [close(10, "1.1"), close(20, "1.21")]
    assert returns_until(days, 25) == (15, Decimal("0.2"), Decimal("0.02"))


def test_days_without_units_do_not_count() -> None:
    # All is withdrawn on day 12, deposited again on day 20: 10, 11, 12, 20 and 21 count.
    days = [close(10, "1.1"), close(12, "1.1", was=False, still=False), close(20, "1.21")]
    assert returns_until(days, 22) == (5, Decimal("0.2"), Decimal("0.02"))


def test_a_day_on_which_units_existed_for_a_moment_counts() -> None:
    assert returns_until([close(10, "1", was=True, still=False)], 40) == (1, Decimal(0), Decimal(0))
    assert returns_until([close(10, "1", was=False, still=False)], 40) == (0, Decimal(0), Decimal(0))


def test_after_a_liquidation_no_day_counts() -> None:
    days = [close(10, "1"), close(11, "0", was=False, still=False), close(12, "0", was=False, still=False)]
    assert returns_until(days, 50) == (2, Decimal(-1), Decimal(1))


def test_the_sums_of_later_days_are_a_difference() -> None:
    days = [close(10, "2"), close(15, "3"), close(17, "4.5")]
    early = summary_of(days[0], None)
    last = summary_of(days[2], summary_of(days[1], early))
    # Days 15, 16 and 17: a half, nothing, a half.
    assert sums_before(18, last).minus(sums_before(15, early)) == ReturnSums(3, Decimal(1), Decimal("0.5"), Decimal(0))
    assert sums_before(18, early).minus(sums_before(16, early)) == ReturnSums(2)
    assert sums_before(18, None) == ReturnSums(0)


def test_returns_have_forty_significant_digits() -> None:
    for price, change in (("1." + "3" * 200, "0." + "3" * 40), ("1.00" + "6" * 200, "0.00" + "6" * 39 + "7")):
        assert returns_until([close(10, price)], 11)[1] == Decimal(change)


def test_a_days_ratios_stay_the_same_until_the_next_day_begins() -> None:
    timeline = timeline_of(alternating(90))

    def ratios(window: Window, now: int) -> DailyRatios:
        return timeline.window(window, now).ratios

    assert ratios(Window.MONTH, 60 * DAY) == ratios(Window.MONTH, 61 * DAY - 1)
    assert ratios(Window.MONTH, 61 * DAY) != ratios(Window.MONTH, 60 * DAY)
    assert ratios(Window.MONTH, 60 * DAY).days == 30
    assert ratios(Window.QUARTER, 60 * DAY).days == 60
    assert ratios(Window.QUARTER, 90 * DAY).days == 90
    assert ratios(Window.ALL, 90 * DAY + 5).days == 90
    assert ratios(Window.WEEK, 90 * DAY).days == 0


def test_the_days_of_a_timeline_are_those_with_events() -> None:
    ledger = f"5 +10, {DAY - 1} dep 1000, {DAY} +100, {3 * DAY} wd 1100, {5 * DAY} dep 7, {5 * DAY + 1} wd 7"
    days = timeline_of(ledger).days
    assert [(day.day, day.is_exposed, day.sums.days) for day in days] == [
        (0, True, 1),
        (1, True, 2),
        (3, False, 4),
        (5, False, 5),
    ]
    assert [Fraction(day.close) for day in days] == [1, Fraction(11, 10), Fraction(11, 10), Fraction(11, 10)]
