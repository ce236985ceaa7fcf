"""Delays that double up to a cap, and log lines that thin out."""

from services.ingest.backoff import Backoff


def test_the_delay_doubles_and_the_jitter_takes_at_most_half_of_it():
    backoff = Backoff(base_seconds=0.1, cap_seconds=1.0)
    delays = [backoff.next_delay() for _ in range(6)]
    for delay, full in zip(delays, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0], strict=True):
        assert full / 2 <= delay <= full


def test_a_week_of_failures_does_not_overflow():
    backoff = Backoff(base_seconds=0.1, cap_seconds=5.0)
    assert all(backoff.next_delay() <= 5.0 for _ in range(5000))


def test_only_powers_of_two_are_worth_a_log_line():
    backoff = Backoff(base_seconds=0.1, cap_seconds=1.0)
    logged = []
    for _ in range(40):
        backoff.next_delay()
        if backoff.worth_logging():
            logged.append(backoff.failures)
    assert logged == [1, 2, 4, 8, 16, 32]


def test_a_success_starts_from_the_beginning():
    backoff = Backoff(base_seconds=0.1, cap_seconds=10.0)
    for _ in range(5):
        backoff.next_delay()
    backoff.reset()
    assert backoff.next_delay() <= 0.1
