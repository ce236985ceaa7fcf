"""What a new vault says of itself: name, base asset and the asset's decimals."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from libs.identifiers import Address
from libs.telemetry import get_logger
from services.ingest.chain import views
from services.ingest.chain.contracts import MalformedError, VaultFacts, abi_string
from services.ingest.chain.rpc.blocks import Head
from services.ingest.chain.rpc.calls import BlockTag, Reverted
from services.ingest.chain.rpc.errors import StateUnavailable
from services.ingest.chain.rpc.reader import ChainReader

log = get_logger(__name__)

NOBODY: Final = Address("0x0000000000000000000000000000000000000000")


async def read(reader: ChainReader, vaults: Mapping[Address, int], head: Head) -> dict[Address, VaultFacts]:
    """Facts of each vault at the end of its block: the same however the chain is cut into windows."""
    by_block: dict[int, list[Address]] = defaultdict(list)
    for vault, number in vaults.items():
        by_block[number].append(vault)
    parts = await asyncio.gather(*(_read(reader, found, number, head) for number, found in by_block.items()))
    return {vault: facts for part in parts for vault, facts in part.items()}


async def _read(
    reader: ChainReader, vaults: Sequence[Address], block_number: int, head: Head
) -> dict[Address, VaultFacts]:
    try:
        return await _read_at(reader, vaults, block_number, head)
    except StateUnavailable:
        # Nodes that no longer keep the state of that block: better today's name than none.
        return await _read_at(reader, vaults, "latest", head)


async def _read_at(
    reader: ChainReader, vaults: Sequence[Address], block: BlockTag, head: Head
) -> dict[Address, VaultFacts]:
    calls = [view(vault) for view in (views.vault_name, views.base_asset) for vault in vaults]
    results = await reader.call_many(calls, block, head=head)
    names = [_name(vault, result) for vault, result in zip(vaults, results[: len(vaults)], strict=True)]
    assets = [_asset(vault, result) for vault, result in zip(vaults, results[len(vaults) :], strict=True)]
    decimals = await _decimals(reader, assets, block, head)
    return {
        vault: VaultFacts(name, asset, decimals[asset])
        for vault, name, asset in zip(vaults, names, assets, strict=True)
    }


def _name(vault: Address, result: bytes | Reverted) -> bytes:
    """The name; empty where the view does not give one: the vault's deposits are real all the same."""
    try:
        if not isinstance(result, Reverted):
            return abi_string(result)
        error = "it reverted"
    except MalformedError as fault:
        error = str(fault)
    log.warning("vaultName() gives no name", vault=vault, error=error)
    return b""


def _asset(vault: Address, result: bytes | Reverted) -> Address:
    """The base asset; the zero address where the view does not give one."""
    asset = None if isinstance(result, Reverted) else views.read_address(result)
    if asset is None:
        log.warning("baseAsset() gives no address", vault=vault)
    return asset or NOBODY


async def _decimals(
    reader: ChainReader, assets: Sequence[Address], block: BlockTag, head: Head
) -> dict[Address, int | None]:
    tokens = sorted(set(assets))
    results = await reader.call_many([views.decimals(token) for token in tokens], block, head=head)
    found: dict[Address, int | None] = {}
    for token, result in zip(tokens, results, strict=True):
        number = None if isinstance(result, Reverted) else views.read_number(result)
        found[token] = number if number is not None and number <= 255 else None
    return found
