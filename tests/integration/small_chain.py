"""A chain with one vault, of which a test states every transaction."""

from __future__ import annotations

import random
from typing import Any

from libs.identifiers import checksum_address
from tests.chain_node.abi import call_data, word
from tests.chain_node.activity import FOLLOWERS, LEADERS, Activity
from tests.chain_node.chain import Block, Reverts, Transaction
from tests.chain_node.contracts import USD

VAULT = "0x" + "e1" * 20
ADDRESS = checksum_address(VAULT)
LEADER = checksum_address(LEADERS[0])
FOLLOWER = checksum_address(FOLLOWERS[0])


class _Usd(random.Random):
    """Chance that always takes USD as a vault's base asset."""

    def choice(self, seq: Any) -> Any:
        assert USD in seq
        return USD


class SmallChain:
    """Blocks of single transactions; a transaction's hash is made of two hex digits."""

    def __init__(self) -> None:
        self._activity = Activity(0)
        self.chain = self._activity.chain
        self.protocol = self._activity.protocol
        self._contracts = self._activity.contracts

    @property
    def head(self) -> Block:
        """The newest block."""
        return self.chain.head

    def block(self, *transactions: Transaction, seconds: int = 2) -> Block:
        """Add a block."""
        return self.chain.append(transactions, seconds=seconds)

    def deployment(
        self, mark: str, *, name: bytes | None = b"Phoenix", deposit: int = 0, vault: str = VAULT
    ) -> Transaction:
        """Deploys a vault, and maybe pays in at once."""
        transaction = Transaction("0x" + mark * 32)
        self._contracts.deploy(transaction, vault, LEADERS[0], name, _Usd())
        if deposit:
            self._contracts.deposit(transaction, vault, FOLLOWERS[0], deposit)
        return transaction

    def deposit(self, mark: str, amount: int, *, follower: str = FOLLOWERS[0]) -> Transaction:
        """A follower pays in."""
        transaction = Transaction("0x" + mark * 32)
        self._contracts.deposit(transaction, VAULT, follower, amount)
        return transaction

    def withdrawal(self, mark: str, amount: int) -> Transaction:
        """The follower takes out."""
        transaction = Transaction("0x" + mark * 32)
        self._contracts.withdraw(transaction, VAULT, FOLLOWERS[0], amount)
        return transaction

    def freezing(self, mark: str) -> Transaction:
        """The risk manager freezes VAULT, with an event."""
        transaction = Transaction("0x" + mark * 32)
        self._contracts.freeze(transaction, VAULT, b"drawdown")
        return transaction

    def set_frozen(self, flag: bool) -> None:
        """From the next block on the risk manager says so; no event tells."""
        self.chain.set_view(self._contracts.risk_manager, call_data("isVaultFrozen(address)", VAULT), word(flag))

    def rate(self, score: int) -> None:
        """From the next block on the oracle says so; no event tells."""
        data = call_data("getPerformanceMetrics(address)", LEADERS[0])
        self.chain.set_view(self._contracts.oracle, data, b"".join(map(word, (score, 0, 0, 1, 1))))

    def set_tvl(self, result: bytes | Reverts) -> None:
        """From the next block on the vault's totalVaultTVL() gives this."""
        self.chain.set_view(VAULT, call_data("totalVaultTVL()"), result)
