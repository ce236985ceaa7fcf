"""The events as the services work with them: domain types, their order, and reading them from protobuf."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from hashlib import blake2b
from typing import Final, NamedTuple, Self, TypeAlias

from libs.errors import FieldViolation, InvalidArgument
from libs.identifiers import Address, checksum_address, is_transaction_hash
from libs.uint256 import parse_signed, parse_uint256
from protos.events.v1 import events_pb2 as pb

# A missing block number or log index orders last among its equals.
NO_BLOCK: Final = 2**63 - 1
NO_LOG_INDEX: Final = 2**31 - 1

MAX_EVENTS_PER_CALL: Final = 5_000
MAX_BLOCKS_PER_CALL: Final = 10_000
# An answer's status travels in headers, of which gRPC takes 8 KiB.
MAX_VIOLATIONS: Final = 20

# The year 10000, which neither Python nor ISO 8601 can write.
END_OF_TIME: Final = 253_402_300_800


class Kind(IntEnum):
    """Kind of an event; of the ledger's kinds, the value is the place among equals in the ledger's order."""

    DEPOSIT = 0
    TRADE = 1
    SETTLEMENT = 2
    WITHDRAWAL = 3
    DEPLOYMENT = 4
    SCORE = 5
    STATUS = 6


class OrderKey(NamedTuple):
    """Place of an event in the ledger (metrics.md "Order"); tuples compare as the ledger orders."""

    time: int
    block_number: int
    log_index: int
    source: str
    kind: Kind
    follower: str

    @classmethod
    def at(
        cls,
        time: int,
        source: str,
        kind: Kind,
        *,
        block_number: int | None = None,
        log_index: int | None = None,
        follower: str = "",
    ) -> Self:
        """The key of an event; what is missing sorts last."""
        return cls(
            time,
            NO_BLOCK if block_number is None else block_number,
            NO_LOG_INDEX if log_index is None else log_index,
            source,
            kind,
            follower.lower(),
        )


@dataclass(frozen=True, slots=True)
class Deployment:
    """A vault came to be."""

    vault: Address
    leader: Address
    name: str
    base_asset: Address
    decimals: int | None


@dataclass(frozen=True, slots=True)
class Trade:
    """A leader's trade; amounts in the smallest unit of their asset, None where unknown or to be derived."""

    vault: Address
    asset_in: Address
    asset_out: Address
    amount_in: int
    amount_out: int | None
    pnl_override: int | None
    input_unpaid: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """A deposit, or a withdrawal, of a follower in the base asset's smallest unit."""

    vault: Address
    follower: Address
    amount: int
    is_deposit: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """A follower's settled profit; missing cuts are 0, a missing remainder is max(0, profit - cuts)."""

    vault: Address
    follower: Address
    profit: int
    leader_cut: int
    protocol_cut: int
    follower_remaining: int


@dataclass(frozen=True, slots=True)
class Score:
    """A wallet's score at a moment."""

    wallet: Address
    reputation_score: int
    win_rate_bps: int
    max_drawdown_bps: int
    signal_count: int
    observed_at: int


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a vault was frozen at a moment."""

    vault: Address
    is_frozen: bool
    reason: str
    observed_at: int


Body: TypeAlias = Deployment | Trade | Flow | Settlement | Score | Status


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted fact with its identity, its place in the ledger and its body."""

    identity: str
    time: int
    time_assumed: bool
    block_number: int | None
    log_index: int | None
    transaction_hash: str
    block_hash: str
    task_id: str
    body: Body

    @property
    def kind(self) -> Kind:
        """Kind of the body."""
        body = self.body
        if isinstance(body, Flow):
            return Kind.DEPOSIT if body.is_deposit else Kind.WITHDRAWAL
        return _KINDS[type(body)]

    @property
    def order_key(self) -> OrderKey:
        """Place in the ledger."""
        return OrderKey.at(
            self.time,
            self.transaction_hash or self.task_id,
            self.kind,
            block_number=self.block_number,
            log_index=self.log_index,
            follower=self.body.follower if isinstance(self.body, Flow | Settlement) else "",
        )

    @property
    def vault(self) -> Address | None:
        """The vault it is about; None for a score."""
        return None if isinstance(self.body, Score) else self.body.vault

    @property
    def digest(self) -> bytes:
        """16 bytes of its content (kind, vault, wallet, assets, amounts, cuts; not time or block)."""
        content = "\x1f".join(_content(self))
        return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()


_KINDS: Final[dict[type[Body], Kind]] = {
    Deployment: Kind.DEPLOYMENT,
    Trade: Kind.TRADE,
    Settlement: Kind.SETTLEMENT,
    Score: Kind.SCORE,
    Status: Kind.STATUS,
}


