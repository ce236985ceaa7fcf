import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetVaultPerformanceRequest(_message.Message):
    __slots__ = ("vault_id",)
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    def __init__(self, vault_id: _Optional[str] = ...) -> None: ...

class GetVaultPerformanceResponse(_message.Message):
    __slots__ = ("details", "windows", "refreshed_at", "as_of", "block_number")
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    REFRESHED_AT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    details: VaultDetails
    windows: _containers.RepeatedCompositeFieldContainer[WindowPerformance]
    refreshed_at: _timestamp_pb2.Timestamp
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, details: _Optional[_Union[VaultDetails, _Mapping]] = ..., windows: _Optional[_Iterable[_Union[WindowPerformance, _Mapping]]] = ..., refreshed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...

class VaultDetails(_message.Message):
    __slots__ = ("equity", "net_deposits", "unit_price", "epoch", "epoch_roi_pct", "unallocated_equity", "high_water_mark", "age_days", "last_trade_at", "flags", "null_reasons")
    class NullReasonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    NET_DEPOSITS_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    EPOCH_ROI_PCT_FIELD_NUMBER: _ClassVar[int]
    UNALLOCATED_EQUITY_FIELD_NUMBER: _ClassVar[int]
    HIGH_WATER_MARK_FIELD_NUMBER: _ClassVar[int]
    AGE_DAYS_FIELD_NUMBER: _ClassVar[int]
    LAST_TRADE_AT_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    NULL_REASONS_FIELD_NUMBER: _ClassVar[int]
    equity: str
    net_deposits: str
    unit_price: str
    epoch: int
    epoch_roi_pct: str
    unallocated_equity: str
    high_water_mark: str
    age_days: str
    last_trade_at: _timestamp_pb2.Timestamp
    flags: _containers.RepeatedScalarFieldContainer[str]
    null_reasons: _containers.ScalarMap[str, str]
    def __init__(self, equity: _Optional[str] = ..., net_deposits: _Optional[str] = ..., unit_price: _Optional[str] = ..., epoch: _Optional[int] = ..., epoch_roi_pct: _Optional[str] = ..., unallocated_equity: _Optional[str] = ..., high_water_mark: _Optional[str] = ..., age_days: _Optional[str] = ..., last_trade_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., flags: _Optional[_Iterable[str]] = ..., null_reasons: _Optional[_Mapping[str, str]] = ...) -> None: ...

class WindowPerformance(_message.Message):
    __slots__ = ("window", "roi_pct", "annualised_pct", "pnl", "volume", "max_drawdown_pct", "current_drawdown_pct", "peak_at", "trough_at", "volatility_pct", "sharpe", "sortino", "calmar", "closed_win_rate_pct", "profit_factor", "partial", "coverage_days", "null_reasons")
    class NullReasonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    ROI_PCT_FIELD_NUMBER: _ClassVar[int]
    ANNUALISED_PCT_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_PCT_FIELD_NUMBER: _ClassVar[int]
    CURRENT_DRAWDOWN_PCT_FIELD_NUMBER: _ClassVar[int]
    PEAK_AT_FIELD_NUMBER: _ClassVar[int]
    TROUGH_AT_FIELD_NUMBER: _ClassVar[int]
    VOLATILITY_PCT_FIELD_NUMBER: _ClassVar[int]
    SHARPE_FIELD_NUMBER: _ClassVar[int]
    SORTINO_FIELD_NUMBER: _ClassVar[int]
    CALMAR_FIELD_NUMBER: _ClassVar[int]
    CLOSED_WIN_RATE_PCT_FIELD_NUMBER: _ClassVar[int]
    PROFIT_FACTOR_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_DAYS_FIELD_NUMBER: _ClassVar[int]
    NULL_REASONS_FIELD_NUMBER: _ClassVar[int]
    window: str
    roi_pct: str
    annualised_pct: str
    pnl: str
    volume: str
    max_drawdown_pct: str
    current_drawdown_pct: str
    peak_at: _timestamp_pb2.Timestamp
    trough_at: _timestamp_pb2.Timestamp
    volatility_pct: str
    sharpe: str
    sortino: str
    calmar: str
    closed_win_rate_pct: str
    profit_factor: str
    partial: bool
    coverage_days: str
    null_reasons: _containers.ScalarMap[str, str]
    def __init__(self, window: _Optional[str] = ..., roi_pct: _Optional[str] = ..., annualised_pct: _Optional[str] = ..., pnl: _Optional[str] = ..., volume: _Optional[str] = ..., max_drawdown_pct: _Optional[str] = ..., current_drawdown_pct: _Optional[str] = ..., peak_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trough_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., volatility_pct: _Optional[str] = ..., sharpe: _Optional[str] = ..., sortino: _Optional[str] = ..., calmar: _Optional[str] = ..., closed_win_rate_pct: _Optional[str] = ..., profit_factor: _Optional[str] = ..., partial: _Optional[bool] = ..., coverage_days: _Optional[str] = ..., null_reasons: _Optional[_Mapping[str, str]] = ...) -> None: ...

class GetVaultHistoryRequest(_message.Message):
    __slots__ = ("vault_id", "range")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    RANGE_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    range: HistoryRange
    def __init__(self, vault_id: _Optional[str] = ..., range: _Optional[_Union[HistoryRange, _Mapping]] = ...) -> None: ...

class HistoryRange(_message.Message):
    __slots__ = ("resolution", "since", "until", "limit")
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    resolution: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    limit: int
    def __init__(self, resolution: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., limit: _Optional[int] = ...) -> None: ...

