"""The backfill's line: how far, how fast, how long still."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from structlog.testing import capture_logs

from services.ingest.chain.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_line_comes_every_five_seconds_with_rates_and_the_time_left():
    clock = Clock()
    with capture_logs() as lines:
        progress = Progress(clock)
        progress.count(blocks=1_000, events=50)
        clock.now += 4.9
        progress.report(1_000, 100_000, caught_up=False)
        assert lines == []
        progress.count(blocks=4_000, events=450)
        clock.now += 5.1
        progress.report(5_000, 100_000, caught_up=False)
    (line,) = lines
    assert line == {
        "event": "backfill",
        "log_level": "info",
        "block": 4_999,
        "of": 100_000,
        "blocks_per_second": 500,
        "events_per_second": 50,
        # 95,001 blocks at 500 a second
        "seconds_left": 190,
    }


def test_rates_are_those_since_the_last_line():
    clock = Clock()
    with capture_logs() as lines:
        progress = Progress(clock)
        for blocks in (5_000, 100):
            progress.count(blocks=blocks, events=0)
            clock.now += 10
            progress.report(blocks, 10_000, caught_up=False)
    assert [line["blocks_per_second"] for line in lines] == [500, 10]


def test_nothing_read_yet_means_that_nobody_knows_how_long_it_takes():
    clock = Clock()
    with capture_logs() as lines:
        progress = Progress(clock)
        clock.now += 6
        progress.report(0, 10, caught_up=False)
    assert lines[0]["seconds_left"] is None


def test_the_end_of_a_backfill_is_told_once_and_live_blocks_are_not():
    clock = Clock()
    with capture_logs() as lines:
        progress = Progress(clock)
        progress.count(blocks=10, events=0)
        clock.now += 6
        progress.report(10, 20, caught_up=False)
        progress.report(21, 20, caught_up=True)
        for block in (21, 22, 23):
            clock.now += 6
            progress.report(block + 1, block, caught_up=True)
    assert [_name(line) for line in lines] == ["backfill", "caught up"]


def _name(line: MutableMapping[str, Any]) -> str:
    return str(line["event"])
