"""Vaults that the operator listed: no factory tells of them, so their first event does, and their views."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from libs.identifiers import Address
from services.ingest.chain import facts, views
from services.ingest.chain.contracts import VaultFacts, lenient_text
from services.ingest.chain.job import Job
from services.ingest.chain.rpc.blocks import Head
from services.ingest.chain.rpc.calls import Reverted
from services.ingest.chain.rpc.errors import StateUnavailable
from services.ingest.chain.rpc.reader import ChainReader
from services.ingest.payloads import MAX_TEXT_CHARACTERS


def first_jobs(jobs: Sequence[Job], unannounced: Collection[Address]) -> dict[Address, Job]:
    """The first job of each vault that is not announced yet, deployments included."""
    first: dict[Address, Job] = {}
    for job in jobs:
        vault = job.kwargs["vaultAddress"]
        if vault in unannounced:
            first.setdefault(vault, job)
    return first


async def announcements(reader: ChainReader, first: dict[Address, Job], head: Head) -> list[Job]:
    """Deployments for vaults whose first event is none, as of that event's block."""
    silent = {vault: job for vault, job in first.items() if job.task_name != "ingest.vault_deployed"}
    if not silent:
        return []
    known = await facts.read(reader, {vault: job.kwargs["blockNumber"] for vault, job in silent.items()}, head)
    jobs = []
    for vault, job in silent.items():
        leader = await _leader(reader, vault, job.kwargs["blockNumber"], head)
        jobs.append(_deployment(vault, leader, known[vault], job.kwargs))
    return jobs


async def _leader(reader: ChainReader, vault: Address, block_number: int, head: Head) -> Address:
    try:
        (result,) = await reader.call_many([views.leader(vault)], block_number, head=head)
    except StateUnavailable:
        (result,) = await reader.call_many([views.leader(vault)], "latest", head=head)
    return (None if isinstance(result, Reverted) else views.read_address(result)) or facts.NOBODY


def _deployment(vault: Address, leader: Address, known: VaultFacts, place: dict[str, Any]) -> Job:
    # Without a log index: it must not take the identity of the event beside it.
    names = ("txHash", "blockNumber", "blockHash", "timestamp")
    payload = {
        "vaultAddress": vault,
        "leader": leader,
        "name": lenient_text(known.name)[:MAX_TEXT_CHARACTERS],
        "baseAsset": known.base_asset,
        "decimals": known.decimals,
        **{name: place[name] for name in names},
    }
    return Job("ingest.vault_deployed", f"listed:{vault}:{place['txHash']}", payload)
