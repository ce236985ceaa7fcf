"""Settings of the vaults service."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from libs.config import GrpcTarget, PostgresUrl, Settings


class VaultsSettings(Settings):
    """Environment of `python -m services.vaults`."""

    vaults_database_url: PostgresUrl
    vaults_listen: GrpcTarget = "0.0.0.0:50051"  # a container's service port
    vaults_pool_size: Annotated[int, Field(ge=2, le=100)] = 8
