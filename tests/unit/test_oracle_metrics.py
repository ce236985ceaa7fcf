"""The oracle of windows: golden vectors to the last printed digit, and cases worked out by hand."""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracle.jobs import deployed, flow, job, story, trade
from tests.oracle.sending import DAY, START, RawJob
from tests.oracle_metrics import WINDOW_DAYS, VaultFigures, WindowFigures, differences, measure
from tests.oracle_metrics.exact import legacy, published
from tests.oracle_metrics.strategies import MIDNIGHT

LEADER = "0x" + "22" * 20
FOUR = ("volatilityPct", "sharpe", "sortino", "calmar")


def day(number: int, seconds: int = 0) -> int:
    """Midnight of a numbered day, and seconds after it."""
    return MIDNIGHT + number * DAY + seconds


def ledger(*steps: tuple[int, str, int]) -> list[RawJob]:
    """(time, "dep" | "wd" | "result", amount), follower A."""
    jobs = [deployed(timestamp=MIDNIGHT - 10)]
    for number, (time, what, amount) in enumerate(steps, start=1):
        place = {"timestamp": time, "blockNumber": 10 + number}
        if what == "result":
            jobs.append(trade(number, amount, **place))
        else:
            jobs.append(flow(number, "A", "DEPOSIT" if what == "dep" else "WITHDRAW", amount, **place))
    return jobs


def vault(jobs: list[RawJob], now: int) -> VaultFigures:
    (only,) = measure(jobs, now).vaults.values()
    return only


def windows(jobs: list[RawJob], now: int) -> dict[str, WindowFigures]:
    return dict(vault(jobs, now).windows)


def shown(figures: WindowFigures, *names: str) -> list[str | None]:
    """The ratios to 15 digits, or their reasons."""
    return [
        figures.null_reasons[name] if value is None else f"{published(value).normalize():f}"
        for name, value in ((name, figures.ratios[name]) for name in names)
    ]


@pytest.mark.parametrize(
    ("text", "roi", "drawdown", "pnl"),
    [
        ("dep 500, -100, dep 1000, +150", "-11.4285714285714", "20", 50),
        ("dep 1000, +100, wd 1000, -50", "-45", "50", 50),
        ("dep 1000, -1200", "-100", "100", -1200),
        ("dep 1000, +100, wd 1100, dep 5000, +200", "14.4", "0", 300),
        ("dep 500, +1300, dep 400, +800, wd 500", "390.909090909091", "0", 2100),
        ("+100", "no_deposits", "no_deposits", 100),
        ("+100, dep 1000, +50", "5", "0", 150),
        ("dep 6, -5, wd 1", "-83.3333333333333", "83.3333333333333", -5),
        ("dep 1000, -1200, wd 300", "-100", "100", -1200),
        ("dep 1000, -1200, dep 5000, +500", "-100", "100", -700),
        ("A dep 500, B dep 500, -500, A wd 500, +300, C dep 1000, +100", "-45", "50", -100),
        ("A dep 100, +100, B dep 100", "100", "0", 100),
        ("A dep 1000, +500, settle 50/25/425, +105", "57.4625", "5", 530),
    ],
)
def test_the_golden_ledgers_give_their_figures_in_every_window(text: str, roi: str, drawdown: str, pnl: int) -> None:
    for name, figures in windows(story(text), START + 3_600).items():
        assert shown(figures, "roiPct", "maxDrawdownPct") == [roi, drawdown], name
        assert figures.pnl == pnl


