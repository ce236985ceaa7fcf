"""The oracle of windows against the exact fold of prefixes, `statistics`, and what must always hold."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle import Vault, expected
from tests.oracle.sending import DAY, RawJob
from tests.oracle.strategies import shuffled_with_duplicates
from tests.oracle_metrics import WINDOW_DAYS, LeaderEntry, VaultFigures, history, leader_board, measure, vault_board
from tests.oracle_metrics.boards import SORTS
from tests.oracle_metrics.history import RESOLUTIONS
from tests.oracle_metrics.moments import BEGINNING, Moment
from tests.oracle_metrics.strategies import BASES, Scenario, scenarios

QUICK = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
CLOSE = Decimal("1e-9")


def time_of(job: RawJob) -> int:
    body = job["kwargs"]
    return int(body["timestamp"] if "timestamp" in body else body["observedAt"])


def until(scenario: Scenario, time: int) -> dict[str, Vault]:
    """The vaults as the exact fold has them after everything at or before `time`."""
    return expected([job for job in scenario.jobs if time_of(job) <= time]).vaults


def first_epoch_price(vault: Vault | None) -> Fraction:
    if vault is None or vault.roi is None:
        return Fraction(1)
    return 1 + vault.roi / 100


def at(moments: Sequence[Moment], time: int) -> Moment:
    """The state when `time` begins: after every event before it."""
    return next((moment for moment in reversed(moments) if moment.time < time), BEGINNING)


def near(mine: Decimal | None, other: Fraction | float) -> bool:
    if mine is None:
        return False
    exact = Fraction(other)
    return abs(Fraction(mine) - exact) <= max(abs(exact) * Fraction(CLOSE), Fraction(1, 10**12))


def check_amounts_and_returns(scenario: Scenario) -> None:
    """ROI, PnL, volume and drawdown against two folds by the other oracle, one to each edge of the window."""
    report = measure(scenario.jobs, scenario.now)
    for name, days in WINDOW_DAYS.items():
        start = 0 if days is None else scenario.now - days * DAY
        before = until(scenario, start)
        for address, vault in report.vaults.items():
            figures, row, earlier = vault.windows[name], vault.row, before.get(address)
            assert figures.pnl == row.pnl - (earlier.pnl if earlier else 0)
            assert figures.volume == row.volume - (earlier.volume if earlier else 0)
            first = first_epoch_price(earlier)
            reason = "no_deposits" if row.roi is None else "liquidated" if first == 0 else None
            assert figures.null_reasons.get("roiPct") in (reason, "out_of_range")
            if reason is None:
                assert near(figures.unclamped["roiPct"], 100 * (first_epoch_price(row) / first - 1))
            if days is None and row.max_drawdown_pct is not None and row.current_drawdown_pct is not None:
                assert near(figures.ratios["maxDrawdownPct"], row.max_drawdown_pct)
                assert near(figures.ratios["currentDrawdownPct"], row.current_drawdown_pct)


def check_statistics(scenario: Scenario) -> None:
    """Volatility, Sharpe, Sortino and Calmar once more, from closes looked up at every midnight."""
    report = measure(scenario.jobs, scenario.now)
    for vault in report.vaults.values():
        for name in ("30d", "90d", "1y", "all"):
            returns = looked_up_returns(vault, scenario.now, WINDOW_DAYS[name])
            found = vault.windows[name]
            if len(returns) < 30:
                assert found.null_reasons["sharpe"] == "too_few_days"
                continue
            spread = statistics.stdev(returns)
            assert near(found.unclamped["volatilityPct"], 100 * spread * math.sqrt(365))
            mean = statistics.mean(returns)
            downside = math.sqrt(statistics.mean([min(r, Fraction(0)) ** 2 for r in returns]))
            if spread > 1e-15:
                assert near(found.unclamped["sharpe"], float(mean) / spread * math.sqrt(365))
            if downside > 1e-15:
                assert near(found.unclamped["sortino"], float(mean) / downside * math.sqrt(365))
            if "calmar" in found.unclamped:
                # Floats would lose a return and a drawdown of 1e-16 whose ratio is still a number.
                with localcontext(prec=100):
                    grown = 1 + Decimal(found.unclamped["roiPct"]) / 100
                    annualised = 100 * (grown ** (365 / Decimal(found.coverage_days)) - 1)
                    calmar = annualised / Decimal(found.unclamped["maxDrawdownPct"])
                assert near(found.unclamped["annualisedPct"], Fraction(annualised))
                assert near(found.unclamped["calmar"], Fraction(calmar))


def looked_up_returns(vault: VaultFigures, now: int, days: int | None) -> list[Fraction]:
    today = now // DAY
    first = min((moment.time // DAY for moment in vault.moments), default=today)
    returns = []
    for day in range(first if days is None else max(first, today - days), today):
        opening, closing = at(vault.moments, day * DAY), at(vault.moments, (day + 1) * DAY)
        within = [moment for moment in vault.moments if moment.time // DAY == day]
        if any(moment.owned > 0 and moment.epoch == 1 for moment in (opening, *within)):
            returns.append(closing.price / opening.price - 1)
    return returns


def check_invariants(scenario: Scenario) -> None:
    """What holds for every vault and every leader entry alike."""
    report = measure(scenario.jobs, scenario.now)
    subjects: list[VaultFigures | LeaderEntry] = [*report.vaults.values(), *report.entries.values()]
    for subject in subjects:
        figures = [subject.windows[name] for name in WINDOW_DAYS]
        for one in figures:
            for name in ("maxDrawdownPct", "currentDrawdownPct", "closedWinRatePct"):
                value = one.ratios[name]
                assert value is None or 0 <= value <= 100
            assert all((one.ratios[name] is None) == (name in one.null_reasons) for name in one.ratios)
            assert all(value is None or value.is_finite() for value in one.ratios.values())
            assert one.peak_at is None or one.trough_at is None or one.peak_at <= one.trough_at <= scenario.now
        for inner, outer in pairwise(figures):
            assert inner.volume <= outer.volume
            assert inner.coverage_days <= outer.coverage_days
            falls = inner.ratios["maxDrawdownPct"], outer.ratios["maxDrawdownPct"]
            assert falls[0] is None or (falls[1] is not None and falls[0] <= falls[1])
        for before, after in pairwise([BEGINNING, *subject.moments]):
            if after.by_result == 0 and after.epoch == before.epoch:
                assert after.unit_price == before.unit_price
    for vault in report.vaults.values():
        assert 0 <= vault.risk.score <= 100
        assert vault.moments == [] or vault.moments[-1].pnl == vault.row.pnl


def check_sums(scenario: Scenario) -> None:
    """A leader's amounts are the sums of its vaults', and with one vault everything is the vault's."""
    report = measure(scenario.jobs, scenario.now)
    for entry in report.entries.values():
        own = [report.vaults[address] for address in entry.vaults]
        assert entry.tvl == sum(vault.row.tvl for vault in own)
        assert entry.subscriptions == sum(vault.row.follower_count for vault in own)
        for name, figures in entry.windows.items():
            assert figures.pnl == sum(vault.windows[name].pnl for vault in own)
            assert figures.volume == sum(vault.windows[name].volume for vault in own)
        if len(own) == 1:
            assert entry.windows == own[0].windows


