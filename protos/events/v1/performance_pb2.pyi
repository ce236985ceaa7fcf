import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VaultPerformance(_message.Message):
    __slots__ = ("vault_id", "ledger_version", "tvl", "roi_pct", "max_drawdown_pct", "liquidated", "follower_count", "trade_count", "as_of", "block_number")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    LEDGER_VERSION_FIELD_NUMBER: _ClassVar[int]
    TVL_FIELD_NUMBER: _ClassVar[int]
    ROI_PCT_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_PCT_FIELD_NUMBER: _ClassVar[int]
    LIQUIDATED_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_COUNT_FIELD_NUMBER: _ClassVar[int]
    TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    ledger_version: int
    tvl: str
    roi_pct: str
    max_drawdown_pct: str
    liquidated: bool
    follower_count: int
    trade_count: int
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, vault_id: _Optional[str] = ..., ledger_version: _Optional[int] = ..., tvl: _Optional[str] = ..., roi_pct: _Optional[str] = ..., max_drawdown_pct: _Optional[str] = ..., liquidated: _Optional[bool] = ..., follower_count: _Optional[int] = ..., trade_count: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...

class WindowFigures(_message.Message):
    __slots__ = ("window", "roi_pct", "pnl", "volume", "max_drawdown_pct", "sharpe", "closed_win_rate_pct", "volatility_pct")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    ROI_PCT_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_PCT_FIELD_NUMBER: _ClassVar[int]
    SHARPE_FIELD_NUMBER: _ClassVar[int]
    CLOSED_WIN_RATE_PCT_FIELD_NUMBER: _ClassVar[int]
    VOLATILITY_PCT_FIELD_NUMBER: _ClassVar[int]
    window: str
    roi_pct: str
    pnl: str
    volume: str
    max_drawdown_pct: str
    sharpe: str
    closed_win_rate_pct: str
    volatility_pct: str
    def __init__(self, window: _Optional[str] = ..., roi_pct: _Optional[str] = ..., pnl: _Optional[str] = ..., volume: _Optional[str] = ..., max_drawdown_pct: _Optional[str] = ..., sharpe: _Optional[str] = ..., closed_win_rate_pct: _Optional[str] = ..., volatility_pct: _Optional[str] = ...) -> None: ...

class VaultWindowFigures(_message.Message):
    __slots__ = ("vault_id", "refresh_number", "windows")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    REFRESH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    refresh_number: int
    windows: _containers.RepeatedCompositeFieldContainer[WindowFigures]
    def __init__(self, vault_id: _Optional[str] = ..., refresh_number: _Optional[int] = ..., windows: _Optional[_Iterable[_Union[WindowFigures, _Mapping]]] = ...) -> None: ...
