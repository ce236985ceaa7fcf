"""What lists of trades, flows and followers are asked for, and the rows that only lists have."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, NamedTuple

from libs.events import Kind
from libs.identifiers import Address, UserId, VaultId
from services.analytics.domain import FollowerRow


@dataclass(frozen=True, slots=True)
class TradeFilter:
    """Conditions that all hold; None is no condition. Times in seconds, both included; sign is that of the result."""

    since: int | None = None
    until: int | None = None
    asset: Address | None = None
    is_close: bool | None = None
    sign: int | None = None
    flag: str | None = None

    def conditions(self) -> dict[str, Any]:
        """The conditions that are there, by name."""
        return _given(self)


@dataclass(frozen=True, slots=True)
class FlowFilter:
    """Conditions that all hold; None is no condition. Times in seconds, both included."""

    kind: Kind | None = None
    user: UserId | None = None
    since: int | None = None
    until: int | None = None

    def conditions(self) -> dict[str, Any]:
        """The conditions that are there, by name."""
        return _given(self)


class FollowerStatus(Enum):
    """Which followers a list is about."""

    ANY = "any"
    ACTIVE = "active"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class FlowPosition:
    """Place of a flow in the list of a vault's flows, latest first."""

    time: int
    block_order: int
    log_order: int
    source: str
    kind: int
    wallet: str
    identity: str


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A stored flow; amounts as decimal text, times in seconds. Cuts and profit are those of settlements."""

    vault_id: VaultId
    kind: Kind
    user_id: UserId
    wallet_address: str
    amount: str
    profit: str | None
    leader_cut: str | None
    protocol_cut: str | None
    executed_at: int
    time_assumed: bool
    transaction_hash: str
    log_index: int | None
    block_number: int | None
    position: FlowPosition


@dataclass(frozen=True, slots=True)
class PositionRow:
    """A wallet as the follower of a vault."""

    vault_id: VaultId
    contract_address: str
    vault_name: str
    base_asset: str
    follower: FollowerRow


class PositionTotals(NamedTuple):
    """How many positions a wallet has, how many of them run, and when their vaults changed last."""

    listed: int
    active: int
    as_of: int | None
    block_number: int | None


class FollowedVault(NamedTuple):
    """A vault that a wallet ever had a flow with; None where the first one's point is not written yet."""

    vault_id: VaultId
    base_asset: str
    first_at: int | None


def _given(conditions: TradeFilter | FlowFilter) -> dict[str, Any]:
    given = {name: value for name, value in asdict(conditions).items() if value is not None}
    # A driver knows integers, not their names.
    return {name: int(value) if isinstance(value, Kind) else value for name, value in given.items()}
