"""The indexer as a process of its own, with a test's pace, for tests that kill it: `python -m tests.faults.…`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from libs.config import load_settings
from libs.telemetry import configure_logging
from services.ingest.chain.__main__ import run
from services.ingest.chain.config import ChainSettings
from tests.integration.chain_stage import FAST

ROOT = Path(__file__).parents[2]


class IndexerProcess:
    """One run of it; what it logs goes to a file."""

    def __init__(self, settings: ChainSettings, log: Path, *, module: str = "tests.faults.indexer_process") -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=command_environment(settings),
                stdout=output,
                stderr=output,
            )

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text()

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        assert self._process.wait(10) == -signal.SIGKILL

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        return self._process.wait(30)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def clean_up(self) -> None:
        """Make sure that it is gone."""
        if self.is_running:
            self._process.kill()
        self._process.wait(10)


def command_environment(settings: ChainSettings) -> dict[str, str]:
    """These settings and no others from outside."""
    given = {name.upper(): str(value) for name, value in settings.model_dump().items() if value is not None}
    inherited = {name: value for name, value in os.environ.items() if name.lower() not in ChainSettings.model_fields}
    return inherited | given


@contextmanager
def running_indexer(
    settings: ChainSettings, log: Path, *, module: str = "tests.faults.indexer_process"
) -> Iterator[IndexerProcess]:
    """A process that runs inside the block."""
    process = IndexerProcess(settings, log, module=module)
    try:
        yield process
    finally:
        process.clean_up()


if __name__ == "__main__":
    configure_logging("indexer", level="INFO", json_lines=False)
    sys.exit(uvloop.run(run(load_settings(ChainSettings), FAST)))
