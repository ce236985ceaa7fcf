"""The risk score and its three parts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from tests.oracle_metrics.exact import CONTEXT

_SETTLED = Context(prec=40, rounding=ROUND_HALF_UP)
"""A half that comes out as 0.4999… because one third has no end is still a half."""


@dataclass(frozen=True)
class Risk:
    """`score` 0 (safe) … 100 and its `level`; parts of at most 50, 30 and 20; `total` before rounding."""

    score: int
    level: str
    argus: Decimal
    drawdown: Decimal
    volatility: Decimal
    total: Decimal


def risk(argus: int | None, max_drawdown_pct: Decimal | None, volatility_30d_pct: Decimal | None) -> Risk:
    """50·(1 - argus/1000) + 30·min(1, drawdown/50) + 20·min(1, volatility/100); an unknown part is 0."""
    argus_part = Decimal(0) if argus is None else Decimal(1000 - min(1000, max(0, argus))) / 20
    drawdown_part = _capped(max_drawdown_pct, Decimal(50), Decimal(30))
    volatility_part = _capped(volatility_30d_pct, Decimal(100), Decimal(20))
    total = _SETTLED.plus(CONTEXT.add(CONTEXT.add(argus_part, drawdown_part), volatility_part))
    score = int(total.to_integral_value(ROUND_HALF_UP))
    level = "safe" if score <= 40 else "moderate" if score <= 75 else "high"
    return Risk(score, level, argus_part, drawdown_part, volatility_part, total)


def _capped(figure: Decimal | None, full: Decimal, weight: Decimal) -> Decimal:
    if figure is None:
        return Decimal(0)
    return CONTEXT.divide(CONTEXT.multiply(min(figure, full), weight), full)
