"""Follows ingest's change stream and drops from the cache what a change makes stale."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from gateway.cache import MAX_SILENCE_SECONDS, ResponseCache
from libs.telemetry import get_logger
from protos.ingest.v1 import ingest_pb2

# Tag of every answer about more than one vault: any change may move it.
LISTS = "lists"
RECONNECT_SECONDS = 0.2
# Longer silence means that the connection is dead rather than the service slow.
HANG_UP_SECONDS = 2 * MAX_SILENCE_SECONDS

log = get_logger(__name__)


def vault_tag(vault_id: str) -> str:
    """Tag of answers about one vault."""
    return f"vault:{vault_id}"


def user_tag(user_id: str) -> str:
    """Tag of answers that show a user's row (its joinedAt follows from flows of any vault)."""
    return f"user:{user_id}"


def stale_tags(change: ingest_pb2.Change) -> set[str] | None:
    """Tags that a change makes stale; None for everything."""
    match change.kind:
        case ingest_pb2.CHANGE_KIND_TRADE | ingest_pb2.CHANGE_KIND_STATUS if change.vault_id:
            return {LISTS, vault_tag(change.vault_id)}
        case ingest_pb2.CHANGE_KIND_FLOW if change.vault_id and change.user_id:
            return {LISTS, vault_tag(change.vault_id), user_tag(change.user_id)}
        case _:
            # A new vault moves its leader's row, scores and snapshots move many, a rewind any.
            return None


class ChangeFollower:
    """Keeps one change stream open and the cache true to it."""

    def __init__(self, ingest: Any, cache: ResponseCache) -> None:
        self._ingest = ingest
        self._cache = cache
        self._sequence: int | None = None

    async def run(self) -> None:
        """Follow for ever, reconnecting after every loss; ends by cancellation."""
        while True:
            try:
                await self._follow()
                log.info("change stream ended")
            except (grpc.aio.AioRpcError, TimeoutError) as error:
                reason = error.code().name if isinstance(error, grpc.aio.AioRpcError) else "SILENT"
                log.warning("change stream lost", reason=reason)
            finally:
                self._cache.lost()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _follow(self) -> None:
        call = self._ingest.WatchChanges(ingest_pb2.WatchChangesRequest())
        self._sequence = None
        try:
            while True:
                async with asyncio.timeout(HANG_UP_SECONDS):
                    message = await call.read()
                if message is grpc.aio.EOF:
                    return
                self._take(message)
        finally:
            call.cancel()

    def _take(self, message: ingest_pb2.WatchChangesResponse) -> None:
        if self._sequence is None or self._has_gap(message):
            # What changed before the first message is unknown.
            self._cache.drop_all()
        self._sequence = message.sequence
        self._drop(message)
        self._cache.heard()

    def _has_gap(self, message: ingest_pb2.WatchChangesResponse) -> bool:
        assert self._sequence is not None
        return bool(message.changes) and message.changes[0].sequence > self._sequence + 1

    def _drop(self, message: ingest_pb2.WatchChangesResponse) -> None:
        tags: set[str] = set()
        for change in message.changes:
            stale = stale_tags(change)
            if stale is None:
                self._cache.drop_all()
                return
            tags |= stale
        if tags:
            self._cache.drop(tags)
