"""The generated protocol's contracts: each call leaves the logs and view results that the real ones leave."""

from __future__ import annotations

import random

from eth_hash.auto import keccak

from tests.chain_node.abi import abi_text, call_data, event_topic, topic_of, word
from tests.chain_node.chain import Chain, Emitted, Reverts, Transaction

TRANSFER = event_topic("Transfer(address,address,uint256)")
APPROVAL = event_topic("Approval(address,address,uint256)")
DEPLOYED = event_topic("VaultDeployed(address,address)")
REGISTERED = event_topic("VaultRegistered(address,address)")
FACTORY_UPDATED = event_topic("FactoryUpdated(address,address)")
TRADE = event_topic("TradeExecuted(address,address,uint256)")
SUBSCRIBED = event_topic("FollowerSubscribed(address,uint256)")
UNSUBSCRIBED = event_topic("FollowerUnsubscribed(address,uint256)")
SETTLED = event_topic("ProfitSettled(address,uint256)")
FROZEN = event_topic("VaultFrozen(address,string)")
SPLIT = event_topic("ProfitSplit(address,address,uint256,uint256,uint256,uint256)")


def address_of(name: str) -> str:
    """An address that follows from a name."""
    return "0x" + keccak(name.encode())[-20:].hex()


USD, WETH, WBTC, MUTE = (address_of(f"token {name}") for name in ("USD", "WETH", "WBTC", "MUTE"))
TOKENS = (USD, WETH, WBTC)
ROUTER, SPOOFER = address_of("router"), address_of("spoofer")


def names_of_vaults() -> list[bytes | None]:
    """What vaultName() returns; None: it reverts."""
    return [
        *(b"Alpha", b"Alpha", b"", "龙虾策略 🦞".encode(), b"nul \x00 inside", b"\xff\xfe broken", b"long " * 2000),
        *(b"Beta", b"Gamma", b"Delta", None),
    ]


