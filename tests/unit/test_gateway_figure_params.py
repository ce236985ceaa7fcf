"""Parameters of histories and boards, times in requests, and prices in answers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from gateway.figures import price
from gateway.params.boards import DEFAULT_SORT, SORTS, WINDOWS, BoardQuery, rank_query, vault_board_query
from gateway.params.history import METRICS, RESOLUTIONS, HistoryQuery, asset_history_query, vault_history_query
from gateway.params.instants import parse_instant
from gateway.params.pages import Page
from libs.errors import InvalidArgument

ASSET = "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"


@given(
    metrics=st.sets(st.sampled_from(METRICS), min_size=1),
    resolution=st.sampled_from(sorted(RESOLUTIONS)),
    times=st.lists(st.integers(0, 253_402_300_799), min_size=2, max_size=2),
    limit=st.integers(1, 10_000),
    form=st.sampled_from(["json", "csv"]),
)
def test_a_canonical_url_of_a_history_parses_to_the_same_history(metrics, resolution, times, limit, form):
    shown = tuple(metric for metric in METRICS if metric in metrics)
    wanted = HistoryQuery(shown, resolution, min(times), max(times), limit, form=form)
    assert vault_history_query(URL(wanted.url("/api/vaults/x/history")).query) == wanted


@given(
    sort=st.sampled_from(SORTS),
    window=st.sampled_from(WINDOWS),
    min_tvl=st.one_of(st.just(""), st.integers(0, 2**256 - 1).map(str)),
    counts=st.tuples(st.integers(0, 10**15), st.integers(0, 10**15)),
    page=st.builds(Page, st.integers(1, 100), st.integers(0, 1_000_000)),
)
def test_a_canonical_url_of_a_board_parses_to_the_same_board(sort, window, min_tvl, counts, page):
    wanted = BoardQuery(sort, window, ASSET, min_tvl, counts[0], counts[1], page=page)
    url = wanted.url("/api/leaderboard/vaults", default_sort=DEFAULT_SORT)
    assert vault_board_query(URL(url).query) == wanted


def test_defaults_leave_no_trace_in_canonical_urls():
    query = URL("/").with_query({"resolution": "1h", "limit": "1000", "metrics": ",".join(reversed(METRICS))}).query
    assert vault_history_query(query).url("/h") == "/h"
    assert asset_history_query(URL("/?metrics=nonsense").query).url("/h") == "/h"
    assert rank_query(URL("/?reach=2&window=all").query).url("/r", default_sort="") == "/r"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("1769916000", 1_769_916_000),
        ("2026-02-01", 1_769_904_000),
        ("2026-02-01T03:20", 1_769_916_000),
        ("2026-02-01 03:20:00", 1_769_916_000),
        ("2026-02-01T03:20:00.999Z", 1_769_916_000),
        ("2026-02-01t03:20:00z", 1_769_916_000),
        ("2026-02-01T05:20:00+02:00", 1_769_916_000),
        ("2026-02-01T00:50:00.123456789-0230", 1_769_916_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ],
)
def test_a_time_is_iso_8601_or_unix_seconds(text, seconds):
    assert parse_instant(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "-1", "+1", "1.5", "1e9", "253402300800", "9999999999999", "٥", "1769916000\n", "2026-2-1"),
        *("2026-02-30", "2026-02-01T24:00", "2026-02-01T03", "2026-W05-7", "1969-12-31T23:59:59Z"),
        *("0000-01-01", "0001-01-01T00:00:00+01:00", "2026-02-01T03:20:00 02:00"),
    ],
)
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(text)


@pytest.mark.parametrize("text", ["-1", "1.0", "1e3", str(2**256), "9" * 5_000, "", "0x1"])
def test_an_amount_is_a_plain_integer_below_two_to_the_256(text):
    with pytest.raises(InvalidArgument) as refused:
        vault_board_query(URL("/").with_query({"minTvl": text, "baseAsset": ASSET}).query)
    assert [violation.field for violation in refused.value.violations] == ["minTvl"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1", "1"),
        ("1.1000", "1.1"),
        ("100", "100"),
        ("0E-400", "0"),
        (
            "0.88571428571428571428571428571428571428571428571428571",
            "0.8857142857142857142857142857142857142857142857143",
        ),
        # 34 zeros leave room for 16 of the 20 digits.
        ("1.2345678901234567890E-34", "0.0000000000000000000000000000000001234567890123457"),
        ("1E-77", "1e-77"),
        ("1.2345E+60", "1.2345e+60"),
    ],
)
def test_a_price_has_up_to_50_digits_without_trailing_zeros(text, shown):
    assert price(text) == shown


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_a_price_keeps_fifteen_significant_digits_and_is_never_long(value):
    shown = price(str(value))
    mantissa = shown.split("e")[0]
    assert sum(character.isdigit() for character in mantissa) <= 50
    assert abs(Decimal(shown) - value) <= abs(value) * Decimal("5e-15")
    assert "." not in mantissa or not mantissa.endswith("0")
