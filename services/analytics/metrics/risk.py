"""The risk score of a vault: 0 is safe, 100 is as risky as it gets."""

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import NamedTuple

from services.analytics.definitions import RISK_VERSION
from services.analytics.precision import ONE, RATIO, ZERO

FULL_SCORE = 1000

_ARGUS_POINTS = Decimal(50)
_DRAWDOWN_POINTS = Decimal(30)
_VOLATILITY_POINTS = Decimal(20)
_WORST_DRAWDOWN_PCT = Decimal(50)
_WORST_VOLATILITY_PCT = Decimal(100)

# Where the sum ends in exactly .5 but for digits that don't end, rounding first to these keeps it there.
_EXACT = Decimal("1e-20")


class RiskLevel(StrEnum):
    """What a score means."""

    SAFE = "safe"
    MODERATE = "moderate"
    HIGH = "high"


class RiskScore(NamedTuple):
    """The score 0..100 and the parts it is the rounded sum of: 0..50, 0..30 and 0..20."""

    score: int
    argus: Decimal
    drawdown: Decimal
    volatility: Decimal
    version: int = RISK_VERSION

    @property
    def level(self) -> RiskLevel:
        """Up to 40 safe, up to 75 moderate, above high."""
        if self.score <= 40:
            return RiskLevel.SAFE
        return RiskLevel.MODERATE if self.score <= 75 else RiskLevel.HIGH


def risk_score(
    argus_score: int | None, max_drawdown_pct: Decimal | None, volatility_30d_pct: Decimal | None
) -> RiskScore:
    """50*(1 - argus/1000) + 30*min(1, maxDrawdownPct/50) + 20*min(1, volatility30dPct/100), half up.

    The argus score is held to 0..1000; the drawdown is that of all, both percentages are unclamped. The part of
    what is None (unknown) is 0.
    """
    argus = ZERO
    if argus_score is not None:
        missing = FULL_SCORE - max(0, min(FULL_SCORE, argus_score))
        argus = _part(_ARGUS_POINTS, Decimal(missing), Decimal(FULL_SCORE))
    drawdown = _part(_DRAWDOWN_POINTS, max_drawdown_pct or ZERO, _WORST_DRAWDOWN_PCT)
    volatility = _part(_VOLATILITY_POINTS, volatility_30d_pct or ZERO, _WORST_VOLATILITY_PCT)
    total = RATIO.add(RATIO.add(argus, drawdown), volatility)
    exact = total.quantize(_EXACT, rounding=ROUND_HALF_UP, context=RATIO)
    return RiskScore(int(exact.quantize(ONE, rounding=ROUND_HALF_UP)), argus, drawdown, volatility)


def _part(points: Decimal, value: Decimal, worst: Decimal) -> Decimal:
    return RATIO.multiply(points, min(ONE, RATIO.divide(value, worst)))
