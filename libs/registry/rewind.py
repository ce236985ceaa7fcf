"""What a reorganisation asks of each service, read from protobuf."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from libs.errors import FieldViolation, InvalidArgument
from libs.events import OrphanedBlock, orphaned_blocks_from_proto
from libs.identifiers import Address, checksum_address


@dataclass(frozen=True, slots=True)
class Rewind:
    """Blocks that left the chain, blocks that are back in it, and whose score or status was seen in the former."""

    orphaned: list[OrphanedBlock]
    reinstated: list[OrphanedBlock] = field(default_factory=list)
    score_wallets: list[Address] = field(default_factory=list)
    status_vaults: list[Address] = field(default_factory=list)


def rewind_from_proto(request: Any) -> Rewind:
    """The rewind in a RewindRequest of either service; InvalidArgument names malformed fields."""
    return Rewind(
        orphaned=orphaned_blocks_from_proto(request.blocks_orphaned.blocks, "blocks_orphaned.blocks"),
        reinstated=orphaned_blocks_from_proto(request.reinstated_blocks, "reinstated_blocks"),
        score_wallets=_addresses(request.score_wallet_addresses, "score_wallet_addresses"),
        status_vaults=_addresses(request.status_vault_addresses, "status_vault_addresses"),
    )


def _addresses(texts: Iterable[str], name: str) -> list[Address]:
    addresses = []
    for index, text in enumerate(texts):
        try:
            addresses.append(checksum_address(text))
        except ValueError as error:
            raise InvalidArgument([FieldViolation(f"{name}[{index}]", str(error))]) from None
    return addresses
