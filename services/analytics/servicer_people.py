"""RPC methods about the wallets behind a vault's flows: parse, call, map."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from libs.database import Connection, Pool, database_errors, read_from_one_snapshot, reading
from libs.errors import NotFound
from libs.identifiers import UserId, VaultId
from libs.paging import page_size
from protos.analytics.v1 import people_pb2 as pb
from protos.analytics.v1 import people_pb2_grpc
from services.analytics import mapping, people_mapping, requests
from services.analytics.history import Buckets, Resolution
from services.analytics.history_request import history_request_from_proto
from services.analytics.listing import FollowedVault
from services.analytics.portfolio import portfolio_history
from services.analytics.repository import flows, fold_state, people, portfolio, subjects
from services.analytics.servicer import DEFAULT_PAGE, MAX_PAGE, get_performance
from services.analytics.state import VaultState

MAX_POSITIONS = 1_000


class PeopleServicer(people_pb2_grpc.PeopleServiceServicer):
    """protos.analytics.v1.PeopleService on a pool."""

    def __init__(self, pool: Pool, chain_id: int) -> None:
        self._pool = pool
        self._chain_id = chain_id

    async def ListFlows(self, request: pb.ListFlowsRequest, context: Any) -> pb.ListFlowsResponse:  # noqa: N802
        vault = mapping.vault_id_from_proto(request.vault_id)
        wanted = requests.flow_filter_from_proto(request.filter, self._chain_id)
        limit = page_size(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        after = requests.flow_position(wanted, request.page_token)
        async with database_errors(), reading(self._pool) as conn:
            performance = await get_performance(conn, vault)
            rows = await flows.list_flows(conn, vault, wanted, after=after, limit=limit + 1)
            total = await flows.count_flows(conn, vault, wanted)
        page = rows[:limit]
        return pb.ListFlowsResponse(
            flows=[people_mapping.flow_to_proto(row) for row in page],
            next_page_token=requests.flow_token(wanted, page[-1].position) if len(rows) > limit else "",
            total_size=total,
            as_of=mapping.timestamp(performance.as_of),
            block_number=performance.block_number,
        )

    async def GetFollower(self, request: pb.GetFollowerRequest, context: Any) -> pb.GetFollowerResponse:  # noqa: N802
        vault = mapping.vault_id_from_proto(request.vault_id)
        user = requests.user_from_proto(request.wallet_address, self._chain_id)
        async with database_errors(), self._pool.connection() as conn:
            await read_from_one_snapshot(conn)
            performance = await get_performance(conn, vault)
            row = await people.find_follower(conn, vault, user)
            if row is None:
                raise NotFound("no such follower", reason="FOLLOWER_NOT_FOUND")
            state = (await fold_state.load_states(conn, [vault]))[vault]
        return pb.GetFollowerResponse(
            follower=people_mapping.follower_to_proto(row, state),
            as_of=mapping.timestamp(performance.as_of),
            block_number=performance.block_number,
        )

    async def ListPositions(  # noqa: N802
        self, request: pb.ListPositionsRequest, context: Any
    ) -> pb.ListPositionsResponse:
        user = requests.user_from_proto(request.wallet_address, self._chain_id)
        async with database_errors(), self._pool.connection() as conn:
            await read_from_one_snapshot(conn)
            totals = await people.get_position_totals(conn, user)
            rows = await people.list_positions(conn, user, limit=MAX_POSITIONS)
            states = await fold_state.load_states(conn, [row.vault_id for row in rows])
        return pb.ListPositionsResponse(
            positions=[people_mapping.position_to_proto(row, states.get(row.vault_id) or VaultState()) for row in rows],
            total_size=totals.listed,
            active_count=totals.active,
            as_of=mapping.timestamp(totals.as_of),
            block_number=totals.block_number,
        )

    async def GetPortfolioHistory(  # noqa: N802
        self, request: pb.GetPortfolioHistoryRequest, context: Any
    ) -> pb.GetPortfolioHistoryResponse:
        user = requests.user_from_proto(request.wallet_address, self._chain_id)
        asked = history_request_from_proto(request.range)
        asset = requests.address_from_proto(request.base_asset, "base_asset") if request.base_asset else None
        async with database_errors(), self._pool.connection() as conn:
            await read_from_one_snapshot(conn)
            if not await portfolio.is_known(conn, user):
                raise NotFound("no such user", reason="USER_NOT_FOUND")
            totals = await people.get_position_totals(conn, user)
            refresh = await subjects.find_refresh(conn)
            moments = [totals.as_of, refresh.as_of if refresh else None]
            as_of = max((moment for moment in moments if moment is not None), default=None)
            followed = await portfolio.list_followed_vaults(conn, user, asset)
            first_at = min((vault.first_at for vault in followed if vault.first_at is not None), default=None)
            wanted = asked.buckets(first_at, as_of or 0, series=len({vault.base_asset for vault in followed}))
            points = await _history(conn, user, followed, asked.resolution, wanted) if wanted else []
        return pb.GetPortfolioHistoryResponse(
            points=points, as_of=mapping.timestamp(as_of), block_number=totals.block_number
        )


async def _history(
    conn: Connection, user: UserId, followed: Sequence[FollowedVault], resolution: Resolution, wanted: Buckets
) -> list[pb.PortfolioPoint]:
    vaults: dict[str, list[VaultId]] = defaultdict(list)
    for vault in followed:
        vaults[vault.base_asset].append(vault.vault_id)
    points = []
    for asset in sorted(vaults, key=str.lower):
        holdings = await portfolio.list_holdings(conn, user, vaults[asset], resolution, wanted)
        rows = portfolio_history(holdings, resolution, wanted)
        points += [people_mapping.portfolio_point_to_proto(asset, row) for row in rows]
    # Sorting keeps the order of equals, which is that of the assets.
    return sorted(points, key=lambda point: point.time.seconds)
