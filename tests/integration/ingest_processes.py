"""Ingest's processes as a deployment runs them, for tests that kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from libs.config import Settings
from services.ingest.config import IngestSettings, SchedulerSettings, WorkerSettings
from tests.servers import Database

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 1.0


class Process:
    """A running module; what it logs goes to a file."""

    def __init__(self, module: str, log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module], cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        self.pid = self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        assert self._process.wait(10) == -signal.SIGKILL

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        self._process.terminate()
        return self._process.wait(20)

    def clean_up(self) -> None:
        """Make sure that it is gone."""
        if self.is_alive:
            self._process.kill()
        self._process.wait(10)


@contextmanager
def worker(database: Database, redis_url: str, log: Path) -> Iterator[Process]:
    """`python -m services.ingest.worker` with a lease of a second."""
    with _running(
        "services.ingest.worker",
        log,
        WorkerSettings,
        ingest_database_url=database.url("ingest"),
        redis_url=redis_url,
        worker_lease_seconds=str(LEASE_SECONDS),
    ) as process:
        yield process


@contextmanager
def ingest(database: Database, redis_url: str, log: Path, *, listen: str, targets: dict[str, str]) -> Iterator[Process]:
    """`python -m services.ingest` with a lease of a second."""
    with _running(
        "services.ingest",
        log,
        IngestSettings,
        ingest_database_url=database.url("ingest"),
        redis_url=redis_url,
        ingest_listen=listen,
        lease_seconds=str(LEASE_SECONDS),
        vaults_target=targets["vaults"],
        analytics_target=targets["analytics"],
    ) as process:
        yield process


@contextmanager
def scheduler(redis_url: str, log: Path, *, interval_seconds: int) -> Iterator[Process]:
    """`python -m services.ingest.scheduler`."""
    with _running(
        "services.ingest.scheduler",
        log,
        SchedulerSettings,
        redis_url=redis_url,
        snapshot_interval_seconds=str(interval_seconds),
    ) as process:
        yield process


@contextmanager
def _running(module: str, log: Path, settings: type[Settings], **values: str) -> Iterator[Process]:
    """The module with these settings and no others from outside."""
    inherited = {name: value for name, value in os.environ.items() if name.lower() not in settings.model_fields}
    environment = inherited | {name.upper(): value for name, value in values.items()}
    process = Process(module, log, environment)
    try:
        yield process
    finally:
        process.clean_up()
