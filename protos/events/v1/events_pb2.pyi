import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FlowDirection(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FLOW_DIRECTION_UNSPECIFIED: _ClassVar[FlowDirection]
    FLOW_DIRECTION_DEPOSIT: _ClassVar[FlowDirection]
    FLOW_DIRECTION_WITHDRAWAL: _ClassVar[FlowDirection]

class ObservedStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OBSERVED_STATUS_UNSPECIFIED: _ClassVar[ObservedStatus]
    OBSERVED_STATUS_ACTIVE: _ClassVar[ObservedStatus]
    OBSERVED_STATUS_PAUSED: _ClassVar[ObservedStatus]

class ApplyOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPLY_OUTCOME_UNSPECIFIED: _ClassVar[ApplyOutcome]
    APPLY_OUTCOME_APPLIED: _ClassVar[ApplyOutcome]
    APPLY_OUTCOME_DUPLICATE: _ClassVar[ApplyOutcome]
    APPLY_OUTCOME_DEFERRED: _ClassVar[ApplyOutcome]
    APPLY_OUTCOME_REJECTED: _ClassVar[ApplyOutcome]
FLOW_DIRECTION_UNSPECIFIED: FlowDirection
FLOW_DIRECTION_DEPOSIT: FlowDirection
FLOW_DIRECTION_WITHDRAWAL: FlowDirection
OBSERVED_STATUS_UNSPECIFIED: ObservedStatus
OBSERVED_STATUS_ACTIVE: ObservedStatus
OBSERVED_STATUS_PAUSED: ObservedStatus
APPLY_OUTCOME_UNSPECIFIED: ApplyOutcome
APPLY_OUTCOME_APPLIED: ApplyOutcome
APPLY_OUTCOME_DUPLICATE: ApplyOutcome
APPLY_OUTCOME_DEFERRED: ApplyOutcome
APPLY_OUTCOME_REJECTED: ApplyOutcome

class ChainEvent(_message.Message):
    __slots__ = ("identity", "chain_id", "occurred_at", "time_assumed", "block_number", "log_index", "transaction_hash", "block_hash", "task_id", "vault_deployed", "trade_executed", "follower_flow", "profit_settled", "score_observed", "status_observed")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    TIME_ASSUMED_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_HASH_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HASH_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    VAULT_DEPLOYED_FIELD_NUMBER: _ClassVar[int]
    TRADE_EXECUTED_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_FLOW_FIELD_NUMBER: _ClassVar[int]
    PROFIT_SETTLED_FIELD_NUMBER: _ClassVar[int]
    SCORE_OBSERVED_FIELD_NUMBER: _ClassVar[int]
    STATUS_OBSERVED_FIELD_NUMBER: _ClassVar[int]
    identity: str
    chain_id: int
    occurred_at: _timestamp_pb2.Timestamp
    time_assumed: bool
    block_number: int
    log_index: int
    transaction_hash: str
    block_hash: str
    task_id: str
    vault_deployed: VaultDeployed
    trade_executed: TradeExecuted
    follower_flow: FollowerFlow
    profit_settled: ProfitSettled
    score_observed: ScoreObserved
    status_observed: StatusObserved
    def __init__(self, identity: _Optional[str] = ..., chain_id: _Optional[int] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., time_assumed: _Optional[bool] = ..., block_number: _Optional[int] = ..., log_index: _Optional[int] = ..., transaction_hash: _Optional[str] = ..., block_hash: _Optional[str] = ..., task_id: _Optional[str] = ..., vault_deployed: _Optional[_Union[VaultDeployed, _Mapping]] = ..., trade_executed: _Optional[_Union[TradeExecuted, _Mapping]] = ..., follower_flow: _Optional[_Union[FollowerFlow, _Mapping]] = ..., profit_settled: _Optional[_Union[ProfitSettled, _Mapping]] = ..., score_observed: _Optional[_Union[ScoreObserved, _Mapping]] = ..., status_observed: _Optional[_Union[StatusObserved, _Mapping]] = ...) -> None: ...

class VaultDeployed(_message.Message):
    __slots__ = ("vault_address", "leader_address", "name", "base_asset", "decimals")
    VAULT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    LEADER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    vault_address: str
    leader_address: str
    name: str
    base_asset: str
    decimals: int
    def __init__(self, vault_address: _Optional[str] = ..., leader_address: _Optional[str] = ..., name: _Optional[str] = ..., base_asset: _Optional[str] = ..., decimals: _Optional[int] = ...) -> None: ...

class TradeExecuted(_message.Message):
    __slots__ = ("vault_address", "asset_in", "asset_out", "amount_in", "amount_out", "pnl_override", "input_unpaid")
    VAULT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ASSET_IN_FIELD_NUMBER: _ClassVar[int]
    ASSET_OUT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_IN_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_OUT_FIELD_NUMBER: _ClassVar[int]
    PNL_OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    INPUT_UNPAID_FIELD_NUMBER: _ClassVar[int]
    vault_address: str
    asset_in: str
    asset_out: str
    amount_in: str
    amount_out: str
    pnl_override: str
    input_unpaid: bool
    def __init__(self, vault_address: _Optional[str] = ..., asset_in: _Optional[str] = ..., asset_out: _Optional[str] = ..., amount_in: _Optional[str] = ..., amount_out: _Optional[str] = ..., pnl_override: _Optional[str] = ..., input_unpaid: _Optional[bool] = ...) -> None: ...

class FollowerFlow(_message.Message):
    __slots__ = ("vault_address", "follower_address", "amount", "direction")
    VAULT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    vault_address: str
    follower_address: str
    amount: str
    direction: FlowDirection
    def __init__(self, vault_address: _Optional[str] = ..., follower_address: _Optional[str] = ..., amount: _Optional[str] = ..., direction: _Optional[_Union[FlowDirection, str]] = ...) -> None: ...

class ProfitSettled(_message.Message):
    __slots__ = ("vault_address", "follower_address", "profit", "leader_cut", "protocol_cut", "follower_remaining")
    VAULT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PROFIT_FIELD_NUMBER: _ClassVar[int]
    LEADER_CUT_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_CUT_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_REMAINING_FIELD_NUMBER: _ClassVar[int]
    vault_address: str
    follower_address: str
    profit: str
    leader_cut: str
    protocol_cut: str
    follower_remaining: str
    def __init__(self, vault_address: _Optional[str] = ..., follower_address: _Optional[str] = ..., profit: _Optional[str] = ..., leader_cut: _Optional[str] = ..., protocol_cut: _Optional[str] = ..., follower_remaining: _Optional[str] = ...) -> None: ...

class ScoreObserved(_message.Message):
    __slots__ = ("wallet_address", "reputation_score", "win_rate_bps", "max_drawdown_bps", "signal_count", "observed_at")
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    REPUTATION_SCORE_FIELD_NUMBER: _ClassVar[int]
    WIN_RATE_BPS_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_BPS_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    wallet_address: str
    reputation_score: int
    win_rate_bps: int
    max_drawdown_bps: int
    signal_count: int
    observed_at: _timestamp_pb2.Timestamp
    def __init__(self, wallet_address: _Optional[str] = ..., reputation_score: _Optional[int] = ..., win_rate_bps: _Optional[int] = ..., max_drawdown_bps: _Optional[int] = ..., signal_count: _Optional[int] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class StatusObserved(_message.Message):
    __slots__ = ("vault_address", "status", "reason", "observed_at")
    VAULT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    vault_address: str
    status: ObservedStatus
    reason: str
    observed_at: _timestamp_pb2.Timestamp
    def __init__(self, vault_address: _Optional[str] = ..., status: _Optional[_Union[ObservedStatus, str]] = ..., reason: _Optional[str] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BlocksOrphaned(_message.Message):
    __slots__ = ("chain_id", "blocks")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    chain_id: int
    blocks: _containers.RepeatedCompositeFieldContainer[OrphanedBlock]
    def __init__(self, chain_id: _Optional[int] = ..., blocks: _Optional[_Iterable[_Union[OrphanedBlock, _Mapping]]] = ...) -> None: ...

class OrphanedBlock(_message.Message):
    __slots__ = ("number", "hash")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    number: int
    hash: str
    def __init__(self, number: _Optional[int] = ..., hash: _Optional[str] = ...) -> None: ...

class ApplyResult(_message.Message):
    __slots__ = ("identity", "outcome", "reason")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    identity: str
    outcome: ApplyOutcome
    reason: str
    def __init__(self, identity: _Optional[str] = ..., outcome: _Optional[_Union[ApplyOutcome, str]] = ..., reason: _Optional[str] = ...) -> None: ...
