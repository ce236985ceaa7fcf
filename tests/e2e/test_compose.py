"""The compose file can't rot: what it declares is started here, as local processes with host names replaced."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.e2e import deployment
from tests.e2e.compose_file import (
    PROJECT,
    ComposeService,
    VariableMissing,
    copied_folders,
    example_variables,
    load_file,
    load_services,
    substituted,
)
from tests.e2e.up_process import free_port
from tests.servers import short_folder, wait_until
from vaultline.embedded import EmbeddedPostgres, EmbeddedRedis

SECRETS = {name: f"{name.lower().replace('_', '')}0123456789abcdef" for name in example_variables()}
OURS = ("migrate", "vaults", "analytics", "ingest", "worker", "scheduler", "indexer", "bridge", "gateway")
# Nobody answers there: the indexer and the bridge wait.
NOWHERE = {
    "RPC_URL": "http://127.0.0.1:9",
    "VAULT_FACTORY_ADDRESS": f"0x{'fa' * 20}",
    "BULLMQ_REDIS_URL": "redis://127.0.0.1:9/0",
}


class LocalStack:
    """The declared services as processes of this machine."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.services = load_services(variables)
        self.folder = folder
        ports = {name: free_port() for name in ("postgres", "redis", "vaults", "analytics", "ingest", "gateway")}
        self.ports = ports
        self.replacements = {
            "@postgres:5432": f"@127.0.0.1:{ports['postgres']}",
            "@redis:6379": f"@127.0.0.1:{ports['redis']}",
            "localhost:4000": f"127.0.0.1:{ports['gateway']}",
            "/etc/vaultline/": f"{PROJECT}/deploy/",
        }
        for name, port in (("vaults", 50051), ("analytics", 50052), ("ingest", 50053)):
            for host in (name, "localhost", "0.0.0.0"):
                self.replacements[f"{host}:{port}"] = f"127.0.0.1:{ports[name]}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.postgres = EmbeddedPostgres(
            folder / "postgres", folder / "sockets", variables["POSTGRES_PASSWORD"], durable=False
        )

    def start_all(self) -> None:
        waiting = dict(self.services)
        while waiting:
            ready = [service for service in waiting.values() if not service.needs.keys() & waiting.keys()]
            assert ready, f"the services wait for each other: {sorted(waiting)}"
            for service in ready:
                for name, condition in service.needs.items():
                    self.wait_for(name, condition)
                self.start(waiting.pop(service.name))

    def start(self, service: ComposeService) -> None:
        command = substituted(service.command, self.replacements)
        if service.name == "postgres":
            assert command.pop(0) == "postgres"
            self.postgres.prepare()
            more = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={self.ports['postgres']}"]
            command = self.postgres.launch_command(*command, *more)
        with (self.folder / f"{service.name}.log").open("wb") as log:
            self.processes[service.name] = subprocess.Popen(
                command, env=self.environment(service), cwd=PROJECT, stdout=log, stderr=log, process_group=0
            )
        if service.name == "postgres":
            # The image's entry point makes the database.
            wait_until(self._is_postgres_up, what="postgres takes logins")
            with psycopg.connect(self.postgres_url("postgres"), autocommit=True) as conn:
                conn.execute("CREATE DATABASE vaultline")

    def environment(self, service: ComposeService) -> dict[str, str]:
        declared = service.environment
        values = substituted(list(declared.values()), self.replacements)
        redis_folder = Path(EmbeddedRedis(self.folder, self.folder).command()[0]).parent
        local = {"PATH": f"{Path(sys.executable).parent}:{redis_folder}:{os.environ['PATH']}"}
        if service.name == "redis":
            local |= {"REDIS_PORT": str(self.ports["redis"]), "REDIS_DATA": str(self.folder)}
            local |= {"REDIS_ACL_FILE": str(self.folder / "users.acl")}
        if service.name == "gateway":
            local |= {"PORT": str(self.ports["gateway"]), "HOST": "127.0.0.1"}
        return {**dict(zip(declared, values, strict=True)), **local}

    def wait_for(self, name: str, condition: str) -> None:
        if condition == "service_completed_successfully":
            assert self.processes[name].wait(60) == 0, self.log_of(name)
        else:
            assert condition == "service_healthy"
            wait_until(lambda: self.is_healthy(name), seconds=30, what=f"{name} is healthy")

    def is_healthy(self, name: str) -> bool:
        assert self.processes[name].poll() is None, self.log_of(name)
        command = self.services[name].health_command
        if name == "postgres":
            # The wheel has pg_isready elsewhere; the check is the same.
            return self._is_postgres_up()
        assert command is not None, f"others wait for {name}, which has no health check"
        local = substituted(command, {**self.replacements, "redis-cli": f"redis-cli -p {self.ports['redis']}"})
        environment = self.environment(self.services[name])
        return subprocess.run(local, env=environment, cwd=PROJECT, capture_output=True, check=False).returncode == 0

    def postgres_url(self, database: str) -> str:
        return f"postgresql://postgres:{self.postgres.password}@127.0.0.1:{self.ports['postgres']}/{database}"

    def log_of(self, name: str) -> str:
        return f"{name}: {(self.folder / f'{name}.log').read_text()[-2000:]}"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['gateway']}{path}", timeout=5) as answer:
            return json.load(answer)

    def stop(self) -> dict[str, int]:
        codes = {}
        for name, process in reversed(self.processes.items()):
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            try:
                codes[name] = process.wait(30)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(10)
        return codes

    def _is_postgres_up(self) -> bool:
        try:
            psycopg.connect(self.postgres_url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def local_stack() -> Iterator[LocalStack]:
    with short_folder() as folder:
        folder.chmod(0o711)
        stack = LocalStack(folder, {**SECRETS, **NOWHERE})
        try:
            yield stack
        finally:
            stack.stop()


@pytest.fixture
def acl_redis() -> Iterator[LocalStack]:
    """Only the declared Redis."""
    with local_stack() as stack:
        stack.start(stack.services["redis"])
        stack.wait_for("redis", "service_healthy")
        yield stack


def connect(stack: LocalStack, user: str, password: str | None = None) -> redis.Redis:
    secret = SECRETS[f"REDIS_{user.upper()}_PASSWORD"] if password is None else password
    at_once = Retry(NoBackoff(), 0)
    return redis.Redis(port=stack.ports["redis"], username=user, password=secret, retry=at_once)


def test_every_declared_command_runs_with_its_declared_environment() -> None:
    with local_stack() as stack:
        stack.start_all()
        for name, service in stack.services.items():
            if service.health_command is not None:
                stack.wait_for(name, "service_healthy")
        with connect(stack, "producer") as producer:
            producer.xadd(deployment.STREAM, {"data": deployment.JOB})
        wait_until(lambda: bool(stack.get("/api/vaults")["data"]), seconds=30, what="the vault is answered")
        (vault,) = stack.get("/api/vaults")["data"]
        assert (vault["contractAddress"].lower(), vault["name"]) == (deployment.VAULT, deployment.NAME)
        wait_until(lambda: stack.get("/api/status")["data"]["status"] == "ok", what="the pipeline is well")
        running = {name for name, process in stack.processes.items() if process.poll() is None}
        assert running == set(stack.services) - {"migrate"}
        assert set(stack.stop().values()) == {0}


def test_each_password_is_demanded_by_name() -> None:
    for name in SECRETS:
        with pytest.raises(VariableMissing, match=f"^{name}: set it in .env"):
            load_services({**SECRETS, name: ""})


def test_only_what_follows_a_chain_or_another_backend_must_be_asked_for() -> None:
    profiles = {name: service.declared.get("profiles") for name, service in load_services(SECRETS).items()}
    assert {name: asked for name, asked in profiles.items() if asked} == {"indexer": ["chain"], "bridge": ["bridge"]}


def test_the_passwords_are_all_that_must_be_set() -> None:
    demanded = set(re.findall(r"\$\{(\w+):\?", (PROJECT / "docker-compose.yml").read_text()))
    assert demanded == set(SECRETS)


def test_each_process_holds_only_the_logins_it_needs() -> None:
    logins = {
        name: sorted(key for key in service.environment if key.endswith("_URL") and key != "FRONTEND_URL")
        for name, service in load_services(SECRETS).items()
        if name in OURS
    }
    assert logins == {
        "migrate": ["ANALYTICS_DATABASE_URL", "DATABASE_URL", "INGEST_DATABASE_URL", "VAULTS_DATABASE_URL"],
        "vaults": ["VAULTS_DATABASE_URL"],
        "analytics": ["ANALYTICS_DATABASE_URL"],
        "ingest": ["INGEST_DATABASE_URL", "REDIS_URL"],
        "worker": ["INGEST_DATABASE_URL", "REDIS_URL"],
        "scheduler": ["REDIS_URL"],
        "indexer": ["INGEST_DATABASE_URL", "REDIS_URL", "RPC_URL"],
        "bridge": ["BULLMQ_REDIS_URL", "INGEST_DATABASE_URL"],
        "gateway": [],
    }


def test_every_container_is_closed_and_comes_back_after_a_crash() -> None:
    for name, service in load_services(SECRETS).items():
        declared = service.declared
        assert declared["read_only"] is True, name
        assert declared["cap_drop"] == ["ALL"], name
        assert declared["user"] not in {"root", "0", "0:0"}, name
        assert declared["restart"] == ("on-failure" if name == "migrate" else "unless-stopped"), name
        assert "container_name" not in declared, f"{name} could not be scaled"


def test_only_the_gateway_is_reachable_from_outside_and_it_reaches_no_data() -> None:
    services = load_services(SECRETS)
    assert [name for name, service in services.items() if "ports" in service.declared] == ["gateway"]
    assert not set(services["gateway"].declared["networks"]) & {"data", "queue"}
    networks = load_file()["networks"]
    assert networks["data"]["internal"] is True
    assert networks["rpc"]["internal"] is True


def test_the_servers_are_those_the_platform_is_made_for() -> None:
    services = load_services(SECRETS)
    assert services["postgres"].declared["image"].startswith("postgres:16")
    assert services["redis"].declared["image"].startswith("redis:7")
    assert {services[name].declared["image"] for name in OURS} == {"vaultline:latest"}


def test_the_image_holds_every_package_that_a_command_names() -> None:
    modules = [service.command[2].partition(".")[0] for name, service in load_services(SECRETS).items() if name in OURS]
    assert {*modules, "libs", "protos"} <= copied_folders()
    allowed = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied_folders() < allowed


def test_the_images_lock_agrees_with_the_projects() -> None:
    def pins(path: str) -> set[str]:
        lines = (PROJECT / path).read_text().splitlines()
        return {line.split(";")[0].strip(" \\").lower() for line in lines if re.match(r"^[a-zA-Z]", line)}

    image, project = pins("deploy/requirements.lock"), pins("requirements.lock")
    assert image < project
    declared = (PROJECT / "pyproject.toml").read_text().partition("dependencies = [")[2].partition("]\n")[0]
    wanted = {re.sub(r"\[.*\]", "", name).lower() for name in re.findall(r'"([^"]+)"', declared)}
    assert wanted <= image


@pytest.mark.parametrize("user", ["producer", "worker", "ingest", "scheduler", "default"])
def test_redis_refuses_a_wrong_password(acl_redis: LocalStack, user: str) -> None:
    with connect(acl_redis, user, "wrong") as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_redis_gives_each_user_its_commands_and_no_others(acl_redis: LocalStack) -> None:
    everyone = ("producer", "worker", "ingest", "scheduler")
    clients = {user: connect(acl_redis, user) for user in everyone}
    try:
        assert clients["producer"].xadd("vaultline:events", {"data": "{}"})
        assert clients["scheduler"].xadd("vaultline:snapshots", {"data": "{}"})
        assert clients["ingest"].xlen("vaultline:events") == 1
        assert clients["worker"].xgroup_create("vaultline:events", "ingest", id="0")
        refused: list[tuple[str, list[str]]] = [
            ("producer", ["XADD", "elsewhere", "*", "data", "{}"]),
            ("producer", ["XREAD", "STREAMS", "vaultline:events", "0"]),
            ("producer", ["XTRIM", "vaultline:events", "MAXLEN", "0"]),
            ("scheduler", ["XADD", "vaultline:events", "*", "data", "{}"]),
            ("ingest", ["XADD", "vaultline:events", "*", "data", "{}"]),
            ("ingest", ["XREADGROUP", "GROUP", "ingest", "me", "STREAMS", "vaultline:events", ">"]),
            ("worker", ["XLEN", "elsewhere"]),
        ]
        refused += [
            (user, words) for user in everyone for words in (["FLUSHALL"], ["CONFIG", "GET", "*"], ["KEYS", "*"])
        ]
        refused += [(user, ["DEL", "vaultline:events"]) for user in everyone]
        for user, words in refused:
            with pytest.raises(redis.exceptions.NoPermissionError):
                clients[user].execute_command(*words)  # type: ignore[no-untyped-call]
    finally:
        for client in clients.values():
            client.close()


def test_redis_keeps_no_password_in_the_clear(acl_redis: LocalStack) -> None:
    text = (acl_redis.folder / "users.acl").read_text()
    assert text.count("user ") == 6
    assert not any(secret in text for secret in SECRETS.values())
