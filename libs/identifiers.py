"""Addresses, hashes and the deterministic identifiers that every service computes alike."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NewType
from uuid import UUID, uuid5

from eth_hash.auto import keccak

Address = NewType("Address", str)  # EIP-55 checksummed
UserId = NewType("UserId", UUID)
VaultId = NewType("VaultId", UUID)
TradeId = NewType("TradeId", UUID)
FlowId = NewType("FlowId", UUID)
SubscriptionId = NewType("SubscriptionId", UUID)

# Never change it: every public URL of a vault, user and trade follows from it.
NAMESPACE = UUID("0f3a9d1e-6c1b-5b7e-9d58-2f6f0f7c5a11")

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-f]{64}")


@lru_cache(maxsize=65_536)
def checksum_address(address: str) -> Address:
    """EIP-55 form of an address in any letter case; ValueError when malformed or its mixed case is wrong."""
    if not _ADDRESS.fullmatch(address):
        raise ValueError("must be 0x followed by 40 hex digits")
    digits = address[2:]
    lower = digits.lower()
    digest = keccak(lower.encode()).hex()
    checksummed = "0x" + "".join(c.upper() if int(h, 16) >= 8 else c for c, h in zip(lower, digest, strict=False))
    if digits not in (lower, digits.upper(), checksummed[2:]):
        raise ValueError("has a wrong EIP-55 checksum")
    return Address(checksummed)


def parse_any_case_address(text: str) -> Address:
    """EIP-55 form of an address whose letter case does not matter; ValueError when malformed."""
    return checksum_address(text.lower())


def is_transaction_hash(text: str) -> bool:
    """Whether the text is 0x and 64 lower-case hex digits."""
    return _HASH.fullmatch(text) is not None


@lru_cache(maxsize=65_536)
def vault_id(chain_id: int, address: Address) -> VaultId:
    """UUIDv5 of (chain id, address) for a vault."""
    return VaultId(uuid5(NAMESPACE, f"vault:{chain_id}:{address.lower()}"))


@lru_cache(maxsize=65_536)
def user_id(chain_id: int, wallet: Address) -> UserId:
    """UUIDv5 of (chain id, address) for a user."""
    return UserId(uuid5(NAMESPACE, f"user:{chain_id}:{wallet.lower()}"))


def trade_id(identity: str) -> TradeId:
    """UUIDv5 of the trade's event identity."""
    return TradeId(uuid5(NAMESPACE, f"trade:{identity}"))


def flow_id(vault: VaultId, identity: str) -> FlowId:
    """UUIDv5 of (vault, the flow's event identity): a settlement's identity may be another vault's too."""
    return FlowId(uuid5(NAMESPACE, f"flow:{vault}:{identity}"))


@lru_cache(maxsize=65_536)
def subscription_id(vault: VaultId, user: UserId) -> SubscriptionId:
    """UUIDv5 of (vault, user): a re-entry keeps the id, as the pair is unique."""
    return SubscriptionId(uuid5(NAMESPACE, f"subscription:{vault}:{user}"))


def event_identity(
    *,
    chain_id: int,
    transaction_hash: str,
    log_index: int | None,
    kind: str,
    vault: str,
    follower: str,
    task_id: str,
) -> str:
    """Public identity of an event by metrics.md: log, else transaction and subject, else the producer's task."""
    if not transaction_hash:
        return f"task:{task_id}"
    if log_index is not None:
        return f"{chain_id}:{transaction_hash}:{log_index}"
    return f"{chain_id}:{transaction_hash}:{kind}:{vault}:{follower}"
