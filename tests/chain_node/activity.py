"""A generated protocol at work on a test chain: vaults, flows, trades, freezes, scores, and forgeries of them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from eth_hash.auto import keccak

from libs.identifiers import checksum_address
from services.ingest.chain.protocol import Protocol
from tests.chain_node.abi import abi_text, call_data, word
from tests.chain_node.chain import Block, Chain, Reverts, Transaction
from tests.chain_node.contracts import Contracts, address_of, names_of_vaults

FOLLOWERS = [address_of(f"follower {at}") for at in range(8)]
LEADERS = [address_of(f"leader {at}") for at in range(3)]
STRANGER = address_of("stranger")
MAX_UINT256 = 2**256 - 1


@dataclass(frozen=True)
class Intent:
    """What somebody wants to do; executed again in another block it may turn out differently."""

    hash: str
    steps: tuple[tuple[str, int], ...]  # what, and the seed of its details


class Activity:
    """Fills a chain block by block; the same seed gives the same chain."""

    def __init__(self, seed: int, chain: Chain | None = None) -> None:
        self.chain = chain or Chain()
        self._random = random.Random(seed)
        self._seed = seed
        self._count = 0
        self._steps: dict[str, tuple[tuple[str, int], ...]] = {}  # of every transaction, to execute it again
        self._births: list[tuple[int, str]] = []  # block and address of each vault
        self._broken: set[str] = set()
        self._names = names_of_vaults()
        self.contracts = Contracts(self.chain)
        self.chain.append()

    @property
    def vaults(self) -> list[str]:
        """Addresses of the vaults that exist now, the oldest first."""
        return [address for _, address in self._births]

    @property
    def protocol(self) -> Protocol:
        """What an operator of this chain configures."""
        contracts = self.contracts
        return Protocol(
            chain_id=self.chain.chain_id,
            factory=checksum_address(contracts.factory),
            registry=checksum_address(contracts.registry),
            risk_manager=checksum_address(contracts.risk_manager),
            splitter=checksum_address(contracts.splitter),
            oracle=checksum_address(contracts.oracle),
        )

    def mine(self, blocks: int = 1, *, busy: float = 0.6) -> None:
        """Add blocks; `busy` is the share of them that hold transactions."""
        for _ in range(blocks):
            count = self._random.randint(1, 5) if self._random.random() < busy else 0
            self._mine([self._intent() for _ in range(count)])

    def reorganise(self, depth: int, *, blocks: int | None = None) -> list[Block]:
        """Replace the newest blocks, by one more unless told; most of what was in them happens again, elsewhere.

        Gives the dropped blocks.
        """
        dropped = self.chain.drop(depth)
        self._births = [birth for birth in self._births if birth[0] < len(self.chain.blocks)]
        again = [Intent(tx, self._steps[tx]) for block in dropped for tx in block.transactions]
        again = [intent for intent in again if self._random.random() < 0.8]
        count = depth + 1 if blocks is None else blocks
        for left in range(count, 0, -1):
            share = len(again) if left == 1 else self._random.randint(0, len(again) // left)
            self._mine(again[:share])
            del again[:share]
        return dropped

    def _mine(self, intents: list[Intent]) -> None:
        self.chain.append([self._execute(intent) for intent in intents], seconds=self._random.choice((1, 2, 2, 2, 5)))

    def _intent(self) -> Intent:
        self._count += 1
        tx = "0x" + keccak(f"transaction {self._seed} {self._count}".encode()).hex()
        count = self._random.choice((1, 1, 1, 2, 3))
        steps = tuple((self._kind(), self._random.getrandbits(48)) for _ in range(count))
        self._steps[tx] = steps
        return Intent(tx, steps)

    def _kind(self) -> str:
        if not self._births or self._random.random() < 0.03:
            return "deploy"
        kinds = {
            "deposit": 25,
            "trade": 30,
            "withdraw": 15,
            "noise": 10,
            "forgery": 4,
            "freeze": 2,
            "unfreeze": 2,
            "score": 4,
            "settle": 3,
            "nothing": 5,
            "second_factory": 1,
        }
        return self._random.choices(list(kinds), list(kinds.values()))[0]

    def _execute(self, intent: Intent) -> Transaction:
        transaction = Transaction(intent.hash)
        for kind, seed in intent.steps:
            getattr(self, f"_{kind}")(transaction, random.Random(seed))
        return transaction

    def _vault(self, chance: random.Random) -> str | None:
        sound = [vault for vault in self.vaults if vault not in self._broken]
        return chance.choice(sound) if sound else None

    def _deploy(self, transaction: Transaction, chance: random.Random) -> None:
        vault = address_of(f"vault {chance.getrandbits(64)}")
        name, leader = chance.choice(self._names), chance.choice(LEADERS)
        self.contracts.deploy(transaction, vault, leader, name, chance)
        self._births.append((len(self.chain.blocks), vault))

    def _deposit(self, transaction: Transaction, chance: random.Random) -> None:
        vault = self._vault(chance)
        if vault is not None:
            amount = chance.choice((chance.randint(1, 10**9), chance.randint(1, 10**24), chance.randint(1, 2**200)))
            self.contracts.deposit(transaction, vault, chance.choice(FOLLOWERS), amount)

    def _withdraw(self, transaction: Transaction, chance: random.Random) -> None:
        vault = self._vault(chance)
        if vault is None:
            return
        if chance.random() < 0.1:
            self.contracts.withdraw(transaction, vault, STRANGER, 0)
            return
        follower = chance.choice(FOLLOWERS)
        deposited = self.contracts.deposited(vault, follower)
        amount = deposited if chance.random() < 0.4 else chance.randint(0, deposited)
        self.contracts.withdraw(transaction, vault, follower, amount)

    def _trade(self, transaction: Transaction, chance: random.Random) -> None:
        vault = self._vault(chance)
        if vault is not None:
            self.contracts.trade(transaction, vault, chance)

    def _settle(self, transaction: Transaction, chance: random.Random) -> None:
        vault = self._vault(chance)
        if vault is not None:
            self.contracts.settle(transaction, vault, chance.choice(FOLLOWERS), chance.randint(1, 10**9))

    def _freeze(self, transaction: Transaction, chance: random.Random) -> None:
        vault = STRANGER if chance.random() < 0.2 else self._vault(chance)
        if vault is not None:
            reason = chance.choice((b"", b"drawdown", "Notbremse 🧯".encode(), b"\xff\xfe\x00", b"x" * 3000))
            self.contracts.freeze(transaction, vault, reason)

    def _unfreeze(self, _transaction: Transaction, chance: random.Random) -> None:
        vault = self._vault(chance)
        if vault is not None:
            self.chain.set_view(self.contracts.risk_manager, call_data("isVaultFrozen(address)", vault), word(0))

    def _score(self, _transaction: Transaction, chance: random.Random) -> None:
        time = self.chain.head.timestamp + 2
        figures = (
            chance.randint(0, 1000),
            chance.randint(0, 10_000),
            chance.randint(0, 10_000),
            chance.randint(0, 99),
            time,
        )
        data = call_data("getPerformanceMetrics(address)", chance.choice(LEADERS))
        self.chain.set_view(self.contracts.oracle, data, b"".join(map(word, figures)))

    def _noise(self, transaction: Transaction, chance: random.Random) -> None:
        self.contracts.noise(transaction, chance)

    def _forgery(self, transaction: Transaction, chance: random.Random) -> None:
        self.contracts.forgery(transaction, self._vault(chance) or STRANGER, chance)

    def _nothing(self, _transaction: Transaction, _chance: random.Random) -> None:
        """A transaction that was reverted or only moved coins."""

    def _second_factory(self, transaction: Transaction, _chance: random.Random) -> None:
        self.contracts.announce_factory(transaction)

    def break_views(self, vault: str) -> None:
        """From the next block on the vault's views revert or return what they should not: its owner changed it.

        Nothing more happens to that vault.
        """
        self._broken.add(vault)
        self.chain.set_view(vault, call_data("totalVaultTVL()"), Reverts())
        self.chain.set_view(vault, call_data("leader()"), b"\x01")
        self.chain.set_view(vault, call_data("vaultName()"), word(32) + word(MAX_UINT256))
        self.chain.set_view(vault, call_data("owner()"), abi_text(b"\xff" * 70_000))
        for follower in FOLLOWERS:
            self.chain.set_view(vault, call_data("followers(address)", follower), b"")
