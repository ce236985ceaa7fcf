"""A recorded chain to jobs: its logs through the decoder, and the scores and statuses that emit nothing."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from libs.identifiers import Address, checksum_address
from services.ingest.chain.contracts import VaultFacts
from services.ingest.chain.decoder import Decoded, decode_window
from services.ingest.chain.job import Job
from services.ingest.chain.protocol import Protocol, initial_state


@dataclass(frozen=True, slots=True)
class Recording:
    """The files of a recording as they are, by what they hold."""

    meta: dict[str, Any]
    blocks: list[list[Any]]  # [number, hash, timestamp, transaction count]
    all_logs: list[dict[str, Any]]
    foreign_logs: list[dict[str, Any]]
    silent_actions: list[dict[str, Any]]
    vaults: list[dict[str, Any]]  # eth_call at head
    leaders: list[dict[str, Any]]  # eth_call at head
    trades: list[dict[str, Any]]
    pnl: list[dict[str, Any]]


def load_recording(path: Path) -> Recording:
    """Read a recording's archive; KeyError when a file is missing in it."""
    files: dict[str, Any] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name.endswith(".json") else None
            if content is not None:
                files[PurePosixPath(member.name).stem] = orjson.loads(content.read())
    return Recording(
        meta=files["meta"],
        blocks=files["blocks"],
        all_logs=files["all_logs"],
        foreign_logs=files["foreign_logs"],
        silent_actions=files["silent_actions"],
        vaults=files["expected_vaults"],
        leaders=files["expected_leaders"],
        trades=files["expected_trades"],
        pnl=files["expected_pnl"],
    )


def recorded_protocol(recording: Recording) -> Protocol:
    """The addresses an operator of the recorded chain would configure."""
    addresses = recording.meta["contracts"]
    return Protocol(
        chain_id=recording.meta["chainId"],
        factory=checksum_address(addresses["VaultFactory"]),
        registry=checksum_address(addresses["VaultRegistry"]),
        risk_manager=checksum_address(addresses["RiskManager"]),
        splitter=checksum_address(addresses["RevenueSplitter"]),
        oracle=checksum_address(addresses["ArgusOracle"]),
    )


def recorded_facts(recording: Recording) -> dict[Address, VaultFacts]:
    """What the vaults' views answered."""
    return {
        checksum_address(vault["address"]): VaultFacts(
            name=vault["vaultName"].encode(),
            base_asset=checksum_address(vault["baseAsset"]),
            decimals=vault["baseDecimals"],
        )
        for vault in recording.vaults
    }


def decode_recording(recording: Recording) -> Decoded:
    """All logs of the recording in one window."""
    protocol = recorded_protocol(recording)
    return decode_window(protocol, initial_state(protocol), recording.all_logs, facts=recorded_facts(recording))


def recording_jobs(path: Path) -> list[Job]:
    """Every job of the recording in chain order; what emits no log comes last in its block."""
    recording = load_recording(path)
    logged = decode_recording(recording).jobs
    frozen = {
        (job.kwargs["vaultAddress"], job.kwargs["observedAt"])
        for job in logged
        if job.task_name == "ingest.vault_status"
    }
    statuses = (
        job for job in _statuses(recording) if (job.kwargs["vaultAddress"], job.kwargs["observedAt"]) not in frozen
    )
    jobs = [*logged, *_scores(recording), *statuses]
    return sorted(jobs, key=lambda job: (job.kwargs["blockNumber"], job.kwargs.get("logIndex", 2**31)))


def _scores(recording: Recording) -> Iterator[Job]:
    figures = {(leader["leader"], leader["lastUpdated"]): leader for leader in recording.leaders}
    for action in recording.silent_actions:
        if action["kind"] != "updateMetrics":
            continue
        wallet, time = action["leader"], action["blockTimestamp"]
        # the recording has all figures for the last update of a wallet only; before, just the score
        known = figures.get((wallet, time), {})
        payload = {
            "walletAddress": wallet,
            "reputationScore": action["score"],
            "winRateBps": known.get("winRate", 0),
            "maxDrawdownBps": known.get("maxDrawdown", 0),
            "signalCount": known.get("signalCount", 0),
            "observedAt": time,
        }
        yield _observed(recording, "ingest.argus_score", f"score:{wallet}", action["blockNumber"], payload)


def _statuses(recording: Recording) -> Iterator[Job]:
    head, now = recording.meta["headBlock"], recording.meta["headTimestamp"]
    for action in recording.silent_actions:
        if action["kind"] in ("freeze", "unfreeze"):
            paused = action["kind"] == "freeze"
            yield _status(recording, action["vault"], paused, action["blockNumber"], action["blockTimestamp"])
    for vault in recording.vaults:
        yield _status(recording, vault["address"], vault["isVaultFrozen"], head, now)


def _status(recording: Recording, vault: str, paused: bool, block: int, time: int) -> Job:
    payload = {
        "vaultAddress": vault,
        "status": "PAUSED" if paused else "ACTIVE",
        "reason": "",
        "observedAt": time,
    }
    return _observed(recording, "ingest.vault_status", f"status:{vault}", block, payload)


def _observed(recording: Recording, task: str, subject: str, block: int, payload: dict[str, Any]) -> Job:
    task_id = f"{recording.meta['chainId']}:{subject}:{payload['observedAt']}"
    return Job(task, task_id, {**payload, "blockNumber": block, "blockHash": recording.blocks[block][1]})
