"""Settings of the bridge."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.config import PostgresUrl, RedisUrl, Settings


class BridgeSettings(Settings):
    """Environment of `python -m services.ingest.bridge`; an empty variable counts as absent."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    ingest_database_url: PostgresUrl
    redis_url: RedisUrl = "redis://localhost:6379/0"
    # Where the BullMQ queues are; without it REDIS_URL.
    bullmq_redis_url: RedisUrl | None = None
    # What BullMQ's keys begin with.
    bullmq_prefix: Annotated[str, Field(min_length=1)] = "bull"
    # The last block whose jobs are taken; later blocks are the chain indexer's. Without it all jobs are.
    bridge_until_block: Annotated[int, Field(ge=0)] | None = None
    # How many jobs of each queue are in hand at once.
    bridge_concurrency: Annotated[int, Field(ge=1, le=100)] = 8
    # How long BullMQ leaves a job to a bridge that has died; then another takes it.
    bridge_lock_seconds: Annotated[float, Field(ge=1, le=3600)] = 10.0

    @property
    def queues_url(self) -> str:
        """The Redis that holds the BullMQ queues."""
        return self.bullmq_redis_url or self.redis_url
