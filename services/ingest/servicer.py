"""RPC methods of the ingest service: parse, call, map."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis

from libs.database import Pool, database_errors
from libs.errors import NotFound, violation
from libs.paging import decode_page_token, encode_page_token, page_size
from protos.ingest.v1 import ingest_pb2 as pb
from protos.ingest.v1 import ingest_pb2_grpc
from services.ingest import mapping, replay
from services.ingest.feed import ChangeFeed
from services.ingest.queue_status import read_streams
from services.ingest.repository import chain, changes, dead_letters

MAX_IDS = 1_000
MAX_RESOLUTION_CHARACTERS = 1_000


class IngestServicer(ingest_pb2_grpc.IngestServiceServicer):
    """protos.ingest.v1.IngestService on a pool, Redis and the change feed."""

    def __init__(self, pool: Pool, redis: Redis, feed: ChangeFeed, chain_id: int) -> None:
        self._pool = pool
        self._redis = redis
        self._feed = feed
        self._chain_id = chain_id

    async def GetPipelineStatus(  # noqa: N802
        self, request: pb.GetPipelineStatusRequest, context: Any
    ) -> pb.GetPipelineStatusResponse:
        async with database_errors(), self._pool.connection() as conn:
            status = await changes.get_status(conn)
            indexed = await chain.get_status(conn)
        streams, redis_error = await read_streams(self._redis)
        return mapping.status_to_proto(status, indexed, streams, redis_error)

    async def ListDeadLetters(  # noqa: N802
        self, request: pb.ListDeadLettersRequest, context: Any
    ) -> pb.ListDeadLettersResponse:
        limit = page_size(request.page_size, default=50, maximum=1_000)
        before = _before(request.page_token)
        state = mapping.state_from_proto(request.state)
        if "\x00" in request.reason:
            raise violation("reason", "must not contain NUL")
        async with database_errors(), self._pool.connection() as conn:
            letters = await dead_letters.list_page(
                conn, before=before, limit=limit + 1, state=state, reason=request.reason
            )
        page = letters[:limit]
        return pb.ListDeadLettersResponse(
            dead_letters=[mapping.dead_letter_to_proto(letter) for letter in page],
            next_page_token=encode_page_token("dead_letters", (page[-1].id,)) if len(letters) > limit else "",
        )

    async def GetDeadLetter(  # noqa: N802
        self, request: pb.GetDeadLetterRequest, context: Any
    ) -> pb.GetDeadLetterResponse:
        async with database_errors(), self._pool.connection() as conn:
            found = await dead_letters.find(conn, min(request.id, 2**63 - 1))
        if found is None:
            raise NotFound("no such dead letter", reason="DEAD_LETTER_NOT_FOUND")
        letter, payload = found
        return pb.GetDeadLetterResponse(dead_letter=mapping.dead_letter_to_proto(letter), payload=payload)

    async def RetryDeadLetters(  # noqa: N802
        self, request: pb.RetryDeadLettersRequest, context: Any
    ) -> pb.RetryDeadLettersResponse:
        ids = _ids(request.ids)
        async with database_errors(), self._pool.connection() as conn:
            retried, failed = await replay.retry(conn, ids, self._chain_id)
        return pb.RetryDeadLettersResponse(retried_count=retried, failed_count=failed)

    async def DiscardDeadLetters(  # noqa: N802
        self, request: pb.DiscardDeadLettersRequest, context: Any
    ) -> pb.DiscardDeadLettersResponse:
        ids = _ids(request.ids)
        if not 1 <= len(request.resolution) <= MAX_RESOLUTION_CHARACTERS or "\x00" in request.resolution:
            raise violation("resolution", f"must have 1 to {MAX_RESOLUTION_CHARACTERS} characters and no NUL")
        async with database_errors(), self._pool.connection() as conn:
            discarded = await replay.discard(conn, ids, request.resolution)
        return pb.DiscardDeadLettersResponse(discarded_count=discarded)

    async def WatchChanges(  # noqa: N802
        self, request: pb.WatchChangesRequest, context: Any
    ) -> AsyncIterator[pb.WatchChangesResponse]:
        oldest, newest = await self._feed.bounds()
        after = request.after_sequence if request.HasField("after_sequence") else newest
        if not oldest - 1 <= after <= newest:
            raise violation("after_sequence", f"must be from {oldest - 1} to {newest}")
        async for sequence, page in self._feed.watch(after):
            yield pb.WatchChangesResponse(
                sequence=sequence, changes=[mapping.change_to_proto(change) for change in page]
            )


def _before(page_token: str) -> int | None:
    key = decode_page_token("dead_letters", page_token, (int,))
    if key is None:
        return None
    identifier = int(key[0])
    if not 0 < identifier < 2**63:
        raise violation("page_token", "is not a token of this list")
    return identifier


def _ids(ids: Any) -> list[int]:
    if not 1 <= len(ids) <= MAX_IDS:
        raise violation("ids", f"must have 1 to {MAX_IDS} items")
    return [min(identifier, 2**63 - 1) for identifier in ids]
