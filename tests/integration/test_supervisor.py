"""The supervisor names log lines, starts again what dies, ends everything in order, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.servers import wait_until
from vaultline.supervisor import Program, Supervisor, bound

STAYS = "print('up', flush=True); import time; time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAYS}"


class Log:
    """The lines that were written, by name."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def say(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def of(self, name: str) -> list[str]:
        return [line for by, line in self.lines if by == name]


def program(name: str, code: str, *, grace_seconds: float = 5.0) -> Program:
    return Program(name, bound([sys.executable, "-c", code]), dict(os.environ), grace_seconds=grace_seconds)


@asynccontextmanager
async def supervised(log: Log, hurry: asyncio.Event | None = None) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(log.say, folder=Path.cwd(), hurry=hurry or asyncio.Event(), first_delay_seconds=0.01)
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_each_line_carries_the_name_of_its_process() -> None:
    log = Log()
    async with supervised(log) as supervisor:
        supervisor.start(program("one", STAYS), program("two", f"import sys; print('oh', file=sys.stderr); {STAYS}"))
        await until(lambda: len(log.lines) == 3)
    assert log.of("one") == ["up"]
    assert sorted(log.of("two")) == ["oh", "up"]


async def test_a_process_that_dies_is_started_again_and_the_log_says_so() -> None:
    log = Log()
    async with supervised(log) as supervisor:
        supervisor.start(program("frail", STAYS))
        await until(lambda: log.of("frail") == ["up"])
        os.kill(supervisor.pids()["frail"], signal.SIGKILL)
        await until(lambda: len(log.of("frail")) == 3)
    assert log.of("frail") == ["up", "ended (SIGKILL); starting it again in 0.01 s", "up"]


async def test_a_process_that_dies_early_again_and_again_is_started_more_and_more_slowly() -> None:
    log = Log()
    async with supervised(log) as supervisor:
        supervisor.start(program("broken", "import sys; sys.exit(3)"))
        await until(lambda: len(log.of("broken")) == 3)
    assert log.of("broken")[:3] == [f"ended (code 3); starting it again in {pause} s" for pause in (0.01, 0.02, 0.04)]


async def test_later_stages_end_before_earlier_ones() -> None:
    log = Log()
    says_goodbye = f"import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye'))); {STAYS}"
    async with supervised(log) as supervisor:
        supervisor.start(program("database", says_goodbye))
        supervisor.start(program("service", says_goodbye))
        supervisor.start(program("gateway", says_goodbye))
        await until(lambda: len(log.lines) == 3)
    assert [name for name, line in log.lines if line == "bye"] == ["gateway", "service", "database"]


async def test_a_process_that_does_not_end_is_killed_with_all_that_it_started() -> None:
    log = Log()
    starts_a_child = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"print(child.pid, flush=True); {DEAF}"
    )
    async with supervised(log) as supervisor:
        supervisor.start(program("deaf", starts_a_child, grace_seconds=0.1))
        await until(lambda: len(log.of("deaf")) == 2)
        pids = [supervisor.pids()["deaf"], int(log.of("deaf")[0])]
        assert all(is_alive(pid) for pid in pids)
    await until(lambda: not any(is_alive(pid) for pid in pids))
    assert log.of("deaf")[2:] == ["does not end: killed"]


async def test_a_second_wish_to_stop_waits_for_nobody() -> None:
    log, hurry = Log(), asyncio.Event()
    hurry.set()
    async with supervised(log, hurry) as supervisor:
        supervisor.start(program("deaf", DEAF, grace_seconds=60))
        await until(lambda: log.of("deaf") == ["up"])
        began = time.monotonic()
    assert time.monotonic() - began < 10


async def test_a_wrong_setting_at_the_start_is_told_instead_of_retried() -> None:
    log = Log()
    async with supervised(log) as supervisor:
        supervisor.start(program("gateway", "import sys; print('configuration: PORT: no'); sys.exit(2)"))
        message = await asyncio.wait_for(supervisor.misconfigured, 10)
    assert message == "gateway: wrong configuration, see its line above"
    assert log.of("gateway") == ["configuration: PORT: no"]


async def test_once_settled_a_process_with_that_exit_code_is_started_again() -> None:
    log = Log()
    async with supervised(log) as supervisor:
        supervisor.settle()
        supervisor.start(program("gateway", "import sys; sys.exit(2)"))
        await until(lambda: len(log.of("gateway")) == 2)


async def test_a_command_that_can_not_be_started_is_told() -> None:
    log = Log()
    async with supervised(log) as supervisor:
        supervisor.start(Program("ghost", ["/nonexistent/ghost"], {}))
        message = await asyncio.wait_for(supervisor.misconfigured, 10)
    assert message.startswith("ghost: [Errno 2]")


async def test_endless_lines_and_bytes_that_are_no_text_pass() -> None:
    log = Log()
    code = f"import sys; sys.stdout.buffer.write(b'x' * 100_000 + bytes([10, 255, 10])); sys.stdout.flush(); {STAYS}"
    async with supervised(log) as supervisor:
        supervisor.start(program("loud", code))
        await until(lambda: "up" in log.of("loud"))
    lines = log.of("loud")
    assert lines[-2:] == ["\N{REPLACEMENT CHARACTER}", "up"]
    assert sum(len(line) for line in lines[:-2]) == 100_000
    assert max(len(line) for line in lines) <= 32_768


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_killed_supervisor(number: signal.Signals) -> None:
    code = (
        "import asyncio, os, sys; from pathlib import Path; from tests.integration.test_supervisor import *\n"
        "async def main():\n"
        "    say = lambda name, line: print(line, flush=True)\n"
        "    supervisor = Supervisor(say, folder=Path.cwd(), hurry=asyncio.Event())\n"
        "    supervisor.start(program('a', 'import os; print(os.getpid(), flush=True); ' + DEAF))\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert process.stdout.readline() == "up\n"
        assert is_alive(pid)
    finally:
        process.send_signal(number)
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
    wait_until(lambda: not is_alive(pid), what="the child ends with its supervisor")
