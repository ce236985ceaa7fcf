"""The golden vectors: small ledgers whose figures were worked out by hand."""

from decimal import Decimal

import pytest

from services.analytics import figures
from tests.unit.ledger_builder import folded


@pytest.mark.parametrize(
    ("ledger", "price", "roi", "pnl", "max_drawdown"),
    [
        (
            "dep 500, -100, dep 1000, +150",
            "0.88571428571428571428571428571428571428571428571429",
            "-11.428571428571428571428571428571428571428571428571",
            50,
            "20",
        ),
        ("dep 1000, +100, wd 1000, -50", "0.55", "-45", 50, "50"),
        ("dep 1000, -1200", "0", "-100", -1200, "100"),
        ("dep 1000, +100, wd 1100, dep 5000, +200", "1.144", "14.4", 300, "0"),
        (
            "dep 500, +1300, dep 400, +800, wd 500",
            "4.9090909090909090909090909090909090909090909090909",
            "390.90909090909090909090909090909090909090909090909",
            2100,
            "0",
        ),
        ("+100", "1", None, 100, None),
        ("+100, dep 1000, +50", "1.05", "5", 150, "0"),
        (
            "dep 6, -5, wd 1",
            "0.16666666666666666666666666666666666666666666666667",
            "-83.333333333333333333333333333333333333333333333333",
            -5,
            "83.333333333333333333333333333333333333333333333333",
        ),
        ("dep 1000, -1200, wd 300", "0", "-100", -1200, "100"),
        ("dep 1000, -1200, dep 5000, +500", "1.1", "-100", -700, "100"),
        ("dep A 500, dep B 500, -500, wd A 500, +300, dep C 1000, +100", "0.55", "-45", -100, "50"),
        ("dep A 100, +100, dep B 100", "2", "100", 100, "0"),
        ("dep 1000, +500, settle A 50/25/425, +105", "1.574625", "57.4625", 530, "5"),
    ],
)
def test_a_ledger_gives_the_price_return_pnl_and_drawdown_worked_out_by_hand(
    ledger: str, price: str, roi: str | None, pnl: int, max_drawdown: str | None
) -> None:
    state = folded(ledger).state
    assert figures.unit_price(state) == Decimal(price)
    assert figures.roi_pct(state).value == (None if roi is None else Decimal(roi))
    assert figures.pnl_all(state) == pnl
    drawdown = figures.max_drawdown_pct(state).value
    assert drawdown == (None if max_drawdown is None else Decimal(max_drawdown))


def test_a_loss_above_the_owned_equity_liquidates_and_leaves_negative_equity() -> None:
    state = folded("dep 1000, -1200").state
    assert (state.equity, state.liquidated) == (-200, True)


def test_results_without_owned_equity_belong_to_no_unit() -> None:
    state = folded("+100").state
    assert (state.equity, state.owned, state.unowned) == (100, 0, 100)
    assert figures.roi_pct(state).reason == "no_deposits"
    assert figures.max_drawdown_pct(state).reason == "no_deposits"
    assert figures.legacy_number(figures.roi_all(state)) == Decimal("0.00")


def test_a_deposit_does_not_buy_what_no_unit_owned_before() -> None:
    state = folded("+100, dep 1000, +50").state
    assert (state.owned, state.unowned) == (1050, 100)
    assert figures.unallocated_equity(state) == 100


def test_a_withdrawal_that_empties_the_vault_does_not_liquidate_it() -> None:
    state = folded("dep 6, -5, wd 1").state
    assert (state.liquidated, state.equity, state.flows.tvl) == (False, 0, 5)


def test_a_withdrawal_after_the_liquidation_lowers_equity_and_tvl_only() -> None:
    state = folded("dep 1000, -1200, wd 300").state
    assert (state.equity, state.flows.tvl, state.liquidated) == (-500, 700, True)


def test_a_deposit_after_the_liquidation_opens_the_next_epoch() -> None:
    state = folded("dep 1000, -1200, dep 5000, +500").state
    assert (state.epoch, state.owned, state.unowned, state.liquidated) == (2, 5500, -200, True)
    assert figures.epoch_roi_pct(state).value == Decimal(10)
    assert figures.current_drawdown_pct(state).value == Decimal(100)
    assert figures.high_water_mark(state) == Decimal(1)


def test_a_withdrawal_above_the_own_value_is_paid_by_the_others() -> None:
    state, followers, _ = folded("dep A 500, dep B 500, -500, wd A 500, +300, dep C 1000, +100")
    pnl = {wallet: figures.follower_figures(state, follower).pnl for wallet, follower in followers.items()}
    assert pnl == {"A": 0, "B": -500, "C": 100}
    assert state.unowned == 300


def test_who_joins_after_a_gain_has_no_part_in_it() -> None:
    state, followers, _ = folded("dep A 100, +100, dep B 100")
    assert figures.follower_figures(state, followers["A"]).pnl == 100
    assert figures.follower_figures(state, followers["B"]).pnl == 0


def test_a_settlement_pays_profit_out_and_leaves_the_deposit() -> None:
    state, followers, _ = folded("dep A 1000, +500, settle A 50/25/425, +105")
    assert (state.equity, state.flows.tvl, state.flows.settled) == (1105, 1000, 425)
    assert figures.follower_figures(state, followers["A"]).pnl == 530


def test_thirty_days_of_alternating_results_give_the_return_and_drawdown_worked_out_by_hand() -> None:
    state = folded("dep 10000" + ", +100, -50" * 15).state
    assert figures.roi_pct(state).value == Decimal("7.5")
    assert figures.pnl_all(state) == 750
    drawdown = figures.max_drawdown_pct(state).value
    assert drawdown == Decimal("0.49504950495049504950495049504950495049504950495050")
