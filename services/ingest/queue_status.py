"""How full the Redis streams are."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from services.ingest.streams import GROUP, STREAMS


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """Entries of a stream, and those of them that a worker holds."""

    stream: str
    length: int
    in_work: int


def connect(url: str) -> Redis:
    """A client that tells within two seconds that Redis is away."""
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


async def read_streams(redis: Redis) -> tuple[list[StreamStatus], str]:
    """The streams, and why Redis could not be asked (empty when it could)."""
    try:
        return [await _read_stream(redis, stream) for stream in STREAMS], ""
    except (RedisError, OSError) as error:
        return [], type(error).__name__


async def _read_stream(redis: Redis, stream: str) -> StreamStatus:
    length = int(await redis.xlen(stream))
    try:
        pending = await redis.xpending(stream, GROUP)
    except ResponseError:
        # No worker has made the group yet.
        return StreamStatus(stream, length, 0)
    return StreamStatus(stream, length, int(pending["pending"]))
