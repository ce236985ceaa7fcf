"""A leader's vaults of one base asset as one: the price chained over the sum of their Q."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.fold import OutOfOrder, apply_entry
from services.analytics.followers import FollowerState
from services.analytics.leader_chain import Change, LeaderState, change_of, leader_points
from services.analytics.ledger import Entry
from services.analytics.metrics.windows import Window, window_figures
from services.analytics.points import PricePoint, point_of
from services.analytics.state import VaultState
from services.analytics.timeline import Timeline
from tests.unit.ledger_builder import BASE, ledgers
from tests.unit.point_builder import points_of, timed


def changes_of(vault: str, entries: list[Entry]) -> list[Change]:
    state, followers = VaultState(), dict[str, FollowerState]()
    changes, before = list[Change](), None
    for entry in sorted(entries, key=lambda entry: entry.key):
        result = apply_entry(state, followers, entry, BASE)
        after = point_of(state)
        changes.append(change_of(vault, result, before, after))
        before = after
    return changes


def chained(**vaults: str) -> list[PricePoint]:
    return leader_points(change for vault, ledger in vaults.items() for change in changes_of(vault, timed(ledger)))


def test_the_price_is_chained_over_the_sum_of_what_units_own() -> None:
    # 1000 + 3000, then +400 on 4000: 1.1; 1000 out of 4400 at that price; then -340 on 3400: 0.99.
    points = chained(a="0 dep 1000, 20 +400, 30 wd 1000", b="10 dep 3000, 40 -340")
    assert [point.price for point in points] == [1, 1, Decimal("1.1"), Decimal("1.1"), Decimal("0.99")]
    assert points[-1].owned == 3060
    assert points[-1].totals.pnl == 60
    assert (points[-1].totals.tvl, points[-1].totals.equity, points[-1].totals.followers) == (3000, 3060, 1)
    assert points[-1].below_peak == Decimal("0.1")


def test_one_liquidated_vault_among_others_is_a_loss_of_its_part() -> None:
    points = chained(a="0 dep 1000, 20 -1500, 30 dep 500", b="10 dep 3000, 40 +350")
    assert [point.price for point in points] == [1, 1, Decimal("0.75"), Decimal("0.75"), Decimal("0.825")]
    assert [point.epoch for point in points] == [1] * 5
    assert points[-1].totals.pnl == -1150


def test_when_a_result_brings_the_sum_to_nothing_the_leader_starts_again_like_a_vault() -> None:
    points = chained(a="0 dep 1000, 20 -1000", b="10 dep 500, 15 wd 500, 30 dep 100, 40 +50")
    assert [point.epoch for point in points] == [1, 1, 1, 1, 2, 2]
    assert [point.unit_price for point in points] == [Decimal(text) for text in ("1", "1", "1", "0", "1", "1.5")]
    assert [point.price for point in points] == [Decimal(text) for text in ("1", "1", "1", "0", "0", "0")]
    data = Timeline(points).window(Window.ALL, 50)
    assert window_figures(Window.ALL, data, 50).roi_pct.value == -100


def test_withdrawals_of_everything_keep_the_price() -> None:
    points = chained(a="0 dep 100, 10 +10, 20 wd 110", b="30 dep 100, 40 +10")
    assert [point.price for point in points][2:] == [Decimal("1.1"), Decimal("1.1"), Decimal("1.21")]


@given(ledgers())
def test_a_leader_of_one_vault_has_the_points_of_that_vault(entries: list[Entry]) -> None:
    assert leader_points(changes_of("a", entries)) == points_of(entries)


@given(ledgers(max_size=10), ledgers(max_size=10), st.randoms(use_true_random=False))
def test_the_arrival_order_of_changes_does_not_matter_and_states_survive_json(
    one: list[Entry], other: list[Entry], random: object
) -> None:
    changes = changes_of("a", one) + changes_of("b", other)
    ordered = leader_points(changes)
    random.shuffle(changes)  # type: ignore[attr-defined]
    assert leader_points(changes) == ordered
    state, points = LeaderState(), []
    for change in sorted(changes, key=lambda change: change.place):
        state = LeaderState.from_json(json.loads(json.dumps(state.to_json())))
        points.append(state.take(change))
    assert points == ordered
    assert state.owned == (ordered[-1].owned if ordered else 0)


def test_a_late_change_is_refused() -> None:
    first, second = changes_of("a", timed("0 dep 1000, 10 +5"))
    state = LeaderState()
    state.take(Change(second.place, 0, 5, second.totals))
    with pytest.raises(OutOfOrder):
        state.take(first)
    assert state.owned == 5
