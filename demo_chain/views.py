"""What an actor looks at before acting: a vault's state, balances and prices, read from the contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demo_chain.chain import Call, Chain
from demo_chain.deployment import Addresses
from demo_chain.market import COINS, Coin
from libs.identifiers import Address, checksum_address


@dataclass(frozen=True, slots=True)
class VaultView:
    """A vault whose base asset is one of the market's tokens; amounts in smallest units."""

    address: Address
    leader: Address
    name: str
    base: Coin
    tvl: int
    followers: tuple[Address, ...]
    frozen: bool
    balances: Mapping[str, int]  # by symbol

    @property
    def base_balance(self) -> int:
        """What can be paid out now."""
        return self.balances[self.base.symbol]

    def worth(self, prices: Mapping[Coin, int]) -> int:
        """Everything that it holds, in its base asset's smallest unit; prices in 1e-18 dollars."""
        dollars = sum(self.balances[coin.symbol] * prices[coin] * 10 ** (18 - coin.decimals) for coin in COINS)
        return int(dollars // (prices[self.base] * 10 ** (18 - self.base.decimals)))

    def held(self) -> list[Coin]:
        """Tokens bought and not yet sold."""
        return [coin for coin in COINS if coin != self.base and self.balances[coin.symbol] > 0]


class Views:
    """Reads for the actors of one deployment."""

    def __init__(self, chain: Chain, addresses: Addresses) -> None:
        self._chain = chain
        self._addresses = addresses
        self._by_token = {addresses.tokens[coin.symbol]: coin for coin in COINS}

    def token(self, coin: Coin) -> Address:
        """A coin's contract."""
        return self._addresses.tokens[coin.symbol]

    async def factory(self) -> Address:
        """The factory that the registry takes vaults from now."""
        (factory,) = await self._chain.read(Call("VaultRegistry", self._addresses.registry, "factory"))
        return checksum_address(factory)

    async def vaults(self) -> list[Address]:
        """Every vault, the oldest first."""
        (vaults,) = await self._chain.read(Call("VaultRegistry", self._addresses.registry, "everyVault"))
        return [checksum_address(vault) for vault in vaults]

    async def vault(self, address: Address) -> VaultView | None:
        """One vault; None when its base asset is no token of the market or its views revert."""
        views = ("leader", "vaultName", "baseAsset", "totalVaultTVL", "everyFollower")
        calls = [Call("CopyTradingVault", address, view) for view in views]
        calls.append(Call("RiskManager", self._addresses.risk_manager, "isVaultFrozen", (address,)))
        calls += [Call("Token", self.token(coin), "balanceOf", (address,)) for coin in COINS]
        results = await self._chain.read_all(calls)
        if any(result is None for result in results):
            return None
        leader, name, base, tvl, followers, frozen, *balances = (result[0] for result in results if result is not None)
        coin = self._by_token.get(checksum_address(base))
        if coin is None:
            return None
        return VaultView(
            address=address,
            leader=checksum_address(leader),
            name=_readable(name),
            base=coin,
            tvl=tvl,
            followers=tuple(map(checksum_address, followers)),
            frozen=frozen,
            balances={each.symbol: balance for each, balance in zip(COINS, balances, strict=True)},
        )

    async def deposited(self, vault: Address, follower: Address) -> int:
        """What a follower has in a vault."""
        position = await self._chain.read(Call("CopyTradingVault", vault, "followers", (follower,)))
        return int(position[0])

    async def score(self, leader: Address) -> int:
        """A leader's reputation, 0 to 1000."""
        metrics = await self._chain.read(
            Call("ArgusOracle", self._addresses.oracle, "getPerformanceMetrics", (leader,))
        )
        return int(metrics[0])

    async def prices(self) -> dict[Coin, int]:
        """Prices in 1e-18 dollars."""
        calls = [Call("PriceBook", self._addresses.prices, "priceOf", (self.token(coin),)) for coin in COINS]
        results: list[Any] = await self._chain.read_all(calls)
        return {coin: result[0] for coin, result in zip(COINS, results, strict=True)}

    async def quote(self, sold: Coin, bought: Coin, amount: int) -> int:
        """What the DEX gives now."""
        arguments = (self.token(sold), self.token(bought), amount)
        (received,) = await self._chain.read(Call("Dex", self._addresses.dex, "quote", arguments))
        return int(received)


def _readable(name: bytes) -> str:
    """A name for one line of output: nothing that a terminal would obey."""
    text = "".join(character if character.isprintable() else "\ufffd" for character in name.decode(errors="replace"))
    return text[:24] + "…" if len(text) > 24 else text
