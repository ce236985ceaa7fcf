"""`make up`: servers, migrations and every process, until Ctrl-C."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import redis
from psycopg import sql

from libs.migrations import SERVICES, MigrationError, migrate, url_with_login
from libs.rpc.healthcheck import is_serving
from vaultline.embedded import SUPERUSER, EmbeddedPostgres, EmbeddedRedis, EmbeddedServerError
from vaultline.programs import Addresses, indexer_program, platform_stages, postgres_program, redis_program
from vaultline.settings import PROJECT, UpSettings, credentials, load_passwords
from vaultline.supervisor import Supervisor

DATABASE = "vaultline"
# A socket's path may have 107 bytes; the longest name in our folders is "/run-postgres/.s.PGSQL.5432".
_LONGEST_FOLDER_BYTES = 107 - 30
_POLL_SECONDS = 0.05


class UpError(Exception):
    """The platform can't start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform."""

    url: str
    redis_url: str
    supervisor: Supervisor
    addresses: Addresses
    data_dir: Path
    grace_seconds: float


def say(name: str, line: str) -> None:
    """Write one line of the log, under the name of the process it comes from."""
    try:
        print(f"{name:<9} | {line}", flush=True)
    except OSError:
        # Nobody reads any more (a closed terminal or pipe): end as on Ctrl-C, with nowhere left to write to.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        os.kill(os.getpid(), signal.SIGTERM)


@asynccontextmanager
async def running(settings: UpSettings, hurry: asyncio.Event) -> AsyncIterator[Platform]:
    """The whole platform, ready to answer; ended in order afterwards, at once when `hurry` is set. Raises UpError."""
    check_port(settings.host, settings.port)
    data_dir = settings.data_dir.expanduser().absolute()
    async with AsyncExitStack() as stack:
        stack.enter_context(_locked(data_dir))
        sockets = stack.enter_context(socket_folder(data_dir))
        supervisor = Supervisor(say, folder=PROJECT, hurry=hurry)
        stack.push_async_callback(supervisor.stop)
        passwords = load_passwords(data_dir / "secrets.json", [SUPERUSER, *SERVICES])
        database_url = await _database(settings, data_dir, sockets, passwords[SUPERUSER], supervisor)
        redis_url = await _redis(settings, data_dir, sockets, supervisor)
        logins = credentials(settings, database_url, passwords)
        await _migrate(database_url, lambda: migrate(database_url, credentials=logins))
        urls = {service: url_with_login(database_url, login) for service, login in logins.items()}
        urls |= _given_urls(settings)
        addresses = Addresses(urls, redis_url, sockets / "run", settings.host, settings.port)
        for stage in platform_stages(addresses, grace_seconds=settings.shutdown_grace_seconds):
            supervisor.start(*stage)
        url = f"http://{_reachable(settings.host)}:{settings.port}"
        grace = settings.shutdown_grace_seconds
        platform = Platform(url, redis_url, supervisor, addresses, data_dir, grace)
        for service in SERVICES:
            target = addresses.target(service)
            await _until(partial(is_serving, target), settings, supervisor, f"{service} is not ready")
        await _until(partial(_answers, f"{platform.url}/ready"), settings, supervisor, "the gateway is not ready")
        supervisor.settle()
        yield platform


def run(settings: UpSettings, use: Callable[[Platform], Coroutine[Any, Any, None]]) -> int:
    """Start the platform, hand it to `use`, end everything when that returns or on Ctrl-C; gives the exit code."""
    return asyncio.run(_run(settings, use))


