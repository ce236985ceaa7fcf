"""What the contracts themselves say at a block, by eth_call and without a single log: for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from demo_chain.chain import Call, Chain
from demo_chain.deployment import Addresses
from demo_chain.rpc import connected
from libs.identifiers import Address, checksum_address

_VIEWS = ("leader", "vaultName", "baseAsset", "totalVaultTVL", "everyFollower", "everyFill")


class Fill(NamedTuple):
    """One trade as the vault saw it: what it gave and what it received."""

    token_in: Address
    token_out: Address
    amount_in: int
    amount_out: int


class Score(NamedTuple):
    """What the oracle says of a wallet: 0 to 1000, basis points, basis points, count, UNIX seconds."""

    reputation_score: int
    win_rate_bps: int
    max_drawdown_bps: int
    signal_count: int
    last_updated: int


@dataclass(frozen=True, slots=True)
class VaultTruth:
    """One vault; amounts in the base asset's smallest unit."""

    leader: Address
    name: bytes
    base_asset: Address
    base_decimals: int | None  # None: the base asset does not tell
    tvl: int
    frozen: bool
    deposited: Mapping[Address, int]  # everyone who ever paid in, also who has left (0)
    fills: tuple[Fill, ...]  # every trade, in order


@dataclass(frozen=True, slots=True)
class Truth:
    """The protocol at one block."""

    vaults: Mapping[Address, VaultTruth]
    unreadable: tuple[Address, ...]  # vaults whose views revert: their owner replaced the code
    scores: Mapping[Address, Score]  # of every leader


async def truth(rpc_url: str, addresses: Addresses, block: int | str = "latest") -> Truth:
    """Every vault of the registry and every leader's score at a block of which the node still has the state."""
    async with connected(rpc_url) as rpc:
        chain = Chain(rpc)
        (listed,) = await chain.read(Call("VaultRegistry", addresses.registry, "everyVault"), block)
        found = [checksum_address(vault) for vault in listed]
        read = [await _vault(chain, addresses, vault, block) for vault in found]
        vaults = {vault: state for vault, state in zip(found, read, strict=True) if state is not None}
        leaders = sorted({state.leader for state in vaults.values()} | {*addresses.leaders, addresses.bot})
        metrics = [Call("ArgusOracle", addresses.oracle, "getPerformanceMetrics", (leader,)) for leader in leaders]
        scores = [Score(*_given(result)) for result in await chain.read_all(metrics, block)]
        return Truth(
            vaults=vaults,
            unreadable=tuple(vault for vault in found if vault not in vaults),
            scores=dict(zip(leaders, scores, strict=True)),
        )


async def _vault(chain: Chain, addresses: Addresses, vault: Address, block: int | str) -> VaultTruth | None:
    views = await chain.read_all([Call("CopyTradingVault", vault, view) for view in _VIEWS], block)
    if any(view is None for view in views):
        return None
    (leader,), (name,), (base,), (tvl,), (followers,), (fills,) = map(_given, views)
    calls = [
        Call("RiskManager", addresses.risk_manager, "isVaultFrozen", (vault,)),
        Call("Token", checksum_address(base), "decimals"),
        *(Call("CopyTradingVault", vault, "followers", (follower,)) for follower in followers),
    ]
    frozen, decimals, *positions = await chain.read_all(calls, block)
    return VaultTruth(
        leader=checksum_address(leader),
        name=name,
        base_asset=checksum_address(base),
        base_decimals=None if decimals is None else decimals[0],
        tvl=tvl,
        frozen=_given(frozen)[0],
        deposited={
            checksum_address(follower): _given(position)[0]
            for follower, position in zip(followers, positions, strict=True)
        },
        fills=tuple(_fill(*fill) for fill in fills),
    )


def _given(result: Sequence[Any] | None) -> Sequence[Any]:
    assert result is not None
    return result


def _fill(token_in: str, token_out: str, amount_in: int, amount_out: int) -> Fill:
    return Fill(checksum_address(token_in), checksum_address(token_out), amount_in, amount_out)
