"""RPC methods about performance: parse, read one snapshot, map."""

from __future__ import annotations

from typing import Any

from libs.database import Pool, database_errors, read_from_one_snapshot, reading
from libs.errors import NotFound
from protos.analytics.v1 import performance_pb2 as pb
from protos.analytics.v1 import performance_pb2_grpc
from services.analytics import mapping, mapping_performance
from services.analytics.history import history
from services.analytics.history_request import history_request_from_proto
from services.analytics.platform_history import platform_history
from services.analytics.repository import boards, figures, platform, points, subjects
from services.analytics.repository.details import find_vault_parts
from services.analytics.requests import address_from_proto


class PerformanceServicer(performance_pb2_grpc.PerformanceServiceServicer):
    """protos.analytics.v1.PerformanceService on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def GetVaultPerformance(  # noqa: N802
        self, request: pb.GetVaultPerformanceRequest, context: Any
    ) -> pb.GetVaultPerformanceResponse:
        vault = mapping.vault_id_from_proto(request.vault_id)
        async with database_errors(), reading(self._pool) as conn:
            parts = await find_vault_parts(conn, vault)
        if parts is None:
            raise NotFound("no such vault", reason="VAULT_NOT_FOUND")
        return pb.GetVaultPerformanceResponse(
            details=mapping_performance.details_to_proto(parts.state, parts.created_at, parts.refresh),
            windows=mapping_performance.windows_to_proto(parts.windows, parts.refresh),
            refreshed_at=mapping.timestamp(parts.refresh.as_of if parts.refresh else None),
            as_of=mapping.timestamp(parts.as_of),
            block_number=parts.block_number,
        )

    async def GetVaultHistory(  # noqa: N802
        self, request: pb.GetVaultHistoryRequest, context: Any
    ) -> pb.GetVaultHistoryResponse:
        vault, asked = mapping.vault_id_from_proto(request.vault_id), history_request_from_proto(request.range)
        async with database_errors(), self._pool.connection() as conn:
            await read_from_one_snapshot(conn)
            performance = await figures.find_performance(conn, vault)
            if performance is None:
                raise NotFound("no such vault", reason="VAULT_NOT_FOUND")
            refresh = await subjects.find_refresh(conn)
            now = max(performance.as_of, refresh.as_of) if refresh else performance.as_of
            first_at = await points.find_first_time(conn, vault)
            wanted = asked.buckets(first_at, now)
            found = await points.list_history_points(conn, vault, asked.resolution, wanted) if wanted else []
        return pb.GetVaultHistoryResponse(
            points=mapping_performance.history_to_proto(history(found, asked.resolution, wanted)) if wanted else [],
            as_of=mapping.timestamp(now),
            block_number=performance.block_number,
        )

    async def GetGlobalPerformance(  # noqa: N802
        self, request: pb.GetGlobalPerformanceRequest, context: Any
    ) -> pb.GetGlobalPerformanceResponse:
        async with database_errors(), self._pool.connection() as conn:
            await read_from_one_snapshot(conn)
            by_asset = await platform.list_tvl_by_asset(conn)
            counts = await platform.get_counts(conn)
            refresh = await subjects.find_refresh(conn)
            sums = await boards.sum_windows(conn)
        return pb.GetGlobalPerformanceResponse(
            tvl_by_asset=[pb.AssetTvl(base_asset=asset, tvl=str(tvl)) for asset, tvl in by_asset],
            active_vault_count=counts.active,
            paused_vault_count=counts.paused,
            liquidated_vault_count=counts.liquidated,
            follower_count=counts.followers,
            leader_count=counts.leaders,
            windows=[mapping_performance.asset_window_to_proto(row) for row in sums],
            refreshed_at=mapping.timestamp(refresh.as_of if refresh else None),
        )

    async def GetGlobalHistory(  # noqa: N802
        self, request: pb.GetGlobalHistoryRequest, context: Any
    ) -> pb.GetGlobalHistoryResponse:
        asked = history_request_from_proto(request.range)
        base_asset = address_from_proto(request.base_asset, "base_asset") if request.base_asset else None
        async with database_errors(), self._pool.connection() as conn:
            await read_from_one_snapshot(conn)
            refresh = await subjects.find_refresh(conn)
            firsts = await platform.list_first_times(conn, base_asset)
            wanted = (
                asked.buckets(min(firsts.values()), refresh.as_of, series=len(firsts)) if refresh and firsts else None
            )
            changes = await platform.list_changes(conn, base_asset, asked.resolution, wanted) if wanted else []
        found = platform_history(changes, asked.resolution, wanted) if wanted else []
        return pb.GetGlobalHistoryResponse(
            points=mapping_performance.platform_history_to_proto(found),
            as_of=mapping.timestamp(refresh.as_of if refresh else None),
        )

    async def ListDefinitions(  # noqa: N802
        self, request: pb.ListDefinitionsRequest, context: Any
    ) -> pb.ListDefinitionsResponse:
        return mapping_performance.definitions_to_proto()
