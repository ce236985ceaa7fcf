"""A recorded protocol put through Redis, and the answers that come out: the demonstration that needs no Node.js."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

import aiohttp
import orjson
import redis.asyncio as redis

from services.ingest.chain.job import Job, encode_job
from services.ingest.chain.recording import recording_jobs
from services.ingest.streams import EVENTS, SNAPSHOTS
from vaultline.settings import PROJECT
from vaultline.up import Platform, UpError, say, serve

RECORDING = PROJECT / "tests" / "data" / "protocol-small.tar.gz"
_DONE_SECONDS = 120.0
_BATCH = 1_000
_LONGEST_TEXT = 90


async def replay_and_stay(platform: Platform) -> None:
    """Put the recording through, show the answers, then stay until cancelled."""
    await replay(platform)
    await serve(platform)


async def replay(platform: Platform) -> None:
    """Put the recording through and print the calls to try with their answers. Again, it changes nothing."""
    count = await _produce(platform.redis_url)
    say("demo", f"put {count} jobs of {RECORDING.name} on {EVENTS}")
    async with aiohttp.ClientSession(platform.url, timeout=aiohttp.ClientTimeout(total=30)) as session:
        pipeline = await _wait_until_delivered(session)
        delivered, letters = pipeline["deliveredEvents"], pipeline["openDeadLetters"]
        say("demo", f"delivered, ever: {delivered} events, {letters} dead letters")
        await refresh(platform.redis_url, session)
        await show_answers(platform.url, session)


async def refresh(redis_url: str, session: aiohttp.ClientSession) -> None:
    """Ask for fresh windows and boards, and wait for them: the next scheduled refresh may be a while off."""
    # A refresh as of the coming second has begun after everything that is delivered now.
    second = int(time.time()) + 1
    await asyncio.sleep(second - time.time())
    job = Job("ingest.snapshot", f"snapshot:demo:{second}", {"interval": "demo", "triggeredAt": second})
    async with redis.Redis.from_url(redis_url) as client:
        await client.xadd(SNAPSHOTS, {"data": encode_job(job)})
    deadline = time.monotonic() + _DONE_SECONDS
    while time.monotonic() < deadline:
        async with session.get("/api/analytics/global") as answer:
            as_of = (await answer.json())["meta"]["figuresAsOf"]
        if as_of and datetime.fromisoformat(as_of).timestamp() >= second:
            return
        await asyncio.sleep(0.1)
    raise UpError(f"no fresh figures after {_DONE_SECONDS:g} s; the lines above say why")


async def show_answers(url: str, session: aiohttp.ClientSession) -> None:
    """Print the calls to try, each with its answer."""
    for path in await _paths(session):
        async with session.get(path) as answer:
            say("demo", f"curl '{url}{path}'")
            body = orjson.loads(await answer.read())
            text = orjson.dumps(shortened(body), option=orjson.OPT_INDENT_2).decode()
            say("demo", f"HTTP {answer.status}")
            for line in text.splitlines():
                say("demo", f"  {line}")


def shortened(value: Any) -> Any:
    """The same answer with one element of each list and no endless text."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        rest = [f"… and {len(value) - 1} more"] if len(value) > 1 else []
        return [*(shortened(item) for item in value[:1]), *rest]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT] + "…"
    return value


async def _produce(redis_url: str) -> int:
    entries = [encode_job(job) for job in await asyncio.to_thread(recording_jobs, RECORDING)]
    async with redis.Redis.from_url(redis_url) as client:
        for start in range(0, len(entries), _BATCH):
            async with client.pipeline(transaction=False) as pipeline:
                for entry in entries[start : start + _BATCH]:
                    pipeline.xadd(EVENTS, {"data": entry})
                await pipeline.execute()
    return len(entries)


async def _wait_until_delivered(session: aiohttp.ClientSession) -> dict[str, Any]:
    """Wait until no stream and no inbox holds anything back; gives the pipeline's state."""
    deadline = time.monotonic() + _DONE_SECONDS
    drained = 0
    while time.monotonic() < deadline:
        async with session.get("/api/status") as answer:
            pipeline: dict[str, Any] | None = (await answer.json())["data"]["pipeline"]
        drained = drained + 1 if pipeline and pipeline["redisReachable"] and _is_drained(pipeline) else 0
        # Redis and the inbox are not read at one instant: a job on its way between them shows in the next answer.
        if pipeline and drained == 2:
            return pipeline
        await asyncio.sleep(0.1)
    raise UpError(f"the recording is not through after {_DONE_SECONDS:g} s; the lines above say why")


def _is_drained(pipeline: dict[str, Any]) -> bool:
    waiting = sum(stream["length"] + stream["inWork"] for stream in pipeline["streams"])
    return bool(waiting + pipeline["pendingEvents"] == 0)


async def _paths(session: aiohttp.ClientSession) -> list[str]:
    """The legacy calls; the vault shown is the one with the most trades."""
    async with session.get("/api/vaults") as answer:
        vaults = (await answer.json())["data"]
    busiest = max(vaults, key=lambda vault: vault["_count"]["trades"])["id"] if vaults else None
    of_a_vault = [f"/api/vaults/{busiest}", f"/api/analytics/vault/{busiest}"] if busiest else []
    return ["/health", "/api/vaults", *of_a_vault, "/api/analytics/global", "/api/leaderboard?limit=50&offset=0"]
