"""The gateway as a process: start, stop, and what it says when it can't start."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession

ROOT = Path(__file__).parents[2]
NOBODY = "127.0.0.1:1"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _start(**environment: str) -> asyncio.subprocess.Process:
    targets = {"VAULTS_TARGET": NOBODY, "ANALYTICS_TARGET": NOBODY, "INGEST_TARGET": NOBODY, "HOST": "127.0.0.1"}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway",
        cwd=ROOT,
        env={**os.environ, **targets, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _health(port: int) -> int:
    async with ClientSession() as session, asyncio.timeout(15):
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/health") as response:
                    return response.status
            except ClientConnectionError:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_lives_without_its_services_and_stops_on_a_signal(number):
    port = _free_port()
    process = await _start(PORT=str(port))
    assert await _health(port) == 200
    async with ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/api/vaults") as response:
            assert response.status == 503
        async with session.get(f"http://127.0.0.1:{port}/ready") as response:
            assert response.status == 503
    process.send_signal(number)
    async with asyncio.timeout(10):
        _, stderr = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in stderr


async def test_a_taken_port_is_one_clear_line_and_exit_code_2():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        process = await _start(PORT=str(port))
        async with asyncio.timeout(15):
            _, stderr = await process.communicate()
    assert process.returncode == 2
    (line,) = stderr.decode().strip().splitlines()
    assert line.startswith(f"gateway: PORT {port} on 127.0.0.1 can't be used")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("PORT", "0"),
        ("FRONTEND_URL", "app.example"),
        ("FRONTEND_URL", "https://a.example,*"),
        ("CACHE", "maybe"),
        ("RATE_LIMIT", "-1"),
        ("REQUEST_TIMEOUT_SECONDS", "0"),
    ],
)
async def test_a_wrong_setting_stops_the_process_with_its_name(name, value):
    process = await _start(**{name: value})
    async with asyncio.timeout(15):
        _, stderr = await process.communicate()
    assert process.returncode == 2
    assert stderr.decode().startswith(f"configuration: {name}: ")


@pytest.mark.parametrize(("level", "events"), [("DEBUG", ["request failed", "request"]), ("INFO", ["request failed"])])
async def test_a_request_has_a_log_line_at_debug_only_and_a_failure_always(level, events):
    port = _free_port()
    process = await _start(PORT=str(port), LOG_LEVEL=level)
    await _health(port)
    url, headers = f"http://127.0.0.1:{port}/api/vaults?x=1", {"X-Request-Id": "mine"}
    async with ClientSession() as session, session.get(url, headers=headers) as response:
        assert response.status == 503
    process.terminate()
    async with asyncio.timeout(10):
        stdout, _ = await process.communicate()
    lines = [json.loads(line) for line in stdout.splitlines() if b'"mine"' in line]
    assert [line["event"] for line in lines] == events
    assert lines[0]["level"] == "error"
    assert all((line["path"], line["status"], line["method"]) == ("/api/vaults", 503, "GET") for line in lines)
