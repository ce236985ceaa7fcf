import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from protos.analytics.v1 import analytics_pb2 as _analytics_pb2
from protos.analytics.v1 import performance_pb2 as _performance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FlowKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FLOW_KIND_UNSPECIFIED: _ClassVar[FlowKind]
    FLOW_KIND_DEPOSIT: _ClassVar[FlowKind]
    FLOW_KIND_WITHDRAWAL: _ClassVar[FlowKind]
    FLOW_KIND_SETTLEMENT: _ClassVar[FlowKind]
FLOW_KIND_UNSPECIFIED: FlowKind
FLOW_KIND_DEPOSIT: FlowKind
FLOW_KIND_WITHDRAWAL: FlowKind
FLOW_KIND_SETTLEMENT: FlowKind

class Flow(_message.Message):
    __slots__ = ("id", "vault_id", "kind", "user_id", "wallet_address", "amount", "profit", "leader_cut", "protocol_cut", "executed_at", "time_assumed", "transaction_hash", "log_index", "block_number")
    ID_FIELD_NUMBER: _ClassVar[int]
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PROFIT_FIELD_NUMBER: _ClassVar[int]
    LEADER_CUT_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_CUT_FIELD_NUMBER: _ClassVar[int]
    EXECUTED_AT_FIELD_NUMBER: _ClassVar[int]
    TIME_ASSUMED_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_HASH_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    id: str
    vault_id: str
    kind: FlowKind
    user_id: str
    wallet_address: str
    amount: str
    profit: str
    leader_cut: str
    protocol_cut: str
    executed_at: _timestamp_pb2.Timestamp
    time_assumed: bool
    transaction_hash: str
    log_index: int
    block_number: int
    def __init__(self, id: _Optional[str] = ..., vault_id: _Optional[str] = ..., kind: _Optional[_Union[FlowKind, str]] = ..., user_id: _Optional[str] = ..., wallet_address: _Optional[str] = ..., amount: _Optional[str] = ..., profit: _Optional[str] = ..., leader_cut: _Optional[str] = ..., protocol_cut: _Optional[str] = ..., executed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., time_assumed: _Optional[bool] = ..., transaction_hash: _Optional[str] = ..., log_index: _Optional[int] = ..., block_number: _Optional[int] = ...) -> None: ...

class FlowFilter(_message.Message):
    __slots__ = ("kind", "wallet_address", "since", "until")
    KIND_FIELD_NUMBER: _ClassVar[int]
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    kind: FlowKind
    wallet_address: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    def __init__(self, kind: _Optional[_Union[FlowKind, str]] = ..., wallet_address: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListFlowsRequest(_message.Message):
    __slots__ = ("vault_id", "page_size", "page_token", "filter")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    page_size: int
    page_token: str
    filter: FlowFilter
    def __init__(self, vault_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[FlowFilter, _Mapping]] = ...) -> None: ...

class ListFlowsResponse(_message.Message):
    __slots__ = ("flows", "next_page_token", "total_size", "as_of", "block_number")
    FLOWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    flows: _containers.RepeatedCompositeFieldContainer[Flow]
    next_page_token: str
    total_size: int
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, flows: _Optional[_Iterable[_Union[Flow, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...

class GetFollowerRequest(_message.Message):
    __slots__ = ("vault_id", "wallet_address")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    wallet_address: str
    def __init__(self, vault_id: _Optional[str] = ..., wallet_address: _Optional[str] = ...) -> None: ...

class GetFollowerResponse(_message.Message):
    __slots__ = ("follower", "as_of", "block_number")
    FOLLOWER_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    follower: _analytics_pb2.Follower
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, follower: _Optional[_Union[_analytics_pb2.Follower, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("vault_id", "contract_address", "vault_name", "base_asset", "follower")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    VAULT_NAME_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    contract_address: str
    vault_name: str
    base_asset: str
    follower: _analytics_pb2.Follower
    def __init__(self, vault_id: _Optional[str] = ..., contract_address: _Optional[str] = ..., vault_name: _Optional[str] = ..., base_asset: _Optional[str] = ..., follower: _Optional[_Union[_analytics_pb2.Follower, _Mapping]] = ...) -> None: ...

class ListPositionsRequest(_message.Message):
    __slots__ = ("wallet_address",)
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    wallet_address: str
    def __init__(self, wallet_address: _Optional[str] = ...) -> None: ...

class ListPositionsResponse(_message.Message):
    __slots__ = ("positions", "total_size", "active_count", "as_of", "block_number")
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    total_size: int
    active_count: int
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., total_size: _Optional[int] = ..., active_count: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...

class GetPortfolioHistoryRequest(_message.Message):
    __slots__ = ("wallet_address", "range", "base_asset")
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    RANGE_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    wallet_address: str
    range: _performance_pb2.HistoryRange
    base_asset: str
    def __init__(self, wallet_address: _Optional[str] = ..., range: _Optional[_Union[_performance_pb2.HistoryRange, _Mapping]] = ..., base_asset: _Optional[str] = ...) -> None: ...

class PortfolioPoint(_message.Message):
    __slots__ = ("time", "base_asset", "equity", "pnl", "deposited_amount")
    TIME_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    DEPOSITED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    base_asset: str
    equity: str
    pnl: str
    deposited_amount: str
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., base_asset: _Optional[str] = ..., equity: _Optional[str] = ..., pnl: _Optional[str] = ..., deposited_amount: _Optional[str] = ...) -> None: ...

class GetPortfolioHistoryResponse(_message.Message):
    __slots__ = ("points", "as_of", "block_number")
    POINTS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    points: _containers.RepeatedCompositeFieldContainer[PortfolioPoint]
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, points: _Optional[_Iterable[_Union[PortfolioPoint, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...