class Contracts:
    """Executes calls on a chain; the state is in the chain's views, so that dropping blocks rewinds it."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.factory, self.second_factory = address_of("factory"), address_of("second factory")
        self.registry, self.splitter = address_of("registry"), address_of("splitter")
        self.risk_manager, self.oracle = address_of("risk manager"), address_of("oracle")
        chain.set_default(self.risk_manager, call_data("isVaultFrozen(address)"), word(0))
        chain.set_default(self.oracle, call_data("getPerformanceMetrics(address)"), word(0) * 5)
        chain.set_view(self.risk_manager, call_data("argusOracle()"), word(self.oracle))
        # The registry's current factory: not a view of the real one, only kept here so that a reorg rewinds it.
        chain.set_view(self.registry, call_data("factory()"), word(self.factory))
        for token, decimals, symbol in ((USD, 6, b"USD"), (WETH, 18, b"WETH"), (WBTC, 8, b"WBTC")):
            chain.set_view(token, call_data("decimals()"), word(decimals))
            chain.set_view(token, call_data("symbol()"), abi_text(symbol))
        chain.set_view(MUTE, call_data("symbol()"), b"\x4d\x55\x54\x45" + bytes(28))  # bytes32, as old tokens do

    def deploy(
        self, transaction: Transaction, vault: str, leader: str, name: bytes | None, chance: random.Random
    ) -> None:
        """The factory deploys a vault's proxy and the registry enters it."""
        factory = "0x" + self._result(self.registry, "factory()")[-20:].hex()
        base = chance.choice((USD, USD, USD, WETH, MUTE, address_of("no code")))
        for signature, result in (
            ("leader()", word(leader)),
            ("owner()", word(leader)),
            ("vaultName()", Reverts(b"no") if name is None else abi_text(name)),
            ("baseAsset()", word(base)),
            ("totalVaultTVL()", word(0)),
        ):
            self._chain.set_view(vault, call_data(signature), result)
        self._chain.set_default(vault, call_data("followers(address)"), word(0) * 2)
        topics = [topic_of(leader), topic_of(vault)]
        transaction.logs.append(Emitted(factory, [DEPLOYED, *topics]))
        transaction.logs.append(Emitted(self.registry, [REGISTERED, *topics]))

    def deposited(self, vault: str, follower: str) -> int:
        """A follower's deposit by now."""
        return int.from_bytes(self._result(vault, "followers(address)", follower)[:32])

    def deposit(self, transaction: Transaction, vault: str, follower: str, amount: int) -> None:
        """A follower pays in."""
        self._transfer(transaction, self._base(vault), follower, vault, amount)
        transaction.logs.append(Emitted(vault, [SUBSCRIBED, topic_of(follower)], word(amount)))
        self._change_deposit(vault, follower, amount)

    def withdraw(self, transaction: Transaction, vault: str, follower: str, amount: int) -> None:
        """A follower takes out at most the deposit."""
        self._transfer(transaction, self._base(vault), vault, follower, amount)
        transaction.logs.append(Emitted(vault, [UNSUBSCRIBED, topic_of(follower)], word(amount)))
        self._change_deposit(vault, follower, -amount)

    def trade(self, transaction: Transaction, vault: str, chance: random.Random) -> None:
        """The leader swaps; a donation of the bought token may come before, and the price is anything."""
        token_in, token_out = chance.sample(TOKENS, 2)
        sold = chance.choice((chance.randint(1, 10**12), chance.randint(1, 10**20)))
        if chance.random() < 0.1:
            self._transfer(transaction, token_out, SPOOFER, vault, chance.randint(1, 10**9))
        self._transfer(transaction, token_in, vault, ROUTER, sold)
        self._transfer(transaction, token_out, ROUTER, vault, chance.randint(1, 10**12))
        stated = 2**256 - 1 if chance.random() < 0.02 else sold
        transaction.logs.append(Emitted(vault, [TRADE, topic_of(token_in), topic_of(token_out)], word(stated)))

    def settle(self, transaction: Transaction, vault: str, follower: str, profit: int) -> None:
        """A follower's profit is split and settled."""
        leader_cut, protocol_cut = profit // 10, profit // 50
        amounts = (profit, leader_cut, protocol_cut, profit - leader_cut - protocol_cut)
        topics = [SPLIT, topic_of(vault), topic_of(self._base(vault))]
        transaction.logs.append(Emitted(self.splitter, topics, b"".join(map(word, amounts))))
        transaction.logs.append(Emitted(vault, [SETTLED, topic_of(follower)], word(profit)))

    def freeze(self, transaction: Transaction, vault: str, reason: bytes) -> None:
        """The risk manager freezes an address, a vault or not."""
        transaction.logs.append(Emitted(self.risk_manager, [FROZEN, topic_of(vault)], abi_text(reason)))
        self._chain.set_view(self.risk_manager, call_data("isVaultFrozen(address)", vault), word(1))

    def announce_factory(self, transaction: Transaction) -> None:
        """The registry says that the second factory deploys from now on."""
        before = self._result(self.registry, "factory()")
        topics = [FACTORY_UPDATED, "0x" + before.hex(), topic_of(self.second_factory)]
        transaction.logs.append(Emitted(self.registry, topics))
        self._chain.set_view(self.registry, call_data("factory()"), word(self.second_factory))

    def noise(self, transaction: Transaction, chance: random.Random) -> None:
        """Logs of contracts that have nothing to do with the protocol."""
        one, two = (address_of(f"somebody {chance.randrange(50)}") for _ in range(2))
        self._transfer(transaction, chance.choice(TOKENS), one, two, chance.randint(0, 10**18))
        transaction.logs.append(Emitted(WETH, [APPROVAL, topic_of(one), topic_of(ROUTER)], word(2**256 - 1)))
        transaction.logs.append(Emitted(SPOOFER, [], b"no topic at all"))

    def forgery(self, transaction: Transaction, vault: str, chance: random.Random) -> None:
        """The protocol's topics from an address that is not the protocol's."""
        who = topic_of(address_of("forged"))
        transaction.logs.append(Emitted(SPOOFER, [DEPLOYED, who, topic_of(SPOOFER)]))
        transaction.logs.append(Emitted(SPOOFER, [SUBSCRIBED, who], word(chance.randint(1, 10**9))))
        transaction.logs.append(Emitted(SPOOFER, [TRADE, topic_of(USD), topic_of(WETH)], word(5)))
        transaction.logs.append(Emitted(SPOOFER, [FROZEN, topic_of(vault)], abi_text(b"forged")))
        transaction.logs.append(Emitted(SPOOFER, [SPLIT, topic_of(vault), topic_of(USD)], word(9) * 4))

    def _base(self, vault: str) -> str:
        return "0x" + self._result(vault, "baseAsset()")[-20:].hex()

    def _change_deposit(self, vault: str, follower: str, change: int) -> None:
        deposited = self.deposited(vault, follower) + change
        total = int.from_bytes(self._result(vault, "totalVaultTVL()")) + change
        self._chain.set_view(vault, call_data("followers(address)", follower), word(deposited) * 2)
        self._chain.set_view(vault, call_data("totalVaultTVL()"), word(total))

    def _transfer(self, transaction: Transaction, token: str, sender: str, recipient: str, value: int) -> None:
        topics = [TRANSFER, topic_of(sender), topic_of(recipient)]
        transaction.logs.append(Emitted(token, topics, word(value)))

    def _result(self, contract: str, signature: str, *arguments: str) -> bytes:
        result = self._chain.view(contract, call_data(signature, *arguments))
        assert isinstance(result, bytes)
        return result
