"""What a new vault says of itself: name, base asset and the asset's decimals."""

from __future__ import annotations

from collections.abc import Sequence

from libs.identifiers import Address
from libs.telemetry import get_logger
from services.ingest.chain import views
from services.ingest.chain.contracts import MalformedError, VaultFacts
from services.ingest.chain.rpc.blocks import Head
from services.ingest.chain.rpc.calls import BlockTag, Reverted
from services.ingest.chain.rpc.errors import StateUnavailable
from services.ingest.chain.rpc.reader import ChainReader

log = get_logger(__name__)

# A vault whose views do not answer is followed all the same: its deposits are real.
_SILENT = VaultFacts(b"", Address("0x0000000000000000000000000000000000000000"), None)


async def read(
    reader: ChainReader, vaults: Sequence[Address], block_number: int, head: Head
) -> dict[Address, VaultFacts]:
    """Facts of each of these vaults, at a block or, where nodes no longer keep its state, at the latest."""
    try:
        return await _read_at(reader, vaults, block_number, head)
    except StateUnavailable:
        return await _read_at(reader, vaults, "latest", head)


async def _read_at(
    reader: ChainReader, vaults: Sequence[Address], block: BlockTag, head: Head
) -> dict[Address, VaultFacts]:
    names = await reader.call_many([views.vault_name(vault) for vault in vaults], block, head=head)
    assets = await reader.call_many([views.base_asset(vault) for vault in vaults], block, head=head)
    found: dict[Address, VaultFacts] = {}
    for vault, name, asset in zip(vaults, names, assets, strict=True):
        found[vault] = _facts(vault, name, asset)
    return await _with_decimals(reader, found, block, head)


def _facts(vault: Address, name: bytes | Reverted, asset: bytes | Reverted) -> VaultFacts:
    try:
        if not isinstance(name, Reverted) and not isinstance(asset, Reverted):
            return VaultFacts.from_results(name, asset, None)
        error = "a view reverted"
    except MalformedError as fault:
        error = str(fault)
    log.warning("vault says nothing of itself", vault=vault, error=error)
    return _SILENT


async def _with_decimals(
    reader: ChainReader, found: dict[Address, VaultFacts], block: BlockTag, head: Head
) -> dict[Address, VaultFacts]:
    assets = sorted({vault_facts.base_asset for vault_facts in found.values()})
    results = await reader.call_many([views.decimals(asset) for asset in assets], block, head=head)
    decimals: dict[Address, int | None] = {}
    for asset, result in zip(assets, results, strict=True):
        number = None if isinstance(result, Reverted) else views.read_number(result)
        decimals[asset] = number if number is not None and number <= 255 else None
    return {
        vault: VaultFacts(vault_facts.name, vault_facts.base_asset, decimals[vault_facts.base_asset])
        for vault, vault_facts in found.items()
    }
