"""A small chain for decoder tests: writes logs one after the other as a node would answer them."""

from __future__ import annotations

from typing import Any

from libs.identifiers import Address, checksum_address
from services.ingest.chain import contracts
from services.ingest.chain.contracts import VaultFacts
from services.ingest.chain.decoder import Decoded, decode_window
from services.ingest.chain.job import Job
from services.ingest.chain.protocol import Protocol, initial_state


def address(number: int) -> str:
    return f"0x{number:040x}"


FACTORY, REGISTRY, RISK, SPLITTER, ORACLE = (address(0xF0 + at) for at in range(5))
VAULT, OTHER_VAULT, LEADER, FOLLOWER, USD, WETH, ROUTER = (address(0xA0 + at) for at in range(7))
PROTOCOL = Protocol(
    chain_id=125,
    factory=checksum_address(FACTORY),
    registry=checksum_address(REGISTRY),
    risk_manager=checksum_address(RISK),
    splitter=checksum_address(SPLITTER),
    oracle=checksum_address(ORACLE),
    known_vaults=frozenset({checksum_address(VAULT), checksum_address(OTHER_VAULT)}),
)
NO_VAULTS = Protocol(
    chain_id=125,
    factory=checksum_address(FACTORY),
    registry=checksum_address(REGISTRY),
    risk_manager=checksum_address(RISK),
)
FACTS = {checksum_address(VAULT): VaultFacts(b"Alpha", checksum_address(USD), 6)}
TX = "0x" + "11" * 32


def word(value: int | str) -> str:
    number = int(value, 16) if isinstance(value, str) else value
    return f"{number:064x}"


def text_data(raw: bytes) -> str:
    return "0x" + word(32) + word(len(raw)) + (raw + bytes(-len(raw) % 32)).hex()


class Chain:
    """Writes logs one after the other as a node would answer them."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []
        self.block, self.tx = 10, TX

    def log(self, emitter: str, event: Any, *topics: str, data: str = "0x") -> Chain:
        self.logs.append(
            {
                "address": emitter,
                "topics": [event.TOPIC, *("0x" + word(topic) for topic in topics)],
                "data": data,
                "blockHash": "0x" + word(0xB10C00 + self.block),
                "blockNumber": hex(self.block),
                "blockTimestamp": hex(1_788_270_500 + self.block),
                "transactionHash": self.tx,
                "transactionIndex": "0x0",
                "logIndex": hex(len(self.logs)),
                "removed": False,
            }
        )
        return self

    def next_tx(self) -> Chain:
        self.tx = "0x" + word(int(self.tx, 16) + 1)
        return self

    def next_block(self) -> Chain:
        self.block += 1
        return self.next_tx()

    def deploy(self, vault: str = VAULT, *, by: str = FACTORY) -> Chain:
        return self.log(by, contracts.VaultDeployed, LEADER, vault)

    def transfer(self, token: str, sender: str, recipient: str, value: int) -> Chain:
        return self.log(token, contracts.Transfer, sender, recipient, data="0x" + word(value))

    def trade(self, amount: int = 5, vault: str = VAULT, token_in: str = USD, token_out: str = WETH) -> Chain:
        return self.log(vault, contracts.TradeExecuted, token_in, token_out, data="0x" + word(amount))

    def subscribe(self, amount: int = 7, vault: str = VAULT) -> Chain:
        return self.log(vault, contracts.FollowerSubscribed, FOLLOWER, data="0x" + word(amount))

    def split(self, *amounts: int, vault: str = VAULT, by: str = SPLITTER) -> Chain:
        return self.log(by, contracts.ProfitSplit, vault, USD, data="0x" + "".join(map(word, amounts)))

    def settle(self, profit: int, vault: str = VAULT) -> Chain:
        return self.log(vault, contracts.ProfitSettled, FOLLOWER, data="0x" + word(profit))

    def freeze(self, vault: str = VAULT, *, reason: bytes = b"drawdown", by: str = RISK) -> Chain:
        return self.log(by, contracts.VaultFrozen, vault, data=text_data(reason))


def decode(chain: Chain, protocol: Protocol = PROTOCOL, facts: dict[Address, VaultFacts] | None = None) -> Decoded:
    return decode_window(protocol, initial_state(protocol), chain.logs, facts=FACTS if facts is None else facts)


def only(chain: Chain, protocol: Protocol = PROTOCOL) -> Job:
    (job,) = decode(chain, protocol).jobs
    return job
