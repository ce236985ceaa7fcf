"""The protocol's contracts as a log reader sees them: one class per event, and results of view calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, NewType

from libs.identifiers import Address, checksum_address

# Nodes write addresses in lower case, so logs are matched in it and checksummed on the way out.
RawAddress = NewType("RawAddress", str)

_WORD: Final = 32


class MalformedError(ValueError):
    """Bytes on the chain that are not what the ABI says; the text says how."""


class Log(NamedTuple):
    """One log with its place on the chain."""

    block_number: int
    log_index: int  # within the block
    address: RawAddress
    topics: tuple[str, ...]  # 0x and 64 lower-case hex digits each
    data: bytes
    block_hash: str
    block_time: int  # UNIX seconds
    transaction_hash: str


@dataclass(frozen=True, slots=True)
class VaultDeployed:
    """VaultFactory: a vault's proxy was deployed for a leader."""

    SIGNATURE: ClassVar[str] = "VaultDeployed(address,address)"
    TOPIC: ClassVar[str] = "0x09d75e12e349f79020715b0ea7b2c707e8acf1889b6d6f1337fce7f4e1b9e5c7"
    leader: RawAddress
    vault: RawAddress

    @classmethod
    def from_log(cls, log: Log) -> VaultDeployed:
        """MalformedError when the log is not one."""
        leader, vault = _addresses(log, 2)
        return cls(leader, vault)


@dataclass(frozen=True, slots=True)
class FactoryUpdated:
    """VaultRegistry: another factory registers vaults from now on."""

    SIGNATURE: ClassVar[str] = "FactoryUpdated(address,address)"
    TOPIC: ClassVar[str] = "0x333c7678baf16017cf31e1d2f90143a62aab01a67a0807f6836a4304ceabb555"
    old_factory: RawAddress
    new_factory: RawAddress

    @classmethod
    def from_log(cls, log: Log) -> FactoryUpdated:
        """MalformedError when the log is not one."""
        old, new = _addresses(log, 2)
        return cls(old, new)


@dataclass(frozen=True, slots=True)
class VaultRegistered:
    """VaultRegistry: a vault was entered for a leader. It proves nothing that VaultDeployed doesn't."""

    SIGNATURE: ClassVar[str] = "VaultRegistered(address,address)"
    TOPIC: ClassVar[str] = "0xf8ee9039d8e4d43426638703c71517008894fdea742bb2d2dbff5a46fb07abdb"
    leader: RawAddress
    vault: RawAddress

    @classmethod
    def from_log(cls, log: Log) -> VaultRegistered:
        """MalformedError when the log is not one."""
        leader, vault = _addresses(log, 2)
        return cls(leader, vault)


@dataclass(frozen=True, slots=True)
class TradeExecuted:
    """CopyTradingVault: the leader sold `amount_in` of one token for another."""

    SIGNATURE: ClassVar[str] = "TradeExecuted(address,address,uint256)"
    TOPIC: ClassVar[str] = "0xad559ea7e44788d51a5db6d67fc2c8a295a8f35a08b02e2b427160b7c7dbfe78"
    token_in: RawAddress
    token_out: RawAddress
    amount_in: int

    @classmethod
    def from_log(cls, log: Log) -> TradeExecuted:
        """MalformedError when the log is not one."""
        token_in, token_out = _addresses(log, 2)
        return cls(token_in, token_out, *_uints(log, 1))


@dataclass(frozen=True, slots=True)
class FollowerSubscribed:
    """CopyTradingVault: a follower paid in."""

    SIGNATURE: ClassVar[str] = "FollowerSubscribed(address,uint256)"
    TOPIC: ClassVar[str] = "0x8905707d23c5aac221ae40d295833e3a0872161b8c6c8a15450518c8caebef8b"
    follower: RawAddress
    amount: int

    @classmethod
    def from_log(cls, log: Log) -> FollowerSubscribed:
        """MalformedError when the log is not one."""
        (follower,) = _addresses(log, 1)
        return cls(follower, *_uints(log, 1))


@dataclass(frozen=True, slots=True)
class FollowerUnsubscribed:
    """CopyTradingVault: a follower took out; 0 from a stranger is legal."""

    SIGNATURE: ClassVar[str] = "FollowerUnsubscribed(address,uint256)"
    TOPIC: ClassVar[str] = "0x21b25670e898ec378f820d28b664b8633d67b7b62e3ecc8067d3314d17a478a0"
    follower: RawAddress
    amount: int

    @classmethod
    def from_log(cls, log: Log) -> FollowerUnsubscribed:
        """MalformedError when the log is not one."""
        (follower,) = _addresses(log, 1)
        return cls(follower, *_uints(log, 1))


@dataclass(frozen=True, slots=True)
class ProfitSettled:
    """CopyTradingVault: a follower's profit was settled."""

    SIGNATURE: ClassVar[str] = "ProfitSettled(address,uint256)"
    TOPIC: ClassVar[str] = "0xd8efb109c8f24e975d355769033ecab3141e036ddef8f19c615003220403cf8a"
    follower: RawAddress
    profit: int

    @classmethod
    def from_log(cls, log: Log) -> ProfitSettled:
        """MalformedError when the log is not one."""
        (follower,) = _addresses(log, 1)
        return cls(follower, *_uints(log, 1))


