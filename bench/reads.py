"""How fast the legacy endpoints answer, with and without the gateway's cache."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bench import bare_rows, load
from bench.figures import Figure
from bench.load import Load
from bench.stage import Stage
from bench.workload import address
from libs.identifiers import vault_id

WARM_TARGET = 8_000.0
COLD_TARGET = 400.0
_ROUNDS = 3
# The server of the bare answer sets these itself.
_OWN_HEADERS = frozenset({"date", "content-length"})

Say = Callable[[str], None]
Put = Callable[[str, float], Awaitable[Load]]


def endpoints() -> dict[str, tuple[str, int]]:
    """Path of each legacy endpoint and the gRPC calls that an uncached answer costs."""
    vault = vault_id(125, address("vault", 0))
    return {
        "/health": ("/health", 0),
        "/api/vaults": ("/api/vaults", 1),
        "/api/vaults/:id": (f"/api/vaults/{vault}", 2),
        "/api/analytics/global": ("/api/analytics/global", 1),
        "/api/analytics/vault/:id": (f"/api/analytics/vault/{vault}", 1),
        "/api/leaderboard": ("/api/leaderboard", 1),
    }


async def warm(stage: Stage, names: Mapping[str, str], seconds: float, say: Say) -> list[Figure]:
    """With the cache on, beside a server that holds the same bytes ready; `names` are figures by endpoint."""
    recorded = await _record(stage)
    async with stage.bare_front(recorded, "/health") as bare:
        return await _measure(names, (stage.url, bare), seconds, WARM_TARGET, say)


async def cold(stage: Stage, names: Mapping[str, str], seconds: float, say: Say) -> list[Figure]:
    """With the cache off, beside the same number of gRPC calls with one SQL statement each."""
    recorded = await _record(stage)
    bare_rows.create_tables(stage.bare_database_url(), orjson.loads(recorded.read_bytes()))
    async with _bare_chain(stage, recorded) as bare, stage.gateway_without_cache() as url:
        return await _measure(names, (url, bare), seconds, COLD_TARGET, say)


@asynccontextmanager
async def _bare_chain(stage: Stage, recorded: Path) -> AsyncIterator[str]:
    with stage.bare_rpc() as target:
        async with stage.bare_front(recorded, "/api/leaderboard", target) as url:
            yield url


async def _measure(
    names: Mapping[str, str], urls: tuple[str, str], seconds: float, target: float, say: Say
) -> list[Figure]:
    figures = []
    for endpoint, (path, _) in endpoints().items():
        if name := names.get(endpoint):
            say(name)
            ours, theirs = await interleaved(urls[0] + path, urls[1] + path, seconds)
            figures.append(Figure(f"{name} answers", ours.per_second, "/s", theirs.per_second, target))
            figures.append(Figure(f"{name} p99", ours.p99_ms, "ms", theirs.p99_ms, better="lower"))
    return figures


async def interleaved(url: str, bare: str, seconds: float, put: Put = load.put) -> tuple[Load, Load]:
    """Medians of A B A B …, so that what else the machine does meets both."""
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        ours.append(await put(url, seconds))
        theirs.append(await put(bare, seconds))
    return load.middle(ours), load.middle(theirs)


async def _record(stage: Stage) -> Path:
    """Write the gateway's answers to a file for `bench.bare_front`."""
    answers: dict[str, Any] = {}
    async with aiohttp.ClientSession(stage.url, auto_decompress=False) as session:
        for path, calls in endpoints().values():
            # As wrk asks: without Accept-Encoding the answer is plain.
            async with session.get(path, skip_auto_headers=["Accept-Encoding"]) as answer:
                answer.raise_for_status()
                headers = [pair for pair in answer.headers.items() if pair[0].lower() not in _OWN_HEADERS]
                answers[path] = {"headers": headers, "body": (await answer.read()).decode(), "calls": calls}
    file = stage.folder / "recorded.json"
    file.write_bytes(orjson.dumps(answers))
    return file
