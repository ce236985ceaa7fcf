"""Each service's login reaches its own schema and nothing else, and no login works without its password."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from libs.migrations import SERVICES, Credential, migrate, role_name, url_with_login
from tests.servers import PASSWORD, Database, new_database
from vaultline.embedded import EmbeddedPostgres

_numbers = itertools.count(1)
OTHERS = [(mine, other) for mine in SERVICES for other in SERVICES if mine != other]


@pytest.fixture(scope="module")
def shared(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database with a table `notes` in every service's schema."""
    services = tmp_path_factory.mktemp("services")
    for service in SERVICES:
        folder = services / service / "migrations"
        folder.mkdir(parents=True)
        (folder / f"0001_{service}.sql").write_text("CREATE TABLE notes (id bigserial PRIMARY KEY, body text);\n")
    name = f"roles_{next(_numbers)}"
    credentials = {service: Credential(role_name(name, service), PASSWORD) for service in SERVICES}
    with new_database(postgres, name) as admin_url:
        migrate(admin_url, credentials=credentials, services_folder=services)
        yield Database(name, admin_url, credentials)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_and_writes_its_own_tables_without_naming_its_schema(shared: Database, service: str) -> None:
    with psycopg.connect(shared.url(service)) as conn:
        conn.execute("INSERT INTO notes (body) VALUES ('one'), ('two')")
        conn.execute("UPDATE notes SET body = 'three' WHERE body = 'two'")
        conn.execute("DELETE FROM notes WHERE body = 'one'")
        assert conn.execute("SELECT body FROM notes").fetchall() == [("three",)]
        conn.rollback()


@pytest.mark.parametrize(("service", "other"), OTHERS)
@pytest.mark.parametrize(
    "statement", ["SELECT body FROM {}.notes", "INSERT INTO {}.notes (body) VALUES ('x')", "DELETE FROM {}.notes"]
)
def test_a_service_can_not_touch_the_tables_of_another(
    shared: Database, service: str, other: str, statement: str
) -> None:
    with psycopg.connect(shared.url(service)) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(statement.format(other))


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "DROP TABLE notes",
        "ALTER TABLE notes ADD COLUMN more int",
        "TRUNCATE notes",
        "DELETE FROM _yoyo_migrations",
        "SELECT sha256 FROM _migration_checksums",
    ],
)
def test_a_service_can_not_change_the_schema_or_its_history(shared: Database, service: str, statement: str) -> None:
    with psycopg.connect(shared.url(service)) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(statement)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_not_take_the_role_of_its_owner(shared: Database, service: str) -> None:
    with psycopg.connect(shared.url(service)) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(f'SET ROLE "{shared.name}_{service}_owner"')


@pytest.mark.parametrize("login", ["postgres", *SERVICES])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_the_embedded_server_refuses_a_wrong_password(shared: Database, login: str, password: str) -> None:
    role = shared.credentials[login].role if login in shared.credentials else login
    url = url_with_login(shared.admin_url, Credential(role, password))
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url)


def test_an_owner_has_no_login(shared: Database) -> None:
    url = url_with_login(shared.admin_url, Credential(f"{shared.name}_vaults_owner", PASSWORD))
    with pytest.raises(psycopg.OperationalError, match=r"not permitted to log in|password authentication failed"):
        psycopg.connect(url)


def test_the_embedded_server_listens_on_no_network_address(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.url()) as conn:
        assert conn.execute("SHOW listen_addresses").fetchone() == ("",)


def test_the_embedded_server_keeps_its_files_to_itself(postgres: EmbeddedPostgres) -> None:
    assert Path(postgres.folder).stat().st_mode & 0o077 == 0
    assert not list(postgres.folder.parent.glob("*.password"))
    assert quote(PASSWORD, safe="") in postgres.url()
