"""Rows of a list as CSV (RFC 4180) that a spreadsheet can open without running any of it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# What makes a spreadsheet take a text for a formula.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A header row and one row for each, nested fields as `outer.inner`; a field that a row lacks stays empty.

    Null is empty, items of an array are joined by semicolons, and a text that would be a formula gets an apostrophe.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        flat = flattened(row)
        writer.writerow([_cell(flat.get(column)) for column in columns])
    return out.getvalue().encode()


def flattened(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The fields of a row, those of an object in it under its name and a dot."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat.update(flattened(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return _text(";".join(str(item) for item in value))
    # Numbers and booleans as in JSON.
    return _text(value) if isinstance(value, str) else orjson.dumps(value).decode()


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_RISKY) and not _NUMBER.fullmatch(value) else value
