"""Price points for tests: from ledgers in text with their times, and figures worked out from them naively."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from services.analytics.fold import apply_entry, fold
from services.analytics.followers import FollowerState
from services.analytics.ledger import Entry
from services.analytics.metrics.windows import Window, WindowFigures, window_figures
from services.analytics.points import PricePoint, point_of
from services.analytics.state import VaultState
from services.analytics.timeline import Timeline
from tests.unit.ledger_builder import BASE, entry_from, with_times

DAY = 86_400
NOON = DAY // 2


def timed(ledger: str) -> list[Entry]:
    """The entries of `10 dep 500, 70 -100`: each with its second."""
    parts = [text.split(maxsplit=1) for text in ledger.split(",")] if ledger else []
    entries = [entry_from(index, text) for index, (_, text) in enumerate(parts)]
    return with_times(entries, [int(time) for time, _ in parts])


def points_of(entries: Iterable[Entry]) -> list[PricePoint]:
    """The point after each entry, in the ledger's order."""
    state, followers = VaultState(), dict[str, FollowerState]()
    points = []
    for entry in sorted(entries, key=lambda entry: entry.key):
        apply_entry(state, followers, entry, BASE)
        points.append(point_of(state))
    return points


def timeline_of(ledger: str) -> Timeline:
    return Timeline(points_of(timed(ledger)))


def figures_of(ledger: str, window: Window, now: int) -> WindowFigures:
    return window_figures(window, timeline_of(ledger).window(window, now), now)


def alternating(days: int) -> str:
    """A deposit of 10000 on day 0 at 00:00, then +100 and -50 in turn at 12:00 of each day."""
    results = [f"{day * DAY + NOON} {'-50' if day % 2 else '+100'}" for day in range(days)]
    return ", ".join(["0 dep 10000", *results])


class Visit(NamedTuple):
    """A price of the first epoch as an exact fraction, None before the first deposit, and what was Q then."""

    time: int
    price: Fraction | None
    exposed: bool
    pnl: int
    volume: int


def visits_of(entries: list[Entry]) -> list[Visit]:
    """Every entry's price worked out with fractions from the changes of Q alone."""
    price: Fraction | None = None
    owned = pnl = volume = 0
    visits = []
    for entry, result in fold(entries, BASE).steps:
        if price:
            price = price * (owned + result.owned_by_result) / owned if owned else price
        elif price is None and result.owned_by_flow > 0:
            price = Fraction(1)
        owned += result.owned_by_result + result.owned_by_flow
        pnl += result.pnl
        volume += result.volume
        visits.append(Visit(entry.key.time, price, owned > 0 and bool(price), pnl, volume))
    return visits


def near(value: Decimal | None, exact: Fraction | float, tolerance: float = 1e-12) -> bool:
    """Whether a figure is an exact number up to a relative difference (an absolute one below 1)."""
    target = Fraction(exact)
    size = abs(target) if abs(target) > 1 else Fraction(1)
    return value is not None and abs(Fraction(value) - target) <= Fraction(tolerance) * size
