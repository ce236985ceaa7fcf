"""The oracle itself: the golden vectors, row by row, and its indifference to arrival."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle import System, Vault, expected
from tests.oracle.intake import accept
from tests.oracle.jobs import BASE, TOKEN, VAULT, WALLETS, deployed, flow, story, trade, tx
from tests.oracle.sending import START
from tests.oracle.strategies import (
    CONFLICT_RECEIVED_AT,
    RawJob,
    shuffled_with_duplicates,
    split_in_batches,
    systems,
)
from tests.oracle.trades import PARTIAL, Outcome, Positions, Trade, settle_trade

DAY = 86_400


def only(system: System) -> Vault:
    (vault,) = system.vaults.values()
    return vault


def ratio(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


@pytest.mark.parametrize(
    ("ledger", "published", "others"),
    [
        ("dep 500, -100, dep 1000, +150", ("31/35", "-80/7", "20", 50), {}),
        ("dep 1000, +100, wd 1000, -50", ("0.55", "-45", "50", 50), {}),
        ("dep 1000, -1200", ("0", "-100", "100", -1200), {"equity": -200, "status": "LIQUIDATED"}),
        ("dep 1000, +100, wd 1100, dep 5000, +200", ("1.144", "14.4", "0", 300), {}),
        ("dep 500, +1300, dep 400, +800, wd 500", ("54/11", "4300/11", "0", 2100), {}),
        ("+100", ("1", None, None, 100), {"equity": 100, "r": 100}),
        ("+100, dep 1000, +50", ("1.05", "5", "0", 150), {"q": 1050, "r": 100}),
        ("dep 6, -5, wd 1", ("1/6", "-250/3", "250/3", -5), {"status": "ACTIVE", "equity": 0, "tvl": 5}),
        ("dep 1000, -1200, wd 300", ("0", "-100", "100", -1200), {"equity": -500, "tvl": 700}),
        (
            "dep 1000, -1200, dep 5000, +500",
            ("1.1", "-100", "100", -700),
            {"epoch": 2, "epoch_roi_pct": 10, "q": 5500, "r": -200, "status": "LIQUIDATED"},
        ),
        ("A dep 500, B dep 500, -500, A wd 500, +300, C dep 1000, +100", ("0.55", "-45", "50", -100), {"r": 300}),
        ("A dep 100, +100, B dep 100", ("2", "100", "0", 100), {}),
        (
            "A dep 1000, +500, settle 50/25/425, +105",
            ("1.574625", "57.4625", "5", 530),
            {"equity": 1105, "tvl": 1000, "settled": 425},
        ),
    ],
)
def test_the_golden_ledgers_give_their_published_figures(
    ledger: str, published: tuple[str, str | None, str | None, int], others: dict[str, object]
) -> None:
    vault = only(expected(story(ledger)))
    price, roi, drawdown, pnl = published
    assert vault.unit_price == Fraction(price)
    assert vault.roi == ratio(roi)
    assert vault.max_drawdown_pct == ratio(drawdown)
    assert vault.pnl == pnl
    assert {name: getattr(vault, name) for name in others} == others


@pytest.mark.parametrize(
    ("ledger", "pnls"),
    [
        ("A dep 500, B dep 500, -500, A wd 500, +300, C dep 1000, +100", {"A": 0, "B": -500, "C": 100}),
        ("A dep 100, +100, B dep 100", {"A": 100, "B": 0}),
        ("A dep 1000, +500, settle 50/25/425, +105", {"A": 530}),
        # A exits at 100 of a value of 200: 100 is orphaned. B asks 160 of its 50: 50 own, 100 orphan, 10 of C.
        ("A dep 100, +100, A wd 100, B dep 50, C dep 50, B wd 160", {"A": 0, "B": 110, "C": -10}),
    ],
)
def test_every_follower_of_the_golden_ledgers_has_its_own_pnl(ledger: str, pnls: dict[str, int]) -> None:
    system = expected(story(ledger))
    assert {who: system.followers[VAULT, WALLETS[who]].pnl for who in pnls} == pnls
    assert len(system.followers) == len(pnls)


def test_the_golden_month_has_its_roi_pnl_and_drawdown() -> None:
    jobs = [deployed(), flow(0, "A", "DEPOSIT", 10_000)]
    for day in range(30):
        noon = START + day * DAY + DAY // 2
        jobs.append(trade(day + 1, -50 if day % 2 else 100, timestamp=noon))
    vault = only(expected(jobs))
    assert (vault.roi, vault.pnl) == (Fraction("7.5"), 750)
    assert vault.max_drawdown_pct == Fraction(50, 101)  # 0.495049504950495…
    assert (vault.wins, vault.losses, vault.gains, vault.losses_sum) == (15, 15, 1500, 750)


NONE = frozenset[str]()
UNKNOWN = frozenset({"amount_out_unknown"})
GOLDEN_TRADES: list[tuple[int, str, int, str, int, bool, frozenset[str]]] = [
    (1000, "base", 10, "X", 0, False, NONE),
    (3, "X", 450, "base", 150, True, NONE),
    (2, "X", 7, "Y", 0, False, NONE),
    (10, "Y", 500, "base", 150, True, PARTIAL),
    (1, "Y", 9, "base", 0, False, PARTIAL),
    (0, "X", 5, "base", 5, True, NONE),
    (10, "X", 20, "Y", 0, False, PARTIAL),
    (5, "X", 0, "base", 0, False, UNKNOWN),
    (100, "base", 90, "base", 0, False, frozenset({"self_trade"})),
    (4, "Y", 399, "base", 199, True, NONE),
    (5, "Z", 5, "Y", 0, False, PARTIAL),
    (0, "base", 8, "Z", 0, False, NONE),
    (8, "Z", 3, "base", 3, True, NONE),
]
ASSETS = {"base": BASE, "X": TOKEN, "Y": "0x" + "88" * 20, "Z": "0x" + "99" * 20}


def test_the_golden_trades_give_their_results_row_by_row() -> None:
    jobs = [deployed()]
    for number, (sold, asset_in, received, asset_out, *_) in enumerate(GOLDEN_TRADES):
        pair = {"assetIn": ASSETS[asset_in], "assetOut": ASSETS[asset_out]}
        jobs.append(trade(number, 0, amountIn=str(sold), amountOut=str(received), **pair))
    system = expected(jobs)
    rows = [system.trades[125, tx(number), 0] for number in range(len(GOLDEN_TRADES))]
    assert [(row.pnl, row.is_close, row.flags) for row in rows] == [row[4:] for row in GOLDEN_TRADES]
    vault = only(system)
    assert (vault.trade_count, vault.closes, vault.wins, vault.losses) == (13, 5, 5, 0)
    assert (vault.gains, vault.pnl, vault.r) == (507, 507, 507)
    assert vault.volume == 1000 + 450 + 500 + 9 + 5 + 399 + 0 + 3


def test_the_golden_trades_leave_six_y_that_cost_300() -> None:
    positions: Positions = {}
    for sold, asset_in, received, asset_out, *_ in GOLDEN_TRADES:
        settle_trade(token_trade(asset_in, asset_out, sold, received or None), "base", positions)
    assert {asset: held for asset, held in positions.items() if held != (0, 0)} == {"Y": (6, 300)}


def token_trade(asset_in: str, asset_out: str, sold: int, received: int | None, pnl: int = 0) -> Trade:
    return Trade(("t",), 0, None, None, asset_in, asset_out, sold, received, pnl)


@pytest.mark.parametrize(
    ("done", "outcome", "after"),
    [
        (token_trade("base", "X", 70, 0), Outcome(-70, True, 70, NONE), {"X": (10, 100)}),
        (token_trade("X", "base", 3, 0), Outcome(-30, True, 0, NONE), {"X": (7, 70)}),
        (token_trade("X", "base", 10, 130), Outcome(30, True, 130, NONE), {"X": (0, 0)}),
        (token_trade("X", "base", 15, 160), Outcome(6, True, 160, PARTIAL), {"X": (0, 0)}),  # 160·10//15 = 106
        (token_trade("Y", "base", 0, 5), Outcome(0, False, 5, PARTIAL), {"X": (10, 100)}),
        (token_trade("X", "Y", 4, 0), Outcome(-40, True, 0, NONE), {"X": (6, 60)}),
        (token_trade("X", "Y", 100, 9), Outcome(-100, True, 0, PARTIAL), {"X": (0, 0)}),  # 9·10//100 = 0
        (token_trade("X", "Y", 0, 9), Outcome(0, False, 0, PARTIAL), {"X": (10, 100)}),
        (token_trade("X", "base", 5, 80, -7), Outcome(-7, True, 80, NONE), {"X": (5, 50)}),
        (token_trade("X", "Y", 5, None, 7), Outcome(7, True, 0, UNKNOWN), {"X": (10, 100)}),
    ],
)
def test_a_trade_after_buying_ten_x_for_100(done: Trade, outcome: Outcome, after: Positions) -> None:
    positions: Positions = {"X": (10, 100)}
    assert settle_trade(done, "base", positions) == outcome
    assert positions == after


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_neither_order_nor_repetition_changes_anything(data: st.DataObject) -> None:
    jobs = data.draw(systems(max_jobs=20))
    again = data.draw(shuffled_with_duplicates(jobs))
    assert expected(again) == expected(jobs)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(systems())
def test_generated_systems_balance_and_hold_no_conflict(jobs: list[RawJob]) -> None:
    system = expected(jobs)
    assert not system.conflicts
    for address, vault in system.vaults.items():
        own = [follower for (where, _), follower in system.followers.items() if where == address]
        assert sum(follower.exact_pnl for follower in own) == vault.pnl - vault.orphan - vault.r
        assert sum(follower.value for follower in own) + vault.orphan == vault.q
        assert vault.tvl == sum(follower.deposited for follower in own)
        assert (vault.status == "LIQUIDATED") == (vault.epoch > 1 or vault.unit_price == 0)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(systems(conflicts=True, always_timed=True))
def test_conflicts_change_nothing_but_the_list_of_conflicts(jobs: list[RawJob]) -> None:
    peaceful = [one for one in jobs if one["received_at"] != CONFLICT_RECEIVED_AT]
    with_conflicts, without = expected(jobs), expected(peaceful)
    assert with_conflicts.vaults == without.vaults
    assert with_conflicts.followers == without.followers
    assert bool(with_conflicts.conflicts) == (len(peaceful) < len(jobs))
    assert all(not event.time_assumed for event in accept(jobs).events)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_batches_hold_the_same_jobs_in_the_same_order(data: st.DataObject) -> None:
    jobs = data.draw(systems(max_jobs=8))
    batches = data.draw(split_in_batches(jobs))
    assert [one for batch in batches for one in batch] == jobs
    assert all(batches)
