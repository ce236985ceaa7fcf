"""What changes on the chain without an event: frozen flags and scores become jobs when they differ from the last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.identifiers import Address, checksum_address
from services.ingest.chain.job import Job
from services.ingest.chain.views import Metrics

# Last sent values by subject: [observedAt, frozen] or [observedAt, score, win rate, drawdown, signals].
Sent = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class SilentChanges:
    """Jobs to send, and what will have been sent then."""

    jobs: list[Job]
    sent: dict[str, list[Any]]


def changes(
    sent: Sent, *, frozen: Mapping[Address, bool], metrics: Mapping[Address, Metrics], block_time: int
) -> SilentChanges:
    """What a look at a block shows that was not sent before. Wallets that the oracle never rated are left out."""
    found = SilentChanges([], {})
    for vault, flag in sorted(frozen.items()):
        last = sent.get(_frozen_subject(vault))
        # A vault starts unfrozen: no news.
        if bool(last and last[1]) is not flag:
            _add_status(found, vault, flag, _later(last, block_time), "seen in isVaultFrozen")
    for wallet, seen in sorted(metrics.items()):
        last = sent.get(_score_subject(wallet))
        figures = [seen.score, seen.win_rate_bps, seen.max_drawdown_bps, seen.signal_count]
        if list(last[1:] if last else [0, 0, 0, 0]) != figures:
            _add_score(found, wallet, figures, _later(last, block_time))
    return found


def noted_freezes(jobs: Iterable[Job]) -> dict[str, list[Any]]:
    """What VaultFrozen events of a window have said already; a later look is compared with it."""
    return {
        _frozen_subject(checksum_address(job.kwargs["vaultAddress"])): [job.kwargs["observedAt"], True]
        for job in jobs
        if job.task_name == "ingest.vault_status"
    }


def _later(last: Sequence[Any] | None, block_time: int) -> int:
    # Of two observations of one second another rule would decide: each one of ours is later than the one before.
    return max(block_time, int(last[0]) + 1) if last else block_time


def _add_status(found: SilentChanges, vault: Address, flag: bool, observed_at: int, reason: str) -> None:
    payload = {
        "vaultAddress": vault,
        "status": "PAUSED" if flag else "ACTIVE",
        "reason": reason,
        "observedAt": observed_at,
    }
    found.jobs.append(Job("ingest.vault_status", f"frozen:{vault}:{observed_at}", payload))
    found.sent[_frozen_subject(vault)] = [observed_at, flag]


def _add_score(found: SilentChanges, wallet: Address, figures: list[int], observed_at: int) -> None:
    names = ("reputationScore", "winRateBps", "maxDrawdownBps", "signalCount")
    payload = {"walletAddress": wallet, **dict(zip(names, figures, strict=True)), "observedAt": observed_at}
    found.jobs.append(Job("ingest.argus_score", f"score:{wallet}:{observed_at}", payload))
    found.sent[_score_subject(wallet)] = [observed_at, *figures]


def _frozen_subject(vault: Address) -> str:
    return f"frozen:{vault}"


def _score_subject(wallet: Address) -> str:
    return f"score:{wallet}"
