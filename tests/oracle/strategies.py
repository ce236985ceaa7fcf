"""Hypothesis strategies for small adversarial systems of jobs, and for ways to send them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from eth_utils.address import to_checksum_address
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.oracle.sending import (
    CONFLICT_RECEIVED_AT,
    MAX_UINT256,
    TIMES,
    RawJob,
    conflicting,
    has_amount,
    resent,
    shuffled_with_duplicates,
    some,
    split_in_batches,
)

__all__ = ["CONFLICT_RECEIVED_AT", "RawJob", "shuffled_with_duplicates", "split_in_batches", "systems"]


def _digest(label: str) -> str:
    return hashlib.sha256(label.encode()).hexdigest()


def _addresses(label: str, count: int) -> tuple[str, ...]:
    return tuple(to_checksum_address("0x" + _digest(f"{label} {n}")[:40]) for n in range(count))


WALLETS = _addresses("wallet", 5)
VAULTS = _addresses("vault", 3)
NEVER_DEPLOYED = _addresses("undeployed", 1)[0]
BASE_ASSETS = _addresses("base", 2)
TOKENS = _addresses("token", 3)

BASE, OTHER_BASE = BASE_ASSETS
X, Y, Z = TOKENS
PAIRS = [(BASE, X)] * 3 + [(X, BASE)] * 3 + [(X, Y), (Y, X), (BASE, Y), (Y, BASE), (Z, BASE), (BASE, Z)]
PAIRS += ((OTHER_BASE, X), (X, OTHER_BASE), (BASE, OTHER_BASE), (X, Z), (X, X), (BASE, BASE))
"""(asset in, asset out) of trades; the other base asset is a token to most vaults."""

TRANSACTIONS: tuple[RawJob, ...] = tuple(
    {
        "txHash": "0x" + _digest(f"transaction {n}"),
        "blockNumber": 1_000 + n // 2,
        "timestamp": TIMES[n // 4],
    }
    for n in range(4 * len(TIMES))
)
"""Two to a block, two blocks to a second."""

OMISSIBLE = {
    "ingest.vault_deployed": ("logIndex", "blockNumber", "timestamp"),
    "ingest.trade_executed": ("logIndex", "blockNumber"),
    "ingest.follower_event": ("txHash", "logIndex", "blockNumber", "timestamp"),
    "ingest.profit_settled": ("logIndex", "blockNumber", "timestamp"),
}
"""The fields of an event's place that a legal job may leave out, by task."""

SMALL = st.sampled_from((0, 1, 2, 3, 7, 100, 300, 500, 500, 1_000, 1_000, 1_200))
TYPICAL = st.one_of(SMALL, st.integers(1, 5_000), st.sampled_from((10**6, 10**18, 3 * 10**18 + 1)))
HUGE = st.one_of(TYPICAL, st.sampled_from((2**255, MAX_UINT256)), st.integers(MAX_UINT256 - 5, MAX_UINT256))

KINDS = ["deposit"] * 6 + ["exit"] * 2 + ["withdrawal"] + ["trade"] * 8
KINDS += ["settlement"] * 2 + ["score", "status"]