@dataclass(frozen=True, slots=True)
class VaultFrozen:
    """RiskManager: an address, mostly a vault, was frozen with any bytes as reason."""

    SIGNATURE: ClassVar[str] = "VaultFrozen(address,string)"
    TOPIC: ClassVar[str] = "0x56331f3771ccf62433e54cdd1e4d9c699bc4cf5b0cbf83f8d7d7b307fa126963"
    vault: RawAddress
    reason: bytes

    @classmethod
    def from_log(cls, log: Log) -> VaultFrozen:
        """MalformedError when the log is not one."""
        (vault,) = _addresses(log, 1)
        return cls(vault, abi_string(log.data))


@dataclass(frozen=True, slots=True)
class OracleUpdated:
    """RiskManager: scores come from another oracle from now on."""

    SIGNATURE: ClassVar[str] = "OracleUpdated(address)"
    TOPIC: ClassVar[str] = "0x3df77beb5db05fcdd70a30fc8adf3f83f9501b68579455adbd100b8180940394"
    oracle: RawAddress

    @classmethod
    def from_log(cls, log: Log) -> OracleUpdated:
        """MalformedError when the log is not one."""
        (oracle,) = _addresses(log, 1)
        return cls(oracle)


@dataclass(frozen=True, slots=True)
class ProfitSplit:
    """RevenueSplitter: a profit was divided; `vault` is whoever called, a vault or not."""

    SIGNATURE: ClassVar[str] = "ProfitSplit(address,address,uint256,uint256,uint256,uint256)"
    TOPIC: ClassVar[str] = "0x88e64a8c9ef779490c1dda5307f883d32e0d2e1a63d645721579f0de9271048c"
    vault: RawAddress
    token: RawAddress
    total_profit: int
    leader_cut: int
    protocol_cut: int
    follower_remaining: int

    @classmethod
    def from_log(cls, log: Log) -> ProfitSplit:
        """MalformedError when the log is not one."""
        vault, token = _addresses(log, 2)
        return cls(vault, token, *_uints(log, 4))


@dataclass(frozen=True, slots=True)
class Transfer:
    """ERC-20: tokens moved."""

    SIGNATURE: ClassVar[str] = "Transfer(address,address,uint256)"
    TOPIC: ClassVar[str] = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    sender: RawAddress
    recipient: RawAddress
    value: int

    @classmethod
    def from_log(cls, log: Log) -> Transfer:
        """MalformedError when the log is not one: an ERC-721 transfer has another topic, for instance."""
        sender, recipient = _addresses(log, 2)
        return cls(sender, recipient, *_uints(log, 1))


@dataclass(frozen=True, slots=True)
class VaultFacts:
    """What a vault's views say and its VaultDeployed doesn't."""

    name: bytes  # as the leader wrote it, not always UTF-8
    base_asset: Address
    decimals: int | None  # 0 to 255; None when the base asset does not tell

    @classmethod
    def from_results(cls, name: bytes, base_asset: bytes, decimals: bytes | None) -> VaultFacts:
        """Facts from the results of vaultName(), baseAsset() and the asset's decimals() (None: reverted).

        MalformedError when name or base asset is not what the ABI says.
        """
        if len(base_asset) < _WORD:
            raise MalformedError("baseAsset() returned less than one word")
        asset = checksum_address(_address("0x" + base_asset[:_WORD].hex()))
        places = None if decimals is None or len(decimals) < _WORD else int.from_bytes(decimals[:_WORD])
        return cls(abi_string(name), asset, places if places is not None and places <= 255 else None)


def abi_string(data: bytes) -> bytes:
    """The bytes of a single ABI-encoded string; MalformedError when it reaches beyond the data."""
    offset = int.from_bytes(data[:_WORD])
    start = offset + _WORD
    length = int.from_bytes(data[offset:start])
    if len(data) < _WORD or start > len(data) or length > len(data) - start:
        raise MalformedError("the string reaches beyond the data")
    return data[start : start + length]


def lenient_text(raw: bytes) -> str:
    """Text of any bytes: NUL and what is not UTF-8 become U+FFFD, everything else stays."""
    return raw.decode("utf-8", errors="replace").replace("\0", "\ufffd")


def _addresses(log: Log, count: int) -> tuple[RawAddress, ...]:
    if len(log.topics) != count + 1:
        raise MalformedError(f"{len(log.topics)} topics instead of {count + 1}")
    return tuple(_address(topic) for topic in log.topics[1:])


def _address(word: str) -> RawAddress:
    if not word.startswith("0x000000000000000000000000"):
        raise MalformedError("an address with more than 20 bytes")
    return RawAddress("0x" + word[26:])


def _uints(log: Log, count: int) -> tuple[int, ...]:
    if len(log.data) < count * _WORD:
        raise MalformedError(f"{len(log.data)} bytes of data instead of {count * _WORD}")
    return tuple(int.from_bytes(log.data[at : at + _WORD]) for at in range(0, count * _WORD, _WORD))