def _content(event: Event) -> Iterable[str]:
    body = event.body
    head = (event.kind.name,)
    if isinstance(body, Deployment):
        return (*head, body.vault, body.leader, body.base_asset)
    if isinstance(body, Trade):
        amounts = (body.amount_in, body.amount_out, body.pnl_override)
        return (*head, body.vault, body.asset_in, body.asset_out, *map(str, amounts))
    if isinstance(body, Flow):
        return (*head, body.vault, body.follower, str(body.amount))
    if isinstance(body, Settlement):
        cuts = (body.profit, body.leader_cut, body.protocol_cut, body.follower_remaining)
        return (*head, body.vault, body.follower, *map(str, cuts))
    # Scores and statuses carry their content in their identity.
    return (*head, event.identity)


def to_datetime(seconds: int) -> datetime:
    """UTC time of UNIX seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def events_from_proto(messages: Iterable[pb.ChainEvent], *, chain_id: int) -> list[Event]:
    """Domain events of one chain in the same order.

    InvalidArgument names the malformed field of each event as `events[i].…`, of the first 20 at most.
    """
    violations: list[FieldViolation] = []
    events: list[Event] = []
    for index, message in enumerate(messages):
        try:
            _require(message.chain_id == chain_id, "chain_id", f"must be {chain_id}")
            events.append(event_from_proto(message))
        except _Malformed as problem:
            violations.append(FieldViolation(f"events[{index}].{problem.field}", problem.reason))
    if len(events) + len(violations) > MAX_EVENTS_PER_CALL:
        violations.insert(0, FieldViolation("events", f"must have at most {MAX_EVENTS_PER_CALL} items"))
    if violations:
        raise InvalidArgument(violations[:MAX_VIOLATIONS])
    return events


class _Malformed(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason


def event_from_proto(message: pb.ChainEvent) -> Event:
    """The domain event in a message."""
    body_name = message.WhichOneof("body")
    if body_name is None:
        raise _Malformed("body", "must be set")
    for field, longest in (("identity", 1024), ("task_id", 512)):
        _require(1 <= len(getattr(message, field)) <= longest, field, f"must have 1 to {longest} characters")
        _text(getattr(message, field), field)
    time = _seconds(message, "occurred_at", "occurred_at")
    for field in ("transaction_hash", "block_hash"):
        value = getattr(message, field)
        _require(not value or is_transaction_hash(value), field, "must be 0x and 64 lower-case hex digits")
    block_number = message.block_number if message.HasField("block_number") else None
    _require(block_number is None or block_number < NO_BLOCK, "block_number", "must be below 2^63-1")
    log_index = message.log_index if message.HasField("log_index") else None
    _require(log_index is None or log_index < NO_LOG_INDEX, "log_index", "must be below 2^31-1")
    return Event(
        identity=message.identity,
        time=time,
        time_assumed=message.time_assumed,
        block_number=block_number,
        log_index=log_index,
        transaction_hash=message.transaction_hash,
        block_hash=message.block_hash,
        task_id=message.task_id,
        body=_BODIES[body_name](getattr(message, body_name), body_name),
    )


def _require(condition: bool, field: str, reason: str) -> None:
    if not condition:
        raise _Malformed(field, reason)


def _address(text: str, field: str) -> Address:
    try:
        return checksum_address(text)
    except ValueError as error:
        raise _Malformed(field, str(error)) from None


def _uint256(text: str, field: str) -> int:
    try:
        return parse_uint256(text)
    except ValueError as error:
        raise _Malformed(field, str(error)) from None


def _seconds(message: pb.ChainEvent | pb.ScoreObserved | pb.StatusObserved, name: str, field: str) -> int:
    seconds = int(getattr(message, name).seconds)
    is_time = message.HasField(name) and 0 <= seconds < END_OF_TIME
    _require(is_time, field, "must be a time from 1970 on and before the year 10000")
    return seconds


def _text(text: str, field: str) -> str:
    _require("\x00" not in text, field, "must not contain NUL")
    return text


def _deployment(body: pb.VaultDeployed, field: str) -> Deployment:
    decimals = body.decimals if body.HasField("decimals") else None
    _require(decimals is None or decimals <= 255, f"{field}.decimals", "must be from 0 to 255")
    return Deployment(
        vault=_address(body.vault_address, f"{field}.vault_address"),
        leader=_address(body.leader_address, f"{field}.leader_address"),
        name=_text(body.name, f"{field}.name"),
        base_asset=_address(body.base_asset, f"{field}.base_asset"),
        decimals=decimals,
    )


def _trade(body: pb.TradeExecuted, field: str) -> Trade:
    override = None
    if body.HasField("pnl_override"):
        try:
            override = parse_signed(body.pnl_override) or None
        except ValueError as error:
            raise _Malformed(f"{field}.pnl_override", str(error)) from None
    return Trade(
        vault=_address(body.vault_address, f"{field}.vault_address"),
        asset_in=_address(body.asset_in, f"{field}.asset_in"),
        asset_out=_address(body.asset_out, f"{field}.asset_out"),
        amount_in=_uint256(body.amount_in, f"{field}.amount_in"),
        amount_out=_uint256(body.amount_out, f"{field}.amount_out") if body.HasField("amount_out") else None,
        pnl_override=override,
        input_unpaid=body.input_unpaid,
    )


def _flow(body: pb.FollowerFlow, field: str) -> Flow:
    directions = (pb.FLOW_DIRECTION_DEPOSIT, pb.FLOW_DIRECTION_WITHDRAWAL)
    _require(body.direction in directions, f"{field}.direction", "must be a deposit or a withdrawal")
    return Flow(
        vault=_address(body.vault_address, f"{field}.vault_address"),
        follower=_address(body.follower_address, f"{field}.follower_address"),
        amount=_uint256(body.amount, f"{field}.amount"),
        is_deposit=body.direction == pb.FLOW_DIRECTION_DEPOSIT,
    )


def _settlement(body: pb.ProfitSettled, field: str) -> Settlement:
    def optional(name: str, default: int) -> int:
        return _uint256(getattr(body, name), f"{field}.{name}") if body.HasField(name) else default

    profit = _uint256(body.profit, f"{field}.profit")
    leader_cut = optional("leader_cut", 0)
    protocol_cut = optional("protocol_cut", 0)
    return Settlement(
        vault=_address(body.vault_address, f"{field}.vault_address"),
        follower=_address(body.follower_address, f"{field}.follower_address"),
        profit=profit,
        leader_cut=leader_cut,
        protocol_cut=protocol_cut,
        follower_remaining=optional("follower_remaining", max(0, profit - leader_cut - protocol_cut)),
    )


def _score(body: pb.ScoreObserved, field: str) -> Score:
    limits = (("reputation_score", 1000), ("win_rate_bps", 10_000), ("max_drawdown_bps", 10_000))
    for name, maximum in limits:
        _require(getattr(body, name) <= maximum, f"{field}.{name}", f"must be at most {maximum}")
    _require(body.signal_count < 2**63, f"{field}.signal_count", "must be below 2^63")
    return Score(
        wallet=_address(body.wallet_address, f"{field}.wallet_address"),
        reputation_score=body.reputation_score,
        win_rate_bps=body.win_rate_bps,
        max_drawdown_bps=body.max_drawdown_bps,
        signal_count=body.signal_count,
        observed_at=_seconds(body, "observed_at", f"{field}.observed_at"),
    )


def _status(body: pb.StatusObserved, field: str) -> Status:
    statuses = (pb.OBSERVED_STATUS_ACTIVE, pb.OBSERVED_STATUS_PAUSED)
    _require(body.status in statuses, f"{field}.status", "must be active or paused")
    return Status(
        vault=_address(body.vault_address, f"{field}.vault_address"),
        is_frozen=body.status == pb.OBSERVED_STATUS_PAUSED,
        reason=_text(body.reason, f"{field}.reason"),
        observed_at=_seconds(body, "observed_at", f"{field}.observed_at"),
    )


_BODIES: Final[dict[str, Callable[..., Body]]] = {
    "vault_deployed": _deployment,
    "trade_executed": _trade,
    "follower_flow": _flow,
    "profit_settled": _settlement,
    "score_observed": _score,
    "status_observed": _status,
}


@dataclass(frozen=True, slots=True)
class OrphanedBlock:
    """A block that a reorganisation removed."""

    number: int
    hash: str


def orphaned_blocks_from_proto(messages: Sequence[pb.OrphanedBlock], field: str) -> list[OrphanedBlock]:
    """The blocks of a rewind; InvalidArgument names malformed fields."""
    violations = [
        FieldViolation(f"{field}[{i}].hash", "must be 0x and 64 lower-case hex digits")
        for i, block in enumerate(messages)
        if not is_transaction_hash(block.hash)
    ]
    violations += [
        FieldViolation(f"{field}[{i}].number", "must be below 2^63-1")
        for i, block in enumerate(messages)
        if block.number >= NO_BLOCK
    ]
    if len(messages) > MAX_BLOCKS_PER_CALL:
        violations.append(FieldViolation(field, f"must have at most {MAX_BLOCKS_PER_CALL} items"))
    if violations:
        raise InvalidArgument(violations)
    return [OrphanedBlock(block.number, block.hash) for block in messages]
