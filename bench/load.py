"""Load on one URL: by wrk where it is installed, else by a small client of our own in a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

CONNECTIONS = 32
_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}
_SPARE_SECONDS = 30.0


class LoadError(Exception):
    """The load could not be put on, or an answer was not 200."""


class Load(NamedTuple):
    """Answers per second and the 99th percentile of their latency in ms."""

    per_second: float
    p99_ms: float


def generator() -> str:
    """Which load generator is used."""
    return "wrk" if shutil.which("wrk") else "bench.client (raw asyncio, one process)"


async def put(url: str, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Ask for the URL over keep-alive connections for this long. Raises LoadError when any answer is not 200."""
    if wrk := shutil.which("wrk"):
        command = [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", url]
    else:
        command = [sys.executable, "-m", "bench.client", url, str(connections), str(seconds)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds + _SPARE_SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise LoadError(f"{url}: {errors.decode().strip()}")
    return parse_wrk(output.decode()) if wrk else Load(**json.loads(output))


def parse_wrk(text: str) -> Load:
    """What wrk printed. Raises LoadError when it met errors or printed something else."""
    if trouble := re.search(r"^\s*(Socket errors|Non-2xx or 3xx responses):.*$", text, re.MULTILINE):
        raise LoadError(trouble[0].strip())
    rate = re.search(r"^Requests/sec:\s+([\d.]+)$", text, re.MULTILINE)
    latency = re.search(r"^\s+99%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE)
    if rate is None or latency is None:
        raise LoadError(f"wrk printed no figures: {text.strip()[:200]}")
    return Load(float(rate[1]), float(latency[1]) * _UNITS_MS[latency[2]])


def middle(loads: Sequence[Load]) -> Load:
    """The median of each figure."""
    return Load(median(load.per_second for load in loads), median(load.p99_ms for load in loads))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least this many percent of the values do not exceed; ValueError without values."""
    if not values:
        raise ValueError("no values")
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(0, int(rank) - 1)]
