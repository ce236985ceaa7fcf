"""`make demo`: the platform on a local EVM chain with live trading; without Node.js the recording is replayed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Final

import aiohttp

from demo_chain.__main__ import deployed
from demo_chain.anvil import Anvil, anvil_program, free_port
from demo_chain.node_packages import InstallError, NodeMissingError
from vaultline import demo
from vaultline.programs import indexer_program, traders_program
from vaultline.supervisor import Program
from vaultline.up import Platform, UpError, say, serve

BLOCK_SECONDS: Final = 1
FIRST_TRADES: Final = 5
FIRST_TRADES_SECONDS: Final = 120.0
SUMMARY_SECONDS: Final = 10.0


async def show_and_stay(platform: Platform) -> None:
    """Show the answers, then how they change, until cancelled."""
    if not await _start_trading(platform):
        await demo.replay_and_stay(platform)
        return
    async with aiohttp.ClientSession(platform.url, timeout=aiohttp.ClientTimeout(total=30)) as session:
        await _show_first(platform, session)
        await asyncio.gather(serve(platform), _summarise(session))


async def show(platform: Platform) -> None:
    """Show the answers once the first trades are visible."""
    if not await _start_trading(platform):
        await demo.replay(platform)
        return
    async with aiohttp.ClientSession(platform.url, timeout=aiohttp.ClientTimeout(total=30)) as session:
        await _show_first(platform, session)


async def _start_trading(platform: Platform) -> bool:
    """Start node, traders and indexer; False, with the reason told, when there is no node to be had."""
    try:
        program = await asyncio.to_thread(anvil_program, platform.data_dir / "node")
    except (NodeMissingError, InstallError) as error:
        say("demo", f"no local chain: {error}")
        say("demo", "replaying the recording instead")
        return False
    folder = platform.data_dir / "chain"
    rpc_url = _start_node(platform, program, folder)
    addresses = await deployed(rpc_url, folder / "addresses.json")
    say("demo", f"the protocol is on {rpc_url}, its factory at {addresses.factory}")
    protocol = {**addresses.environment(), "RPC_URL": rpc_url, "SILENT_POLL_SECONDS": "5", "VERIFY_SECONDS": "60"}
    grace = platform.grace_seconds
    platform.supervisor.start(traders_program(rpc_url, folder / "addresses.json", grace_seconds=grace))
    platform.supervisor.start(indexer_program(platform.addresses, protocol, grace_seconds=grace))
    return True


def _start_node(platform: Platform, program: Path, folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    node = Anvil(program, free_port(), block_seconds=BLOCK_SECONDS, state_file=folder / "state.json")
    environment = {"HOME": str(program.parent), "PATH": os.environ.get("PATH", os.defpath), "NO_COLOR": "1"}
    platform.supervisor.start(Program("anvil", node.launch_command(), environment, grace_seconds=30))
    return f"http://127.0.0.1:{node.port}"


async def _show_first(platform: Platform, session: aiohttp.ClientSession) -> None:
    say("demo", "leaders and followers act every second; waiting for the first trades")
    try:
        async with asyncio.timeout(FIRST_TRADES_SECONDS):
            while (await _get(session, "/api/analytics/global"))["totalTrades"] < FIRST_TRADES:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise UpError(f"no trades after {FIRST_TRADES_SECONDS:g} s; the lines above say why") from None
    await demo.refresh(platform.redis_url, session)
    await demo.show_answers(platform.url, session)


async def _summarise(session: aiohttp.ClientSession) -> None:
    while True:
        await asyncio.sleep(SUMMARY_SECONDS)
        figures = await _get(session, "/api/analytics/global")
        vaults = await _get(session, "/api/vaults")
        status = await _get(session, "/api/status")
        chain = status["pipeline"]["chain"]
        best = max(vaults, key=lambda vault: vault["roi"])
        say(
            "demo",
            f"block {chain['lastIndexedBlock']} of {chain['headBlock']}: {figures['activeVaultsCount']} active vaults, "
            f"{figures['totalTrades']} trades, {figures['winRate']} % won, tvl {figures['totalTvl']}; "
            f"best: {best['name'][:30]!r} {best['roi']} %",
        )


async def _get(session: aiohttp.ClientSession, path: str) -> Any:
    async with session.get(path) as answer:
        return (await answer.json())["data"]
