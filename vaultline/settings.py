"""Settings of `make up` and `make demo`, and the generated passwords in the data folder."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.config import PostgresUrl, RedisUrl, Settings
from libs.migrations import SERVICES, Credential, database_name, login_of, role_name

PROJECT = Path(__file__).resolve().parent.parent


class UpSettings(Settings):
    """What `make up` itself reads; the processes read the rest of the environment."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    data_dir: Path = PROJECT / ".data"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 4000
    database_url: PostgresUrl | None = None
    redis_url: RedisUrl | None = None
    vaults_database_url: PostgresUrl | None = None
    analytics_database_url: PostgresUrl | None = None
    ingest_database_url: PostgresUrl | None = None
    ready_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0


def load_passwords(file: Path, names: Iterable[str]) -> dict[str, str]:
    """The passwords in the file, made on first use; only its owner may read it."""
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for name in names if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(24) for name in missing}
        unfinished = file.with_suffix(".new")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump(known, stream, indent=2)
        unfinished.replace(file)
    return known


def credentials(settings: UpSettings, database_url: str, passwords: Mapping[str, str]) -> dict[str, Credential]:
    """Login of each service: from its own URL where one is given, else derived with its generated password."""
    given = {
        "vaults": settings.vaults_database_url,
        "analytics": settings.analytics_database_url,
        "ingest": settings.ingest_database_url,
    }
    database = database_name(database_url)
    logins = {}
    for service in SERVICES:
        url = given[service]
        logins[service] = login_of(url) if url else Credential(role_name(database, service), passwords[service])
    return logins
