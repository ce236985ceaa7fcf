"""A chain's life drawn from a seed, with an indexer that follows it through everything that can go wrong."""

from __future__ import annotations

import asyncio
import copy
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from redis.asyncio import Redis

from services.ingest.chain.config import ChainSettings
from services.ingest.chain.leader import Pace
from tests.chain_node.activity import Activity
from tests.chain_node.chain import Chain
from tests.chain_node.faults import DIALECTS, OFTEN, Fault, Faults, Traits
from tests.chain_node.server import TestNode, running_node
from tests.faults.indexer_process import IndexerProcess, running_indexer
from tests.integration.chain_reading import HANG_SECONDS
from tests.integration.chain_stage import FAST, ChainStage, serve, until_read

FINALITY_DEPTH = 12
_ACTIONS = {
    "mine": 40,
    "reorganise": 22,
    "return_to_a_former_chain": 12,
    "kill": 12,
    "flush_redis": 5,
    "take_a_service_away": 3,
    "let_endpoints_disagree": 6,
    "catch_up": 12,
}


@dataclass(frozen=True)
class Ways:
    """How the indexer of a life is run and killed."""

    folder: Path
    processes: bool = False  # killed by SIGKILL; else its task is cancelled wherever it stands


class ForkedActivity(Activity):
    """One that can go on from a former state in another way than it did."""

    def continued(self, seed: int) -> ForkedActivity:
        """A copy in which other transactions and blocks follow."""
        activity = copy.deepcopy(self)
        activity._seed, activity._random = seed, random.Random(seed)
        activity.chain._branch = seed
        return activity


