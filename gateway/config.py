"""What the gateway reads from the environment."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from libs.config import GrpcTarget, Settings

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s,/*]+")


class GatewaySettings(Settings):
    """Address, upstreams and limits; frozen."""

    host: Annotated[str, Field(min_length=1)] = "0.0.0.0"  # noqa: S104  # the public front listens everywhere
    port: Annotated[int, Field(ge=1, le=65_535)] = 4000
    # "*", or the origins that may call, separated by commas
    frontend_url: str = "*"
    vaults_target: GrpcTarget = "localhost:50051"
    analytics_target: GrpcTarget = "localhost:50052"
    ingest_target: GrpcTarget = "localhost:50053"
    request_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 5.0
    # Requests per minute and client; 0 = no limit
    rate_limit: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    cache: Literal["on", "off"] = "on"
    cache_max_entries: Annotated[int, Field(ge=1)] = 10_000
    cache_max_bytes: Annotated[int, Field(ge=1)] = 128 * 1024 * 1024
    max_url_bytes: Annotated[int, Field(ge=256, le=1_048_576)] = 8_190
    # Of one header field; at most 128 fields are read
    max_header_bytes: Annotated[int, Field(ge=256, le=1_048_576)] = 16_384
    max_body_bytes: Annotated[int, Field(ge=0)] = 65_536

    @field_validator("frontend_url")
    @classmethod
    def _known_origins(cls, text: str) -> str:
        origins = _split_origins(text)
        if origins == ["*"]:
            return "*"
        if not origins or not all(_ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("must be * or a comma-separated list of origins such as https://app.example")
        return ",".join(origins)

    @property
    def allowed_origins(self) -> frozenset[str] | None:
        """Origins that may call, None for any."""
        return None if self.frontend_url == "*" else frozenset(self.frontend_url.split(","))


def _split_origins(text: str) -> list[str]:
    # Browsers send origins in lower case and without a slash at the end.
    return [origin.strip().rstrip("/").lower() for origin in text.split(",") if origin.strip()]