def golden_month() -> list[RawJob]:
    steps = [(day(n, DAY // 2), "result", -50 if n % 2 else 100) for n in range(30)]
    jobs = ledger((day(0), "dep", 10_000), *steps)
    score: RawJob = {"walletAddress": LEADER, "reputationScore": 800, "winRateBps": 1, "maxDrawdownBps": 1}
    return [*jobs, job("argus_score", "score", signalCount=1, observedAt=day(1), **score)]


@pytest.mark.parametrize("window", ["30d", "all"])
def test_the_golden_month_has_all_its_printed_digits(window: str) -> None:
    only = vault(golden_month(), day(30))
    figures = only.windows[window]
    assert shown(figures, "roiPct", "annualisedPct", "maxDrawdownPct") == [
        "7.5",
        "141.066196136416",
        "0.495049504950495",
    ]
    assert shown(figures, *FOUR) == ["14.0454165713185", "6.33996571029731", "13.7675867333509", "284.953716195561"]
    assert (figures.pnl, figures.partial, figures.coverage_days) == (750, False, Decimal(30))
    assert (figures.peak_at, figures.trough_at) == (day(0, DAY // 2), day(1, DAY // 2))
    # 50·0.2 + 30·0.495…/50 + 20·14.04…/100 = 10 + 0.297… + 2.809… = 13.1…
    assert (only.risk.score, only.risk.level, published(only.risk.total, 6)) == (13, "safe", Decimal("13.1061"))


@pytest.mark.parametrize("window", ["30d", "90d", "1y", "all"])
def test_one_second_before_the_golden_month_ends_all_four_have_too_few_days(window: str) -> None:
    only = vault(golden_month(), day(30) - 1)
    assert shown(only.windows[window], *FOUR) == ["too_few_days"] * 4
    assert only.risk.score == 10


def test_an_event_exactly_at_the_windows_start_belongs_to_what_was_before() -> None:
    jobs = ledger((day(0), "dep", 1000), (day(10), "result", 100))
    on_edge, inside = windows(jobs, day(17))["7d"], windows(jobs, day(17) - 1)["7d"]
    assert (shown(on_edge, "roiPct"), on_edge.pnl) == (["0"], 0)
    assert (shown(inside, "roiPct"), inside.pnl) == (["10"], 100)
    assert [f.partial for f in (on_edge, inside)] == [False, False]


def test_a_vault_younger_than_the_window_is_measured_from_its_first_deposit() -> None:
    jobs = ledger((day(0) - 5, "result", 30), (day(0), "dep", 1000), (day(2), "result", 50))
    found = windows(jobs, day(3))
    assert {name: f.partial for name, f in found.items()} == {
        "24h": False,
        "7d": True,
        "30d": True,
        "90d": True,
        "1y": True,
        "all": False,
    }
    assert {name: f.coverage_days for name, f in found.items()} == dict.fromkeys(WINDOW_DAYS, 3) | {"24h": 1}
    assert {name: shown(f, "roiPct")[0] for name, f in found.items()} == dict.fromkeys(WINDOW_DAYS, "5") | {"24h": "0"}
    # PnL looks at the window as it is: the 30 that came before the first deposit are in it.
    assert {name: f.pnl for name, f in found.items()} == dict.fromkeys(WINDOW_DAYS, 80) | {"24h": 0}


def test_a_fifth_of_a_year_is_raised_to_the_fifth_power() -> None:
    found = windows(ledger((day(0), "dep", 1000), (day(60), "result", 100)), day(73))
    # 365/73 = 5 and 1.1^5 = 1.61051; of the last 30 days 1.1^(365/30) is not so round.
    assert [shown(found[name], "annualisedPct") for name in ("90d", "1y", "all")] == [["61.051"]] * 3
    assert [shown(found[name], "annualisedPct") for name in ("24h", "7d")] == [["too_few_days"]] * 2
    assert found["30d"].ratios["annualisedPct"] == pytest.approx(Decimal(100 * (1.1 ** (365 / 30) - 1)))


def test_annualising_begins_with_thirty_covered_days() -> None:
    jobs = ledger((day(0, 7), "dep", 1000), (day(1), "result", 100))
    assert shown(windows(jobs, day(30, 6))["all"], "annualisedPct") == ["too_few_days"]
    assert windows(jobs, day(30, 7))["all"].ratios["annualisedPct"] is not None


def test_a_window_around_a_liquidation_lost_everything_and_one_after_it_has_no_return() -> None:
    steps = [(day(0), "dep", 1000), (day(40), "result", -1200), (day(50), "dep", 500), (day(51), "result", 50)]
    found = windows(ledger(*steps), day(60))
    around, after, whole = found["30d"], found["7d"], found["all"]
    assert (
        shown(around, "roiPct", "annualisedPct", "maxDrawdownPct", "currentDrawdownPct") == ["-100"] * 2 + ["100"] * 2
    )
    assert (around.peak_at, around.trough_at) == (day(30), day(40))
    assert around.pnl == (350 - 1000) - 500
    assert shown(around, *FOUR) == ["too_few_days"] * 4
    gone = ("roiPct", "annualisedPct", "maxDrawdownPct", "currentDrawdownPct")
    assert shown(after, *gone) == ["liquidated"] * 4
    assert (after.pnl, after.peak_at, after.null_reasons["peakAt"]) == (0, None, "liquidated")
    # 41 days count, 40 flat ones and the last with -1: mean -1/41, variance (1 - 1/41)/40 = 1/41, downside 1/√41.
    # So volatility is 100·√(365/41), Sharpe and Sortino are both -√(365/41), Calmar is -100/100.
    assert shown(whole, *FOUR) == ["298.369553144925", "-2.98369553144925", "-2.98369553144925", "-1"]


def test_without_a_deposit_nothing_returns_and_amounts_are_still_told() -> None:
    found = windows(ledger((day(0), "result", 100), (day(1), "result", -40)), day(40))
    for name, figures in found.items():
        returns = ("roiPct", "annualisedPct", "maxDrawdownPct", "currentDrawdownPct")
        assert shown(figures, *returns) == ["no_deposits"] * 4
        assert shown(figures, *FOUR) == ["too_few_days"] * 4
        assert (figures.coverage_days, figures.partial) == (Decimal(0), name != "all")
    assert (found["all"].pnl, found["24h"].pnl) == (60, 0)
    assert shown(found["all"], "closedWinRatePct", "profitFactor") == ["50", "2.5"]
    assert shown(found["24h"], "closedWinRatePct", "profitFactor") == ["no_closes", "no_losses"]


def test_tied_peaks_and_troughs_take_the_earliest_time() -> None:
    steps = [(day(n), "result", 1000 if n % 2 else -1000) for n in range(1, 5)]  # P 2, 1, 2, 1
    figures = windows(ledger((day(0), "dep", 1000), *steps), day(5))["all"]
    assert shown(figures, "maxDrawdownPct", "currentDrawdownPct") == ["50", "50"]
    assert (figures.peak_at, figures.trough_at) == (day(1), day(2))
    assert figures.ties == {(day(1), day(2)), (day(1), day(4)), (day(3), day(4))}


def test_a_window_forgets_the_peak_before_it() -> None:
    steps = [(day(1), "result", 1000), (day(2), "result", -1500), (day(20), "result", 500), (day(21), "result", -100)]
    figures = windows(ledger((day(0), "dep", 1000), *steps), day(25))["7d"]  # P 2, 0.5 | 1, 0.9
    assert shown(figures, "maxDrawdownPct", "currentDrawdownPct") == ["10", "10"]
    assert (figures.peak_at, figures.trough_at) == (day(20), day(21))


def test_no_drawdown_has_no_times() -> None:
    figures = windows(ledger((day(0), "dep", 1000), (day(1), "result", 1)), day(2))["all"]
    assert (figures.peak_at, figures.trough_at) == (None, None)
    assert figures.null_reasons["peakAt"] == figures.null_reasons["troughAt"] == "no_drawdown"


def test_equal_returns_have_no_variance_and_what_is_beyond_range_is_null() -> None:
    steps = [(day(n, 60), "result", 10 ** (29 - n) * 11**n) for n in range(30)]  # a tenth of Q every day
    figures = windows(ledger((day(0), "dep", 10**30), *steps), day(30))["30d"]
    assert shown(figures, *FOUR) == ["0", "no_variance", "no_down_day", "no_drawdown"]
    # 1.1^365 is 1.28e15, in percent beyond 1e15; the ROI is 100·(1.1^30 - 1).
    assert shown(figures, "roiPct", "annualisedPct") == ["1644.94022688864", "out_of_range"]


def test_calmar_takes_the_annualised_figure_before_it_is_cut_off() -> None:
    # P goes to 0.5 and 400 in 73 days: annualised 100·(400^5 - 1) = 1.024e15 - 100, divided by 50.
    steps = [(day(1), "result", -500), (day(2), "result", 399_500)]
    figures = windows(ledger((day(0), "dep", 1000), *steps), day(73))["all"]
    assert shown(figures, "roiPct", "annualisedPct", "calmar") == ["39900", "out_of_range", "20479999999998"]


def test_a_day_without_units_is_not_counted_and_a_flat_one_is() -> None:
    # Out at noon of day 10, in again at noon of day 20, still the first epoch: days 0…10 and 20…38 are 30 days.
    noon = DAY // 2
    steps = [(day(0, noon), "dep", 1000), (day(5), "result", 100), (day(6), "result", -110)]
    steps += [(day(10, noon), "wd", 990), (day(20, noon), "dep", 500)]
    jobs = ledger(*steps)
    assert shown(windows(jobs, day(39) - 1)["all"], *FOUR) == ["too_few_days"] * 4
    figures = windows(jobs, day(39))["all"]
    # r = 0.1, -0.1 and 28 zeros: mean 0, variance 0.02/29; the annualised figure is below 0: 0.99^(365/38.5) - 1.
    assert shown(figures, "volatilityPct", "sharpe", "sortino") == ["50.1721175485981", "0", "0"]
    annualised = 100 * (0.99 ** (365 / 38.5) - 1)
    assert figures.ratios["calmar"] == pytest.approx(Decimal(annualised / 10))
    assert shown(windows(jobs, day(39))["30d"], "sharpe") == ["too_few_days"]


def test_a_liquidation_on_the_stroke_of_midnight_is_a_return_of_the_day_that_begins() -> None:
    jobs = ledger((day(0), "dep", 1000), (day(30), "result", -1000))
    before, after = windows(jobs, day(31) - 1)["all"], windows(jobs, day(31))["all"]
    assert shown(before, "volatilityPct", "sharpe") == ["0", "no_variance"]
    # 31 days, the last with -1: variance (1 - 1/31)/30 = 1/31, so volatility is 100·√(365/31).
    assert shown(after, "volatilityPct", "sortino") == ["343.135447722719", "-3.43135447722719"]


def test_closes_and_profits_are_those_of_the_window() -> None:
    steps = [(day(0), "dep", 1000), (day(1), "result", 100), (day(2), "result", -40), (day(3), "result", 15)]
    found = windows(ledger(*steps, (day(4), "result", -5)), day(9))
    assert shown(found["all"], "closedWinRatePct", "profitFactor") == ["50", "2.55555555555556"]  # 115/45
    assert shown(found["7d"], "closedWinRatePct", "profitFactor") == ["50", "3"]  # 15/5: day 2 is the edge
    assert found["7d"].pnl == 10


def test_a_return_too_small_for_forty_digits_is_none() -> None:
    jobs = ledger((day(0), "dep", 10**45), (day(1), "result", 1), (day(2), "result", -1))
    figures = windows(jobs, day(31))["all"]
    assert shown(figures, "volatilityPct", "sharpe", "sortino") == ["0", "no_variance", "no_down_day"]
    assert 0 < figures.unclamped["maxDrawdownPct"] < Decimal("1.1e-43")


def test_an_event_after_now_is_refused() -> None:
    with pytest.raises(ValueError, match="later than now"):
        measure(ledger((day(1), "dep", 1)), day(1) - 1)


def test_the_comparison_finds_every_changed_figure_and_nothing_else() -> None:
    figures = windows(golden_month(), day(30) + 5)["30d"]
    answer = figures.answer()
    assert differences(figures, answer) == []
    for name in figures.ratios:
        assert len(differences(figures, answer | {name: None})) == 1, name
    for name, value in answer.items():
        if isinstance(value, Decimal):
            assert differences(figures, answer | {name: value * (1 + Decimal("1e-10"))}) == [], name
            assert len(differences(figures, answer | {name: value * (1 + Decimal("1e-8"))})) == 1, name
    for name in ("pnl", "volume", "peakAt", "troughAt"):
        assert len(differences(figures, answer | {name: 1_234})) == 1, name
    assert len(differences(figures, answer | {"partial": True})) == 1
    assert len(differences(figures, answer | {"nullReasons": {"sharpe": "no_variance"}})) == 1


def test_the_comparison_lets_rounding_pick_among_tied_peaks_and_troughs() -> None:
    steps = [(day(n), "result", 1000 if n % 2 else -1000) for n in range(1, 5)]
    figures = windows(ledger((day(0), "dep", 1000), *steps), day(5))["all"]
    assert differences(figures, figures.answer() | {"peakAt": day(3), "troughAt": day(4)}) == []
    assert differences(figures, figures.answer() | {"peakAt": day(3), "troughAt": day(2)}) != []


@pytest.mark.parametrize(
    ("value", "shown_as"),
    [
        ("0.125", "0.13"),
        ("-0.125", "-0.13"),
        ("1e20", "999999999999.99"),
        ("-1e20", "-999999999999.99"),
        (None, "0.00"),
    ],
)
def test_legacy_numbers_have_two_decimals_half_away_from_zero(value: str | None, shown_as: str) -> None:
    assert str(legacy(None if value is None else Decimal(value))) == shown_as


def test_the_oracle_shares_no_code_with_what_it_judges() -> None:
    for path in (Path(__file__).parents[1] / "oracle_metrics").glob("*.py"):
        froms = [
            node.module or "" for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)
        ]
        assert not [module for module in froms if module.startswith(("services", "gateway", "libs"))], path
