"""RPC methods of the vaults service: parse, call, map."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from libs.database import Pool, database_errors, reading
from libs.errors import NotFound, violation
from libs.events import END_OF_TIME, events_from_proto
from libs.paging import decode_page_token, encode_page_token, page_size, skip_rows
from libs.registry.rewind import rewind_from_proto
from libs.results import result_to_proto
from protos.vaults.v1 import vaults_pb2 as pb
from protos.vaults.v1 import vaults_pb2_grpc
from services.vaults import apply, mapping, repository

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

    async def Rewind(self, request: pb.RewindRequest, context: Any) -> pb.RewindResponse:  # noqa: N802
        wanted = rewind_from_proto(request)
        async with database_errors(), self._pool.connection() as conn:
            rewound = await apply.rewind(conn, wanted)
        return pb.RewindResponse(
            removed_event_count=rewound.event_count, removed_vault_addresses=rewound.removed_vaults
        )

    async def ListVaults(self, request: pb.ListVaultsRequest, context: Any) -> pb.ListVaultsResponse:  # noqa: N802
        limit = page_size(request.page_size, default=MAX_VAULTS, maximum=MAX_VAULTS)
        skip = skip_rows(request.skip)
        after = _list_position(request.page_token)
        if after and skip:
            raise violation("skip", "can't be combined with page_token")
        async with database_errors(), reading(self._pool) as conn:
            vaults = await repository.list_vaults(conn, after=after, limit=limit + 1, skip=skip)
            more = len(vaults) > limit
            # A first page that holds them all has counted them.
            is_whole = not (more or after or skip)
            total = len(vaults) if is_whole else await repository.count_vaults(conn)
        page = vaults[:limit]
        response = pb.ListVaultsResponse(
            next_page_token=encode_page_token("vaults", (page[-1].created_at, page[-1].id)) if more else "",
            total_size=total,
        )
        for vault in page:
            mapping.fill_vault(response.vaults.add(), vault)
        return response

    async def GetVault(self, request: pb.GetVaultRequest, context: Any) -> pb.GetVaultResponse:  # noqa: N802
        key = mapping.vault_key_from_proto(request, self._chain_id)
        async with database_errors(), reading(self._pool) as conn:
            vault = await repository.find_vault(conn, key)
        if vault is None:
            raise NotFound("no such vault", reason="VAULT_NOT_FOUND")
        response = pb.GetVaultResponse()
        mapping.fill_vault(response.vault, vault)
        return response

    async def GetUser(self, request: pb.GetUserRequest, context: Any) -> pb.GetUserResponse:  # noqa: N802
        key = mapping.user_key_from_proto(request, self._chain_id)
        async with database_errors(), self._pool.connection() as conn:
            user = await repository.find_user(conn, key)
            if user is None:
                raise NotFound("no such user", reason="USER_NOT_FOUND")
            led = await repository.list_led_vaults(conn, key)
            subscriptions = await repository.list_subscriptions(conn, key)
        return pb.GetUserResponse(
            user=mapping.user_to_proto(user),
            led_vault_ids=[str(vault) for vault in led],
            subscriptions=[mapping.subscription_to_proto(subscription) for subscription in subscriptions],
        )


def _list_position(token: str) -> tuple[int, UUID] | None:
    key = decode_page_token("vaults", token, (int, str))
    if key is None:
        return None
    if not 0 <= int(key[0]) < END_OF_TIME:
        raise violation("page_token", "is not a token of this list")
    return int(key[0]), mapping.parse_uuid(str(key[1]), "page_token")
