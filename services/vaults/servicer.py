"""RPC methods of the vaults service: parse, call, map."""

from __future__ import annotations

from typing import Any

from libs.database import Pool, database_errors, reading
from libs.errors import NotFound, violation
from libs.events import events_from_proto
from libs.paging import page_size, skip_rows
from libs.registry.rewind import rewind_from_proto
from libs.results import result_to_proto
from protos.vaults.v1 import vaults_pb2 as pb
from protos.vaults.v1 import vaults_pb2_grpc
from services.vaults import apply, list_request, mapping
from services.vaults.listing import Place, VaultFilter, VaultQuery
from services.vaults.repository import subscriptions, users, vaults

MAX_VAULTS = 1_000


class VaultServicer(vaults_pb2_grpc.VaultServiceServicer):
    """protos.vaults.v1.VaultService on a pool."""

    def __init__(self, pool: Pool, chain_id: int) -> None:
        self._pool = pool
        self._chain_id = chain_id

    async def ApplyEvents(self, request: pb.ApplyEventsRequest, context: Any) -> pb.ApplyEventsResponse:  # noqa: N802
        events = events_from_proto(request.events, chain_id=self._chain_id)
        async with database_errors(), self._pool.connection() as conn:
            results = await apply.apply_events(conn, self._chain_id, events)
        return pb.ApplyEventsResponse(results=[result_to_proto(result) for result in results])

    async def UpdatePerformance(  # noqa: N802
        self, request: pb.UpdatePerformanceRequest, context: Any
    ) -> pb.UpdatePerformanceResponse:
        performances = mapping.performances_from_proto(request)
        async with database_errors(), self._pool.connection() as conn:
            updated = await apply.update_performance(conn, performances)
        return pb.UpdatePerformanceResponse(updated_count=updated)

    async def UpdateWindowFigures(  # noqa: N802
        self, request: pb.UpdateWindowFiguresRequest, context: Any
    ) -> pb.UpdateWindowFiguresResponse:
        sent = mapping.windows_from_proto(request)
        async with database_errors(), self._pool.connection() as conn:
            updated = await apply.update_windows(conn, sent)
        return pb.UpdateWindowFiguresResponse(updated_count=updated)

    async def Rewind(self, request: pb.RewindRequest, context: Any) -> pb.RewindResponse:  # noqa: N802
        wanted = rewind_from_proto(request)
        async with database_errors(), self._pool.connection() as conn:
            rewound = await apply.rewind(conn, wanted)
        return pb.RewindResponse(
            removed_event_count=rewound.event_count, removed_vault_addresses=rewound.removed_vaults
        )

    async def ListVaults(self, request: pb.ListVaultsRequest, context: Any) -> pb.ListVaultsResponse:  # noqa: N802
        query = list_request.query_from_proto(request)
        limit = page_size(request.page_size, default=MAX_VAULTS, maximum=MAX_VAULTS)
        skip = skip_rows(request.skip)
        after = list_request.place_of_token(query, request.page_token)
        if after and skip:
            raise violation("skip", "can't be combined with page_token")
        async with database_errors(), reading(self._pool) as conn:
            rows = await vaults.list_vaults(conn, query, after=after, limit=limit + 1, skip=skip)
            more = len(rows) > limit
            # A first page that holds them all has counted them.
            is_whole = not (more or after or skip)
            total = len(rows) if is_whole else await vaults.count_vaults(conn, query)
        page = rows[:limit]
        response = pb.ListVaultsResponse(total_size=total)
        if more:
            last, value = page[-1]
            response.next_page_token = list_request.token_of_place(query, Place(value, last.id))
        for vault, _ in page:
            mapping.fill_vault(response.vaults.add(), vault)
        return response

    async def GetVault(self, request: pb.GetVaultRequest, context: Any) -> pb.GetVaultResponse:  # noqa: N802
        key = mapping.vault_key_from_proto(request, self._chain_id)
        async with database_errors(), reading(self._pool) as conn:
            found = await vaults.find_vault(conn, key)
        if found is None:
            raise NotFound("no such vault", reason="VAULT_NOT_FOUND")
        vault, risk = found
        response = pb.GetVaultResponse(risk=mapping.risk_to_proto(risk))
        mapping.fill_vault(response.vault, vault)
        return response

    async def GetUser(self, request: pb.GetUserRequest, context: Any) -> pb.GetUserResponse:  # noqa: N802
        key = mapping.user_key_from_proto(request, self._chain_id)
        async with database_errors(), self._pool.connection() as conn:
            user = await users.find_user(conn, key)
            if user is None:
                raise NotFound("no such user", reason="USER_NOT_FOUND")
            led = await users.list_led_vaults(conn, key)
            led_by_user = VaultQuery(VaultFilter(leader_id=str(key)))
            rows = await vaults.list_vaults(conn, led_by_user, after=None, limit=MAX_VAULTS, skip=0)
            running = await subscriptions.list_subscriptions(conn, key)
        response = pb.GetUserResponse(
            user=mapping.user_to_proto(user),
            led_vault_ids=[str(vault) for vault in led],
            subscriptions=[mapping.subscription_to_proto(subscription) for subscription in running],
        )
        for vault, _ in rows:
            mapping.fill_vault(response.led_vaults.add(), vault)
        return response
