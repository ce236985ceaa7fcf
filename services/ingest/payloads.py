"""Payloads of the jobs: one model per task, its fields named as producers send them (camelCase)."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictBool, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from libs.identifiers import Address, checksum_address
from libs.uint256 import parse_signed, parse_uint256

# A chain allows longer names than one job holds: such a job travels in a bulk job.
MAX_TEXT_CHARACTERS: Final = 65_536
MAX_TASK_ID_CHARACTERS: Final = 512
MAX_BULK_EVENTS: Final = 1_000

_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_HASH_RULE = "must be 0x followed by 64 hex digits"
_UINT256_RULE = "must be a base-10 integer from 0 to 2^256-1"
_SIGNED_RULE = "must be a base-10 integer from -(2^256-1) to 2^256-1"


def _fault(message: str) -> PydanticCustomError:
    return PydanticCustomError("field", message)


def _address(value: Any) -> Address:
    if type(value) is not str:
        raise _fault("must be a string, 0x followed by 40 hex digits")
    try:
        return checksum_address(value)
    except ValueError as error:
        raise _fault(str(error)) from None


def _hash(value: Any) -> str:
    if type(value) is not str or not _HASH.fullmatch(value):
        raise _fault(_HASH_RULE)
    return value.lower()


def _amount(value: Any) -> str:
    if type(value) is not str:
        raise _fault(f"{_UINT256_RULE} in a string, since a JSON number loses digits")
    try:
        return str(parse_uint256(value))
    except ValueError:
        raise _fault(_UINT256_RULE) from None


def _signed_amount(value: Any) -> str:
    if type(value) is not str:
        raise _fault(f"{_SIGNED_RULE} in a string, since a JSON number loses digits")
    try:
        return str(parse_signed(value))
    except ValueError:
        raise _fault(_SIGNED_RULE) from None


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _fault("must be a string")
    if "\0" in value:
        raise _fault("must not contain a NUL character")
    if len(value) > MAX_TEXT_CHARACTERS:
        raise _fault(f"must have at most {MAX_TEXT_CHARACTERS} characters")
    return value


def _label(value: Any) -> str:
    text = _text(value)
    if not 1 <= len(text) <= 64:
        raise _fault("must have 1 to 64 characters")
    return text


def _pattern(pattern: str, description: str, **more: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "description": description, **more})


AddressField: TypeAlias = Annotated[
    Address,
    PlainValidator(_address),
    _pattern("^0x[0-9a-fA-F]{40}$", "Address in one letter case or with its EIP-55 checksum."),
]
HashField: TypeAlias = Annotated[str, PlainValidator(_hash), _pattern("^0x[0-9a-fA-F]{64}$", "32 bytes in hex.")]
AmountField: TypeAlias = Annotated[
    str,
    PlainValidator(_amount),
    _pattern("^[0-9]{1,78}$", "Base-10 integer from 0 to 2^256-1, smallest unit."),
]
SignedAmountField: TypeAlias = Annotated[
    str,
    PlainValidator(_signed_amount),
    _pattern("^-?[0-9]{1,78}$", "Base-10 integer from -(2^256-1) to 2^256-1, smallest unit."),
]
TextField: TypeAlias = Annotated[
    str,
    PlainValidator(_text),
    _pattern("^[^\\u0000]*$", "Any text without NUL.", maxLength=MAX_TEXT_CHARACTERS),
]
LabelField: TypeAlias = Annotated[
    str, PlainValidator(_label), _pattern("^[^\\u0000]*$", "Short text.", minLength=1, maxLength=64)
]
SecondsField: TypeAlias = Annotated[
    int, Field(strict=True, ge=0, description="UNIX seconds, at most an hour ahead of the clock.")
]
LogIndexField: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=2**31 - 2)]
BlockNumberField: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=2**63 - 2)]
CountField: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]
DecimalsField: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=255)]
ScoreField: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=1_000)]
BasisPointsField: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=10_000)]


class Payload(BaseModel):
    """What every payload shares: unknown fields are ignored, null equals absence of an optional field."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        field_title_generator=lambda name, _info: to_camel(name),
        extra="ignore",
        hide_input_in_errors=True,
    )
    TIME_FIELD: ClassVar[str] = "timestamp"

    def reported_time(self) -> int | None:
        """UNIX seconds in the field TIME_FIELD; None when the producer left it out."""
        raise NotImplementedError


class ChainPayload(Payload):
    """A payload that may say where on the chain its event is."""

    tx_hash: HashField | None = None
    log_index: LogIndexField | None = None
    block_number: BlockNumberField | None = None
    block_hash: HashField | None = None


