"""Frozen flags and scores: what differs from the last that was sent becomes a job, anything else does not."""

from __future__ import annotations

from typing import Any

from libs.identifiers import Address
from services.ingest.chain.job import Job
from services.ingest.chain.silent import Seen, SilentChanges, changes, noted_freezes
from services.ingest.chain.views import Metrics
from services.ingest.repository.silent import SilentState

VAULT = Address("0x" + "11" * 20)
OTHER = Address("0x" + "22" * 20)
WALLET = Address("0x" + "33" * 20)
HASH = "0x" + "ab" * 32
SEEN = Seen(number=40, hash=HASH, time=1_000)
RATED = Metrics(score=700, win_rate_bps=5_500, max_drawdown_bps=900, signal_count=12, last_updated=990)


def looked(
    *sent: SilentState, frozen: dict[Address, bool] | None = None, metrics: dict[Address, Metrics] | None = None
) -> SilentChanges:
    last = {state.subject: state for state in sent}
    return changes(last, frozen=frozen or {}, metrics=metrics or {}, seen=SEEN)


def state(subject: str, observed_at: int, value: Any) -> SilentState:
    return SilentState(subject, observed_at, 39, "0x" + "cd" * 32, value)


def test_a_vault_that_was_never_frozen_is_no_news():
    assert looked(frozen={VAULT: False}).jobs == []


def test_a_frozen_vault_becomes_a_job_of_the_block_it_was_seen_in():
    found = looked(frozen={VAULT: True, OTHER: False})
    assert found.jobs == [
        Job(
            "ingest.vault_status",
            f"frozen:{VAULT}:1000",
            {
                "vaultAddress": VAULT,
                "status": "PAUSED",
                "reason": "seen in isVaultFrozen",
                "observedAt": 1_000,
                "blockNumber": 40,
                "blockHash": HASH,
            },
        )
    ]
    assert found.sent == [SilentState(f"frozen:{VAULT}", 1_000, 40, HASH, True)]


def test_what_was_sent_is_not_sent_again():
    sent = [state(f"frozen:{VAULT}", 900, True), state(f"score:{WALLET}", 900, [700, 5_500, 900, 12])]
    assert looked(*sent, frozen={VAULT: True}, metrics={WALLET: RATED}).jobs == []


def test_an_unfrozen_vault_is_active_again():
    (job,) = looked(state(f"frozen:{VAULT}", 900, True), frozen={VAULT: False}).jobs
    assert (job.kwargs["status"], job.kwargs["observedAt"]) == ("ACTIVE", 1_000)


def test_a_change_within_the_second_of_the_last_one_is_a_second_later():
    (job,) = looked(state(f"frozen:{VAULT}", 1_000, True), frozen={VAULT: False}).jobs
    assert job.kwargs["observedAt"] == 1_001
    (job,) = looked(state(f"score:{WALLET}", 1_007, [1, 1, 1, 1]), metrics={WALLET: RATED}).jobs
    assert job.kwargs["observedAt"] == 1_008


def test_a_wallet_that_the_oracle_never_rated_is_no_news():
    assert looked(metrics={WALLET: Metrics(0, 0, 0, 0, 0)}).jobs == []


def test_a_score_that_falls_to_nothing_is_news():
    (job,) = looked(state(f"score:{WALLET}", 900, [700, 0, 0, 0]), metrics={WALLET: Metrics(0, 0, 0, 0, 0)}).jobs
    assert job.kwargs["reputationScore"] == 0


def test_each_of_a_wallets_figures_counts():
    last = state(f"score:{WALLET}", 900, [700, 5_500, 900, 11])
    found = looked(last, metrics={WALLET: RATED})
    assert [job.kwargs for job in found.jobs] == [
        {
            "walletAddress": WALLET,
            "reputationScore": 700,
            "winRateBps": 5_500,
            "maxDrawdownBps": 900,
            "signalCount": 12,
            "observedAt": 1_000,
            "blockNumber": 40,
            "blockHash": HASH,
        }
    ]
    assert found.sent == [SilentState(f"score:{WALLET}", 1_000, 40, HASH, [700, 5_500, 900, 12])]


def test_freezing_events_are_noted_as_sent_at_their_own_block():
    place = {"blockNumber": 7, "blockHash": HASH}
    jobs = [
        Job("ingest.follower_event", "a", {"vaultAddress": VAULT, "timestamp": 1, **place}),
        Job("ingest.vault_status", "b", {"vaultAddress": VAULT, "observedAt": 800, **place}),
    ]
    assert noted_freezes(jobs) == [SilentState(f"frozen:{VAULT}", 800, 7, HASH, True)]
