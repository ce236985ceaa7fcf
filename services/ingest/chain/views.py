"""The protocol's views: calls to make and how to read their results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_hash.auto import keccak

from libs.identifiers import Address, checksum_address
from services.ingest.chain.rpc.calls import Call

_WORD: Final = 32
MAX_SCORE: Final = 1_000
MAX_BPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Metrics:
    """What the ArgusOracle says of a wallet; clamped to the ranges that it documents."""

    score: int
    win_rate_bps: int
    max_drawdown_bps: int
    signal_count: int
    last_updated: int


def _selector(signature: str) -> bytes:
    return bytes(keccak(signature.encode())[:4])


_LEADER: Final = _selector("leader()")
_VAULT_NAME: Final = _selector("vaultName()")
_BASE_ASSET: Final = _selector("baseAsset()")
_DECIMALS: Final = _selector("decimals()")
_TOTAL_TVL: Final = _selector("totalVaultTVL()")
_FOLLOWERS: Final = _selector("followers(address)")
_IS_FROZEN: Final = _selector("isVaultFrozen(address)")
_METRICS: Final = _selector("getPerformanceMetrics(address)")


def leader(vault: str) -> Call:
    """leader() of a vault: an address."""
    return Call(vault, _LEADER)


def vault_name(vault: str) -> Call:
    """vaultName() of a vault: a string of any bytes."""
    return Call(vault, _VAULT_NAME)


def base_asset(vault: str) -> Call:
    """baseAsset() of a vault: an address."""
    return Call(vault, _BASE_ASSET)


def decimals(token: str) -> Call:
    """decimals() of a token, where it tells."""
    return Call(token, _DECIMALS)


def total_tvl(vault: str) -> Call:
    """totalVaultTVL() of a vault: the sum of its followers' deposits."""
    return Call(vault, _TOTAL_TVL)


def follower(vault: str, wallet: str) -> Call:
    """followers(address) of a vault: (deposited, waterMark)."""
    return Call(vault, _FOLLOWERS + _address_word(wallet))


def is_frozen(risk_manager: str, vault: str) -> Call:
    """isVaultFrozen(address) of the risk manager."""
    return Call(risk_manager, _IS_FROZEN + _address_word(vault))


def metrics(oracle: str, wallet: str) -> Call:
    """getPerformanceMetrics(address) of the oracle."""
    return Call(oracle, _METRICS + _address_word(wallet))


def read_number(result: bytes, position: int = 0) -> int | None:
    """The unsigned number in a word of a result; None when it is too short."""
    start = position * _WORD
    return int.from_bytes(result[start : start + _WORD]) if len(result) >= start + _WORD else None


def read_address(result: bytes) -> Address | None:
    """The address in the first word of a result; None when it is too short or no address."""
    number = read_number(result)
    return checksum_address(f"0x{number:040x}") if number is not None and number < 2**160 else None


def read_metrics(result: bytes) -> Metrics | None:
    """The oracle's figures; None when the result is too short."""
    words = [read_number(result, position) for position in range(5)]
    if None in words:
        return None
    score, win_rate, drawdown, signals, updated = (word or 0 for word in words)
    return Metrics(
        min(score, MAX_SCORE), min(win_rate, MAX_BPS), min(drawdown, MAX_BPS), min(signals, 2**63 - 1), updated
    )


def _address_word(address: str | Address) -> bytes:
    return bytes.fromhex(address[2:]).rjust(_WORD, b"\0")