class LedgerPayload(ChainPayload):
    """A chain event whose time is its block's."""

    # Whether the task id is the event's identity even where a transaction is named.
    IDENTIFIED_BY_TASK: ClassVar[bool] = False
    timestamp: SecondsField | None = None

    def reported_time(self) -> int | None:
        """The block's time."""
        return self.timestamp


class ObservedPayload(ChainPayload):
    """What was read from the chain at a moment."""

    TIME_FIELD: ClassVar[str] = "observedAt"
    observed_at: SecondsField

    def reported_time(self) -> int:
        """When it was read."""
        return self.observed_at


class VaultDeployedPayload(LedgerPayload):
    """`ingest.vault_deployed`: a factory deployed a vault."""

    vault_address: AddressField
    leader: AddressField
    name: TextField
    base_asset: AddressField
    tx_hash: HashField
    decimals: DecimalsField | None = None


class TradeExecutedPayload(LedgerPayload):
    """`ingest.trade_executed`: a leader traded. An amountOut of "0" counts only with amountOutKnown."""

    tx_hash: HashField
    vault_address: AddressField
    asset_in: AddressField
    asset_out: AddressField
    amount_in: AmountField
    amount_out: AmountField | None = None
    # Checked and not used: the result follows from the ledger.
    is_profit: StrictBool | None = None
    pnl_amount: SignedAmountField | None = None
    timestamp: SecondsField
    amount_out_known: StrictBool | None = None
    amount_in_paid: AmountField | None = None


class FollowerEventPayload(LedgerPayload):
    """`ingest.follower_event`: a follower paid in or took out."""

    vault_address: AddressField
    follower_address: AddressField
    amount: AmountField
    action: Literal["DEPOSIT", "WITHDRAW"]


class BridgedDeploymentPayload(LedgerPayload):
    """`bridge.vault_deployed`: a deployment as another system tells it, perhaps without name and transaction."""

    IDENTIFIED_BY_TASK: ClassVar[bool] = True
    vault_address: AddressField
    leader: AddressField
    base_asset: AddressField
    name: TextField | None = None
    decimals: DecimalsField | None = None


class BridgedTradePayload(TradeExecutedPayload):
    """`bridge.trade_executed`: like `ingest.trade_executed`; several trades of one transaction are several tasks."""

    IDENTIFIED_BY_TASK: ClassVar[bool] = True


class BridgedFollowerPayload(FollowerEventPayload):
    """`bridge.follower_event`: like `ingest.follower_event`, but every task is an event of its own."""

    IDENTIFIED_BY_TASK: ClassVar[bool] = True


class ProfitSettledPayload(LedgerPayload):
    """`ingest.profit_settled`: a follower's profit was settled; absent cuts are unknown."""

    vault_address: AddressField
    follower_address: AddressField
    profit: AmountField
    leader_cut: AmountField | None = None
    protocol_cut: AmountField | None = None
    follower_remaining: AmountField | None = None
    tx_hash: HashField
    log_index: LogIndexField


class ArgusScorePayload(ObservedPayload):
    """`ingest.argus_score`: the oracle's figures of a wallet."""

    wallet_address: AddressField
    reputation_score: ScoreField
    win_rate_bps: BasisPointsField
    max_drawdown_bps: BasisPointsField
    signal_count: CountField


class VaultStatusPayload(ObservedPayload):
    """`ingest.vault_status`: whether the risk manager holds a vault frozen."""

    vault_address: AddressField
    status: Literal["ACTIVE", "PAUSED"]
    reason: TextField | None = None


class SnapshotPayload(Payload):
    """`ingest.snapshot`: a wish to refresh the figures of one vault, or of all."""

    TIME_FIELD: ClassVar[str] = "triggeredAt"
    vault_address: AddressField | None = None
    interval: LabelField
    triggered_at: SecondsField

    def reported_time(self) -> int:
        """When the refresh was asked for."""
        return self.triggered_at


PAYLOADS: Final[dict[str, type[Payload]]] = {
    "ingest.vault_deployed": VaultDeployedPayload,
    "ingest.trade_executed": TradeExecutedPayload,
    "ingest.follower_event": FollowerEventPayload,
    "ingest.profit_settled": ProfitSettledPayload,
    "ingest.argus_score": ArgusScorePayload,
    "ingest.vault_status": VaultStatusPayload,
    "ingest.snapshot": SnapshotPayload,
    "bridge.vault_deployed": BridgedDeploymentPayload,
    "bridge.trade_executed": BridgedTradePayload,
    "bridge.follower_event": BridgedFollowerPayload,
}
BULK_TASK: Final = "ingest.events"
