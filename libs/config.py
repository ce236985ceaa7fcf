"""Settings from the environment; a wrong value stops the process with the variable's name."""

from __future__ import annotations

import sys
from typing import Annotated, Literal, TypeVar

from pydantic import Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

SettingsT = TypeVar("SettingsT", bound="Settings")

PostgresUrl = Annotated[str, StringConstraints(pattern=r"^postgres(ql)?://.+")]
RedisUrl = Annotated[str, StringConstraints(pattern=r"^(rediss?|unix)://.+")]
# host:port, [v6]:port, unix:/path or a gRPC name such as dns:///vaults:50051
GrpcTarget = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S+$")]


class Settings(BaseSettings):
    """What every process reads; each service adds its own."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    chain_id: Annotated[int, Field(ge=1, le=2**53 - 1)] = 125
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    shutdown_grace_seconds: Annotated[float, Field(ge=0, le=300)] = 5.0


def load_settings(settings: type[SettingsT]) -> SettingsT:
    """Read the environment, or end the process with code 2 and one line per wrong variable."""
    try:
        return settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            print(f"configuration: {name}: {problem['msg']}", file=sys.stderr)
        raise SystemExit(2) from None
