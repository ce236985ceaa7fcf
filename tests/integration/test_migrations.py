"""Migrations: idempotent, one at a time, unharmed by a killed migrator, separate per service and per database."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from libs.migrations import (
    SERVICES,
    Credential,
    MigrationError,
    database_name,
    login_of,
    migrate,
    role_name,
    url_with_login,
)
from tests.servers import PASSWORD, Database, new_database, wait_until
from vaultline.embedded import EmbeddedPostgres

_numbers = itertools.count(1)
SLOW_SECONDS = 0.4
CREATE_NOTES = "CREATE TABLE notes (id bigserial PRIMARY KEY, body text NOT NULL);\n"


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """A database that nothing was done to, and the logins that migrating it will make."""
    name = f"empty_{next(_numbers)}"
    with new_database(postgres, name) as admin_url:
        yield Database(name, admin_url, logins(name))


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """A services folder in which only vaults has a migration."""
    write(tmp_path, "vaults", "0001_notes", CREATE_NOTES)
    return tmp_path


def logins(name: str) -> dict[str, Credential]:
    return {service: Credential(role_name(name, service), PASSWORD) for service in SERVICES}


def write(services: Path, service: str, name: str, text: str) -> Path:
    path = services / service / "migrations" / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def tables(database: Database, schema: str = "vaults") -> list[str]:
    with psycopg.connect(database.admin_url) as conn:
        rows = conn.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
            " AND table_name NOT LIKE '%%yoyo%%' AND table_name NOT LIKE '%%checksums' ORDER BY 1",
            (schema,),
        )
        return [row[0] for row in rows]


def test_a_second_run_applies_nothing(empty: Database, services: Path) -> None:
    first = migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    second = migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    assert (first, second) == (["vaults/0001_notes"], [])
    assert tables(empty) == ["notes"]


def test_a_later_file_is_applied_after_the_earlier_ones(empty: Database, services: Path) -> None:
    migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    write(services, "vaults", "0002_more", "ALTER TABLE notes ADD COLUMN written_at timestamptz;\n")
    applied = migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    assert applied == ["vaults/0002_more"]


def test_files_of_one_name_in_two_services_are_two_migrations(empty: Database, services: Path) -> None:
    write(services, "ingest", "0001_notes", "CREATE TABLE letters (id int PRIMARY KEY);\n")
    applied = migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    assert applied == ["vaults/0001_notes", "ingest/0001_notes"]
    assert (tables(empty, "vaults"), tables(empty, "ingest")) == (["notes"], ["letters"])


def test_an_edited_migration_is_refused_by_its_name(empty: Database, services: Path) -> None:
    migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    write(services, "vaults", "0001_notes", CREATE_NOTES + "CREATE TABLE smuggled (id int);\n")
    with pytest.raises(MigrationError, match=r"0001_notes\.sql was applied and has been edited since"):
        migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    assert tables(empty) == ["notes"]


def test_a_failing_migration_leaves_nothing_and_works_once_it_is_mended(empty: Database, services: Path) -> None:
    write(services, "vaults", "0002_broken", "CREATE TABLE half (id int);\nSELECT 1 / 0;\n")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    assert tables(empty) == ["notes"]
    write(services, "vaults", "0002_broken", "CREATE TABLE half (id int);\n")
    assert migrate(empty.admin_url, credentials=empty.credentials, services_folder=services) == ["vaults/0002_broken"]


def test_two_migrators_at_once_apply_each_file_once(empty: Database, services: Path) -> None:
    write(services, "vaults", "0002_slow", f"SELECT pg_sleep({SLOW_SECONDS});\nCREATE TABLE slow (id int);\n")
    applied: list[str] = []

    def run() -> None:
        applied.extend(migrate(empty.admin_url, credentials=empty.credentials, services_folder=services))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(applied) == ["vaults/0001_notes", "vaults/0002_slow"]


def test_a_killed_migrator_leaves_no_lock_and_no_half_migration(empty: Database, services: Path) -> None:
    slow = write(services, "vaults", "0002_slow", "CREATE TABLE slow (id int);\nSELECT pg_sleep(60);\n")
    program = (
        "import sys; from pathlib import Path; from libs.migrations import *\n"
        "logins = {s: Credential(role_name(sys.argv[2], s), 'x') for s in SERVICES}\n"
        "migrate(sys.argv[1], credentials=logins, services_folder=Path(sys.argv[3]))"
    )
    arguments = [sys.executable, "-c", program, empty.admin_url, empty.name, str(services)]
    process = subprocess.Popen(arguments, env={**os.environ, "PYTHONPATH": "."})
    try:
        wait_until(lambda: _sleeps(empty), what="the migration is under way")
    finally:
        process.kill()
        process.wait(10)
    _end_sleepers(empty)
    slow.write_text("CREATE TABLE slow (id int);\n")
    assert migrate(empty.admin_url, credentials=empty.credentials, services_folder=services) == ["vaults/0002_slow"]


def test_databases_of_one_cluster_have_their_own_roles(
    postgres: EmbeddedPostgres, empty: Database, services: Path
) -> None:
    migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    with new_database(postgres, f"{empty.name}_b") as other_url:
        migrate(other_url, credentials=logins(f"{empty.name}_b"), services_folder=services)
        into_the_other = url_with_login(other_url, empty.credentials["vaults"])
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(into_the_other)
        psycopg.connect(empty.url("vaults")).close()


def test_a_changed_password_replaces_the_old_one(empty: Database, services: Path) -> None:
    migrate(empty.admin_url, credentials=empty.credentials, services_folder=services)
    renewed = {service: Credential(login.role, "another") for service, login in empty.credentials.items()}
    migrate(empty.admin_url, credentials=renewed, services_folder=services)
    psycopg.connect(url_with_login(empty.admin_url, renewed["vaults"])).close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(empty.url("vaults"))


def test_a_migrator_that_owns_the_database_needs_no_superuser(
    postgres: EmbeddedPostgres, empty: Database, services: Path
) -> None:
    migrator = Credential(f"{empty.name}_migrator", PASSWORD)
    with psycopg.connect(empty.admin_url, autocommit=True) as conn:
        role = sql.Identifier(migrator.role)
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(role, sql.Literal(PASSWORD)))
        conn.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(empty.name), role))
    url = url_with_login(empty.admin_url, migrator)
    assert migrate(url, credentials=empty.credentials, services_folder=services) == ["vaults/0001_notes"]
    assert migrate(url, credentials=empty.credentials, services_folder=services) == []
    with psycopg.connect(empty.url("vaults")) as conn:
        assert conn.execute("INSERT INTO notes (body) VALUES ('x') RETURNING id").fetchone() == (1,)


def test_the_repositorys_own_migrations_apply(empty: Database) -> None:
    applied = migrate(empty.admin_url, credentials=empty.credentials)
    assert [name.split("_")[0] for name in applied if "/0001" in name] == [f"{service}/0001" for service in SERVICES]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://a:b@host:5433/shop?sslmode=require",
            "postgresql://u%2Fx:p%40%3A@host:5433/shop?sslmode=require",
        ),
        ("postgresql://a@/shop?host=%2Ftmp%2Fx%20y", "postgresql://u%2Fx:p%40%3A@/shop?host=%2Ftmp%2Fx%20y"),
        ("postgres://a@one,two:5433/shop?user=c&password=d", "postgres://u%2Fx:p%40%3A@one,two:5433/shop"),
        ("postgresql://a@host", "postgresql://u%2Fx:p%40%3A@host/a"),
    ],
)
def test_another_login_keeps_server_database_and_options(url: str, expected: str) -> None:
    assert url_with_login(url, Credential("u/x", "p@:")) == expected


def test_a_login_is_read_from_its_url() -> None:
    assert login_of("postgresql://u%2Fx:p%40%3A@host/shop") == Credential("u/x", "p@:")
    with pytest.raises(ValueError, match="names no user"):
        login_of("postgresql:///shop")


def test_role_names_fit_in_an_identifier_and_tell_databases_apart() -> None:
    assert role_name("shop", "vaults") == "shop_vaults"
    long = {role_name("d" * 62 + last, "analytics_owner") for last in "ab"}
    assert len(long) == 2
    assert max(len(name) for name in long) <= 63
    assert database_name("postgresql://a:b@host/shop") == "shop"


def _sleeps(database: Database) -> bool:
    with psycopg.connect(database.admin_url) as conn:
        query = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND query LIKE 'SELECT pg_sleep%%'"
        return conn.execute(query, (database.name,)).fetchone() is not None


def _end_sleepers(database: Database) -> None:
    # What the server does by itself once the statement ends and it finds its client gone.
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND query LIKE 'SELECT pg_sleep%%'",
            (database.name,),
        )
