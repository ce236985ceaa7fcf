"""Schemas, roles and migrations: one schema, one owner role and one login per service, in one shared database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI

SERVICES = ("vaults", "analytics", "ingest")
SERVICES_FOLDER = Path(__file__).resolve().parent.parent / "services"

# Advisory locks are per database, so one number does for every copy.
_LOCK = 0x7661756C746C696E
_MIGRATION_TABLE = "_yoyo_migrations"
_CHECKSUM_TABLE = "_migration_checksums"
_BOOKKEEPING = (_MIGRATION_TABLE, _CHECKSUM_TABLE, "_yoyo_log", "_yoyo_version")
_MAX_IDENTIFIER_BYTES = 63

# What a login may do in its own schema, and nowhere else.
_RIGHTS = (
    (sql.SQL("TABLES"), sql.SQL("SELECT, INSERT, UPDATE, DELETE")),
    (sql.SQL("SEQUENCES"), sql.SQL("USAGE")),
)

Connection = psycopg.Connection[Any]


class MigrationError(Exception):
    """An applied migration has been edited since."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The login of one service: role name and password."""

    role: str
    password: str


def role_name(database: str, suffix: str) -> str:
    """Name of a role for one database: roles belong to the whole cluster, so the database's name is in it."""
    name = f"{database}_{suffix}"
    if len(name.encode()) <= _MAX_IDENTIFIER_BYTES:
        return name
    digest = hashlib.sha256(database.encode()).hexdigest()[:24]
    return f"vaultline_{digest}_{suffix}"


def database_name(database_url: str) -> str:
    """The database that a URL names; PostgreSQL's rule where it names none: the user's name."""
    parts = conninfo_to_dict(database_url)
    return str(parts.get("dbname") or parts.get("user") or "postgres")


def url_with_login(database_url: str, credential: Credential) -> str:
    """The same server and database with another login."""
    url = urlsplit(database_url)
    login = f"{quote(credential.role, safe='')}:{quote(credential.password, safe='')}"
    hosts = url.netloc.rpartition("@")[2]
    query = [(key, value) for key, value in parse_qsl(url.query) if key not in {"user", "password"}]
    path = url.path if url.path.strip("/") else f"/{quote(database_name(database_url), safe='')}"
    return urlunsplit((url.scheme, f"{login}@{hosts}", path, urlencode(query, quote_via=quote), ""))


def login_of(database_url: str) -> Credential:
    """The login in a URL. Raises ValueError when it names no user."""
    user, _, password = urlsplit(database_url).netloc.rpartition("@")[0].partition(":")
    if not user:
        raise ValueError("the URL names no user")
    return Credential(unquote(user), unquote(password))


def migrate(
    database_url: str, *, credentials: Mapping[str, Credential], services_folder: Path = SERVICES_FOLDER
) -> list[str]:
    """Bring every service's schema up to date as the migrator's login; gives what was applied, `service/name`.

    `credentials` holds the login of each service. The migrator may create roles and owns the database (or is a
    superuser). Others wait while one migrates; whatever a killed one left half done was rolled back by PostgreSQL.
    Raises MigrationError for an applied file that was edited, psycopg.Error for what the database refuses.
    """
    applied: list[str] = []
    with psycopg.connect(database_url, autocommit=True, application_name="migrations") as conn, _locked(conn):
        _close_to_public(conn)
        for service, credential in credentials.items():
            owner = _prepare_schema(conn, service, credential)
            files = services_folder / service / "migrations"
            applied += [f"{service}/{name}" for name in _apply(database_url, service, owner, files)]
            _grant(conn, service, credential.role)
    return applied


@contextmanager
def _locked(conn: Connection) -> Iterator[None]:
    conn.execute("SET lock_timeout = 0")
    conn.execute("SET statement_timeout = 0")
    conn.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        yield
    finally:
        if not conn.broken:
            conn.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def _execute(conn: Connection, statement: LiteralString, **names: sql.Composable | str) -> None:
    """Run a statement whose {placeholders} are identifiers, or SQL that is composed already."""
    parts = {key: sql.Identifier(value) if isinstance(value, str) else value for key, value in names.items()}
    conn.execute(sql.SQL(statement).format(**parts))


def _close_to_public(conn: Connection) -> None:
    _execute(conn, "REVOKE ALL ON DATABASE {database} FROM PUBLIC", database=conn.info.dbname)
    _execute(conn, "REVOKE ALL ON SCHEMA public FROM PUBLIC")


