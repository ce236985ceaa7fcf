"""The real figures of a window under the names of the REST contract, for `differences`."""

from __future__ import annotations

from services.analytics.metrics.windows import WindowFigures


def published(figures: WindowFigures) -> dict[str, object]:
    """Ratios as Decimal, times as UNIX seconds."""
    ratios = {
        "roiPct": figures.roi_pct,
        "annualisedPct": figures.annualised_pct,
        "maxDrawdownPct": figures.max_drawdown_pct,
        "currentDrawdownPct": figures.current_drawdown_pct,
        "volatilityPct": figures.volatility_pct,
        "sharpe": figures.sharpe,
        "sortino": figures.sortino,
        "calmar": figures.calmar,
        "closedWinRatePct": figures.closed_win_rate_pct,
        "profitFactor": figures.profit_factor,
    }
    return {name: figure.value for name, figure in ratios.items()} | {
        "pnl": figures.pnl,
        "volume": figures.volume,
        "peakAt": figures.peak_at.value,
        "troughAt": figures.trough_at.value,
        "partial": figures.partial,
        "coverageDays": figures.coverage_days,
        "nullReasons": figures.null_reasons,
    }
