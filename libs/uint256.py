"""Amounts: unsigned 256-bit integers as base-10 text on the wire, int in Python, NUMERIC in PostgreSQL."""

from __future__ import annotations

import re
from typing import Final

MAX_UINT256: Final = 2**256 - 1

_UNSIGNED = re.compile(r"[0-9]{1,78}")
_SIGNED = re.compile(r"-?[0-9]{1,78}")


def parse_uint256(text: str) -> int:
    """Integer from 0 to 2^256-1; ValueError says what is wrong."""
    if not _UNSIGNED.fullmatch(text):
        raise ValueError("must be a base-10 integer from 0 to 2^256-1")
    value = int(text)
    if value > MAX_UINT256:
        raise ValueError("must be at most 2^256-1")
    return value


def parse_signed(text: str) -> int:
    """Integer from -(2^256-1) to 2^256-1; ValueError says what is wrong."""
    if not _SIGNED.fullmatch(text):
        raise ValueError("must be a base-10 integer from -(2^256-1) to 2^256-1")
    value = int(text)
    if abs(value) > MAX_UINT256:
        raise ValueError("must be from -(2^256-1) to 2^256-1")
    return value
