"""Where another calculation's figures of a window differ from the oracle's, beyond what rounding explains."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tests.oracle_metrics.exact import CONTEXT, OUT_OF_RANGE
from tests.oracle_metrics.windows import WindowFigures

TOLERANCE = Decimal("1e-9")
NOISE = Decimal("1e-30")
"""In percent: prices kept to 50 digits can't show or deny a movement below this."""

_TINY_LOSSES = {"no_down_day", "out_of_range"}
"""A daily loss below 10^-39 is one or none, as 40 digits are taken of the return or of the quotient before it."""


def differences(figures: WindowFigures, other: Mapping[str, object]) -> list[str]:
    """Compare under the names of the REST contract; `other` has ratios as Decimal, times as UNIX seconds.

    Ratios agree to 1e-9, everything else exactly. Among tied peaks and troughs any is accepted. Ratios
    that divide by a movement below 10^-30 % are left out.
    """
    answer = figures.answer()
    mine, its = dict(figures.null_reasons), dict(_mapping(other["nullReasons"]))
    for name in _left_out(figures, other):
        for side in (mine, its, answer):
            side.pop(name, None)
    ratios = [name for name in (*figures.ratios, "coverageDays") if name in answer]
    found = [name for name in ratios if not _agree(answer[name], other[name])]
    found += [name for name in ("pnl", "volume", "partial") if answer[name] != other[name]]
    if "peakAt" in answer and not _same_extremes(figures, other["peakAt"], other["troughAt"]):
        found.append("peakAt/troughAt")
    if any(mine.get(name) != its.get(name) for name in figures.ratios):
        found.append("nullReasons")
    return [f"{name}: {answer.get(name)} is not {other.get(name)}" for name in found]


def _left_out(figures: WindowFigures, other: Mapping[str, object]) -> set[str]:
    names = {name for name, value in figures.unclamped.items() if abs(abs(value) / OUT_OF_RANGE - 1) < TOLERANCE}
    fall = [figures.ratios["maxDrawdownPct"], other["maxDrawdownPct"]]
    if any(isinstance(value, Decimal) and 0 < value < NOISE for value in fall):
        names |= {"calmar", "peakAt", "troughAt"}
    spread = [figures.ratios["volatilityPct"], other["volatilityPct"]]
    if any(isinstance(value, Decimal) and 0 < value < NOISE for value in spread):
        names |= {"sharpe", "sortino"}
    if {figures.null_reasons.get("sortino"), _mapping(other["nullReasons"]).get("sortino")} == _TINY_LOSSES:
        names.add("sortino")
    return names


def _agree(mine: object, its: object) -> bool:
    if mine is None or its is None:
        return mine is its
    assert isinstance(mine, Decimal)
    assert isinstance(its, Decimal)
    allowed = max(NOISE, CONTEXT.multiply(max(abs(mine), abs(its)), TOLERANCE))
    return its.is_finite() and abs(CONTEXT.subtract(mine, its)) <= allowed


def _same_extremes(figures: WindowFigures, peak_at: object, trough_at: object) -> bool:
    if (figures.peak_at, figures.trough_at) == (peak_at, trough_at):
        return True
    return (peak_at, trough_at) in figures.ties


def _mapping(value: object) -> Mapping[str, str]:
    assert isinstance(value, Mapping)
    return value
