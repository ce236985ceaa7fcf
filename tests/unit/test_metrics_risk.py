"""The risk score and its parts."""

from decimal import Decimal

import pytest

from services.analytics.metrics.risk import RiskLevel, risk_score


@pytest.mark.parametrize(
    ("argus", "drawdown", "volatility", "score"),
    [
        pytest.param(1000, "0", "0", 0, id="nothing to fear"),
        pytest.param(0, "50", "100", 100, id="everything at its worst"),
        pytest.param(0, "100", "1e18", 100, id="beyond the worst it stays there"),
        pytest.param(600, "25", "40", 43, id="20 + 15 + 8"),
        pytest.param(1200, "0", "0", 0, id="a score above 1000 is 1000"),
        pytest.param(-5, "0", "0", 50, id="a score below 0 is 0"),
        pytest.param(None, "25", "40", 23, id="an unknown score has no part"),
        pytest.param(600, None, None, 20, id="unknown percentages have no part"),
        pytest.param(590, "0", "0", 21, id="20.5 is rounded up"),
        pytest.param(991, "0", "0", 0, id="0.45 is rounded once"),
        pytest.param(1000, "0.8333333333333333333333333333333333333333333333333", None, 1, id="5/6 of a percent: 0.5"),
    ],
)
def test_the_score_is_the_rounded_sum_of_its_parts(
    argus: int | None, drawdown: str | None, volatility: str | None, score: int
) -> None:
    known = [None if text is None else Decimal(text) for text in (drawdown, volatility)]
    assert risk_score(argus, *known).score == score


def test_the_parts_and_the_version_are_shown() -> None:
    risk = risk_score(800, Decimal("12.5"), Decimal(30))
    assert (risk.argus, risk.drawdown, risk.volatility) == (Decimal(10), Decimal("7.5"), Decimal(6))
    assert (risk.score, risk.version) == (24, 1)


@pytest.mark.parametrize(
    ("argus", "drawdown", "level"),
    [
        (200, "0", RiskLevel.SAFE),
        (180, "0", RiskLevel.MODERATE),
        (100, "50", RiskLevel.MODERATE),
        (80, "50", RiskLevel.HIGH),
    ],
)
def test_up_to_40_is_safe_up_to_75_moderate_above_high(argus: int, drawdown: str, level: RiskLevel) -> None:
    assert risk_score(argus, Decimal(drawdown), None).level is level
