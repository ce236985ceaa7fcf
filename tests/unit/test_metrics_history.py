"""History: the last real value of each bucket, carried forward, nothing invented."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.history import Buckets, HistoryPoint, Resolution, buckets, history
from services.analytics.points import PricePoint
from tests.unit.point_builder import points_of, timed

LEDGER = "1000 +7, 1100 dep 1000, 1150 +100, 1199 -550, 2400 wd 200, 2999 +70"


def history_of(ledger: str, now: int, resolution: Resolution = Resolution.FIVE_MINUTES, **asked: int) -> list[int]:
    return [row.at for row in rows_of(points_of(timed(ledger)), now, resolution, **asked)]


def rows_of(points: list[PricePoint], now: int, resolution: Resolution, **asked: int) -> list[HistoryPoint]:
    first_at = points[0].time if points else None
    wanted = buckets(
        resolution, first_at, now, since=asked.get("since"), until=asked.get("until"), limit=asked.get("limit", 10_000)
    )
    return history(points, resolution, wanted) if wanted else []


def test_each_bucket_has_its_last_real_value_and_quiet_ones_the_one_before() -> None:
    rows = rows_of(points_of(timed(LEDGER)), 3100, Resolution.FIVE_MINUTES)
    assert rows == [
        HistoryPoint(900, Decimal("0.55"), 557, 1000, -443, Decimal(50), 1),
        HistoryPoint(1200, Decimal("0.55"), 557, 1000, -443, Decimal(50), 1),
        HistoryPoint(1500, Decimal("0.55"), 557, 1000, -443, Decimal(50), 1),
        HistoryPoint(1800, Decimal("0.55"), 557, 1000, -443, Decimal(50), 1),
        HistoryPoint(2100, Decimal("0.55"), 557, 1000, -443, Decimal(50), 1),
        HistoryPoint(2400, Decimal("0.55"), 357, 800, -443, Decimal(50), 1),
        HistoryPoint(2700, Decimal("0.66"), 427, 800, -373, Decimal(40), 1),
        HistoryPoint(3000, Decimal("0.66"), 427, 800, -373, Decimal(40), 1),
    ]


def test_before_the_first_point_there_is_nothing() -> None:
    assert history_of(LEDGER, 3100, since=0)[0] == 900
    assert history_of(LEDGER, 3100, since=0, until=999) == []
    assert history_of("", 3100) == []


def test_before_the_first_deposit_there_is_no_drawdown() -> None:
    row = rows_of(points_of(timed("1000 +7")), 1010, Resolution.HOUR)[0]
    assert row == HistoryPoint(0, Decimal(1), 7, 0, 7, None, 0)


def test_from_and_to_include_the_buckets_they_are_in() -> None:
    assert history_of(LEDGER, 3100, since=1200, until=1800) == [1200, 1500, 1800]
    assert history_of(LEDGER, 3100, since=1499, until=1799) == [1200, 1500]
    assert history_of(LEDGER, 3100, since=2000, until=1000) == []
    assert history_of(LEDGER, 3100, since=3101) == []


def test_the_last_bucket_shows_what_held_at_the_end_of_the_request() -> None:
    points = points_of(timed(LEDGER))
    assert rows_of(points, 3100, Resolution.FIVE_MINUTES, until=1150)[-1].equity == 1107
    assert rows_of(points, 1120, Resolution.FIVE_MINUTES)[-1].equity == 1007


def test_a_limit_keeps_the_latest_buckets_or_with_from_the_first_ones() -> None:
    assert history_of(LEDGER, 3100, limit=2) == [2700, 3000]
    assert history_of(LEDGER, 3100, since=1200, limit=2) == [1200, 1500]
    assert history_of(LEDGER, 3100, since=1200, limit=1) == [1200]


def test_what_comes_after_a_limited_answer_is_not_in_its_last_bucket() -> None:
    assert buckets(Resolution.FIVE_MINUTES, 1000, 9999, since=1200, until=None, limit=2) == Buckets(1200, 1500, 1799)


def test_the_price_is_that_of_the_current_epoch_and_the_drawdown_that_of_the_first() -> None:
    rows = rows_of(points_of(timed("10 dep 100, 4000 -100, 8000 dep 50, 8010 +25")), 8020, Resolution.HOUR)
    assert [row.price for row in rows] == [Decimal(1), Decimal(0), Decimal("1.5")]
    assert [row.drawdown_pct for row in rows] == [Decimal(0), Decimal(100), Decimal(100)]


@pytest.mark.parametrize(
    ("resolution", "start"),
    [
        (Resolution.FIVE_MINUTES, "2026-03-05T17:40:00"),
        (Resolution.HOUR, "2026-03-05T17:00:00"),
        (Resolution.EIGHT_HOURS, "2026-03-05T16:00:00"),
        (Resolution.DAY, "2026-03-05T00:00:00"),
        # 2026-03-05 is a Thursday.
        (Resolution.WEEK, "2026-03-02T00:00:00"),
    ],
)
def test_buckets_start_on_the_clock_and_weeks_on_monday(resolution: Resolution, start: str) -> None:
    time = int(datetime(2026, 3, 5, 17, 44, 59, tzinfo=UTC).timestamp())
    bucket = resolution.bucket(time)
    assert datetime.fromtimestamp(bucket, UTC).isoformat() == start + "+00:00"
    assert resolution.bucket(bucket) == bucket
    assert resolution.bucket(bucket + resolution.seconds - 1) == bucket
    assert resolution.bucket(bucket + resolution.seconds) == bucket + resolution.seconds


BOUNDS = st.one_of(st.none(), st.integers(0, 25_000))


@given(
    st.sets(st.integers(0, 20_000), min_size=1, max_size=12),
    st.sampled_from([Resolution.FIVE_MINUTES, Resolution.HOUR]),
    st.integers(0, 25_000),
    st.tuples(BOUNDS, BOUNDS, st.integers(1, 50)),
)
def test_every_row_shows_the_last_point_up_to_its_end(
    times: set[int], resolution: Resolution, now: int, asked: tuple[int | None, int | None, int]
) -> None:
    since, until, limit = asked
    moments = sorted(times)
    # The equity after the event of second t is t + 1, so that a row's equity says which point it shows.
    gains = [after - before for before, after in zip([-1, *moments[:-1]], moments, strict=True)]
    points = points_of(timed(", ".join(f"{time} +{gain}" for time, gain in zip(moments, gains, strict=True))))
    wanted = buckets(resolution, moments[0], now, since=since, until=until, limit=limit)
    end = now if until is None else min(now, until)
    assert (wanted is None) == (end < max(moments[0], since or 0))
    if wanted is None:
        return
    rows = history(points, resolution, wanted)
    assert [row.at for row in rows] == list(range(wanted.first, wanted.last + 1, resolution.seconds))
    assert len(rows) <= limit
    for row in rows:
        assert row.equity == 1 + max(time for time in moments if time <= min(end, row.at + resolution.seconds - 1))
