"""RPC methods of the scheduled refresh: parse, call, map."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from libs.database import Pool, database_errors, read_from_one_snapshot
from libs.errors import violation
from libs.events import END_OF_TIME
from libs.paging import decode_page_token, encode_page_token, page_size
from protos.analytics.v1 import refresh_pb2 as pb
from protos.analytics.v1 import refresh_pb2_grpc
from protos.events.v1 import performance_pb2
from services.analytics import apply, mapping
from services.analytics.domain import ROI_LIMIT
from services.analytics.metrics.windows import Window, window_figures
from services.analytics.refresh import refresh_figures
from services.analytics.repository import subjects
from services.analytics.subject_state import SubjectState

MAX_PAGE = 500


class RefreshServicer(refresh_pb2_grpc.RefreshServiceServicer):
    """protos.analytics.v1.RefreshService on a pool; detail_days: see `refresh_figures`."""

    def __init__(self, pool: Pool, chain_id: int, detail_days: int) -> None:
        self._pool = pool
        self._chain_id = chain_id
        self._detail_days = detail_days

    async def RefreshFigures(  # noqa: N802
        self, request: pb.RefreshFiguresRequest, context: Any
    ) -> pb.RefreshFiguresResponse:
        as_of = request.as_of.seconds
        if not 0 < as_of < END_OF_TIME:
            raise violation("as_of", "must be a time from 1970 on")
        async with database_errors():
            while await self._restored():
                pass
            done = await refresh_figures(self._pool, as_of, self._detail_days)
        return pb.RefreshFiguresResponse(
            refresh_number=done.refresh.number,
            as_of=Timestamp(seconds=done.refresh.as_of),
            subject_count=done.subject_count,
        )

    async def _restored(self) -> bool:
        async with self._pool.connection() as conn:
            return await apply.restore_points(conn, self._chain_id)

    async def ListWindowFigures(  # noqa: N802
        self, request: pb.ListWindowFiguresRequest, context: Any
    ) -> pb.ListWindowFiguresResponse:
        limit = page_size(request.page_size, default=MAX_PAGE, maximum=MAX_PAGE)
        key = decode_page_token("window figures", request.page_token, (str,))
        after = mapping.uuid_from_proto(str(key[0]), "page_token") if key else None
        async with database_errors(), self._pool.connection() as conn:
            await read_from_one_snapshot(conn)
            refresh = await subjects.find_refresh(conn)
            since = min(request.after_refresh_number, 2**63 - 1)
            rows = await subjects.list_subjects_since(conn, since, after=after, limit=limit + 1)
        page = rows[:limit]
        as_of = 0 if refresh is None else refresh.as_of
        return pb.ListWindowFiguresResponse(
            figures=[_figures_to_proto(vault, number, state, as_of) for vault, number, state in page],
            next_page_token=encode_page_token("window figures", (str(page[-1][0]),)) if len(rows) > limit else "",
        )


def _figures_to_proto(
    vault: UUID, refresh_number: int, state: SubjectState, as_of: int
) -> performance_pb2.VaultWindowFigures:
    windows = [_window_to_proto(window, state, as_of) for window in Window]
    return performance_pb2.VaultWindowFigures(vault_id=str(vault), refresh_number=refresh_number, windows=windows)


def _window_to_proto(window: Window, state: SubjectState, as_of: int) -> performance_pb2.WindowFigures:
    figures = window_figures(window, state.window(window), as_of)
    # What a risk score counts is not limited to what is published.
    volatility = state.windows[window].ratios.volatility_pct.value
    return performance_pb2.WindowFigures(
        window=window.value,
        roi_pct=_text(figures.roi_pct.value),
        pnl=str(figures.pnl),
        volume=str(figures.volume),
        max_drawdown_pct=_text(figures.max_drawdown_pct.value),
        sharpe=_text(figures.sharpe.value),
        closed_win_rate_pct=_text(figures.closed_win_rate_pct.value),
        volatility_pct=_text(None if volatility is None else min(ROI_LIMIT, volatility)),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
