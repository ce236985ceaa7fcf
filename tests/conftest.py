"""Fixtures shared by every test: one PostgreSQL and one Redis per test process, a fresh database per test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

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

_MEMORY = Path("/dev/shm")  # files of tests only, in folders that others can't read
_ROOM_BYTES = 4 << 30


def pytest_configure() -> None:
    """Keep temporary files in memory where there is room: each database is hundreds of small files."""
    if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES:
        # Also for the processes that tests start.
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


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
