"""Figures, histories and definitions on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from typing import Any

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from protos.analytics.v1 import performance_pb2 as pb
from services.analytics import figures
from services.analytics.board_rows import AssetWindowSums
from services.analytics.definitions import DEFINITIONS, METRICS_VERSION, NOT_REFRESHED, NULL_REASONS
from services.analytics.figures import Figure
from services.analytics.history import HistoryPoint
from services.analytics.mapping import timestamp
from services.analytics.metrics.daily_returns import DAY_SECONDS
from services.analytics.metrics.windows import Window, WindowFigures, window_figures
from services.analytics.platform_history import AssetPoint
from services.analytics.precision import RATIO, ROUGH, ZERO
from services.analytics.repository.subjects import Refresh
from services.analytics.state import VaultState
from services.analytics.subject_state import SubjectState

# What a window has before its first refresh.
_NOT_REFRESHED = {name: NOT_REFRESHED for name, definition in DEFINITIONS.items() if definition.windowed}


def details_to_proto(state: VaultState, created_at: int, refresh: Refresh | None) -> pb.VaultDetails:
    """What the fold shows, and the vault's age at the refresh."""
    epoch_roi = figures.epoch_roi_pct(state)
    reasons = {} if epoch_roi.reason is None else {"epochRoiPct": epoch_roi.reason}
    if refresh is None:
        reasons["ageDays"] = NOT_REFRESHED
    return pb.VaultDetails(
        equity=str(state.equity),
        net_deposits=str(state.flows.net_deposits),
        unit_price=str(figures.unit_price(state)),
        epoch=state.epoch,
        epoch_roi_pct=_text(epoch_roi),
        unallocated_equity=str(figures.unallocated_equity(state)),
        high_water_mark=str(figures.high_water_mark(state)),
        age_days=None if refresh is None else str(_days(max(0, refresh.as_of - created_at))),
        last_trade_at=timestamp(state.trades.last_trade_at),
        flags=sorted(state.flags),
        null_reasons=reasons,
    )


@lru_cache(maxsize=512)
def windows_to_proto(windows: str | None, refresh: Refresh | None) -> tuple[pb.WindowPerformance, ...]:
    """The figures of every window as of the refresh; nulls with reasons when it has not seen the vault.

    `windows` is a SubjectState as JSON. Remembered: until the next refresh the same text gives the same figures.
    """
    if windows is None or refresh is None:
        return tuple(pb.WindowPerformance(window=window, null_reasons=_NOT_REFRESHED) for window in Window)
    subject = SubjectState.from_json(orjson.loads(windows))
    return tuple(
        _window_to_proto(window, window_figures(window, subject.window(window), refresh.as_of)) for window in Window
    )


def _window_to_proto(window: Window, row: WindowFigures) -> pb.WindowPerformance:
    return pb.WindowPerformance(
        window=window,
        roi_pct=_text(row.roi_pct),
        annualised_pct=_text(row.annualised_pct),
        pnl=str(row.pnl),
        volume=str(row.volume),
        max_drawdown_pct=_text(row.max_drawdown_pct),
        current_drawdown_pct=_text(row.current_drawdown_pct),
        peak_at=timestamp(row.peak_at.value),
        trough_at=timestamp(row.trough_at.value),
        volatility_pct=_text(row.volatility_pct),
        sharpe=_text(row.sharpe),
        sortino=_text(row.sortino),
        calmar=_text(row.calmar),
        closed_win_rate_pct=_text(row.closed_win_rate_pct),
        profit_factor=_text(row.profit_factor),
        partial=row.partial,
        coverage_days=str(row.coverage_days),
        null_reasons=row.null_reasons,
    )


def asset_window_to_proto(row: AssetWindowSums) -> pb.AssetWindow:
    """Sums over vaults on the wire."""
    return pb.AssetWindow(
        window=row.window,
        base_asset=row.base_asset,
        volume=str(row.volume),
        net_flow=str(row.net_flow),
        pnl=str(row.pnl),
    )


def history_to_proto(points: Iterable[HistoryPoint]) -> list[pb.HistoryPoint]:
    """A vault's history; drawdowns have 30 digits, so that 10,000 points fit into a message."""
    return [_history_point(next(same), 1 + sum(1 for _ in same)) for _, same in groupby(points, key=_values)]


def _values(row: HistoryPoint) -> tuple[Any, ...]:
    return row[1:]


def _history_point(row: HistoryPoint, bucket_count: int) -> pb.HistoryPoint:
    return pb.HistoryPoint(
        time=Timestamp(seconds=row.at),
        price=str(row.price),
        equity=str(row.equity),
        tvl=str(row.tvl),
        pnl=str(row.pnl),
        drawdown_pct=None if row.drawdown_pct is None else str(ROUGH.plus(row.drawdown_pct)),
        follower_count=row.followers,
        bucket_count=bucket_count,
    )


def platform_history_to_proto(points: Iterable[AssetPoint]) -> list[pb.GlobalHistoryPoint]:
    """The platform's history."""
    return [
        pb.GlobalHistoryPoint(
            time=Timestamp(seconds=row.at),
            base_asset=row.base_asset,
            tvl=str(row.tvl),
            pnl=str(row.pnl),
            vault_count=row.vaults,
        )
        for row in points
    ]


def definitions_to_proto() -> pb.ListDefinitionsResponse:
    """Everything that definitions.py says."""
    return pb.ListDefinitionsResponse(
        definitions=[
            pb.Definition(
                name=row.name,
                formula=row.formula,
                unit=row.unit,
                null_reasons=row.null_reasons,
                windowed=row.windowed,
                version=row.version,
            )
            for row in DEFINITIONS.values()
        ],
        null_reasons=NULL_REASONS,
        version=METRICS_VERSION,
        windows=list(Window),
    )


def _text(figure: Figure) -> str | None:
    return None if figure.value is None else str(figure.value)


def _days(seconds: int) -> Decimal:
    return RATIO.divide(Decimal(seconds), Decimal(DAY_SECONDS)) if seconds else ZERO
