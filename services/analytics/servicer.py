"""RPC methods of the analytics service: parse, call, map."""

from __future__ import annotations

from typing import Any

from libs.database import Connection, Pool, database_errors, read_from_one_snapshot, reading
from libs.errors import NotFound, violation
from libs.events import events_from_proto
from libs.identifiers import VaultId
from libs.paging import decode_page_token, encode_page_token, page_size, skip_rows
from libs.registry.rewind import rewind_from_proto
from libs.results import result_to_proto
from protos.analytics.v1 import analytics_pb2 as pb
from protos.analytics.v1 import analytics_pb2_grpc
from services.analytics import apply, mapping, people_mapping, requests
from services.analytics.domain import Performance
from services.analytics.follower_totals import follower_totals
from services.analytics.repository import figures, fold_state, people, trades
from services.analytics.state import VaultState

MAX_PAGE = 1_000
DEFAULT_PAGE = 50
MAX_LEADERS = 100


class AnalyticsServicer(analytics_pb2_grpc.AnalyticsServiceServicer):
    """protos.analytics.v1.AnalyticsService on a pool."""

    def __init__(self, pool: Pool, chain_id: int) -> None:
        self._pool = pool
        self._chain_id = chain_id

    async def ApplyEvents(self, request: pb.ApplyEventsRequest, context: Any) -> pb.ApplyEventsResponse:  # noqa: N802
        events = events_from_proto(request.events, chain_id=self._chain_id)
        async with database_errors(), self._pool.connection() as conn:
            applied = await apply.apply_events(conn, self._chain_id, events)
        return pb.ApplyEventsResponse(
            results=[result_to_proto(result) for result in applied.results],
            performances=[mapping.performance_to_proto(row) for row in applied.performances],
        )

    async def Rewind(self, request: pb.RewindRequest, context: Any) -> pb.RewindResponse:  # noqa: N802
        wanted = rewind_from_proto(request)
        async with database_errors(), self._pool.connection() as conn:
            rewound = await apply.rewind(conn, self._chain_id, wanted)
        return pb.RewindResponse(
            removed_event_count=rewound.event_count,
            performances=[mapping.performance_to_proto(row) for row in rewound.performances],
            removed_vault_addresses=rewound.removed_vaults,
        )

    async def ListPerformances(  # noqa: N802
        self, request: pb.ListPerformancesRequest, context: Any
    ) -> pb.ListPerformancesResponse:
        limit = page_size(request.page_size, default=MAX_PAGE, maximum=MAX_PAGE)
        vaults = [VaultId(mapping.uuid_from_proto(text, "vault_ids")) for text in request.vault_ids[: MAX_PAGE + 1]]
        if len(vaults) > MAX_PAGE:
            raise violation("vault_ids", f"must have at most {MAX_PAGE} items")
        key = decode_page_token("performances", request.page_token, (str,))
        after = mapping.uuid_from_proto(str(key[0]), "page_token") if key else None
        async with database_errors(), reading(self._pool) as conn:
            if vaults:
                rows = await figures.list_performances(conn, vaults)
                return pb.ListPerformancesResponse(performances=[mapping.performance_to_proto(row) for row in rows])
            rows = await figures.list_all_performances(conn, after=after, limit=limit + 1)
        page = rows[:limit]
        return pb.ListPerformancesResponse(
            performances=[mapping.performance_to_proto(row) for row in page],
            next_page_token=encode_page_token("performances", (page[-1].vault_id,)) if len(rows) > limit else "",
        )

    async def GetGlobalAnalytics(  # noqa: N802
        self, request: pb.GetGlobalAnalyticsRequest, context: Any
    ) -> pb.GetGlobalAnalyticsResponse:
        async with database_errors(), reading(self._pool) as conn:
            return mapping.globals_to_proto(await figures.get_globals(conn))

    async def GetVaultAnalytics(  # noqa: N802
        self, request: pb.GetVaultAnalyticsRequest, context: Any
    ) -> pb.GetVaultAnalyticsResponse:
        vault = mapping.vault_id_from_proto(request.vault_id)
        async with database_errors(), reading(self._pool) as conn:
            performance = await get_performance(conn, vault)
        return pb.GetVaultAnalyticsResponse(
            performance=mapping.performance_to_proto(performance),
            winning_trade_count=performance.winning_trade_count,
        )

    async def ListTrades(self, request: pb.ListTradesRequest, context: Any) -> pb.ListTradesResponse:  # noqa: N802
        vault = mapping.vault_id_from_proto(request.vault_id)
        wanted = requests.trade_filter_from_proto(request.filter)
        limit = page_size(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        after = requests.trade_position(wanted, request.page_token)
        async with database_errors(), reading(self._pool) as conn:
            performance = await get_performance(conn, vault)
            rows = await trades.list_trades(conn, vault, wanted, after=after, limit=limit + 1)
            # All of them are counted already.
            total = await trades.count_trades(conn, vault, wanted) if wanted.conditions() else performance.trade_count
        page = rows[:limit]
        return pb.ListTradesResponse(
            trades=[mapping.trade_to_proto(row) for row in page],
            next_page_token=requests.trade_token(wanted, page[-1].position) if len(rows) > limit else "",
            total_size=total,
            as_of=mapping.timestamp(performance.as_of),
            block_number=performance.block_number,
        )

    async def ListFollowers(  # noqa: N802
        self, request: pb.ListFollowersRequest, context: Any
    ) -> pb.ListFollowersResponse:
        vault = mapping.vault_id_from_proto(request.vault_id)
        status = requests.follower_status_from_proto(request.status)
        limit = page_size(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        after = requests.follower_position(status, request.page_token)
        async with database_errors(), self._pool.connection() as conn:
            # Followers are valued by the state that they belong to.
            await read_from_one_snapshot(conn)
            performance = await get_performance(conn, vault)
            state = (await fold_state.load_states(conn, [vault])).get(vault) or VaultState()
            rows = await people.list_followers(conn, vault, status, after=after, limit=limit + 1)
            totals = await follower_totals(conn, vault, state)
        page = rows[:limit]
        last = page[-1].state if len(rows) > limit else None
        return pb.ListFollowersResponse(
            followers=[people_mapping.follower_to_proto(row, state) for row in page],
            next_page_token=requests.follower_token(status, last) if last else "",
            total_size=totals.count(status),
            as_of=mapping.timestamp(performance.as_of),
            block_number=performance.block_number,
            totals=people_mapping.totals_to_proto(totals),
        )


class LeaderboardServicer(analytics_pb2_grpc.LeaderboardServiceServicer):
    """protos.analytics.v1.LeaderboardService on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ListLeaders(self, request: pb.ListLeadersRequest, context: Any) -> pb.ListLeadersResponse:  # noqa: N802
        limit = page_size(request.page_size, default=DEFAULT_PAGE, maximum=MAX_LEADERS)
        skip = skip_rows(request.skip)
        async with database_errors(), reading(self._pool) as conn:
            leaders = await figures.list_leaders(conn, limit=limit, skip=skip)
            total, as_of = await figures.count_leaders(conn)
        return pb.ListLeadersResponse(
            leaders=[mapping.leader_to_proto(leader) for leader in leaders],
            total_size=total,
            as_of=mapping.timestamp(as_of),
        )


async def get_performance(conn: Connection, vault: VaultId) -> Performance:
    """Figures of a vault; NotFound."""
    performance = await figures.find_performance(conn, vault)
    if performance is None:
        raise NotFound("no such vault", reason="VAULT_NOT_FOUND")
    return performance
