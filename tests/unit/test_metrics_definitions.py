"""The published definitions are those that the code goes by."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from services.analytics.definitions import DEFINITIONS, NULL_REASONS
from services.analytics.ledger import Entry
from services.analytics.metrics.windows import Window, WindowFigures, window_figures
from services.analytics.timeline import Timeline
from tests.unit.ledger_builder import ledgers, with_times
from tests.unit.point_builder import DAY, points_of


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def test_every_figure_of_a_window_is_defined() -> None:
    windowed = {name for name, definition in DEFINITIONS.items() if definition.windowed}
    assert windowed == {camel(field.name) for field in fields(WindowFigures)}


def test_every_reason_is_explained_and_used() -> None:
    used = {reason for definition in DEFINITIONS.values() for reason in definition.null_reasons}
    assert used == set(NULL_REASONS)


def test_definitions_say_everything_about_a_figure() -> None:
    for name, definition in DEFINITIONS.items():
        assert name == definition.name
        assert definition.formula
        assert definition.unit
        assert definition.version >= 1


def test_what_every_answer_is_about_is_defined() -> None:
    assert {"roi", "drawdown", "winRate", "riskScore", "tvl", "equity", "unitPrice", "epochRoiPct"} <= set(DEFINITIONS)
    assert DEFINITIONS["roiPct"].null_reasons == ("no_deposits", "liquidated", "out_of_range", "not_refreshed")


@given(ledgers(max_size=12), st.sampled_from(Window), st.integers(0, 200), st.data())
def test_a_figure_is_null_only_for_a_reason_that_its_definition_names(
    entries: list[Entry], window: Window, day: int, data: st.DataObject
) -> None:
    days = sorted(data.draw(st.lists(st.integers(0, 150), min_size=len(entries), max_size=len(entries))))
    timeline = Timeline(points_of(with_times(entries, [day * DAY for day in days])))
    figures = window_figures(window, timeline.window(window, day * DAY + 1), day * DAY + 1)
    for name, reason in figures.null_reasons.items():
        assert reason in DEFINITIONS[name].null_reasons
    for name in ("roi_pct", "annualised_pct", "volatility_pct", "sharpe", "sortino", "calmar", "profit_factor"):
        value, reason = getattr(figures, name)
        assert (value is None) == (reason is not None)
        assert value is None or (value.is_finite() and abs(value) <= 10**15)
