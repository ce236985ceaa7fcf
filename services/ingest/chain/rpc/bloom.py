"""Ethereum's logsBloom (yellow paper, 4.4.3): which logs a block must have, whatever a node answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from eth_hash.auto import keccak


@lru_cache(maxsize=131_072)
def bloom_bits(value: str) -> int:
    """The three bits of an address or topic, given as 0x and hex: the low 11 bits of three pairs of its keccak."""
    digest = keccak(bytes.fromhex(value[2:]))
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2]) & 0x7FF)
    return bits


def bloom_of(logs: Iterable[Mapping[str, Any]]) -> int:
    """The bloom that these raw logs give."""
    bloom = 0
    for log in logs:
        bloom |= bloom_bits(log["address"])
        for topic in log["topics"]:
            bloom |= bloom_bits(topic)
    return bloom


def may_hold(bloom: int, value: str) -> bool:
    """Whether a block with this bloom may have a log with this address or topic; False is certain."""
    bits = bloom_bits(value)
    return bloom & bits == bits
