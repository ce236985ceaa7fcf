"""The shape of the code: who may import whom, and where SQL may stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ("vaults", "analytics", "ingest")

# Libraries that talk to the outside; domain code knows none of them.
IO_LIBRARIES = {"aiohttp", "asyncio", "grpc", "psycopg", "psycopg_pool", "redis", "socket", "taskiq", "taskiq_redis"}

# Files that hold rules and figures: they get data and time as arguments.
DOMAIN = (
    "libs/events.py",
    "libs/identifiers.py",
    "libs/results.py",
    "libs/uint256.py",
    "services/vaults/domain.py",
    "services/vaults/listing.py",
    "services/analytics/domain.py",
    "services/analytics/figures.py",
    "services/analytics/fold.py",
    "services/analytics/followers.py",
    "services/analytics/ledger.py",
    "services/analytics/listing.py",
    "services/analytics/platform_history.py",
    "services/analytics/portfolio.py",
    "services/analytics/positions.py",
    "services/analytics/state.py",
    "services/ingest/domain.py",
    "services/ingest/jobs.py",
    "services/ingest/payloads.py",
    "services/ingest/canonical.py",
    "services/ingest/chain/decoder.py",
    "services/ingest/chain/payments.py",
)

_SQL = re.compile(r"\b(SELECT|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b")


def python_files(*folders: str) -> Iterator[Path]:
    """The project's own modules below these folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "_pb2" not in path.name:
                yield path


def imports(path: Path) -> set[str]:
    """Every module that a file imports."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other_service(service: str) -> None:
    others = tuple(f"services.{name}" for name in SERVICES if name != service)
    for path in python_files(f"services/{service}"):
        assert not [module for module in imports(path) if module.startswith(others)], path


def test_the_gateway_knows_services_by_their_protocol_only() -> None:
    forbidden = ("services", "psycopg", "redis", "taskiq")
    for path in python_files("gateway"):
        assert not [module for module in imports(path) if module.split(".")[0] in forbidden], path


def test_libs_import_neither_services_nor_the_gateway() -> None:
    for path in python_files("libs"):
        assert not [module for module in imports(path) if module.split(".")[0] in ("services", "gateway")], path


@pytest.mark.parametrize("name", DOMAIN)
def test_domain_code_does_no_input_or_output(name: str) -> None:
    assert not {module.split(".")[0] for module in imports(ROOT / name)} & IO_LIBRARIES


@pytest.mark.parametrize("name", DOMAIN)
def test_domain_code_reads_no_clock_and_no_environment(name: str) -> None:
    source = (ROOT / name).read_text()
    assert not re.search(r"\btime\.time\(|\bdatetime\.now\(|\butcnow\(|os\.environ|\bgetenv\(", source)


def test_sql_stands_in_repositories_only() -> None:
    allowed = ("repository", "migrations.py", "libs/database.py")
    for path in python_files("libs", "services", "gateway"):
        if any(part in str(path.relative_to(ROOT)) for part in allowed):
            continue
        constants = [
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in constants if _SQL.search(text)], path


def test_sql_names_no_schema_of_another_service() -> None:
    for service in SERVICES:
        others = [name for name in SERVICES if name != service]
        pattern = re.compile(rf"\b(FROM|JOIN|INTO|UPDATE)\s+({'|'.join(others)})\.")
        for path in [*python_files(f"services/{service}"), *(ROOT / f"services/{service}/migrations").glob("*.sql")]:
            assert not pattern.search(path.read_text()), path


def test_every_module_says_what_lives_in_it() -> None:
    for path in python_files("libs", "services", "gateway", "vaultline", "demo_chain"):
        tree = ast.parse(path.read_text())
        assert not tree.body or ast.get_docstring(tree), path
