"""`make up` and `make demo` as a person runs them: start, answers, Ctrl-C, kills, restarts, clear errors."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.e2e import deployment
from tests.e2e.up_process import UpProcess, vaultline
from tests.servers import PASSWORD, RestartableRedis, new_database, short_folder, wait_until
from vaultline.embedded import EmbeddedPostgres

NAMES = {"vaults", "analytics", "ingest", "worker", "scheduler", "gateway"}


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder below one that is closed to other users."""
    with short_folder() as folder:
        yield folder / "data"


def put_demo_through(data_dir: Path) -> list[str]:
    """One `demo --exit`; the lines of its answers without times and ports."""
    with vaultline("demo", "--recording", "--exit", data_dir=data_dir) as demo:
        assert demo.wait() == 0, demo.text
        assert demo.left_running() == []
        shown = [line for line in demo.lines if line.startswith("demo ")]
    # The age and the windows of a vault are as of the last refresh.
    changing = re.compile(
        r"http://127\.0\.0\.1:\d+|\"(timestamp|asOf|figuresAsOf)\": \"[^\"]*\"|"
        r"\"(ageDays|coverageDays|annualisedPct|calmar)\": [^,]*"
    )
    return [changing.sub("…", line) for line in shown]


def names_of_vaults(up: UpProcess) -> list[str]:
    return [vault["name"] for vault in up.get("/api/vaults")["data"]]


def check_everything_ended(run: UpProcess, code: int) -> None:
    assert code == 0, run.text
    assert run.left_running() == []


def test_everything_starts_under_its_name_and_ctrl_c_leaves_nothing_running(data_dir: Path) -> None:
    with vaultline("up", data_dir=data_dir) as up:
        up.wait_until_ready()
        assert up.get("/health")["status"] == "ok"
        assert up.get("/api/vaults")["data"] == []
        wait_until(lambda: {line.split(" | ")[0].strip() for line in up.lines} >= NAMES, what="each has a line")
        assert up.has_line(f"ready: http://127.0.0.1:{up.port}")
        check_everything_ended(up, up.end(signal.SIGINT))
        stopped = [line.split()[0] for line in up.lines if "stopped" in line or "is shut down" in line]
        assert stopped[0] == "gateway"
        assert stopped[-2:] == ["postgres", "up"]
    assert data_dir.parent.stat().st_mode & 0o777 == 0o700, "folders on the way are never opened"
    assert (data_dir / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert not (data_dir / "run").exists()


def test_an_ordinary_user_finds_the_data_again_after_a_kill(data_dir: Path) -> None:
    data_dir.mkdir()
    data_dir.chmod(0o777)
    data_dir.parent.chmod(0o755)
    with vaultline("up", data_dir=data_dir, user="nobody") as up:
        up.wait_until_ready()
        with redis.Redis(unix_socket_path=str(data_dir / "run" / "redis.sock")) as producer:
            producer.xadd(deployment.STREAM, {"data": deployment.JOB})
        wait_until(lambda: names_of_vaults(up) == [deployment.NAME], what="the vault is answered")
        up.end(signal.SIGKILL)
        wait_until(lambda: up.left_running() == [], seconds=30, what="all end with a killed supervisor")
    # A process id file as a crash of the whole machine leaves it: the number belongs to something else now.
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{data_dir / 'postgres'}\n1\n5432\n{data_dir}\n\n  1 1\nready\n")
    with vaultline("up", data_dir=data_dir, user="nobody") as up:
        up.wait_until_ready()
        assert names_of_vaults(up) == [deployment.NAME]
        check_everything_ended(up, up.end(signal.SIGTERM))


def test_the_demo_run_twice_changes_nothing(data_dir: Path) -> None:
    first = put_demo_through(data_dir)
    second = put_demo_through(data_dir)
    assert first == second
    assert sum("HTTP 200" in line for line in first) == 6
    assert any("/api/analytics/vault/" in line for line in first)
    assert any(re.search(r"delivered, ever: [1-9]\d* events, 0 dead letters", line) for line in first)


def test_real_servers_take_the_place_of_the_embedded_ones(
    data_dir: Path, postgres: EmbeddedPostgres, restartable_redis: RestartableRedis
) -> None:
    with new_database(postgres, "up_real") as database_url:
        servers = {"DATABASE_URL": database_url, "REDIS_URL": restartable_redis.url}
        with vaultline("up", data_dir=data_dir, more=servers) as up:
            up.wait_until_ready()
            assert {line.split()[0] for line in up.lines} & {"postgres", "redis"} == set()
            with psycopg.connect(database_url) as conn:
                logins = conn.execute("SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'up_real'")
                assert {row[0] for row in logins} >= {"up_real_vaults", "up_real_analytics", "up_real_ingest"}
            check_everything_ended(up, up.end())
    assert sorted(path.name for path in data_dir.iterdir()) == ["lock", "secrets.json"]


def test_a_second_copy_on_one_data_folder_is_refused_by_name(data_dir: Path) -> None:
    servers = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": f"postgresql://a:{PASSWORD}@127.0.0.1:1/a"}
    with vaultline("up", data_dir=data_dir) as first:
        wait_until(lambda: first.has_line("database system is ready"), seconds=30)
        with vaultline("up", data_dir=data_dir, more=servers) as second:
            assert second.wait() == 1
            assert f"{data_dir} is in use by another `make up`; set DATA_DIR" in second.text
        check_everything_ended(first, first.end())


def test_a_taken_port_is_named(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with vaultline("up", data_dir=data_dir, port=port) as up:
            assert up.wait() == 1
            assert f"can't listen on 127.0.0.1 port {port}: Address already in use; set PORT" in up.text
    assert not data_dir.exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "eighty", "configuration: PORT: Input should be a valid integer"),
        ("DATABASE_URL", "mysql://a@b/c", "configuration: DATABASE_URL: String should match pattern"),
        ("CHAIN_ID", "0", "configuration: CHAIN_ID: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_starts(data_dir: Path, name: str, value: str, message: str) -> None:
    with vaultline("up", data_dir=data_dir, more={name: value}) as up:
        assert up.wait() == 2
        assert message in up.text
    assert not data_dir.exists()


def test_a_setting_that_only_a_process_knows_ends_the_start_with_its_line(data_dir: Path) -> None:
    with vaultline("up", data_dir=data_dir, more={"RATE_LIMIT": "many"}) as up:
        assert up.wait() == 1
        assert "gateway   | configuration: RATE_LIMIT:" in up.text
        assert "vaultline: gateway: wrong configuration, see its line above" in up.text
        assert up.left_running() == []


@pytest.mark.parametrize(
    ("servers", "message"),
    [
        ({"DATABASE_URL": f"postgresql://a:{PASSWORD}@127.0.0.1:1/shop"}, "vaultline: DATABASE_URL (127.0.0.1:1/shop)"),
        (
            {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "postgresql://a@127.0.0.1:1/a"},
            "vaultline: REDIS_URL: ",
        ),
    ],
)
def test_a_server_that_is_away_is_named_without_its_password(
    data_dir: Path, servers: dict[str, str], message: str
) -> None:
    with vaultline("up", data_dir=data_dir, more=servers) as up:
        assert up.wait() == 1
        assert message in up.text
        assert PASSWORD not in up.text
        assert up.left_running() == []
