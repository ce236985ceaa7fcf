"""How fast the indexer reads a node, how fast its events get to REST, and how long a new block takes."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import aiohttp
import orjson

from bench.figures import Figure
from bench.load import percentile
from bench.stage import Stage, platform_to_measure
from demo_chain import anvil
from demo_chain.node_packages import InstallError, NodeMissingError
from services.ingest.chain.indexer import AHEAD, SPAN
from services.ingest.chain.protocol import Protocol
from services.ingest.chain.rpc.options import ReaderOptions
from services.ingest.chain.rpc.reader import open_reader
from tests.chain_node.activity import Activity
from tests.chain_node.chain import Transaction
from tests.chain_node.server import running_node
from vaultline.programs import indexer_program
from vaultline.settings import PROJECT
from vaultline.supervisor import bound

EMPTY, BACKFILL, LIVE = "chain empty blocks", "chain backfill", "chain live"

_EMPTY_BLOCKS: Final = 20_000
_EMPTY_TARGET: Final = 10_000.0
_ROUNDS: Final = 3
_ONE_BLOCK: Final = ReaderOptions(start_span=1, most_span=1)
# Exchanges at once of the bare calls; more gained nothing here.
_AT_ONCE: Final = 8

_BUSY_BLOCKS: Final = 6_000
_BACKFILL_TARGET: Final = 3_000.0

_LIVE_BLOCKS: Final = 60
_POLL_SECONDS: Final = 1.0
_LIVE_TARGET_MS: Final = 1_000 * (1 + _POLL_SECONDS)
_PATIENCE_SECONDS: Final = 600.0

Say = Callable[[str], None]


async def measure(wanted: list[str], say: Say) -> list[Figure]:
    """The wanted figures, each on a chain and a platform of its own."""
    found: list[Figure] = []
    for name, work in ((EMPTY, empty_blocks), (BACKFILL, backfill), (LIVE, live)):
        if name in wanted:
            say(name)
            found += await work()
    return found


async def empty_blocks() -> list[Figure]:
    """Headers and logs of blocks that hold nothing, asked block by block, beside the same calls made bare."""
    ours, bare = [], []
    async with _empty_node() as (url, node):
        for _ in range(_ROUNDS):
            ours.append(await _rate(_read(url)))
            bare.append(await _rate(_ask_bare(url)))
    note = f"{_EMPTY_BLOCKS:,} blocks, ranges of one, {node}"
    return [Figure("chain empty blocks", sorted(ours)[1], "/s", sorted(bare)[1], _EMPTY_TARGET, note=note)]


async def _rate(work: Awaitable[None]) -> float:
    began = time.perf_counter()
    await work
    return _EMPTY_BLOCKS / (time.perf_counter() - began)


async def _read(url: str) -> None:
    async with open_reader([url], chain_id=anvil.CHAIN_ID, options=_ONE_BLOCK) as reader:
        head = await reader.head()
        async with aclosing(reader.stream(1, _EMPTY_BLOCKS, head, size=SPAN, ahead=AHEAD)) as windows:
            async for _ in windows:
                pass


async def _ask_bare(url: str) -> None:
    """A header and the logs of each block, in batches as large as the reader's; the answers are read and dropped."""
    methods: tuple[Callable[[str], tuple[str, list[Any]]], ...] = (
        lambda number: ("eth_getBlockByNumber", [number, False]),
        lambda number: ("eth_getLogs", [{"fromBlock": number, "toBlock": number}]),
    )
    size = _ONE_BLOCK.most_batch
    bodies = [
        orjson.dumps([_request(at, *method(hex(at))) for at in range(start, min(start + size, _EMPTY_BLOCKS + 1))])
        for start in range(1, _EMPTY_BLOCKS + 1, size)
        for method in methods
    ]
    gate = asyncio.Semaphore(_AT_ONCE)
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}, read_bufsize=2**20) as session:

        async def post(body: bytes) -> None:
            async with gate, session.post(url, data=body) as answer:
                answer.raise_for_status()
                await answer.read()

        await asyncio.gather(*map(post, bodies))


