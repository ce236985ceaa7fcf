"""Runs programs as child processes: names their log lines, starts them again when they die, ends them in order."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vaultline.embedded import launched

WRONG_CONFIGURATION = 2
_FIRST_DELAY_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 10.0
_SETTLED_AFTER_SECONDS = 30.0
_LONGEST_LINE_BYTES = 16 * 1024
_LAST_LINES_SECONDS = 2.0

Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running. `prepare` runs in a thread before each start."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    prepare: Callable[[], None] = field(default=lambda: None)


class Supervisor:
    """Keeps programs running in stages; `stop` ends the stages in reverse order."""

    def __init__(
        self, say: Say, *, folder: Path, hurry: asyncio.Event, first_delay_seconds: float = _FIRST_DELAY_SECONDS
    ) -> None:
        self._say = say
        self._folder = folder
        self._first_delay_seconds = first_delay_seconds
        self._stages: list[list[_Child]] = []
        self._hurry = hurry  # once set, `stop` kills what it still waits for
        # Done once a program says that its configuration is wrong while everything is still starting.
        self.misconfigured: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def start(self, *stage: Program) -> None:
        """Start programs that end together, before those of earlier stages."""
        children = [_Child(program, self._say, self._folder, self._first_delay_seconds) for program in stage]
        for child in children:
            child.task = asyncio.create_task(self._keep(child))
        self._stages.append(children)

    def pids(self) -> dict[str, int]:
        """Process ids of what runs now, by name."""
        children = [child for stage in self._stages for child in stage]
        return {child.program.name: child.process.pid for child in children if child.process is not None}

    def settle(self) -> None:
        """From now on a program that ends for a wrong setting is started again like any other."""
        if not self.misconfigured.done():
            self.misconfigured.cancel()

    async def stop(self) -> None:
        """End every program, the last stage first; by force after its grace time."""
        for stage in reversed(self._stages):
            await asyncio.gather(*(child.stop(self._hurry) for child in stage))
        self._stages.clear()

    async def _keep(self, child: _Child) -> None:
        try:
            await child.keep(self.misconfigured)
        except Exception as error:  # noqa: BLE001  # one program that can't start must be told, not lost
            self._say(child.program.name, f"can't run: {error}")
            if not self.misconfigured.done():
                self.misconfigured.set_result(f"{child.program.name}: {error}")


class _Child:
    """One program and its present process."""

    def __init__(self, program: Program, say: Say, folder: Path, first_delay_seconds: float) -> None:
        self.program = program
        self.process: asyncio.subprocess.Process | None = None
        self.task: asyncio.Task[None] | None = None
        self._say = say
        self._folder = folder
        self._first_delay_seconds = first_delay_seconds
        self._stopping = asyncio.Event()

    async def keep(self, misconfigured: asyncio.Future[str]) -> None:
        """Run the program until it is stopped, again and again, with growing pauses while it dies early."""
        delay = self._first_delay_seconds
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._run_once()
            if self._stopping.is_set():
                return
            if code == WRONG_CONFIGURATION and not misconfigured.done():
                misconfigured.set_result(f"{self.program.name}: wrong configuration, see its line above")
                return
            if time.monotonic() - started > _SETTLED_AFTER_SECONDS:
                delay = self._first_delay_seconds
            self._say(self.program.name, f"ended ({_described(code)}); starting it again in {delay:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
            delay = min(delay * 2, _LONGEST_DELAY_SECONDS)

    async def stop(self, hurry: asyncio.Event) -> None:
        """Ask the program to end, then force it and whatever it started."""
        self._stopping.set()
        if self.task is None:
            return
        self._signal(self.program.stop_signal)
        hurried = asyncio.create_task(hurry.wait())
        await asyncio.wait(
            {self.task, hurried}, timeout=self.program.grace_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        hurried.cancel()
        if not self.task.done():
            self._say(self.program.name, "does not end: killed")
            self._signal(signal.SIGKILL)
        await self.task

    async def _run_once(self) -> int:
        program = self.program
        await asyncio.to_thread(program.prepare)
        if self._stopping.is_set():
            return 0
        process = await asyncio.create_subprocess_exec(
            *program.command,
            env=dict(program.environment),
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Out of the terminal's group: Ctrl-C reaches the supervisor alone, which then ends all in order.
            process_group=0,
        )
        self.process = process
        if self._stopping.is_set():  # asked to stop while it was being started
            self._signal(program.stop_signal)
        assert process.stdout is not None
        reading = asyncio.create_task(self._relay(process.stdout))
        code = await process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what the program started and left
        # Something that left the group may hold the pipe open.
        await asyncio.wait({reading}, timeout=_LAST_LINES_SECONDS)
        reading.cancel()
        self.process = None
        return code

    async def _relay(self, stream: asyncio.StreamReader) -> None:
        """Pass on whole lines; an endless one is cut, never a reason to stop reading."""
        rest = b""
        while chunk := await stream.read(_LONGEST_LINE_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._say(self.program.name, line.decode(errors="replace"))
        if rest:
            self._say(self.program.name, rest.decode(errors="replace"))

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)


def bound(command: Sequence[str]) -> list[str]:
    """A command of ours that dies with the supervisor; every process of ours may be killed at any time."""
    return launched(command, signal.SIGKILL)


def _described(code: int) -> str:
    return f"code {code}" if code >= 0 else signal.Signals(-code).name
