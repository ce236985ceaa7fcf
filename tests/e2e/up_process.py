"""`python -m vaultline …` as a process of its own: its lines, its requests, and whatever it may leave behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import wait_until
from vaultline.embedded import launched

PROJECT = Path(__file__).resolve().parents[2]
# Starting takes seconds; the limit is for a machine that does much else.
START_SECONDS = 90.0
_SET_BY_TESTS = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "PORT", "HOST", "RATE_LIMIT")


class UpProcess:
    """One run of a subcommand."""

    def __init__(self, process: subprocess.Popen[str], port: int, mark: str) -> None:
        self.process = process
        self.port = port
        self.lines: list[str] = []
        self._mark = mark
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """Everything written so far."""
        return "\n".join(self.lines)

    def wait_until_ready(self) -> None:
        """Wait for the line that gives the URL."""
        wait_until(lambda: self.has_line("ready:") or self.process.poll() is not None, seconds=START_SECONDS)
        assert self.has_line("ready:"), self.text

    def has_line(self, part: str) -> bool:
        """Whether a line holds the text."""
        return any(part in line for line in self.lines)

    def get(self, path: str) -> Any:
        """The JSON answer of the gateway."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal and wait; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; the exit code."""
        code = self.process.wait(START_SECONDS)
        self._reader.join(10)
        return code

    def left_running(self) -> list[str]:
        """Command lines of processes of this run that are still there."""
        return [_command(pid) for pid in _marked(self._mark)]

    def pids(self) -> list[int]:
        """Processes of this run."""
        return list(_marked(self._mark))

    def kill_all(self) -> None:
        """End whatever is left, whatever it takes."""
        for pid in [self.process.pid, *_marked(self._mark)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(10)
        self._reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))


@contextmanager
def vaultline(
    *arguments: str,
    data_dir: Path,
    port: int | None = None,
    user: str | None = None,
    more: Mapping[str, str] | None = None,
) -> Iterator[UpProcess]:
    """Run a subcommand on a data folder; as another user where one is named and this is root."""
    chosen_port = port or free_port()
    mark = f"VAULTLINE_TEST={uuid.uuid4()}"
    inherited = {name: value for name, value in os.environ.items() if name not in _SET_BY_TESTS}
    own = {"DATA_DIR": str(data_dir), "PORT": str(chosen_port)}
    environment = {**inherited, **own, **(more or {}), "VAULTLINE_TEST": mark.partition("=")[2]}
    command: Sequence[str] = [sys.executable, "-m", "vaultline", *arguments]
    if user is not None and os.geteuid() == 0:
        # The interpreter may live where only root may pass; the sources stay as they are.
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        command = launched(command, signal.SIGKILL, user=user, closed_folders=True)
    process = subprocess.Popen(
        command, env=environment, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    run = UpProcess(process, chosen_port, mark)
    try:
        yield run
    finally:
        run.kill_all()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _marked(mark: str) -> list[int]:
    """Process ids whose environment holds the mark: every process of a run inherits it."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return f"process {pid}"
