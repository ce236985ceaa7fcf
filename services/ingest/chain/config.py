"""Settings of the chain indexer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from libs.config import GrpcTarget, PostgresUrl, RedisUrl, Settings
from libs.identifiers import Address, checksum_address
from services.ingest.chain.protocol import Protocol

RpcUrls = Annotated[str, StringConstraints(pattern=r"^https?://\S+(,https?://\S+)*$")]


class ChainSettings(Settings):
    """Environment of `python -m services.ingest.chain`."""

    ingest_database_url: PostgresUrl
    redis_url: RedisUrl = "redis://localhost:6379/0"
    vaults_target: GrpcTarget = "dns:///localhost:50051"
    analytics_target: GrpcTarget = "dns:///localhost:50052"
    # One or several, separated by commas; the first that answers is used.
    rpc_url: RpcUrls
    vault_factory_address: str
    vault_registry_address: str | None = None
    risk_manager_address: str | None = None
    argus_oracle_address: str | None = None
    revenue_splitter_address: str | None = None
    # Vaults to follow that no factory announced, separated by commas.
    known_vault_addresses: str = ""
    start_block: Annotated[int, Field(ge=0)] = 0
    # Blocks behind the head that are left alone: 0 where finality is instant.
    confirmations: Annotated[int, Field(ge=0, le=10_000)] = 0
    # How deep a reorganisation may reach; a deeper one stops the indexer.
    finality_depth: Annotated[int, Field(ge=1, le=10_000)] = 64
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 1.0
    silent_poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    verify_seconds: Annotated[float, Field(gt=0, le=86_400)] = 600.0

    @field_validator(
        "vault_factory_address",
        "vault_registry_address",
        "risk_manager_address",
        "argus_oracle_address",
        "revenue_splitter_address",
    )
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        return checksum_address(value) if value else None

    @field_validator("known_vault_addresses")
    @classmethod
    def _addresses(cls, value: str) -> str:
        return ",".join(checksum_address(part.strip()) for part in value.split(",") if part.strip())

    def protocol(self) -> Protocol:
        """The contracts to believe."""
        return Protocol(
            chain_id=self.chain_id,
            factory=_address(self.vault_factory_address),
            registry=_address(self.vault_registry_address),
            risk_manager=_address(self.risk_manager_address),
            splitter=_address(self.revenue_splitter_address),
            oracle=_address(self.argus_oracle_address),
            known_vaults=frozenset(Address(part) for part in self.known_vault_addresses.split(",") if part),
        )


def _address(text: str | None) -> Address | None:
    return Address(text) if text else None