class Life:
    """What a seed does to a chain, to its nodes and to the indexer; `counts` says how often."""

    def __init__(self, seed: int, stage: ChainStage, ways: Ways) -> None:
        self.chance = random.Random(seed)
        self.stage = stage
        self.activity = ForkedActivity(seed)
        self.activity.mine(self.chance.randint(4, 25))
        self.start_block = self.chance.choice((0, 0, 0, 1, 2))
        self.confirmations = self.chance.choice((0, 0, 0, 0, 2))
        self.counts: Counter[str] = Counter()
        self._seed = seed
        self._ways = ways
        self._nodes: list[TestNode] = []
        self._former: list[ForkedActivity] = []
        self._peak = self.chain.head.number
        self._indexing = AsyncExitStack()

    @property
    def chain(self) -> Chain:
        """The chain as it is now."""
        return self.activity.chain

    def settings(self) -> ChainSettings:
        """What the operator of this chain configures."""
        return self.stage.settings(
            self.activity.protocol,
            *(node.url for node in self._nodes),
            start_block=self.start_block,
            confirmations=self.confirmations,
            finality_depth=FINALITY_DEPTH,
        )

    @asynccontextmanager
    async def lived(self, steps: int) -> AsyncIterator[None]:
        """So many actions, then everything arrives; inside the block the nodes and the indexer are still there."""
        async with AsyncExitStack() as stack:
            await self._start_nodes(stack)
            stack.push_async_callback(self._indexing.aclose)
            await self._start_indexer()
            for _ in range(steps):
                (action,) = self.chance.choices(list(_ACTIONS), list(_ACTIONS.values()))
                await getattr(self, f"_{action}")()
                # The moment at which the next thing happens is drawn too.
                await asyncio.sleep(self.chance.choice((0, 0, 0.005, 0.02, 0.05)))
            if self._looks_like_an_older_head():
                self.activity.mine(1)
            self._agree()
            await self.stage.until_settled(self.chain.blocks[-1 - self.confirmations])
            for node in self._nodes:
                self.counts.update({fault.value: count for fault, count in node.faults.happened.items() if count})
                node.faults.rates.clear()
            yield

    async def _start_nodes(self, stack: AsyncExitStack) -> None:
        kinds = [self._any_traits() for _ in range(self.chance.choice((1, 2)))]
        for at, traits in enumerate(kinds):
            rates = {fault: rate * self.chance.choice((0, 1, 2)) for fault, rate in OFTEN.items()}
            if not all(kind.blooms for kind in kinds):
                # A list that only lacks its end is known by the bloom of the node that is read from alone.
                del rates[Fault.LOST_LOGS]
            faults = Faults(rates, seed=self._seed + at)
            node = await stack.enter_async_context(running_node(self.chain, traits, faults, hang_seconds=HANG_SECONDS))
            self._nodes.append(node)

    def _any_traits(self) -> Traits:
        chance = self.chance
        return Traits(
            one_block_logs=chance.random() < 0.4,
            max_range=chance.choice((None, None, 2, 10)),
            max_results=chance.choice((None, None, 60)),
            dialect=chance.choice(list(DIALECTS)),
            batches=chance.random() < 0.9,
            max_batch=chance.choice((None, None, 5, 20)),
            blooms=chance.random() < 0.7,
            block_hash_queries=chance.random() < 0.5,
            block_receipts=chance.random() < 0.5,
            log_timestamps=chance.random() < 0.5,
        )

    async def _start_indexer(self) -> None:
        if self._ways.processes:
            log = self._ways.folder / f"indexer-{self._seed}.log"
            self._process: IndexerProcess = self._indexing.enter_context(running_indexer(self.settings(), log))
        else:
            pace = Pace(reader=FAST.reader, resend_seconds=FAST.resend_seconds, span=self.chance.choice((1, 3, 2000)))
            await self._indexing.enter_async_context(self.stage.indexing(self.settings(), pace))

    async def _mine(self) -> None:
        self.activity.mine(self.chance.randint(1, 4), busy=0.7)
        self._changed()

    async def _reorganise(self) -> None:
        depth = self.chance.randint(1, FINALITY_DEPTH)
        if not self._may_fork_at(len(self.chain.blocks) - 1 - depth):
            return
        self._former.append(copy.deepcopy(self.activity))
        blocks = self.chance.choice((depth + 1, depth, depth + 2, max(1, depth - 2)))
        self.activity.reorganise(depth, blocks=blocks)
        self.counts["reorganisations"] += 1
        self._changed()

    async def _return_to_a_former_chain(self) -> None:
        usable = [former for former in self._former if self._may_fork_at(_fork(self.chain, former.chain))]
        if not usable:
            return
        former = self.chance.choice(usable)
        self._former.append(self.activity)
        self.activity = former.continued(self.chance.getrandbits(32))
        if self.chance.random() < 0.5:
            self.activity.mine(1)
        self.counts["returns"] += 1
        self._changed()

    async def _kill(self) -> None:
        self.counts["kills"] += 1
        if self._ways.processes:
            self._process.kill()
        await self._indexing.aclose()
        await self._start_indexer()

    async def _flush_redis(self) -> None:
        self.counts["flushes"] += 1
        async with Redis.from_url(self.stage.redis_url) as client:
            await client.flushall()

    async def _take_a_service_away(self) -> None:
        name = self.chance.choice(("vaults", "analytics"))
        self.counts["outages"] += 1
        await self.stage.stage.stop(name)
        self.activity.mine(1)
        self._changed()
        await self.stage.stage.start(name)

    async def _let_endpoints_disagree(self) -> None:
        """The second endpoint stays on the chain as it is, or lags behind."""
        if len(self._nodes) < 2:
            return
        node = self._nodes[1]
        node.chain = copy.deepcopy(self.chain)
        node.traits = replace(node.traits, lag=self.chance.choice((0, 0, 2)))
        self.counts["disagreements"] += 1

    async def _catch_up(self) -> None:
        """Nothing happens until the indexer has read a good deal."""
        target = self.chain.head.number - self.confirmations - self.chance.randint(0, 3)
        if not self._ways.processes:
            self._agree()
            await until_read(self.stage, target)

    def _looks_like_an_older_head(self) -> bool:
        """Whether the chain is the beginning of a former one: nobody can tell that from a node that is behind."""
        head = self.chain.head
        return any(
            len(former.chain.blocks) > head.number and former.chain.blocks[head.number].hash == head.hash
            for former in self._former
        )

    def _may_fork_at(self, number: int) -> bool:
        """Whether nothing that is final would change."""
        return number >= max(0, self._peak - FINALITY_DEPTH)

    def _changed(self) -> None:
        """The nodes serve what the chain is now, but for one that disagrees as long as its fork is not final."""
        self._peak = max(self._peak, self.chain.head.number)
        for at, node in enumerate(self._nodes):
            disagrees = at == 1 and node.chain not in (self.chain, *(former.chain for former in self._former))
            if not disagrees or not self._may_fork_at(_fork(self.chain, node.chain)):
                serve(node, self.chain)

    def _agree(self) -> None:
        for node in self._nodes:
            serve(node, self.chain)


def _fork(one: Chain, other: Chain) -> int:
    """Number of the last block that two chains share."""
    pairs = zip(one.blocks, other.blocks, strict=False)
    return len(list(takewhile(lambda pair: pair[0].hash == pair[1].hash, pairs))) - 1
