"""Which contracts a decoder believes, and what it has learned from the blocks so far."""

from __future__ import annotations

from dataclasses import dataclass

from libs.identifiers import Address
from services.ingest.chain.contracts import RawAddress


@dataclass(frozen=True, slots=True)
class Protocol:
    """Whom to believe: the configured contracts. What is None does not exist."""

    chain_id: int
    factory: Address | None = None
    registry: Address | None = None
    risk_manager: Address | None = None
    splitter: Address | None = None
    oracle: Address | None = None
    known_vaults: frozenset[Address] = frozenset()  # listed by the operator


@dataclass(frozen=True, slots=True)
class DecoderState:
    """What earlier blocks taught: carry it from window to window, and rewind it with the blocks."""

    factories: frozenset[RawAddress]
    vaults: frozenset[RawAddress]
    oracle: RawAddress | None


def initial_state(protocol: Protocol) -> DecoderState:
    """The state before the first block."""
    return DecoderState(
        factories=frozenset({_raw(protocol.factory)} if protocol.factory else ()),
        vaults=frozenset(map(_raw, protocol.known_vaults)),
        oracle=raw_or_none(protocol.oracle),
    )


def raw_or_none(address: Address | None) -> RawAddress | None:
    """The address as logs carry it."""
    return _raw(address) if address else None


def _raw(address: Address) -> RawAddress:
    return RawAddress(address.lower())
