"""Settings of the ingest service, its workers and its scheduler."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from libs.config import GrpcTarget, PostgresUrl, RedisUrl, Settings
from services.ingest.streams import STREAMS


class IngestSettings(Settings):
    """Environment of `python -m services.ingest`."""

    ingest_database_url: PostgresUrl
    ingest_listen: GrpcTarget = "0.0.0.0:50053"
    ingest_pool_size: Annotated[int, Field(ge=4, le=100)] = 12
    vaults_target: GrpcTarget = "dns:///localhost:50051"
    analytics_target: GrpcTarget = "dns:///localhost:50052"
    redis_url: RedisUrl = "redis://localhost:6379/0"
    lease_seconds: Annotated[float, Field(ge=1, le=300)] = 10.0
    dispatch_batch_size: Annotated[int, Field(ge=1, le=5000)] = 1000
    change_log_hours: Annotated[float, Field(ge=1)] = 168.0


class WorkerSettings(Settings):
    """Environment of `python -m services.ingest.worker`."""

    ingest_database_url: PostgresUrl
    redis_url: RedisUrl = "redis://localhost:6379/0"
    worker_streams: str = ",".join(STREAMS)
    worker_lease_seconds: Annotated[float, Field(ge=0.5, le=3600)] = 10.0
    worker_max_deliveries: Annotated[int, Field(ge=1, le=1000)] = 5

    @field_validator("worker_streams")
    @classmethod
    def _known_streams(cls, value: str) -> str:
        unknown = [name for name in value.split(",") if name not in STREAMS]
        if unknown:
            raise ValueError(f"must be a comma-separated list of {', '.join(STREAMS)}")
        return value


class SchedulerSettings(Settings):
    """Environment of `python -m services.ingest.scheduler`."""

    redis_url: RedisUrl = "redis://localhost:6379/0"
    snapshot_interval_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
