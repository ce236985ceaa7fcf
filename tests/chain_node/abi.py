"""The little of the ABI that the test chain needs, written apart from the code under test."""

from __future__ import annotations

from functools import lru_cache

from eth_hash.auto import keccak


def word(value: int | str | bool) -> bytes:
    """32 bytes of a number or of a 0x address."""
    return int(value, 16).to_bytes(32) if isinstance(value, str) else int(value).to_bytes(32)


def topic_of(value: int | str) -> str:
    """An indexed argument as a topic."""
    return "0x" + word(value).hex()


def abi_text(raw: bytes) -> bytes:
    """A single string as return value or event data."""
    return word(32) + word(len(raw)) + raw + bytes(-len(raw) % 32)


def call_data(signature: str, *arguments: int | str) -> bytes:
    """Selector and arguments of a view."""
    return keccak(signature.encode())[:4] + b"".join(word(argument) for argument in arguments)


def event_topic(signature: str) -> str:
    """topic0 of an event."""
    return "0x" + keccak(signature.encode()).hex()


@lru_cache(maxsize=65_536)
def _bloom_of_value(value: str) -> int:
    """An address or topic as a bloom of 2048 bits."""
    digest, bloom = keccak(bytes.fromhex(value[2:])), 0
    for at in (0, 2, 4):
        bloom |= 1 << ((digest[at] & 7) << 8 | digest[at + 1])
    return bloom


def logs_bloom(logs: list[dict[str, object]]) -> str:
    """logsBloom of raw logs as 0x and 512 hex digits."""
    bloom = 0
    for log in logs:
        address, topics = log["address"], log["topics"]
        assert isinstance(address, str)
        assert isinstance(topics, list)
        for value in (address, *topics):
            bloom |= _bloom_of_value(value)
    return f"0x{bloom:0512x}"
