"""Boards: who is on them, in which order."""

from decimal import Decimal

import pytest

from services.analytics.figures import Figure, profitable_followers_pct
from services.analytics.metrics.boards import (
    Contender,
    Ranked,
    Scored,
    Sort,
    board,
    neighbours,
    ranks_of,
    reputation_board,
)
from services.analytics.metrics.windows import Window, WindowFigures, window_figures
from services.analytics.timeline import Timeline
from tests.unit.point_builder import figures_of

EMPTY = window_figures(Window.ALL, Timeline().window(Window.ALL, 10), 10)


def contender(
    name: str,
    figures: WindowFigures = EMPTY,
    *,
    address: str = "0xA",
    asset: str = "USDC",
    since: int = 0,
    tvl: int = 0,
    followers: int = 0,
) -> Contender:
    return Contender(name, address, asset, since, tvl, followers, figures)


def earning(amount: int) -> WindowFigures:
    """Of 1000 deposited."""
    return figures_of(f"0 dep 1000, 1 {amount:+d}", Window.ALL, 10)


def ids(rows: list[Ranked]) -> list[str]:
    return [row.id for row in rows]


def test_the_largest_return_comes_first_and_undefined_ones_are_not_ranked() -> None:
    rows = board([contender("a", earning(50)), contender("b"), contender("c", earning(70))], Sort.ROI)
    assert rows == [Ranked(1, "c", "USDC", Decimal(7), None), Ranked(2, "a", "USDC", Decimal(5), None)]


def test_a_liquidated_vault_stays_ranked() -> None:
    rows = board([contender("dead", earning(-1000)), contender("well", earning(1))], Sort.ROI)
    assert [(row.id, row.value) for row in rows] == [("well", Decimal("0.1")), ("dead", Decimal(-100))]


def test_ties_go_to_the_larger_tvl_then_the_oldest_then_the_address_in_lower_case_then_the_asset() -> None:
    same = earning(50)
    rows = [
        contender("f", same, tvl=5, since=3, address="0xb", asset="WETH"),
        contender("e", same, tvl=5, since=3, address="0xB", asset="USDC"),
        contender("d", same, tvl=5, since=3, address="0xA"),
        contender("b", same, tvl=9, since=4),
        contender("c", same, tvl=5, since=2, address="0xC"),
        contender("a", earning(60), tvl=1, since=9),
    ]
    assert ids(board(rows, Sort.ROI)) == ["a", "b", "c", "d", "e", "f"]


def test_returns_that_differ_beyond_any_float_are_still_in_order() -> None:
    small = figures_of(f"0 dep {10**40}, 1 +1", Window.ALL, 10)
    smaller = figures_of(f"0 dep {10**40 + 1}, 1 +1", Window.ALL, 10)
    assert ids(board([contender("b", smaller, tvl=7), contender("a", small)], Sort.ROI)) == ["a", "b"]


@pytest.mark.parametrize("sort", [Sort.PNL, Sort.TVL, Sort.VOLUME])
def test_amounts_are_compared_within_one_base_asset_only(sort: Sort) -> None:
    rows = [contender("a", earning(5), asset="WETH", tvl=3), contender("b", earning(50), asset="USDC", tvl=2)]
    assert ids(board(rows, sort, base_asset="WETH")) == ["a"]
    with pytest.raises(ValueError, match="needs a base asset"):
        board(rows, sort)


def test_each_sort_ranks_by_its_own_figure() -> None:
    busy = figures_of("0 dep 1000, 1 -20, 2 -20, 3 +30", Window.ALL, 10)
    rows = [contender("few", earning(1), tvl=900, followers=1), contender("many", busy, tvl=10, followers=4)]
    assert [(row.id, row.value) for row in board(rows, Sort.FOLLOWERS)] == [("many", Decimal(4)), ("few", Decimal(1))]
    by_tvl, by_pnl = (board(rows, sort, base_asset="USDC") for sort in (Sort.TVL, Sort.PNL))
    assert [(row.id, row.value) for row in by_tvl] == [("few", Decimal(900)), ("many", Decimal(10))]
    assert [(row.id, row.value) for row in by_pnl] == [("few", Decimal(1)), ("many", Decimal(-10))]
    assert [row.id for row in board(rows, Sort.WIN_RATE)] == ["few", "many"]
    assert board(rows, Sort.SHARPE) == []


def test_reputation_is_for_scores_above_nothing_and_ties_go_to_who_joined_first() -> None:
    rows = [
        Scored("none", "0x1", 0, 0),
        Scored("late", "0x2", 700, 50),
        Scored("upper", "0xB", 700, 40),
        Scored("lower", "0xa", 700, 40),
        Scored("top", "0x9", 900, 99),
    ]
    ranked = reputation_board(rows)
    assert ids(ranked) == ["top", "lower", "upper", "late"]
    assert ranked[0] == Ranked(1, "top", "", Decimal(900), None)


def test_ranks_are_compared_with_those_of_the_refresh_before() -> None:
    a, b, c = contender("a", earning(1)), contender("b", earning(2)), contender("c", earning(3))
    before = ranks_of(board([a, b], Sort.ROI))
    assert before == {("b", "USDC"): 1, ("a", "USDC"): 2}
    risen = contender("a", earning(9))
    rows = board([risen, b, c], Sort.ROI, before)
    assert [(row.id, row.previous_rank, row.rank_change) for row in rows] == [
        ("a", 2, 1),
        ("c", None, None),
        ("b", 1, -2),
    ]


def test_a_leader_has_a_place_for_each_base_asset() -> None:
    rows = [contender("l", earning(5), asset="WETH"), contender("l", earning(9), asset="USDC")]
    ranked = board(rows, Sort.ROI, {("l", "WETH"): 1, ("l", "USDC"): 2})
    assert [(row.base_asset, row.previous_rank) for row in ranked] == [("USDC", 2), ("WETH", 1)]


def test_neighbours_are_the_rows_around_a_rank() -> None:
    ranked = board([contender(str(n), earning(n)) for n in range(1, 8)], Sort.ROI)
    assert [row.rank for row in neighbours(ranked, 4, 2)] == [2, 3, 4, 5, 6]
    assert [row.rank for row in neighbours(ranked, 1, 2)] == [1, 2, 3]
    assert [row.rank for row in neighbours(ranked, 7, 1)] == [6, 7]


def test_profitable_followers_are_a_share_of_all_who_ever_followed() -> None:
    assert profitable_followers_pct(1, 8) == Figure(Decimal("12.5"))
    assert profitable_followers_pct(0, 0) == Figure(None, "no_followers")