async def _run(settings: UpSettings, use: Callable[[Platform], Coroutine[Any, Any, None]]) -> int:
    hurry = asyncio.Event()

    async def start_and_use() -> None:
        async with running(settings, hurry) as platform:
            await use(platform)

    task = asyncio.create_task(start_and_use())

    def received() -> None:
        if task.cancelling():
            hurry.set()
        else:
            say("up", "stopping; once more to stop at once")
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, received)
    try:
        await task
    except (UpError, EmbeddedServerError, MigrationError) as error:
        print(f"vaultline: {error}", file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        pass
    say("up", "stopped")
    return 0


async def follow_and_serve(platform: Platform) -> None:
    """Follow the chain that the environment names, if it does; print where the platform is and stay."""
    if os.environ.get("RPC_URL") and os.environ.get("VAULT_FACTORY_ADDRESS"):
        node = {"RPC_URL": os.environ["RPC_URL"]}
        platform.supervisor.start(indexer_program(platform.addresses, node, grace_seconds=platform.grace_seconds))
    await serve(platform)


async def serve(platform: Platform) -> None:
    """Print where the platform is and stay until cancelled."""
    say("up", f"ready: {platform.url}   (Ctrl-C ends everything)")
    for path in ("/api/vaults", "/api/analytics/global", "/api/leaderboard?limit=10", "/api/status"):
        say("up", f"  curl '{platform.url}{path}'")
    await asyncio.Event().wait()


def check_port(host: str, port: int) -> None:
    """Raise UpError when the gateway could not listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise UpError(
            f"can't listen on {host} port {port}: {error.strerror}; set PORT (or HOST) to a free one"
        ) from None


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """One platform per data folder at a time."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UpError(f"{data_dir} is in use by another `make up`; set DATA_DIR to run a second copy") from None
        yield


@contextmanager
def socket_folder(data_dir: Path) -> Iterator[Path]:
    """Where the sockets go: the data folder, or a temporary one when its path is too long or has odd characters."""
    fits = len(os.fsencode(data_dir)) <= _LONGEST_FOLDER_BYTES and re.fullmatch(r"[\w./@+-]+", str(data_dir), re.ASCII)
    folder = data_dir if fits else Path(tempfile.mkdtemp(prefix="vaultline-"))
    if not fits:
        folder.chmod(0o711)  # PostgreSQL may run as another user; the folders inside are closed
    run_folder = folder / "run"
    shutil.rmtree(run_folder, ignore_errors=True)
    run_folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(run_folder if fits else folder, ignore_errors=True)


async def _redis(settings: UpSettings, data_dir: Path, sockets: Path, supervisor: Supervisor) -> str:
    """URL of Redis, the embedded one where none is configured."""
    if settings.redis_url:
        try:
            with redis.Redis.from_url(settings.redis_url, socket_timeout=5) as client:
                await asyncio.to_thread(client.ping)
        except redis.RedisError as error:
            raise UpError(f"REDIS_URL: {error}") from None
        return settings.redis_url
    server = EmbeddedRedis(data_dir / "redis", sockets / "run")
    supervisor.start(redis_program(server))
    await _until(lambda: asyncio.to_thread(server.is_ready), settings, supervisor, "Redis does not start")
    return server.url


async def _database(settings: UpSettings, data_dir: Path, sockets: Path, password: str, supervisor: Supervisor) -> str:
    """URL of the migrator's login, on the embedded PostgreSQL where none is configured."""
    if settings.database_url:
        return settings.database_url
    server = EmbeddedPostgres(data_dir / "postgres", sockets / "run-postgres", password)
    supervisor.start(postgres_program(server))
    await _until(lambda: asyncio.to_thread(server.is_ready), settings, supervisor, "PostgreSQL does not start")
    await asyncio.to_thread(_create_database, server)
    return server.url(DATABASE)


def _create_database(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url(), autocommit=True) as conn:
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


async def _migrate(database_url: str, work: Callable[[], list[str]]) -> None:
    try:
        for name in await asyncio.to_thread(work):
            say("up", f"migrated {name}")
    except psycopg.Error as error:
        raise UpError(f"DATABASE_URL ({database_url.rpartition('@')[2]}): {error}") from None


def _given_urls(settings: UpSettings) -> dict[str, str]:
    given: dict[str, str | None] = {name: getattr(settings, f"{name}_database_url") for name in SERVICES}
    return {name: url for name, url in given.items() if url}


def _reachable(host: str) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104
    return everywhere.get(host, f"[{host}]" if ":" in host else host)


async def _answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session, session.get(url) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def _until(
    condition: Callable[[], Coroutine[Any, Any, bool]], settings: UpSettings, supervisor: Supervisor, what: str
) -> None:
    """Wait for the condition; UpError when it takes too long or a program says that it is configured wrongly."""
    try:
        async with asyncio.timeout(settings.ready_timeout_seconds):
            while not await condition():
                if supervisor.misconfigured.done():
                    raise UpError(supervisor.misconfigured.result())
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise UpError(f"{what} after {settings.ready_timeout_seconds:g} s; the lines above say why") from None
