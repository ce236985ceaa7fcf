"""The windows of generated ledgers, folded in memory, against the independent oracle."""

from __future__ import annotations

import os

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from libs.events import events_from_proto
from services.analytics.domain import LedgerEntry, entry_of
from services.analytics.fold import apply_entry
from services.analytics.followers import FollowerState
from services.analytics.metrics.windows import Window, window_figures
from services.analytics.points import PricePoint, point_of
from services.analytics.refold import ledger_place
from services.analytics.state import VaultState
from services.analytics.timeline import Timeline
from services.ingest.jobs import Accepted, read_entry
from tests.oracle.sending import RawJob
from tests.oracle_metrics import differences, measure
from tests.oracle_metrics.strategies import Scenario, scenarios
from tests.published_windows import published

CHAIN_ID = 125

_QUIET = settings(
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def points_of(jobs: list[RawJob], vault: str, base_asset: str) -> list[PricePoint]:
    """What a vault shows after each entry of its ledger."""
    rows = []
    for job in jobs:
        encoded = orjson.dumps({name: job[name] for name in ("task_id", "task_name", "kwargs")})
        (read,) = read_entry(encoded, entered_at_ms=job["received_at"] * 1000, now=2_000_000_000, chain_id=CHAIN_ID)
        assert isinstance(read, Accepted)
        (event,) = events_from_proto([read.event], chain_id=CHAIN_ID)
        entry = entry_of(event)
        if entry is not None and event.vault == vault:
            rows.append(LedgerEntry(event.identity, entry))
    state, followers, points = VaultState(), dict[str, FollowerState](), []
    for row in sorted(rows, key=ledger_place):
        apply_entry(state, followers, row.entry, base_asset)
        points.append(point_of(state))
    return points


def check(scenario: Scenario) -> None:
    report = measure(scenario.jobs, scenario.now)
    for address, vault in report.vaults.items():
        timeline = Timeline(points_of(scenario.jobs, address, vault.row.base_asset))
        for window in Window:
            figures = window_figures(window, timeline.window(window, scenario.now), scenario.now)
            assert differences(vault.windows[window.value], published(figures)) == [], (address, window)


@settings(_QUIET, max_examples=300)
@given(scenarios())
def test_the_windows_of_300_ledgers_are_the_oracles(scenario: Scenario) -> None:
    check(scenario)


@pytest.mark.long
@settings(_QUIET, max_examples=int(os.environ.get("LONG_LEDGERS", "20000")))
@given(scenarios())
def test_the_windows_of_20_000_ledgers_are_the_oracles(scenario: Scenario) -> None:
    check(scenario)
