"""Real servers for tests: embedded PostgreSQL and Redis, each ending with the process that started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from libs.migrations import SERVICES, Credential, migrate, role_name, url_with_login
from vaultline.embedded import EmbeddedPostgres, EmbeddedRedis

TEMPLATE = "template_vaultline"
# One password for all: only that each login needs its own is tested.
PASSWORD = "s3cret/p@ss:word"


def wait_until(condition: Callable[[], bool], *, seconds: float = 15.0, what: str = "") -> None:
    """Poll until the condition holds; an AssertionError after the limit."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.01)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A temporary folder whose path leaves room for unix sockets, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vl-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_postgres(server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """The server, started and ready; stopped afterwards."""
    server.prepare()
    with _running(server.launch_command(), server.is_ready, server.environment(), signal.SIGINT):
        yield server


class RestartableRedis:
    """A Redis of its own that can be killed and started again with its data."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedRedis(folder / "data", folder)
        self.url = self._server.url
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        self._server.prepare()
        self._process = subprocess.Popen(self._server.launch_command(), process_group=0)
        wait_until(self._server.is_ready, what="Redis answers")

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it by the signal, at once by default."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None


@contextmanager
def running_redis() -> Iterator[RestartableRedis]:
    """A Redis server of its own in a temporary folder."""
    with short_folder() as folder:
        server = RestartableRedis(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database: URLs by login."""

    name: str
    admin_url: str
    credentials: Mapping[str, Credential]

    def url(self, service: str) -> str:
        """URL with the login of a service: vaults, analytics or ingest."""
        return url_with_login(self.admin_url, self.credentials[service])


@contextmanager
def new_database(server: EmbeddedPostgres, name: str, *, template: str | None = None) -> Iterator[str]:
    """An empty database, or a copy of a template; gives the superuser's URL and drops it afterwards."""
    copied = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
    with psycopg.connect(server.url(), autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + copied)
        try:
            yield server.url(name)
        finally:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def make_template(server: EmbeddedPostgres) -> Mapping[str, Credential]:
    """Migrate the template database once; gives the logins, which work in every copy."""
    with psycopg.connect(server.url(), autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    credentials = {service: Credential(role_name(TEMPLATE, service), PASSWORD) for service in SERVICES}
    migrate(server.url(TEMPLATE), credentials=credentials)
    return credentials


def flush(redis_url: str) -> None:
    """Empty a Redis server."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()


@contextmanager
def _running(
    command: list[str], is_ready: Callable[[], bool], environment: Mapping[str, str], number: signal.Signals
) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=dict(environment), process_group=0, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(is_ready, what=f"{os.path.basename(command[-1])} is ready")
        yield
    finally:
        process.send_signal(number)
        process.wait(30)
