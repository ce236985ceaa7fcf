"""CSV of lists: RFC 4180, flattened, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.csv_rows import csv_text


def test_a_row_is_flattened_quoted_where_needed_and_ended_by_crlf():
    row = {
        "name": 'He said "hi", twice\r\nthen left',
        "leader": {"id": "x", "deep": {"er": 1}},
        "roi": -11.43,
        "left": False,
        "flags": ["a", "b"],
        "since": None,
        "tvl": "-115792089237316195423570985008687907853269984665640564039457584007913129639935",
    }
    columns = ("name", "leader.deep.er", "leader.id", "roi", "left", "flags", "since", "tvl", "nullReasons.roi")
    assert csv_text(columns, [row]) == (
        b"name,leader.deep.er,leader.id,roi,left,flags,since,tvl,nullReasons.roi\r\n"
        b'"He said ""hi"", twice\r\nthen left",1,x,-11.43,false,a;b,,'
        b"-115792089237316195423570985008687907853269984665640564039457584007913129639935,\r\n"
    )


def test_a_list_without_rows_still_has_its_header():
    assert csv_text(("t", "baseAsset"), []) == b"t,baseAsset\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "\tx", "\rx", "\nx", "-", "--1", "-1e5"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text):
    (_, (cell,)) = csv.reader(io.StringIO(csv_text(("name",), [{"name": text}]).decode(), newline=""))
    assert cell == "'" + text


@pytest.mark.parametrize("text", ["-1", "-0.5", "12", "a=1", "'=1", "", "\u2212" + "1"])
def test_numbers_and_harmless_texts_stay_as_they_are(text):
    (_, (cell, _)) = csv.reader(io.StringIO(csv_text(("name", "end"), [{"name": text}]).decode(), newline=""))
    assert cell == text


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))), max_size=5))
def test_any_text_comes_back_out_of_a_reader(pairs):
    rows = [{"a": one, "b": {"c": other}} for one, other in pairs]
    text = csv_text(("a", "b.c"), rows).decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["a", "b.c"]
    assert [[cell.removeprefix("'") for cell in row] for row in read[1:]] == [
        [cell.removeprefix("'") for cell in pair] for pair in pairs
    ]
