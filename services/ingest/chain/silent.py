"""What changes on the chain without an event: frozen flags and scores become jobs when they differ from the last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.identifiers import Address
from services.ingest.chain.job import Job
from services.ingest.chain.views import Metrics
from services.ingest.repository.silent import SilentState


@dataclass(frozen=True, slots=True)
class Seen:
    """The block at whose end the state was read."""

    number: int
    hash: str
    time: int  # UNIX seconds


@dataclass(frozen=True, slots=True)
class SilentChanges:
    """Jobs to send, and what will have been sent then."""

    jobs: list[Job] = field(default_factory=list)
    sent: list[SilentState] = field(default_factory=list)


def changes(
    sent: Mapping[str, SilentState], *, frozen: Mapping[Address, bool], metrics: Mapping[Address, Metrics], seen: Seen
) -> SilentChanges:
    """What differs from the last states that were sent. A vault starts unfrozen, a wallet unrated: no news."""
    found = SilentChanges()
    for vault, flag in sorted(frozen.items()):
        last = sent.get(f"frozen:{vault}")
        if bool(last and last.value) is not flag:
            fields = {
                "vaultAddress": vault,
                "status": "PAUSED" if flag else "ACTIVE",
                "reason": "seen in isVaultFrozen",
            }
            _add(found, "ingest.vault_status", f"frozen:{vault}", fields, flag, last, seen)
    for wallet, rated in sorted(metrics.items()):
        last = sent.get(f"score:{wallet}")
        figures = [rated.score, rated.win_rate_bps, rated.max_drawdown_bps, rated.signal_count]
        if (last.value if last else [0, 0, 0, 0]) != figures:
            names = ("reputationScore", "winRateBps", "maxDrawdownBps", "signalCount")
            fields = {"walletAddress": wallet, **dict(zip(names, figures, strict=True))}
            _add(found, "ingest.argus_score", f"score:{wallet}", fields, figures, last, seen)
    return found


def noted_freezes(jobs: Iterable[Job]) -> list[SilentState]:
    """What the VaultFrozen events among these jobs say: a later look is compared with it."""
    return [
        SilentState(
            f"frozen:{job.kwargs['vaultAddress']}",
            job.kwargs["observedAt"],
            job.kwargs["blockNumber"],
            job.kwargs["blockHash"],
            True,
        )
        for job in jobs
        if job.task_name == "ingest.vault_status"
    ]


def _add(
    found: SilentChanges,
    task_name: str,
    subject: str,
    fields: Mapping[str, Any],
    value: Any,
    last: SilentState | None,
    seen: Seen,
) -> None:
    # Of two observations of one second another rule would decide: each one of ours is later than the one before.
    time = max(seen.time, last.observed_at + 1) if last else seen.time
    place = {"observedAt": time, "blockNumber": seen.number, "blockHash": seen.hash}
    found.jobs.append(Job(task_name, f"{subject}:{time}", {**fields, **place}))
    found.sent.append(SilentState(subject, time, seen.number, seen.hash, value))