def _request(at: int, method: str, params: list[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": at, "method": method, "params": params}


async def backfill() -> list[Figure]:
    """From the start of the indexer to all events in REST; its own start, about a second, is part of it."""
    activity = Activity(1)
    activity.mine(_BUSY_BLOCKS, busy=1.0)
    async with _test_node("--blocks", str(_BUSY_BLOCKS), "--busy", "1.0") as url, _indexable() as (stage, session):
        began = time.perf_counter()
        _start_indexer(stage, activity.protocol, url)
        events = await _indexed(session, activity.chain.head.number)
        taken = time.perf_counter() - began
    note = f"{events:,} in {activity.chain.head.number:,} blocks"
    return [Figure("chain backfill events", events / taken, "/s", None, _BACKFILL_TARGET, note=note)]


async def live() -> list[Figure]:
    """From a new block with a trade on the node to that trade in REST, the indexer's poll interval included."""
    activity = Activity(2)
    activity.mine(20)
    chance = random.Random(3)
    async with running_node(activity.chain) as node, _indexable() as (stage, session):
        _start_indexer(stage, activity.protocol, node.url)
        await _indexed(session, activity.chain.head.number)
        taken = [await _one_block(activity, session, chance) for _ in range(_LIVE_BLOCKS)]
    note = f"{_LIVE_BLOCKS} blocks, the head polled every {_POLL_SECONDS:g} s"
    return [
        Figure("block to REST p50", percentile(taken, 50) * 1000, "ms", better="lower", note=note),
        Figure("block to REST p99", percentile(taken, 99) * 1000, "ms", None, _LIVE_TARGET_MS, "lower", note),
    ]


async def _one_block(activity: Activity, session: aiohttp.ClientSession, chance: random.Random) -> float:
    vault = activity.vaults[0]
    before = await _trades(session, vault)
    # At any moment of the indexer's poll interval.
    await asyncio.sleep(chance.random() * _POLL_SECONDS)
    trade = Transaction(f"0x{chance.getrandbits(256):064x}")
    activity.contracts.trade(trade, vault, chance)
    began = time.perf_counter()
    activity.chain.append([trade])
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while await _trades(session, vault) == before:
            await asyncio.sleep(0.002)
    return time.perf_counter() - began


async def _trades(session: aiohttp.ClientSession, vault: str) -> int:
    return int((await _get(session, f"/api/vaults/{vault}"))["_count"]["trades"])


async def _indexed(session: aiohttp.ClientSession, last_block: int) -> int:
    """Wait until all events up to a block are in REST; gives how many there are."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            pipeline = (await _get(session, "/api/status"))["pipeline"]
            chain = pipeline["chain"]
            if (
                chain
                and (chain["lastIndexedBlock"] or 0) >= last_block
                and not chain["waitingJobs"]
                and not pipeline["pendingEvents"]
            ):
                return int(pipeline["deliveredEvents"])
            await asyncio.sleep(0.02)


async def _get(session: aiohttp.ClientSession, path: str) -> Any:
    async with session.get(path) as answer:
        return orjson.loads(await answer.read())["data"]


def _start_indexer(stage: Stage, protocol: Protocol, url: str) -> None:
    contracts = {
        "VAULT_FACTORY_ADDRESS": protocol.factory,
        "VAULT_REGISTRY_ADDRESS": protocol.registry,
        "RISK_MANAGER_ADDRESS": protocol.risk_manager,
        "ARGUS_ORACLE_ADDRESS": protocol.oracle,
        "REVENUE_SPLITTER_ADDRESS": protocol.splitter,
    }
    environment = {name: str(address) for name, address in contracts.items() if address}
    environment |= {"RPC_URL": url, "POLL_SECONDS": str(_POLL_SECONDS)}
    stage.platform.supervisor.start(indexer_program(stage.platform.addresses, environment, grace_seconds=5))


@asynccontextmanager
async def _indexable() -> AsyncIterator[tuple[Stage, aiohttp.ClientSession]]:
    """A platform that knows nothing yet."""
    async with platform_to_measure() as stage, aiohttp.ClientSession(stage.url) as session:
        yield stage, session


@asynccontextmanager
async def _empty_node() -> AsyncIterator[tuple[str, str]]:
    """URL and kind of a node with empty blocks: anvil, or without Node.js the tests' own, which is slower."""
    try:
        program = await asyncio.to_thread(anvil.anvil_program, PROJECT / ".data" / "node")
    except (NodeMissingError, InstallError):
        async with _test_node("--blocks", str(_EMPTY_BLOCKS), "--busy", "0") as url:
            yield url, "test node"
        return
    async with anvil.running(anvil.Anvil(program, genesis_time=1_700_000_000)) as url:
        async with aiohttp.ClientSession() as session:
            mine = _request(1, "anvil_mine", [hex(_EMPTY_BLOCKS), "0x1"])
            async with session.post(url, json=mine) as answer:
                answer.raise_for_status()
        yield url, "anvil"


@asynccontextmanager
async def _test_node(*options: str) -> AsyncIterator[str]:
    """URL of a test node in a process of its own, so that it takes nothing of this one's time."""
    command = bound([sys.executable, "-m", "tests.chain_node", *options])
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        yield line.split()[0]
    finally:
        process.kill()
        process.wait()