class GetVaultHistoryResponse(_message.Message):
    __slots__ = ("points", "as_of", "block_number")
    POINTS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    points: _containers.RepeatedCompositeFieldContainer[HistoryPoint]
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, points: _Optional[_Iterable[_Union[HistoryPoint, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...

class HistoryPoint(_message.Message):
    __slots__ = ("time", "price", "equity", "tvl", "pnl", "drawdown_pct", "follower_count", "bucket_count")
    TIME_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    TVL_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    DRAWDOWN_PCT_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_COUNT_FIELD_NUMBER: _ClassVar[int]
    BUCKET_COUNT_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    price: str
    equity: str
    tvl: str
    pnl: str
    drawdown_pct: str
    follower_count: int
    bucket_count: int
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., price: _Optional[str] = ..., equity: _Optional[str] = ..., tvl: _Optional[str] = ..., pnl: _Optional[str] = ..., drawdown_pct: _Optional[str] = ..., follower_count: _Optional[int] = ..., bucket_count: _Optional[int] = ...) -> None: ...

class GetGlobalPerformanceRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetGlobalPerformanceResponse(_message.Message):
    __slots__ = ("tvl_by_asset", "active_vault_count", "paused_vault_count", "liquidated_vault_count", "follower_count", "leader_count", "windows", "refreshed_at")
    TVL_BY_ASSET_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_VAULT_COUNT_FIELD_NUMBER: _ClassVar[int]
    PAUSED_VAULT_COUNT_FIELD_NUMBER: _ClassVar[int]
    LIQUIDATED_VAULT_COUNT_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LEADER_COUNT_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    REFRESHED_AT_FIELD_NUMBER: _ClassVar[int]
    tvl_by_asset: _containers.RepeatedCompositeFieldContainer[AssetTvl]
    active_vault_count: int
    paused_vault_count: int
    liquidated_vault_count: int
    follower_count: int
    leader_count: int
    windows: _containers.RepeatedCompositeFieldContainer[AssetWindow]
    refreshed_at: _timestamp_pb2.Timestamp
    def __init__(self, tvl_by_asset: _Optional[_Iterable[_Union[AssetTvl, _Mapping]]] = ..., active_vault_count: _Optional[int] = ..., paused_vault_count: _Optional[int] = ..., liquidated_vault_count: _Optional[int] = ..., follower_count: _Optional[int] = ..., leader_count: _Optional[int] = ..., windows: _Optional[_Iterable[_Union[AssetWindow, _Mapping]]] = ..., refreshed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AssetTvl(_message.Message):
    __slots__ = ("base_asset", "tvl")
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    TVL_FIELD_NUMBER: _ClassVar[int]
    base_asset: str
    tvl: str
    def __init__(self, base_asset: _Optional[str] = ..., tvl: _Optional[str] = ...) -> None: ...

class AssetWindow(_message.Message):
    __slots__ = ("window", "base_asset", "volume", "net_flow", "pnl")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    NET_FLOW_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    window: str
    base_asset: str
    volume: str
    net_flow: str
    pnl: str
    def __init__(self, window: _Optional[str] = ..., base_asset: _Optional[str] = ..., volume: _Optional[str] = ..., net_flow: _Optional[str] = ..., pnl: _Optional[str] = ...) -> None: ...

class GetGlobalHistoryRequest(_message.Message):
    __slots__ = ("range", "base_asset")
    RANGE_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    range: HistoryRange
    base_asset: str
    def __init__(self, range: _Optional[_Union[HistoryRange, _Mapping]] = ..., base_asset: _Optional[str] = ...) -> None: ...

class GetGlobalHistoryResponse(_message.Message):
    __slots__ = ("points", "as_of")
    POINTS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    points: _containers.RepeatedCompositeFieldContainer[GlobalHistoryPoint]
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, points: _Optional[_Iterable[_Union[GlobalHistoryPoint, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GlobalHistoryPoint(_message.Message):
    __slots__ = ("time", "base_asset", "tvl", "pnl", "vault_count")
    TIME_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    TVL_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    VAULT_COUNT_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    base_asset: str
    tvl: str
    pnl: str
    vault_count: int
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., base_asset: _Optional[str] = ..., tvl: _Optional[str] = ..., pnl: _Optional[str] = ..., vault_count: _Optional[int] = ...) -> None: ...

class ListDefinitionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDefinitionsResponse(_message.Message):
    __slots__ = ("definitions", "null_reasons", "version", "windows")
    class NullReasonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DEFINITIONS_FIELD_NUMBER: _ClassVar[int]
    NULL_REASONS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    definitions: _containers.RepeatedCompositeFieldContainer[Definition]
    null_reasons: _containers.ScalarMap[str, str]
    version: int
    windows: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, definitions: _Optional[_Iterable[_Union[Definition, _Mapping]]] = ..., null_reasons: _Optional[_Mapping[str, str]] = ..., version: _Optional[int] = ..., windows: _Optional[_Iterable[str]] = ...) -> None: ...

class Definition(_message.Message):
    __slots__ = ("name", "formula", "unit", "null_reasons", "windowed", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FORMULA_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    NULL_REASONS_FIELD_NUMBER: _ClassVar[int]
    WINDOWED_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    formula: str
    unit: str
    null_reasons: _containers.RepeatedScalarFieldContainer[str]
    windowed: bool
    version: int
    def __init__(self, name: _Optional[str] = ..., formula: _Optional[str] = ..., unit: _Optional[str] = ..., null_reasons: _Optional[_Iterable[str]] = ..., windowed: _Optional[bool] = ..., version: _Optional[int] = ...) -> None: ...
