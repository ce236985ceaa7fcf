"""A node that serves the recording, beside the test: the platform's indexer is a process and asks it over HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from services.ingest.chain.recording import load_recording, recorded_protocol
from tests.chain_node.faults import Traits
from tests.chain_node.recorded import PATH, recorded_chain
from tests.chain_node.server import running_node


@contextmanager
def recorded_node(traits: Traits) -> Iterator[Mapping[str, str]]:
    """The environment that lets an indexer follow the recording inside the block."""
    url: list[str] = []
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(traits, url, ready, stop)), daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        yield {"RPC_URL": url[0], **_protocol()}
    finally:
        stop.set()
        thread.join(20)


async def _serve(traits: Traits, url: list[str], ready: threading.Event, stop: threading.Event) -> None:
    async with running_node(recorded_chain(), traits) as node:
        url.append(node.url)
        ready.set()
        await asyncio.to_thread(stop.wait)


def _protocol() -> dict[str, str]:
    protocol = recorded_protocol(load_recording(PATH))
    addresses = {
        "VAULT_FACTORY_ADDRESS": protocol.factory,
        "VAULT_REGISTRY_ADDRESS": protocol.registry,
        "RISK_MANAGER_ADDRESS": protocol.risk_manager,
        "ARGUS_ORACLE_ADDRESS": protocol.oracle,
        "REVENUE_SPLITTER_ADDRESS": protocol.splitter,
    }
    return {name: address for name, address in addresses.items() if address}
