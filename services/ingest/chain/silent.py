"""What changes on the chain without an event: frozen flags and scores become jobs when they differ from the last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from libs.identifiers import Address
from services.ingest.chain.job import Job
from services.ingest.chain.views import Metrics
from services.ingest.repository.silent import SilentState

_FIGURES: Final = ("reputationScore", "winRateBps", "maxDrawdownBps", "signalCount")


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

    def add(self, task_name: str, fields: Mapping[str, Any], state: SilentState) -> None:
        """One more job, at the time and block of what was seen."""
        place = {"observedAt": state.observed_at, "blockNumber": state.block_number, "blockHash": state.block_hash}
        self.jobs.append(Job(task_name, f"{state.subject}:{state.observed_at}", {**fields, **place}))
        self.sent.append(state)


def changes(
    sent: Mapping[str, SilentState], *, frozen: Mapping[Address, bool], metrics: Mapping[Address, Metrics], seen: Seen
) -> SilentChanges:
    """What differs from the last states that were sent. A vault starts unfrozen, a wallet unrated: no news."""
    found = SilentChanges()
    for vault, flag in sorted(frozen.items()):
        last = sent.get(f"frozen:{vault}")
        if bool(last and last.value) is not flag:
            state = _state(f"frozen:{vault}", flag, last, seen)
            status = "PAUSED" if flag else "ACTIVE"
            fields = {"vaultAddress": vault, "status": status, "reason": "seen in isVaultFrozen"}
            found.add("ingest.vault_status", fields, state)
    for wallet, rated in sorted(metrics.items()):
        last = sent.get(f"score:{wallet}")
        figures = [rated.score, rated.win_rate_bps, rated.max_drawdown_bps, rated.signal_count]
        if (last.value if last else [0, 0, 0, 0]) != figures:
            state = _state(f"score:{wallet}", figures, last, seen)
            named = dict(zip(_FIGURES, figures, strict=True))
            found.add("ingest.argus_score", {"walletAddress": wallet, **named}, state)
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


def _state(subject: str, value: Any, last: SilentState | None, seen: Seen) -> SilentState:
    # Of two observations of one second another rule would decide: each one of ours is later than the one before.
    time = max(seen.time, last.observed_at + 1) if last else seen.time
    return SilentState(subject, time, seen.number, seen.hash, value)
