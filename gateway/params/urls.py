"""Canonical URLs: one spelling for every way to ask for the same."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode


def canonical_url(path: str, parts: Mapping[str, str | int | None]) -> str:
    """The path with these parameters in their order; those that are None are left out."""
    given = {name: value for name, value in parts.items() if value is not None}
    return f"{path}?{urlencode(given, safe=',')}" if given else path
