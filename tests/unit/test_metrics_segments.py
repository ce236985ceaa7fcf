"""Ranges, segments and covers: what is merged equals what is visited one by one."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics import figures
from services.analytics.fold import fold
from services.analytics.ledger import Entry
from services.analytics.metrics.drawdown import Drawdown
from services.analytics.metrics.price_range import PriceRange
from services.analytics.metrics.windows import Window, window_figures
from services.analytics.points import NO_TOTALS, Segment, Totals, joined, point_of
from services.analytics.state import VaultState
from services.analytics.timeline import WIDTHS, Stretch, Timeline, cover
from tests.unit.ledger_builder import BASE, ledgers, with_times
from tests.unit.point_builder import DAY, Visit, near, points_of, timed, timeline_of, visits_of

HOUR = 3_600
PRICES = st.one_of(
    st.sampled_from([Decimal(text) for text in ("0.5", "0.75", "1", "1.5", "2", "4")]),
    st.decimals("0.001", "1000", places=3),
)


def visited(steps: list[tuple[Decimal, int]]) -> Drawdown:
    drawdown = Drawdown(*steps[0])
    for price, time in steps[1:]:
        drawdown.visit(price, time)
    return drawdown


@given(st.lists(PRICES, min_size=1, max_size=12), st.data())
def test_merged_ranges_equal_one_visit_of_all_prices(prices: list[Decimal], data: st.DataObject) -> None:
    # Prices of one second, and 0 from a liquidation on.
    times = sorted(data.draw(st.lists(st.integers(0, 6), min_size=len(prices), max_size=len(prices))))
    dead_from = data.draw(st.integers(1, 2 * len(prices)))
    steps = [(Decimal(0) if i >= dead_from else p, t) for i, (p, t) in enumerate(zip(prices, times, strict=True))]
    drawdown = visited(steps)
    runs = [PriceRange.of(*step) for step in steps]
    while len(runs) > 1:
        at = data.draw(st.integers(0, len(runs) - 2))
        runs[at : at + 2] = [runs[at].then(runs[at + 1])]
    whole = runs[0]
    assert (whole.high, whole.high_at) == (drawdown.peak, drawdown.peak_at)
    assert (whole.low, whole.low_at) == min(steps, key=lambda step: step[0])
    assert whole.fall.depth == drawdown.deepest
    assert (whole.fall.peak_at, whole.fall.trough_at) == (drawdown.deepest_peak_at, drawdown.trough_at)


@pytest.mark.parametrize(
    ("earlier", "later", "peak_at", "trough_at"),
    [
        pytest.param([(2, 10)], [(Fraction(3, 2), 20), (4, 20), (3, 20)], 10, 20, id="the same fall twice in a second"),
        pytest.param([(2, 10)], [(4, 20), (0, 20)], 20, 20, id="to nothing from the higher peak"),
        pytest.param([(4, 10)], [(2, 20), (0, 20)], 10, 20, id="to nothing from the earlier higher peak"),
        pytest.param([(4, 10)], [(4, 20), (0, 30)], 10, 30, id="of two equal peaks the earlier"),
        pytest.param([(2, 10), (1, 15)], [(1, 20), (3, 30)], 10, 15, id="of two equal falls the earlier"),
        pytest.param([(2, 10)], [(4, 20), (2, 30), (1, 40), (3, 50)], 20, 40, id="the deeper one of two"),
    ],
)
def test_ties_between_runs_go_to_the_earliest(
    earlier: list[tuple[int, int]], later: list[tuple[int, int]], peak_at: int, trough_at: int
) -> None:
    def run(steps: Iterable[tuple[int, int]]) -> PriceRange:
        return reduce(PriceRange.then, (PriceRange.of(Decimal(float(price)), time) for price, time in steps))

    fall = run(earlier).then(run(later)).fall
    assert (fall.peak_at, fall.trough_at) == (peak_at, trough_at)


def test_equal_falls_in_thirds_are_a_tie() -> None:
    ledger = "0 dep 12, 4000 +4, 8000 -4, 90000 +8, 95000 -5"
    segment = timeline_of(ledger).segment(0, 2 * DAY)
    assert segment is not None
    assert segment.prices is not None
    assert (segment.prices.fall.peak_at, segment.prices.fall.trough_at) == (4000, 8000)


def test_a_cover_uses_the_widest_segments_that_fit() -> None:
    begin, end = 5 * HOUR + 7, 3 * DAY + 2 * HOUR + 1
    assert list(cover(begin, end)) == [
        Stretch(1, begin, 6 * HOUR),
        Stretch(HOUR, 6 * HOUR, DAY),
        Stretch(DAY, DAY, 3 * DAY),
        Stretch(HOUR, 3 * DAY, 3 * DAY + 2 * HOUR),
        Stretch(1, 3 * DAY + 2 * HOUR, end),
    ]
    assert list(cover(7, 8)) == [Stretch(1, 7, 8)]
    assert list(cover(7, 7)) == []


@given(st.integers(0, 10**9), st.integers(0, 10**8))
def test_a_cover_has_every_second_once_and_few_pieces(begin: int, length: int) -> None:
    stretches = list(cover(begin, begin + length))
    at = begin
    for stretch in stretches:
        assert stretch.begin == at < stretch.end
        assert stretch.begin % stretch.width == stretch.end % stretch.width == 0
        at = stretch.end
    assert at == begin + length
    pieces = sum((s.end - s.begin) // s.width for s in stretches if s.width > 1)
    assert pieces <= 2 * 23 + 2 * 31 + length // WIDTHS[-1]


@st.composite
def spread_ledgers(draw: st.DrawFn) -> list[Entry]:
    """Ledgers over some 70 days with crowded hours, events of one second, and quiet weeks."""
    entries = draw(ledgers(max_size=15))
    moments = st.builds(
        lambda day, hour, second: day * DAY + hour * HOUR + second,
        st.integers(0, 70),
        st.sampled_from([0, 1, 12, 23]),
        st.sampled_from([0, 1, 1800, 3599]),
    )
    times = sorted(draw(st.lists(moments, min_size=len(entries), max_size=len(entries))))
    return with_times(entries, times)


def span_of(visits: list[Visit], start: int, now: int, *, is_all: bool) -> list[tuple[int, Fraction]]:
    """The times and prices that a window visits; empty without a deposit."""
    seen = [visit for visit in visits if visit.time <= now]
    before = [visit for visit in seen if visit.time <= start and not is_all]
    inside = [(visit.time, visit.price) for visit in seen[len(before) :] if visit.price is not None]
    if before and before[-1].price is not None:
        return [(start, before[-1].price), *inside]
    return inside


@given(
    spread_ledgers(), st.sampled_from(Window), st.integers(0, 75), st.sampled_from([0, 1, 3599, 3600, 43_200, 86_399])
)
def test_windows_from_segments_equal_windows_from_exact_fractions(
    entries: list[Entry], window: Window, day: int, second: int
) -> None:
    now = day * DAY + second
    published = window_figures(window, Timeline(points_of(entries)).window(window, now), now)
    visits = visits_of(entries)
    start = now - (window.days or 0) * DAY
    is_all = window is Window.ALL
    span = span_of(visits, start, now, is_all=is_all)
    before = [visit for visit in visits if visit.time <= start and not is_all]
    last = [visit for visit in visits if visit.time <= now]
    assert published.pnl == (last[-1].pnl if last else 0) - (before[-1].pnl if before else 0)
    assert published.volume == (last[-1].volume if last else 0) - (before[-1].volume if before else 0)
    if not span:
        assert published.roi_pct == published.max_drawdown_pct == (None, "no_deposits")
        return
    if span[0][1] == 0:
        assert published.roi_pct == published.max_drawdown_pct == (None, "liquidated")
        return
    peak, peak_at = span[0][1], span[0][0]
    deepest = Fraction(0)
    fall: tuple[int | None, int | None] = (None, None)
    for time, price in span:
        if price > peak:
            peak, peak_at = price, time
        if 1 - price / peak > deepest:
            deepest, fall = 1 - price / peak, (peak_at, time)
    roi = 100 * (span[-1][1] / span[0][1] - 1)
    assert near(published.roi_pct.value, roi, 1e-40) if abs(roi) < 10**15 else published.roi_pct.reason
    assert near(published.max_drawdown_pct.value, 100 * deepest, 1e-40)
    assert near(published.current_drawdown_pct.value, 100 * (1 - span[-1][1] / peak), 1e-40)
    assert (published.peak_at.value, published.trough_at.value) == fall


@given(spread_ledgers())
def test_the_window_of_all_equals_the_folds_own_figures(entries: list[Entry]) -> None:
    state = fold(entries, BASE).state
    now = 80 * DAY
    published = window_figures(Window.ALL, Timeline(points_of(entries)).window(Window.ALL, now), now)
    assert published.roi_pct == figures.roi_pct(state)
    assert published.pnl == figures.pnl_all(state)
    assert published.max_drawdown_pct == figures.max_drawdown_pct(state)
    assert published.current_drawdown_pct == figures.current_drawdown_pct(state)
    assert published.closed_win_rate_pct == figures.closed_win_rate_pct(state)
    assert published.profit_factor == figures.profit_factor(state)
    assert published.volume == state.trades.volume
    if state.drawdown is not None:
        falls = (state.drawdown.deepest_peak_at, state.drawdown.trough_at)
        assert (published.peak_at.value, published.trough_at.value) == falls


@given(spread_ledgers(), st.integers(0, 72), st.integers(0, 72))
def test_segments_of_a_stretch_equal_its_points_joined(entries: list[Entry], first: int, last: int) -> None:
    points = points_of(entries)
    begin, end = first * DAY + 1800, last * DAY + 1800
    plain = joined(Segment.of(point) for point in points if begin <= point.time < end)
    assert Timeline(points).segment(begin, end) == plain


@given(spread_ledgers(), st.integers(1, 75))
def test_days_count_while_units_of_the_first_epoch_exist(entries: list[Entry], today: int) -> None:
    visits = visits_of(entries)
    counted = 0
    for day in range(today):
        opened = [visit for visit in visits if visit.time < day * DAY]
        inside = [visit for visit in visits if visit.time // DAY == day]
        counted += bool((opened and opened[-1].exposed) or any(visit.exposed for visit in inside))
    data = Timeline(points_of(entries)).window(Window.ALL, today * DAY)
    assert data.ratios.days == counted


def test_a_point_shows_the_epoch_and_the_price_of_the_first_one() -> None:
    points = points_of(timed("0 dep 1000, 60 -1200, 120 dep 5000, 180 +500"))
    assert [point.epoch for point in points] == [1, 1, 2, 2]
    assert [point.unit_price for point in points] == [Decimal(1), Decimal(0), Decimal(1), Decimal("1.1")]
    assert [point.price for point in points] == [Decimal(1), Decimal(0), Decimal(0), Decimal(0)]
    assert [point.is_exposed for point in points] == [True, False, False, False]
    assert [point.totals.equity for point in points] == [1000, -200, 4800, 5300]
    assert points[-1].totals.net_deposits == 6000
    assert points[-1].below_peak == 1


def test_totals_add_and_subtract_field_by_field() -> None:
    one = Totals(1, 2, 3, 4, 5, 6, 7, 8, -9, 10)
    assert one.plus(one) == Totals(2, 4, 6, 8, 10, 12, 14, 16, -18, 20)
    assert one.minus(one) == NO_TOTALS


def test_a_state_without_entries_has_no_point() -> None:
    with pytest.raises(ValueError, match="needs an entry"):
        point_of(VaultState())


def test_a_timeline_refuses_a_point_before_its_last() -> None:
    first, second = points_of(timed("0 dep 1, 5 +1"))
    timeline = Timeline([second])
    with pytest.raises(ValueError, match="late"):
        timeline.append(first)