def _prepare_schema(conn: Connection, service: str, credential: Credential) -> str:
    """Owner role, login role and schema of one service; gives the owner's name."""
    owner = _schema_owner(conn, service) or role_name(conn.info.dbname, f"{service}_owner")
    _save_role(conn, owner, sql.SQL("NOLOGIN"))
    _save_role(conn, credential.role, sql.SQL("LOGIN PASSWORD {}").format(_verifier(conn, credential)))
    _execute(conn, "GRANT {owner} TO CURRENT_USER", owner=owner)
    _execute(conn, "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}", schema=service, owner=owner)
    _execute(conn, "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC", schema=service)
    _execute(conn, "GRANT USAGE ON SCHEMA {schema} TO {role}", schema=service, role=credential.role)
    _execute(conn, "GRANT CONNECT ON DATABASE {database} TO {role}", database=conn.info.dbname, role=credential.role)
    _execute(conn, "ALTER ROLE {role} SET search_path = {schema}", role=credential.role, schema=service)
    for kind, rights in _RIGHTS:
        _execute(
            conn,
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT {rights} ON {kind} TO {role}",
            owner=owner,
            schema=service,
            role=credential.role,
            rights=rights,
            kind=kind,
        )
    return owner


def _schema_owner(conn: Connection, schema: str) -> str | None:
    row = conn.execute("SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone()
    return row[0] if row else None


def _save_role(conn: Connection, role: str, attributes: sql.Composable) -> None:
    exists = conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb: LiteralString = "ALTER" if exists else "CREATE"
    _execute(conn, "{verb} ROLE {role} {attributes}", verb=sql.SQL(verb), role=role, attributes=attributes)


def _verifier(conn: Connection, credential: Credential) -> sql.Literal:
    """The SCRAM verifier: the server and its logs never see the password itself."""
    password, role = credential.password.encode(), credential.role.encode()
    return sql.Literal(conn.pgconn.encrypt_password(password, role, b"scram-sha-256").decode())


def _grant(conn: Connection, schema: str, role: str) -> None:
    """Rights on what exists: default privileges reach only later tables, and a login may be renamed."""
    for kind, rights in _RIGHTS:
        statement: LiteralString = "GRANT {rights} ON ALL {kind} IN SCHEMA {schema} TO {role}"
        _execute(conn, statement, schema=schema, role=role, rights=rights, kind=kind)
    for table in _BOOKKEEPING:
        _execute(conn, "REVOKE ALL ON {table} FROM {role}", table=sql.Identifier(schema, table), role=role)


def _apply(database_url: str, schema: str, owner: str, files: Path) -> list[str]:
    """Apply what is new in one folder, each file in one transaction together with its mark."""
    with _backend(database_url, schema, owner) as backend:
        backend.ensure_internal_schema_updated()
        backend.execute(f"CREATE TABLE IF NOT EXISTS {_CHECKSUM_TABLE} (id text PRIMARY KEY, sha256 text NOT NULL)")
        migrations = read_migrations(str(files))
        _refuse_edited(backend, migrations)
        new = backend.to_apply(migrations)
        for migration in new:
            with backend.transaction():
                migration.process_steps(backend, "apply")
                backend.mark_one(migration, log=False)
                backend.execute(
                    f"INSERT INTO {_CHECKSUM_TABLE} (id, sha256) VALUES (:id, :sha256)",  # noqa: S608
                    {"id": migration.id, "sha256": _checksum(migration)},
                )
        return [str(migration.id) for migration in new]


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # the tool has no types
    """The tool without its lock table, which outlives a killed process: the advisory lock is held already."""

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:
        yield


@contextmanager
def _backend(database_url: str, schema: str, owner: str) -> Iterator[Any]:
    # Not through the tool's URL parser, which doesn't know all that libpq knows.
    arguments = {key: value for key, value in conninfo_to_dict(database_url).items() if value is not None}
    settings = {"role": owner, "search_path": f'"{schema}"', "lock_timeout": "0", "statement_timeout": "0"}
    arguments["options"] = " ".join(f"-c {key}={_escaped(value)}" for key, value in settings.items())
    arguments["application_name"] = "migrations"
    database = arguments.pop("dbname", database_name(database_url))
    uri = DatabaseURI("postgresql+psycopg", None, None, None, None, str(database), arguments)
    with _Backend(uri, _MIGRATION_TABLE) as backend:
        yield backend


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _refuse_edited(backend: Any, migrations: Any) -> None:
    recorded = dict(backend.execute(f"SELECT id, sha256 FROM {_CHECKSUM_TABLE}").fetchall())  # noqa: S608
    for migration in migrations:
        if recorded.get(migration.id, _checksum(migration)) != _checksum(migration):
            raise MigrationError(f"{migration.path} was applied and has been edited since: add a new file instead")


def _checksum(migration: Any) -> str:
    return hashlib.sha256(Path(migration.path).read_bytes()).hexdigest()
