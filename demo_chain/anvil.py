"""Starts and stops anvil, a local EVM node; loopback only."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demo_chain.node_packages import installed
from vaultline.embedded import launched

CHAIN_ID: Final = 125
ACCOUNTS: Final = 40  # unlocked, rich, and the same on every start
_PROGRAM: Final = "@foundry-rs/anvil-*/bin/anvil"
_LISTENING: Final = re.compile(rb"Listening on (127\.0\.0\.1:\d+)")
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 30.0
_GAS_LIMIT: Final = 1_000_000_000  # a block holds whatever an action sends


class AnvilError(RuntimeError):
    """anvil did not start; the text is its own."""


@dataclass(frozen=True, slots=True)
class Anvil:
    """One node: how it mines, and whether its chain outlives it."""

    program: Path
    port: int = 0  # 0: a free one, told in its output
    block_seconds: int | None = None  # None: a block per transaction
    # Read at start if it exists, written at the end and now and then; a kill loses the blocks since. None: forgotten.
    state_file: Path | None = None
    state_seconds: int = 30
    # How many blocks back eth_call reaches, about 1 MB each; blocks and logs stay. Without it anvil fills the disk.
    kept_states: int = 256
    genesis_time: int | None = None  # UNIX seconds; None: now. In the past where many fast blocks shall stay in it

    def command(self, *, quiet: bool = True) -> list[str]:
        """The node's command; a quiet one prints nothing."""
        options = ["--chain-id", str(CHAIN_ID), "--host", "127.0.0.1", "--port", str(self.port)]
        options += ["--accounts", str(ACCOUNTS), "--gas-limit", str(_GAS_LIMIT), "--slots-in-an-epoch", "1"]
        options += ["--prune-history", str(self.kept_states)]
        if self.block_seconds is not None:
            options += ["--block-time", str(self.block_seconds)]
        if self.state_file is not None:
            options += ["--state", str(self.state_file), "--state-interval", str(self.state_seconds)]
        if self.genesis_time is not None:
            options += ["--timestamp", str(self.genesis_time)]
        return [str(self.program), *options, *(["--quiet"] if quiet else [])]

    def launch_command(self) -> list[str]:
        """The same, ending with this process; SIGTERM makes it write its state and end."""
        return launched(self.command(), signal.SIGTERM)


def anvil_program(folder: Path) -> Path:
    """The program, installed below `folder` on first use (43 MB).

    NodeMissingError or InstallError (node_packages) say why there is none: replay the recording then.
    """
    return installed("anvil", _PROGRAM, folder)


def free_port() -> int:
    """A port of the loopback interface that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running(node: Anvil) -> AsyncIterator[str]:
    """The URL of a node that ends with the block; AnvilError when it does not start."""
    process = await asyncio.create_subprocess_exec(
        *launched(node.command(quiet=False), signal.SIGTERM),
        env={"HOME": str(node.program.parent), "PATH": os.environ.get("PATH", os.defpath), "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        url = await _url(process.stdout)
        draining = asyncio.create_task(_drain(process.stdout))
        try:
            yield url
        finally:
            await _stop(process)
            await draining
    finally:
        await _stop(process)


async def _url(output: asyncio.StreamReader) -> str:
    said = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_SECONDS):
            async for line in output:
                said += line
                if found := _LISTENING.search(line):
                    return f"http://{found[1].decode()}"
    raise AnvilError(f"anvil does not listen: {said.decode(errors='replace').strip()[-600:]}")


async def _drain(output: asyncio.StreamReader) -> None:
    while await output.read(65_536):
        pass


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
