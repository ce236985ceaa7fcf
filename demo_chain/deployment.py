"""Puts the protocol on an empty chain, with leaders and first vaults; says where everything is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import orjson

from demo_chain.chain import Call, Chain
from demo_chain.market import BASES, COINS, DOLLAR, HOSTILE_NAME, NAMES, NO_ASSET
from demo_chain.rpc import connected
from libs.identifiers import Address

_LEADERS = 6
_RESERVE = 10**15  # whole tokens in the DEX: more than anyone trades away
_SCORES = (910, 840, 760, 690, 640, 520)  # the last one may not trade


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the protocol is, and who acts on it."""

    chain_id: int
    start_block: int  # nothing of the protocol is before it
    factory: Address  # the first one
    registry: Address
    risk_manager: Address
    splitter: Address
    oracle: Address
    implementation: Address  # of every vault's proxy
    prices: Address
    dex: Address
    bot: Address  # a leader that is a contract
    impostor: Address  # emits what looks like the protocol's events
    tokens: Mapping[str, Address]  # by symbol
    keeper: Address  # administers everything, moves prices, owns the bot
    leaders: tuple[Address, ...]
    followers: tuple[Address, ...]

    def environment(self) -> dict[str, str]:
        """What an indexer of this chain is configured with, but for RPC_URL."""
        return {
            "CHAIN_ID": str(self.chain_id),
            "START_BLOCK": str(self.start_block),
            "VAULT_FACTORY_ADDRESS": self.factory,
            "VAULT_REGISTRY_ADDRESS": self.registry,
            "RISK_MANAGER_ADDRESS": self.risk_manager,
            "ARGUS_ORACLE_ADDRESS": self.oracle,
            "REVENUE_SPLITTER_ADDRESS": self.splitter,
        }

    def to_json(self) -> bytes:
        """For a file beside the chain's state."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, content: bytes) -> Addresses:
        """What `to_json` gave."""
        fields = orjson.loads(content)
        return cls(**{**fields, "leaders": tuple(fields["leaders"]), "followers": tuple(fields["followers"])})


async def deploy(rpc_url: str) -> Addresses:
    """The protocol with scored leaders and first vaults, nobody paid in yet. Takes eight blocks.

    aiohttp.ClientError, TimeoutError, RpcError or RevertedError when the node does not do it.
    """
    async with connected(rpc_url) as rpc:
        chain = Chain(rpc)
        chain_id = int(await rpc.call("eth_chainId"), 16)
        start_block = int(await rpc.call("eth_blockNumber"), 16) + 1
        keeper, *others = await chain.accounts()
        contracts, tokens = await _contracts(chain, keeper)
        addresses = Addresses(
            chain_id=chain_id,
            start_block=start_block,
            **contracts,
            tokens=tokens,
            keeper=keeper,
            leaders=tuple(others[:_LEADERS]),
            followers=tuple(others[_LEADERS:]),
        )
        await _connect(chain, addresses)
        await _open_vaults(chain, addresses)
        return addresses


async def _contracts(chain: Chain, keeper: Address) -> tuple[dict[str, Address], dict[str, Address]]:
    coins = [("Token", (coin.symbol.encode(), coin.decimals)) for coin in COINS]
    owned = ("ArgusOracle", "RiskManager", "RevenueSplitter", "PriceBook", "VaultRegistry", "Bot")
    oracle, risk, splitter, prices, registry, bot, impostor, *tokens = await chain.deploy(
        keeper, *((name, (keeper,)) for name in owned), ("Impostor", ()), *coins
    )
    (dex,) = await chain.deploy(keeper, ("Dex", (prices,)))
    (implementation,) = await chain.deploy(keeper, ("CopyTradingVault", (dex, risk, splitter)))
    (factory,) = await chain.deploy(keeper, ("VaultFactory", (implementation, registry)))
    contracts = {
        "factory": factory,
        "registry": registry,
        "risk_manager": risk,
        "splitter": splitter,
        "oracle": oracle,
        "implementation": implementation,
        "prices": prices,
        "dex": dex,
        "bot": bot,
        "impostor": impostor,
    }
    return contracts, {coin.symbol: token for coin, token in zip(COINS, tokens, strict=True)}


async def _connect(chain: Chain, addresses: Addresses) -> None:
    """Make the contracts know each other, stock the DEX, score the leaders."""
    tokens = tuple(addresses.tokens[coin.symbol] for coin in COINS)
    prices = tuple(coin.dollars * DOLLAR for coin in COINS)
    calls = [
        Call("VaultRegistry", addresses.registry, "setFactory", (addresses.factory,)),
        Call("RiskManager", addresses.risk_manager, "setOracle", (addresses.oracle,)),
        Call("PriceBook", addresses.prices, "setPrices", (tokens, prices)),
    ]
    calls += [
        Call("Token", addresses.tokens[coin.symbol], "mint", (addresses.dex, _RESERVE * 10**coin.decimals))
        for coin in COINS
    ]
    leaders = (*zip(addresses.leaders, _SCORES, strict=True), (addresses.bot, 800))
    calls += [
        Call("ArgusOracle", addresses.oracle, "updateMetrics", (leader, score, 5_500, 1_200, 10))
        for leader, score in leaders
    ]
    await chain.send(*((addresses.keeper, call) for call in calls))


async def _open_vaults(chain: Chain, addresses: Addresses) -> None:
    """A vault per leader, the hostile name among them, and one whose base asset does not exist."""
    names = [name.encode() for name in NAMES[: len(addresses.leaders)]]
    bases = [addresses.tokens[BASES[at % len(BASES)]] for at in range(len(names))]
    wishes = [*zip(addresses.leaders, names, bases, strict=True)]
    wishes.append((addresses.leaders[0], HOSTILE_NAME, bases[0]))
    wishes.append((addresses.leaders[1], b"", Address(NO_ASSET)))
    await chain.send(
        *(
            (leader, Call("VaultFactory", addresses.factory, "createVault", (name, base)))
            for leader, name, base in wishes
        )
    )