def check_boards(scenario: Scenario) -> None:
    """Every board is a gap-free ranking by value, with everybody whose figure is defined."""
    report = measure(scenario.jobs, scenario.now)
    for sort in SORTS:
        for window in WINDOW_DAYS:
            for board, subjects in ((vault_board, report.vaults), (leader_board, report.entries)):
                rows = board(report, sort, window, BASES[0])
                assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
                # Values that agree to 30 digits are a tie, in which other things rank.
                values = [Context(prec=30).plus(row.value) for row in rows]
                assert values == sorted(values, reverse=True)
                assert len({(row.subject, row.base_asset) for row in rows}) == len(rows) <= len(subjects)


def check_history(scenario: Scenario) -> None:
    """The last point is the present, and every point is the state that some event really left."""
    report = measure(scenario.jobs, scenario.now)
    for vault in report.vaults.values():
        for resolution in ("8h", "1d", "1w"):
            points = history(vault.moments, resolution, scenario.now - 60 * DAY, scenario.now, scenario.now)
            assert all(b.t - a.t == RESOLUTIONS[resolution] for a, b in pairwise(points))
            assert {(p.price, p.equity) for p in points} <= {(m.unit_price, m.equity) for m in vault.moments}
            if points:
                row, last = vault.row, points[-1]
                assert (last.price, last.equity, last.tvl) == (row.unit_price, row.equity, row.tvl)
                assert (last.pnl, last.followers) == (row.pnl, row.follower_count)
                assert (last.drawdown is None) == (row.current_drawdown_pct is None)


CHECKS = [
    (check_amounts_and_returns, scenarios()),
    (check_statistics, scenarios(amounts="plain")),
    (check_invariants, scenarios()),
    (check_sums, scenarios()),
    (check_boards, scenarios()),
    (check_history, scenarios()),
]
NAMES = [check.__name__.removeprefix("check_") for check, _ in CHECKS]


@pytest.mark.parametrize(("check", "drawn"), CHECKS, ids=NAMES)
def test_the_figures_hold_for_generated_ledgers(
    check: Callable[[Scenario], None], drawn: st.SearchStrategy[Scenario]
) -> None:
    QUICK(given(drawn)(check))()


@pytest.mark.long
@pytest.mark.parametrize(("check", "drawn"), CHECKS, ids=NAMES)
def test_the_figures_hold_for_many_generated_ledgers(
    check: Callable[[Scenario], None], drawn: st.SearchStrategy[Scenario]
) -> None:
    LONG(given(drawn)(check))()


@QUICK
@given(st.data())
def test_the_figures_do_not_depend_on_order_or_repetition(data: st.DataObject) -> None:
    scenario = data.draw(scenarios(most_steps=6))
    again = data.draw(shuffled_with_duplicates(scenario.jobs))
    assert measure(again, scenario.now) == measure(scenario.jobs, scenario.now)
