"""Serves a generated or empty chain until it is stopped: `python -m tests.chain_node --blocks 5000`."""

from __future__ import annotations

import argparse
import asyncio

from tests.chain_node.activity import Activity
from tests.chain_node.faults import Traits
from tests.chain_node.server import running_node


async def serve(options: argparse.Namespace) -> None:
    """Print the URL and wait."""
    activity = Activity(options.seed)
    activity.mine(options.blocks, busy=options.busy)
    async with running_node(activity.chain, Traits(one_block_logs=options.one_block)) as node:
        print(node.url, len(activity.chain.logs), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=5000)
    parser.add_argument("--busy", type=float, default=0.6, help="share of blocks with transactions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one-block", action="store_true")
    asyncio.run(serve(parser.parse_args()))
