"""Settings of the analytics service."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from libs.config import GrpcTarget, PostgresUrl, Settings


class AnalyticsSettings(Settings):
    """Environment of `python -m services.analytics`."""

    analytics_database_url: PostgresUrl
    analytics_listen: GrpcTarget = "0.0.0.0:50052"
    # No window reaches further back than a year and a day.
    points_detail_days: Annotated[int, Field(ge=366, le=100_000)] = 400
    analytics_pool_size: Annotated[int, Field(ge=2, le=100)] = 8
