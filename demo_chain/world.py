"""The demo's life: someone acts every second, from a seed, until told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Final

import aiohttp

from demo_chain.actions import Actions, NothingToDoError
from demo_chain.chain import Chain, RevertedError
from demo_chain.deployment import Addresses, deploy
from demo_chain.rpc import RpcError, connected
from demo_chain.truth import truth

__all__ = ["Addresses", "deploy", "live", "truth"]

Say = Callable[[str], None]
_FIRST_DEPOSITS: Final = 12
_LONGEST_PAUSE_SECONDS: Final = 10.0


async def live(
    rpc_url: str,
    addresses: Addresses,
    seed: int,
    stop: asyncio.Event,
    *,
    say: Say,
    interval_seconds: float = 1.0,
    actions: int | None = None,
) -> int:
    """Act every `interval_seconds` until `stop` is set, or that many `actions`; gives how many took effect.

    One line an action goes to `say`. Nothing on the chain and no failing node ends it: an action that can't be
    done is told and the next one comes, after a growing pause while the node is away. The same seed on an equal
    chain acts alike where the node mines each transaction at once.
    """
    done, pause = 0, interval_seconds
    async with connected(rpc_url) as rpc:
        actors = Actions(Chain(rpc), addresses, Random(seed))  # noqa: S311  # a play, no secret
        attempt = 0
        while not stop.is_set() and attempt != actions:
            started = time.monotonic()
            try:
                say(await _next(actors, attempt))
                done, pause = done + 1, interval_seconds
            except (NothingToDoError, RevertedError) as refusal:
                say(f"not done: {refusal}")
                pause = interval_seconds
            except (aiohttp.ClientError, TimeoutError, RpcError, ValueError) as error:
                say(f"the node fails: {error or type(error).__name__}")
                pause = min(max(pause, 0.1) * 2, _LONGEST_PAUSE_SECONDS)
            attempt += 1
            await _pause(stop, started + pause - time.monotonic())
    return done


async def _next(actors: Actions, attempt: int) -> str:
    """First money comes in, then the bot, then whatever chance brings."""
    if attempt < _FIRST_DEPOSITS:
        return await actors.deposit()
    return await (actors.launch() if attempt == _FIRST_DEPOSITS else actors.draw())


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    if seconds > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
