"""From jobs as producers send them to accepted events: identity, order key, time, duplicates, conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from eth_utils.address import to_checksum_address

from tests.oracle.trades import Identity

CHAIN_ID = 125

Job = Mapping[str, Any]
"""`task_name`, `task_id`, `kwargs` (camelCase payload), and `received_at` (UNIX second it entered Redis)."""

OrderKey = tuple[int, float, float, str, int, str]

KIND_ORDER = ("deposit", "trade", "settlement", "withdrawal")

_KINDS = {
    "ingest.vault_deployed": "deployment",
    "ingest.trade_executed": "trade",
    "ingest.profit_settled": "settlement",
    "ingest.argus_score": "score",
    "ingest.vault_status": "status",
}


@dataclass(frozen=True)
class Event:
    """One accepted event. `vault` is empty for a score, `wallet` for a trade and a status."""

    kind: str
    identity: Identity
    key: OrderKey
    time: int
    time_assumed: bool
    vault: str
    wallet: str
    tx_hash: str | None
    log_index: int | None
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Intake:
    """The events that count, each identity once, and the identities that came again with other content."""

    events: tuple[Event, ...]
    conflicts: frozenset[Identity]


def accept(jobs: Iterable[Job]) -> Intake:
    """Keep the first job of every identity: the one that entered Redis first, in list order on a tie."""
    accepted: dict[Identity, Event] = {}
    conflicts: set[Identity] = set()
    for job in sorted(_single_jobs(jobs), key=_received_at):
        event = read(job)
        first = accepted.setdefault(event.identity, event)
        if content(first) != content(event):
            conflicts.add(event.identity)
    return Intake(tuple(accepted.values()), frozenset(conflicts))


def read(job: Job) -> Event:
    """Turn one valid single job into an event."""
    body = job["kwargs"]
    kind = _kind(job)
    stated_time = body.get("observedAt") if kind in ("score", "status") else body.get("timestamp")
    time = job["received_at"] if stated_time is None else stated_time
    vault = _address(body.get("vaultAddress"))
    wallet = _address(body.get("followerAddress") or body.get("leader") or body.get("walletAddress"))
    follower = wallet if kind in ("deposit", "withdrawal", "settlement") else ""
    tx_hash = body["txHash"].lower() if body.get("txHash") else None
    log_index = body.get("logIndex")
    block = body.get("blockNumber")
    key: OrderKey = (
        time,
        inf if block is None else block,
        inf if log_index is None else log_index,
        job["task_id"] if tx_hash is None else tx_hash,
        KIND_ORDER.index(kind) if kind in KIND_ORDER else -1,
        follower.lower(),
    )
    return Event(
        kind=kind,
        identity=(job["task_id"],) if tx_hash is None else _identity(tx_hash, log_index, kind, vault, follower),
        key=key,
        time=time,
        time_assumed=stated_time is None,
        vault=vault,
        wallet=wallet,
        tx_hash=tx_hash,
        log_index=log_index,
        body=body,
    )


def content(event: Event) -> tuple[object, ...]:
    """What must agree between two jobs of one identity: kind, vault, wallet, assets, amounts, cuts."""
    body = event.body
    numbers = (
        *(amount(body, name) for name in ("amount", "amountIn", "pnlAmount", "profit")),
        *(amount(body, name) for name in ("leaderCut", "protocolCut")),
        remaining(body),
        amount_out(body) if event.kind == "trade" else None,
        body.get("reputationScore"),
        body.get("status"),
    )
    assets = tuple(_address(body.get(name)) for name in ("baseAsset", "assetIn", "assetOut"))
    return (event.kind, event.vault, event.wallet, assets, numbers)


def amount(body: Mapping[str, Any], name: str) -> int:
    """A decimal string as an integer in smallest units; missing is 0."""
    return optional_amount(body, name) or 0


def optional_amount(body: Mapping[str, Any], name: str) -> int | None:
    """A decimal string as an integer in smallest units; None when missing."""
    value = body.get(name)
    return None if value is None else int(value)


def amount_out(body: Mapping[str, Any]) -> int | None:
    """What a trade received: a "0" is only known when the producer says so."""
    received = optional_amount(body, "amountOut")
    if received == 0 and body.get("amountOutKnown") is not True:
        return None
    return received


def cuts(body: Mapping[str, Any]) -> int:
    """What leaves the vault with a settlement, the leader's and the protocol's part together."""
    return amount(body, "leaderCut") + amount(body, "protocolCut")


def remaining(body: Mapping[str, Any]) -> int:
    """What a settlement pays to its follower; when missing, what the cuts leave of the profit."""
    stated = optional_amount(body, "followerRemaining")
    return max(0, amount(body, "profit") - cuts(body)) if stated is None else stated


def address(body: Mapping[str, Any], name: str) -> str:
    """A payload's address, checksummed."""
    return _address(body[name])


def _received_at(job: Job) -> int:
    return int(job.get("received_at", 0))


def _single_jobs(jobs: Iterable[Job]) -> Iterator[Job]:
    for job in jobs:
        if job["task_name"] == "ingest.events":
            yield from _unpacked(job)
        elif job["task_name"] != "ingest.snapshot":
            yield job


def _unpacked(job: Job) -> Iterator[Job]:
    for event in job["kwargs"]["events"]:
        body = {name: value for name, value in event.items() if name not in ("task", "taskId")}
        single = {"task_name": event["task"], "task_id": event["taskId"], "kwargs": body}
        if "received_at" in job:
            single["received_at"] = job["received_at"]
        yield single


def _kind(job: Job) -> str:
    if job["task_name"] == "ingest.follower_event":
        return "deposit" if job["kwargs"]["action"] == "DEPOSIT" else "withdrawal"
    return _KINDS[job["task_name"]]


def _identity(tx_hash: str, log_index: int | None, kind: str, vault: str, follower: str) -> Identity:
    if log_index is None:
        return (CHAIN_ID, tx_hash, kind, vault, follower)
    return (CHAIN_ID, tx_hash, log_index)


def _address(value: str | None) -> str:
    return to_checksum_address(value) if value else ""
