"""A platform of its own to measure, and bare processes beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from psycopg import sql

from vaultline.embedded import SUPERUSER, EmbeddedPostgres
from vaultline.programs import Addresses, platform_stages
from vaultline.settings import PROJECT, UpSettings, load_passwords
from vaultline.supervisor import bound
from vaultline.up import Platform, running

_DATABASE = "bench"
_READY_SECONDS = 60.0
# Settings of the caller's that would make it another platform.
_FOREIGN = (
    "DATABASE_URL",
    "VAULTS_DATABASE_URL",
    "ANALYTICS_DATABASE_URL",
    "INGEST_DATABASE_URL",
    "REDIS_URL",
    "CACHE",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The running platform and where its parts are."""

    platform: Platform
    folder: Path

    @property
    def url(self) -> str:
        """The gateway."""
        return self.platform.url

    def bare_database_url(self) -> str:
        """A database on the platform's server for the bare measurements, made on first use; a superuser's login."""
        password = load_passwords(self.folder / "secrets.json", [SUPERUSER])[SUPERUSER]
        server = EmbeddedPostgres(self.folder / "postgres", self.folder / "run-postgres", password)
        with psycopg.connect(server.url(), autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_DATABASE,)).fetchone():
                conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
        return server.url(_DATABASE)

    @contextlib.asynccontextmanager
    async def gateway_without_cache(self) -> AsyncIterator[str]:
        """A second gateway on the same services, which keeps no answers; gives its URL."""
        port = free_port()
        addresses = Addresses(dict.fromkeys(("vaults", "analytics", "ingest"), ""), "", self.folder / "run", "", port)
        (gateway,) = platform_stages(addresses, grace_seconds=5)[-1]
        environment = {**gateway.environment, "HOST": "127.0.0.1", "CACHE": "off"}
        async with _running(gateway.command, f"http://127.0.0.1:{port}/ready", environment) as url:
            yield url.removesuffix("/ready")

    @contextlib.asynccontextmanager
    async def bare_front(self, answers: Path, path: str, target: str = "") -> AsyncIterator[str]:
        """`bench.bare_front` on recorded answers, ready to answer the path; gives its URL."""
        port = free_port()
        command = [sys.executable, "-m", "bench.bare_front", str(port), str(answers), *([target] if target else [])]
        url = f"http://127.0.0.1:{port}"
        async with _running(bound(command), url + path):
            yield url

    @contextlib.contextmanager
    def bare_rpc(self) -> Iterator[str]:
        """`bench.bare_rpc` on the bare database; gives its target, which may need a moment to answer."""
        target = f"unix:{self.folder / 'bare.sock'}"
        process = subprocess.Popen(bound([sys.executable, "-m", "bench.bare_rpc", target, self.bare_database_url()]))
        try:
            yield target
        finally:
            process.kill()
            process.wait()


@contextlib.asynccontextmanager
async def platform_to_measure() -> AsyncIterator[Stage]:
    """A platform with an empty data folder and a free port; its log is shown when something fails."""
    with tempfile.TemporaryDirectory(prefix="vl-bench-") as name, _own_environment():
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL may run as another user; what is inside is closed
        data_dir = folder / "data"
        with (folder / "log").open("w+") as log:
            try:
                with contextlib.redirect_stdout(log):
                    settings = UpSettings(data_dir=data_dir, host="127.0.0.1", port=free_port())
                    async with running(settings, asyncio.Event()) as platform:
                        yield Stage(platform, data_dir)
            except Exception:
                log.seek(0)
                sys.stderr.writelines(log.readlines()[-40:])
                raise


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    removed = {name: os.environ.pop(name) for name in _FOREIGN if name in os.environ}
    level = os.environ.setdefault("LOG_LEVEL", "WARNING")
    try:
        yield
    finally:
        os.environ.update(removed)
        if level == "WARNING":
            os.environ.pop("LOG_LEVEL")


@contextlib.asynccontextmanager
async def _running(
    command: Sequence[str], url: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    process = subprocess.Popen(command, env=environment, cwd=PROJECT)
    try:
        await _until_answered(url, process)
        yield url
    finally:
        process.kill()
        process.wait()


async def _until_answered(url: str, process: subprocess.Popen[Any]) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(_READY_SECONDS):
        while process.poll() is None:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    raise RuntimeError(f"{process.args!r} ended with code {process.returncode}")
