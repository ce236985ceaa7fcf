"""`python -m bench [--only REGEX] [--seconds N] [--json FILE]` measures, `--compare A B` shows two such files.

It starts a platform of its own in a temporary folder and changes nothing else. It never fails for slowness.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from bench import chain, figures, load, machine, memory, reads, windows
from bench.figures import Figure
from bench.pipeline import Pipeline, pipeline_of
from bench.stage import Stage, platform_to_measure

WARM, COLD = "warm", "no cache"
SINGLE, BULK, HOT, LATENCY, MEMORY = "ingest single jobs", "ingest bulk jobs", "ingest hot vault", "latency", "memory"


def main() -> int:
    """Entry point; the exit code."""
    arguments = _parser().parse_args()
    if arguments.compare:
        runs = [orjson.loads(file.read_bytes()) for file in arguments.compare]
        print(figures.comparison(*runs))
        return 0
    described = machine.describe(load.generator())
    for name, value in described.items():
        print(f"{name}: {value}", flush=True)
    wanted = select(names(), arguments.only)
    try:
        measured = asyncio.run(measure(wanted, arguments.seconds))
    except KeyboardInterrupt:
        return 130
    print(f"\n{figures.table(measured)}")
    if arguments.json:
        arguments.json.write_bytes(orjson.dumps(figures.dump(measured, described), option=orjson.OPT_INDENT_2))
    return 0


def names() -> list[str]:
    """What can be measured, in the order of measuring."""
    of_reads = [f"{kind} {endpoint}" for kind in (WARM, COLD) for endpoint in reads.endpoints()]
    return [SINGLE, *of_reads, LATENCY, BULK, HOT, MEMORY, windows.WINDOWS, chain.EMPTY, chain.BACKFILL, chain.LIVE]


def select(known: Iterable[str], pattern: str) -> list[str]:
    """Those of the names that the expression is found in."""
    return [name for name in known if re.search(pattern, name)]


async def measure(wanted: list[str], seconds: float) -> list[Figure]:
    """The wanted figures, those of the services on a platform with 200 vaults and 20,000 trades."""
    apart = {windows.WINDOWS, chain.EMPTY, chain.BACKFILL, chain.LIVE}
    found = await _of_services(wanted, seconds) if any(name not in apart for name in wanted) else []
    if windows.WINDOWS in wanted:
        say(windows.WINDOWS)
        found += await windows.measure(say)
    return found + await chain.measure(wanted, say)


async def _of_services(wanted: list[str], seconds: float) -> list[Figure]:
    async with platform_to_measure() as stage, pipeline_of(stage) as pipeline:
        say("loading")
        await pipeline.set_up()
        # Without it there would be nothing to read.
        loaded = await pipeline.single_jobs()
        found = loaded if SINGLE in wanted else []
        found += await _reads(stage, wanted, seconds)
        found += await _pipeline(pipeline, wanted)
        if MEMORY in wanted:
            found += memory.measure(stage.platform.supervisor.pids())
        return found


async def _reads(stage: Stage, wanted: list[str], seconds: float) -> list[Figure]:
    found: list[Figure] = []
    for kind, measure_kind in ((WARM, reads.warm), (COLD, reads.cold)):
        chosen: Mapping[str, str] = {
            endpoint: name for endpoint in reads.endpoints() if (name := f"{kind} {endpoint}") in wanted
        }
        if chosen:
            found += await measure_kind(stage, chosen, seconds, say)
    return found


async def _pipeline(pipeline: Pipeline, wanted: list[str]) -> list[Figure]:
    found: list[Figure] = []
    if LATENCY in wanted:
        say(LATENCY)
        found += await pipeline.latency()
    if BULK in wanted:
        say(BULK)
        found.append(await pipeline.bulk_jobs())
    if HOT in wanted:
        say(HOT)
        found.append(await pipeline.hot_vault())
    return found


def say(text: str) -> None:
    """Show progress beside the table."""
    print(f"  … {text}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", default="", metavar="REGEX", help=f"of: {', '.join(names())}")
    parser.add_argument("--seconds", type=float, default=3.0, help="of load per endpoint, server and round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("A", "B"), help="show two such files and end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
