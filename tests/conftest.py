"""Fixtures shared by every test: one PostgreSQL and one Redis per test process, a fresh database per test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pytest

from libs.migrations import Credential
from tests.servers import (
    PASSWORD,
    TEMPLATE,
    Database,
    RestartableRedis,
    flush,
    make_template,
    new_database,
    running_postgres,
    running_redis,
    short_folder,
)
from vaultline.embedded import EmbeddedPostgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """An embedded PostgreSQL of this test process; each worker of a parallel run has its own."""
    with (
        short_folder() as folder,
        running_postgres(EmbeddedPostgres(folder / "data", folder / "run", PASSWORD, durable=False)) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def template_credentials(postgres: EmbeddedPostgres) -> Mapping[str, Credential]:
    """The logins of the migrated template database, which `database` copies."""
    return make_template(postgres)


@pytest.fixture
def database(postgres: EmbeddedPostgres, template_credentials: Mapping[str, Credential]) -> Iterator[Database]:
    """A fresh migrated database, dropped afterwards: `.url("vaults")`, `.admin_url`."""
    name = f"test_{next(_numbers)}"
    with new_database(postgres, name, template=TEMPLATE) as admin_url:
        yield Database(name, admin_url, template_credentials)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RestartableRedis]:
    """An embedded Redis of this test process; do not stop it, take `restartable_redis` for that."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RestartableRedis) -> str:
    """URL of an empty Redis."""
    flush(redis_server.url)
    return redis_server.url


@pytest.fixture
def restartable_redis() -> Iterator[RestartableRedis]:
    """A Redis of this test's own, with `.stop()` (a kill by default) and `.start()`; its data survives."""
    with running_redis() as server:
        yield server
