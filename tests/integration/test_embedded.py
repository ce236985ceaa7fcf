"""The embedded servers: restarts over what was left, odd folders, passwords that stay."""

from __future__ import annotations

import signal
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.servers import PASSWORD, running_postgres, short_folder, wait_until
from vaultline.embedded import EmbeddedPostgres, EmbeddedServerError
from vaultline.settings import load_passwords
from vaultline.up import socket_folder


def new_server(folder: Path, password: str = PASSWORD) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "data", folder / "run", password, durable=False)


def test_a_server_that_a_killed_owner_left_is_ended_before_the_next_start() -> None:
    with short_folder() as folder:
        server = new_server(folder)
        server.prepare()
        left = subprocess.Popen(server.launch_command(), env=server.environment(), stderr=subprocess.DEVNULL)
        try:
            wait_until(server.is_ready, what="the first server is ready")
            with running_postgres(server):
                assert left.wait(10) == 0
        finally:
            if left.poll() is None:
                left.send_signal(signal.SIGQUIT)
            left.wait(10)


def test_a_data_folder_whose_making_was_interrupted_is_made_anew() -> None:
    with short_folder() as folder:
        unfinished = folder / "data.new"
        unfinished.mkdir()
        (unfinished / "PG_VERSION").write_text("16\n")
        with running_postgres(new_server(folder)):
            assert not unfinished.exists()


def test_a_lost_password_is_told_at_once() -> None:
    with short_folder() as folder, running_postgres(new_server(folder)):
        forgetful = new_server(folder, "another")
        with pytest.raises(EmbeddedServerError, match=r"was made with another password: restore secrets\.json"):
            forgetful.is_ready()


def test_text_sorts_by_code_point_and_every_script_folds_its_case(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.url()) as conn:
        rows = conn.execute("SELECT word FROM (VALUES ('a'), ('B'), ('ä'), ('Z')) AS words (word) ORDER BY word")
        assert [row[0] for row in rows] == ["B", "Z", "a", "ä"]
        assert conn.execute("SELECT lower('ÄΩЖ')").fetchone() == ("äωж",)


def test_passwords_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    first = load_passwords(file, ["vaults"])
    second = load_passwords(file, ["vaults", "ingest"])
    assert second["vaults"] == first["vaults"]
    assert len({*second.values()}) == 2
    assert min(len(password) for password in second.values()) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["d" * 90, "with space", "prozent%20", "ünicode"])
def test_sockets_move_to_a_short_folder_when_the_data_folder_can_not_hold_them(tmp_path: Path, name: str) -> None:
    data_dir = tmp_path / name
    data_dir.mkdir()
    with socket_folder(data_dir) as folder:
        assert folder != data_dir
        assert len(f"{folder}/run-postgres/.s.PGSQL.5432") <= 107
        assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o700
    assert not folder.exists()


def test_sockets_stay_in_a_data_folder_that_can_hold_them() -> None:
    with short_folder() as data_dir:
        with socket_folder(data_dir) as folder:
            assert folder == data_dir
        assert list(data_dir.iterdir()) == []
