"""From a subject's windows to what boards are sorted by."""

from __future__ import annotations

from uuid import UUID

from services.analytics.board_rows import BoardEntry
from services.analytics.metrics.windows import Window, WindowData, ranked_figures
from services.analytics.points import NO_TOTALS
from services.analytics.subject_state import SubjectState


def vault_entry(vault: UUID, leader: UUID, base_asset: str, state: SubjectState, now: int) -> BoardEntry:
    """A vault's entry."""
    data = [state.window(window) for window in Window]
    shown = [ranked_figures(window, found, now) for window, found in zip(Window, data, strict=True)]
    totals = NO_TOTALS if state.end is None else state.end.totals
    return BoardEntry(
        id=vault,
        is_leader=False,
        subject_id=vault,
        leader_id=leader,
        base_asset=base_asset,
        vault_count=1,
        tvl=totals.tvl,
        followers=totals.followers,
        trades=totals.trades,
        roi_pct=tuple(figures.roi_pct.value for figures in shown),
        pnl=tuple(figures.pnl for figures in shown),
        volume=tuple(figures.volume for figures in shown),
        net_flow=tuple(net_flow(found) for found in data),
        sharpe=tuple(figures.sharpe.value for figures in shown),
        closed_win_rate_pct=tuple(figures.closed_win_rate_pct.value for figures in shown),
    )


def net_flow(data: WindowData) -> int:
    """Deposits - withdrawals - settled parts of the window."""
    end, start = (NO_TOTALS if point is None else point.totals for point in (data.end, data.start))
    return end.net_deposits - start.net_deposits
