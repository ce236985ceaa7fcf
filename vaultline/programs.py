"""Which programs make up the platform, each with the environment it needs and no more."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vaultline.embedded import EmbeddedPostgres, EmbeddedRedis
from vaultline.supervisor import Program, bound

# Kept from every program that is not given it by name below.
_SECRETS = (
    *("DATABASE_URL", "VAULTS_DATABASE_URL", "ANALYTICS_DATABASE_URL", "INGEST_DATABASE_URL", "REDIS_URL"),
    "RPC_URL",  # it often holds a key
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is: the services' logins by name, Redis, and the folder of their sockets."""

    database_urls: Mapping[str, str]
    redis_url: str
    sockets: Path
    host: str
    port: int

    def target(self, service: str) -> str:
        """gRPC address of a service, to listen on and to call."""
        return f"unix:{self.sockets / service}.sock"


def platform_stages(addresses: Addresses, *, grace_seconds: float) -> list[list[Program]]:
    """The platform's own programs in the order to start them; they end in the reverse order."""
    targets = {f"{name.upper()}_TARGET": addresses.target(name) for name in ("vaults", "analytics", "ingest")}
    upstream = {name: targets[name] for name in ("VAULTS_TARGET", "ANALYTICS_TARGET")}
    redis_url = {"REDIS_URL": addresses.redis_url}
    inbox = {"INGEST_DATABASE_URL": addresses.database_urls["ingest"]}

    def program(name: str, module: str, own: Mapping[str, str]) -> Program:
        return _program(name, [module], own, grace_seconds)

    def service(name: str, own: Mapping[str, str]) -> Program:
        login = {f"{name.upper()}_DATABASE_URL": addresses.database_urls[name]}
        return program(name, f"services.{name}", {**login, f"{name.upper()}_LISTEN": addresses.target(name), **own})

    return [
        [service("vaults", {}), service("analytics", {})],
        [service("ingest", {**upstream, **redis_url})],
        [
            program("worker", "services.ingest.worker", {**inbox, **redis_url}),
            program("scheduler", "services.ingest.scheduler", redis_url),
        ],
        [program("gateway", "gateway", {**targets, "HOST": addresses.host, "PORT": str(addresses.port)})],
    ]


def indexer_program(addresses: Addresses, protocol: Mapping[str, str], *, grace_seconds: float) -> Program:
    """The chain indexer; `protocol` holds RPC_URL, and where the protocol is unless the environment does."""
    own = {
        "INGEST_DATABASE_URL": addresses.database_urls["ingest"],
        "REDIS_URL": addresses.redis_url,
        "VAULTS_TARGET": addresses.target("vaults"),
        "ANALYTICS_TARGET": addresses.target("analytics"),
        **protocol,
    }
    return _program("indexer", ["services.ingest.chain"], own, grace_seconds)


def traders_program(rpc_url: str, addresses_file: Path, *, grace_seconds: float) -> Program:
    """Leaders and followers of the local chain, who deploy the protocol first."""
    command = ["demo_chain", "--rpc-url", rpc_url, "--addresses", str(addresses_file)]
    return _program("traders", command, {}, grace_seconds)


def _program(name: str, module: Sequence[str], own: Mapping[str, str], grace_seconds: float) -> Program:
    # The program's own grace comes first; only one that overruns it is forced.
    return Program(name, bound([sys.executable, "-m", *module]), _environment(own), grace_seconds=grace_seconds + 5)


def postgres_program(server: EmbeddedPostgres) -> Program:
    """The embedded PostgreSQL; SIGINT is its fast shutdown, which may have to write a checkpoint."""
    return Program(
        "postgres",
        server.launch_command(),
        server.environment(),
        stop_signal=signal.SIGINT,
        grace_seconds=60,
        prepare=server.prepare,
    )


def redis_program(server: EmbeddedRedis) -> Program:
    """The embedded Redis."""
    return Program("redis", server.launch_command(), dict(os.environ), grace_seconds=30, prepare=server.prepare)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    return {"LOG_FORMAT": "console", **inherited, **own, "PYTHONUNBUFFERED": "1"}