@dataclass
class _Scene:
    """What the jobs of one system share while they are drawn."""

    draw: DrawFn
    vaults: tuple[str, ...]
    wallets: tuple[str, ...]
    amounts: SearchStrategy[int]
    chronological: bool
    always_timed: bool
    jobs: list[RawJob] = field(default_factory=list)
    used: set[tuple[object, ...]] = field(default_factory=set)
    nominal: dict[tuple[str, str], int] = field(default_factory=dict)

    def pick(self, *choices: Any) -> Any:
        """One of the choices."""
        return self.draw(st.sampled_from(choices))

    def amount(self) -> str:
        """An amount as producers write it."""
        return str(self.draw(self.amounts))

    def address(self, address: str) -> str:
        """An address in one of the letter cases that producers use."""
        return str(self.pick(address, address, address.lower()))

    def vault(self) -> str:
        """Mostly a vault of this system, now and then one that is never deployed."""
        return str(self.pick(*self.vaults * 6, NEVER_DEPLOYED))

    def transaction(self) -> RawJob:
        """Any transaction, or in a chronological scene one that follows the order of drawing."""
        if self.chronological:
            return TRANSACTIONS[min(len(self.jobs) // 2, len(TRANSACTIONS) - 1)]
        chosen: RawJob = self.pick(*TRANSACTIONS)
        return chosen

    def add(self, task: str, body: RawJob) -> None:
        """Append one job with a task id of its own."""
        job = {"task_name": task, "task_id": f"job-{len(self.jobs)}", "kwargs": body}
        self.jobs.append(job | {"received_at": self.pick(*TIMES)})

    def add_event(self, task: str, kind: str, body: RawJob) -> None:
        """Append one event somewhere on the chain, with an identity that no other job has."""
        place = dict(self.transaction()) | {"logIndex": self.draw(st.integers(0, 9))}
        missing = self.draw(st.sets(st.sampled_from(OMISSIBLE[task]), max_size=4))
        if self.always_timed:
            missing.discard("timestamp")
        transaction = place["txHash"]
        owner = (body["vaultAddress"].lower(), body.get("followerAddress", "").lower())
        if "logIndex" in missing and (transaction, kind, *owner) in self.used:
            missing.discard("logIndex")
        while (transaction, place["logIndex"]) in self.used:
            place["logIndex"] += 1
        if "txHash" not in missing:
            unnumbered = "logIndex" in missing
            self.used.add((transaction, kind, *owner) if unnumbered else (transaction, place["logIndex"]))
        self.add(task, body | {name: value for name, value in place.items() if name not in missing})


@st.composite
def systems(draw: DrawFn, *, max_jobs: int = 40, always_timed: bool = False, conflicts: bool = False) -> list[RawJob]:
    """Jobs of one to three vaults and one to five wallets, duplicates included.

    `always_timed` leaves no time to the moment of arrival. `conflicts` adds jobs that repeat an identity
    with another amount and enter Redis after everything else.
    """
    scene = _Scene(
        draw=draw,
        vaults=VAULTS[: draw(st.sampled_from((1, 1, 2, 3)))],
        wallets=WALLETS[: draw(st.integers(1, len(WALLETS)))],
        amounts=draw(st.sampled_from((SMALL, TYPICAL, TYPICAL, HUGE))),
        chronological=draw(st.booleans()),
        always_timed=always_timed,
    )
    for _ in range(draw(st.integers(0, max_jobs))):
        _JOBS[scene.pick(*KINDS)](scene)
    late_deployments = draw(st.booleans())
    events = list(scene.jobs)
    for vault in scene.vaults:
        for _ in range(scene.pick(1, 1, 1, 1, 0, 2)):
            _deploy(scene, vault)
    deployments = scene.jobs[len(events) :]
    jobs = events + deployments if late_deployments else deployments + events
    jobs += [resent(draw, job) for job in some(draw, jobs, 3)]
    if conflicts:
        jobs += [conflicting(job) for job in some(draw, [job for job in jobs if has_amount(job)], 3)]
    return jobs


def _deploy(scene: _Scene, vault: str) -> None:
    body = {
        "vaultAddress": scene.address(vault),
        "leader": scene.address(scene.pick(*scene.wallets)),
        "name": scene.pick("", "Alpha", "Alpha", "Квант ∆"),
        "baseAsset": scene.address(scene.pick(BASE, BASE, BASE, OTHER_BASE)),
    }
    decimals = scene.pick(None, 6, 8, 18)
    if decimals is not None:
        body["decimals"] = decimals
    scene.add_event("ingest.vault_deployed", "deployment", body)


def _flow(scene: _Scene, action: str, vault: str, wallet: str, amount: str) -> None:
    body = {"vaultAddress": scene.address(vault), "followerAddress": scene.address(wallet)}
    scene.add_event("ingest.follower_event", action, body | {"amount": amount, "action": action})
    change = int(amount) if action == "DEPOSIT" else -int(amount)
    scene.nominal[vault, wallet] = max(0, scene.nominal.get((vault, wallet), 0) + change)


def _deposit(scene: _Scene) -> None:
    _flow(scene, "DEPOSIT", scene.vault(), scene.pick(*scene.wallets), scene.amount())


def _withdrawal(scene: _Scene) -> None:
    _flow(scene, "WITHDRAW", scene.vault(), scene.pick(*scene.wallets), scene.amount())


def _exit(scene: _Scene) -> None:
    """Somebody withdraws exactly the deposits so far (or, when that exceeds a uint256, the most)."""
    holders = [key for key, deposited in scene.nominal.items() if deposited > 0]
    if not holders:
        return
    vault, wallet = scene.pick(*holders)
    deposited = scene.nominal[vault, wallet]
    _flow(scene, "WITHDRAW", vault, wallet, str(min(deposited, MAX_UINT256)))


def _trade(scene: _Scene) -> None:
    asset_in, asset_out = scene.pick(*PAIRS)
    body = {
        "vaultAddress": scene.address(scene.vault()),
        "assetIn": scene.address(asset_in),
        "assetOut": scene.address(asset_out),
        "amountIn": scene.amount(),
        "isProfit": scene.pick(True, False),
    }
    body |= _received(scene) | _stated_pnl(scene)
    if scene.pick(False, False, True):
        body["amountInPaid"] = scene.amount()
    scene.add_event("ingest.trade_executed", "trade", body)


def _received(scene: _Scene) -> RawJob:
    """The amount received: known, absent, or a "0" that is known or not."""
    if scene.pick(False, False, False, False, True):
        unknown: RawJob = scene.pick({}, {"amountOut": "0", "amountOutKnown": False}, {"amountOut": "0"})
        return unknown
    received = scene.amount()
    known = received == "0" or scene.pick(True, False)
    return {"amountOut": received} | ({"amountOutKnown": True} if known else {})


def _stated_pnl(scene: _Scene) -> RawJob:
    how = scene.pick("derive", "derive", "null", "zero", "loss", "loss", "profit", "profit")
    if how == "derive":
        return {}
    if how == "null":
        return {"pnlAmount": None}
    amount = scene.pick(scene.amount(), "50", "300")
    if how == "zero" or amount == "0":
        return {"pnlAmount": "0"}
    return {"pnlAmount": amount if how == "profit" else f"-{amount}"}


def _settlement(scene: _Scene) -> None:
    body = {
        "vaultAddress": scene.address(scene.vault()),
        "followerAddress": scene.address(scene.pick(*scene.wallets)),
        "profit": scene.amount(),
    }
    for name in ("leaderCut", "protocolCut", "followerRemaining"):
        if scene.pick(True, True, False):
            body[name] = scene.amount()
    scene.add_event("ingest.profit_settled", "settlement", body)


def _score(scene: _Scene) -> None:
    body = {
        "walletAddress": scene.address(scene.pick(*scene.wallets)),
        "reputationScore": scene.pick(0, 1, 599, 600, 1000),
        "winRateBps": 5_000,
        "maxDrawdownBps": 1_000,
        "signalCount": 3,
        "observedAt": scene.pick(*TIMES),
    }
    scene.add("ingest.argus_score", body)


def _status(scene: _Scene) -> None:
    body = {
        "vaultAddress": scene.address(scene.vault()),
        "status": scene.pick("PAUSED", "ACTIVE"),
        "reason": "",
        "observedAt": scene.pick(*TIMES),
    }
    scene.add("ingest.vault_status", body)


_JOBS = {
    "deposit": _deposit,
    "exit": _exit,
    "withdrawal": _withdrawal,
    "trade": _trade,
    "settlement": _settlement,
    "score": _score,
    "status": _status,
}
