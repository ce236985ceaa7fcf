"""`python -m demo_chain --rpc-url URL --addresses FILE [--seed N]`: deploys if need be, then acts until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Final

import aiohttp

from demo_chain.chain import RevertedError
from demo_chain.deployment import Addresses, deploy
from demo_chain.rpc import Rpc, RpcError, connected
from demo_chain.world import live

_NODE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.1


async def deployed(rpc_url: str, file: Path) -> Addresses:
    """The deployment that the file names, made and written down if this chain has none yet.

    Waits for the node; aiohttp.ClientError or TimeoutError when it does not come within a minute.
    """
    known = await asyncio.to_thread(_read, file)
    async with connected(rpc_url) as rpc:
        await _reachable(rpc)
        if known is not None and await rpc.call("eth_getCode", known.factory, "latest") != "0x":
            return known
    addresses = await deploy(rpc_url)
    await asyncio.to_thread(_write, file, addresses)
    return addresses


def _read(file: Path) -> Addresses | None:
    return Addresses.from_json(file.read_bytes()) if file.exists() else None


def _write(file: Path, addresses: Addresses) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    unfinished.write_bytes(addresses.to_json())
    unfinished.rename(file)


async def _reachable(rpc: Rpc) -> None:
    deadline = time.monotonic() + _NODE_SECONDS
    while True:
        try:
            await rpc.call("eth_chainId")
        except (aiohttp.ClientError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return


async def _run(arguments: argparse.Namespace) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        addresses = await deployed(arguments.rpc_url, arguments.addresses)
    except (aiohttp.ClientError, TimeoutError, RpcError, RevertedError) as error:
        _say(f"can't deploy: {error or type(error).__name__}")
        return 1
    _say(f"the protocol is deployed, its factory at {addresses.factory}")
    await live(arguments.rpc_url, addresses, arguments.seed, stop, say=_say, interval_seconds=arguments.interval)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Read the arguments and run; gives the exit code."""
    parser = argparse.ArgumentParser(prog="demo_chain")
    parser.add_argument("--rpc-url", required=True)
    parser.add_argument("--addresses", type=Path, required=True, help="JSON file, kept beside the chain's state")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two actions")
    return asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
