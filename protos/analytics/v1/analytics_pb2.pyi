import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from protos.events.v1 import events_pb2 as _events_pb2
from protos.events.v1 import performance_pb2 as _performance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TradeFlag(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRADE_FLAG_UNSPECIFIED: _ClassVar[TradeFlag]
    TRADE_FLAG_COST_BASIS_PARTIAL: _ClassVar[TradeFlag]
    TRADE_FLAG_AMOUNT_OUT_UNKNOWN: _ClassVar[TradeFlag]
    TRADE_FLAG_SELF_TRADE: _ClassVar[TradeFlag]
    TRADE_FLAG_INPUT_UNPAID: _ClassVar[TradeFlag]
    TRADE_FLAG_TIME_ASSUMED: _ClassVar[TradeFlag]

class TradeOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRADE_OUTCOME_UNSPECIFIED: _ClassVar[TradeOutcome]
    TRADE_OUTCOME_WIN: _ClassVar[TradeOutcome]
    TRADE_OUTCOME_LOSS: _ClassVar[TradeOutcome]

class FollowerFlag(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FOLLOWER_FLAG_UNSPECIFIED: _ClassVar[FollowerFlag]
    FOLLOWER_FLAG_WITHDRAWAL_EXCEEDS_DEPOSIT: _ClassVar[FollowerFlag]

class FollowerStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FOLLOWER_STATUS_UNSPECIFIED: _ClassVar[FollowerStatus]
    FOLLOWER_STATUS_ACTIVE: _ClassVar[FollowerStatus]
    FOLLOWER_STATUS_LEFT: _ClassVar[FollowerStatus]
TRADE_FLAG_UNSPECIFIED: TradeFlag
TRADE_FLAG_COST_BASIS_PARTIAL: TradeFlag
TRADE_FLAG_AMOUNT_OUT_UNKNOWN: TradeFlag
TRADE_FLAG_SELF_TRADE: TradeFlag
TRADE_FLAG_INPUT_UNPAID: TradeFlag
TRADE_FLAG_TIME_ASSUMED: TradeFlag
TRADE_OUTCOME_UNSPECIFIED: TradeOutcome
TRADE_OUTCOME_WIN: TradeOutcome
TRADE_OUTCOME_LOSS: TradeOutcome
FOLLOWER_FLAG_UNSPECIFIED: FollowerFlag
FOLLOWER_FLAG_WITHDRAWAL_EXCEEDS_DEPOSIT: FollowerFlag
FOLLOWER_STATUS_UNSPECIFIED: FollowerStatus
FOLLOWER_STATUS_ACTIVE: FollowerStatus
FOLLOWER_STATUS_LEFT: FollowerStatus

class ApplyEventsRequest(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_events_pb2.ChainEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[_events_pb2.ChainEvent, _Mapping]]] = ...) -> None: ...

class ApplyEventsResponse(_message.Message):
    __slots__ = ("results", "performances")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    PERFORMANCES_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_events_pb2.ApplyResult]
    performances: _containers.RepeatedCompositeFieldContainer[_performance_pb2.VaultPerformance]
    def __init__(self, results: _Optional[_Iterable[_Union[_events_pb2.ApplyResult, _Mapping]]] = ..., performances: _Optional[_Iterable[_Union[_performance_pb2.VaultPerformance, _Mapping]]] = ...) -> None: ...

class RewindRequest(_message.Message):
    __slots__ = ("blocks_orphaned", "reinstated_blocks", "score_wallet_addresses", "status_vault_addresses")
    BLOCKS_ORPHANED_FIELD_NUMBER: _ClassVar[int]
    REINSTATED_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    SCORE_WALLET_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    STATUS_VAULT_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    blocks_orphaned: _events_pb2.BlocksOrphaned
    reinstated_blocks: _containers.RepeatedCompositeFieldContainer[_events_pb2.OrphanedBlock]
    score_wallet_addresses: _containers.RepeatedScalarFieldContainer[str]
    status_vault_addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, blocks_orphaned: _Optional[_Union[_events_pb2.BlocksOrphaned, _Mapping]] = ..., reinstated_blocks: _Optional[_Iterable[_Union[_events_pb2.OrphanedBlock, _Mapping]]] = ..., score_wallet_addresses: _Optional[_Iterable[str]] = ..., status_vault_addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class RewindResponse(_message.Message):
    __slots__ = ("removed_event_count", "performances", "removed_vault_addresses")
    REMOVED_EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    PERFORMANCES_FIELD_NUMBER: _ClassVar[int]
    REMOVED_VAULT_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    removed_event_count: int
    performances: _containers.RepeatedCompositeFieldContainer[_performance_pb2.VaultPerformance]
    removed_vault_addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, removed_event_count: _Optional[int] = ..., performances: _Optional[_Iterable[_Union[_performance_pb2.VaultPerformance, _Mapping]]] = ..., removed_vault_addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class ListPerformancesRequest(_message.Message):
    __slots__ = ("vault_ids", "page_size", "page_token")
    VAULT_IDS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    vault_ids: _containers.RepeatedScalarFieldContainer[str]
    page_size: int
    page_token: str
    def __init__(self, vault_ids: _Optional[_Iterable[str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPerformancesResponse(_message.Message):
    __slots__ = ("performances", "next_page_token")
    PERFORMANCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    performances: _containers.RepeatedCompositeFieldContainer[_performance_pb2.VaultPerformance]
    next_page_token: str
    def __init__(self, performances: _Optional[_Iterable[_Union[_performance_pb2.VaultPerformance, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetGlobalAnalyticsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetGlobalAnalyticsResponse(_message.Message):
    __slots__ = ("active_vault_count", "total_tvl", "trade_count", "winning_trade_count", "as_of", "block_number")
    ACTIVE_VAULT_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TVL_FIELD_NUMBER: _ClassVar[int]
    TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    WINNING_TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    active_vault_count: int
    total_tvl: str
    trade_count: int
    winning_trade_count: int
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, active_vault_count: _Optional[int] = ..., total_tvl: _Optional[str] = ..., trade_count: _Optional[int] = ..., winning_trade_count: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...

class GetVaultAnalyticsRequest(_message.Message):
    __slots__ = ("vault_id",)
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    def __init__(self, vault_id: _Optional[str] = ...) -> None: ...

class GetVaultAnalyticsResponse(_message.Message):
    __slots__ = ("performance", "winning_trade_count")
    PERFORMANCE_FIELD_NUMBER: _ClassVar[int]
    WINNING_TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    performance: _performance_pb2.VaultPerformance
    winning_trade_count: int
    def __init__(self, performance: _Optional[_Union[_performance_pb2.VaultPerformance, _Mapping]] = ..., winning_trade_count: _Optional[int] = ...) -> None: ...

class Trade(_message.Message):
    __slots__ = ("id", "vault_id", "transaction_hash", "log_index", "asset_in", "asset_out", "amount_in", "amount_out", "is_profit", "pnl_amount", "executed_at", "is_close", "flags", "block_number")
    ID_FIELD_NUMBER: _ClassVar[int]
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_HASH_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    ASSET_IN_FIELD_NUMBER: _ClassVar[int]
    ASSET_OUT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_IN_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_OUT_FIELD_NUMBER: _ClassVar[int]
    IS_PROFIT_FIELD_NUMBER: _ClassVar[int]
    PNL_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    EXECUTED_AT_FIELD_NUMBER: _ClassVar[int]
    IS_CLOSE_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    id: str
    vault_id: str
    transaction_hash: str
    log_index: int
    asset_in: str
    asset_out: str
    amount_in: str
    amount_out: str
    is_profit: bool
    pnl_amount: str
    executed_at: _timestamp_pb2.Timestamp
    is_close: bool
    flags: _containers.RepeatedScalarFieldContainer[TradeFlag]
    block_number: int
    def __init__(self, id: _Optional[str] = ..., vault_id: _Optional[str] = ..., transaction_hash: _Optional[str] = ..., log_index: _Optional[int] = ..., asset_in: _Optional[str] = ..., asset_out: _Optional[str] = ..., amount_in: _Optional[str] = ..., amount_out: _Optional[str] = ..., is_profit: _Optional[bool] = ..., pnl_amount: _Optional[str] = ..., executed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., is_close: _Optional[bool] = ..., flags: _Optional[_Iterable[_Union[TradeFlag, str]]] = ..., block_number: _Optional[int] = ...) -> None: ...

class TradeFilter(_message.Message):
    __slots__ = ("since", "until", "asset", "is_close", "outcome", "flag")
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    IS_CLOSE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FLAG_FIELD_NUMBER: _ClassVar[int]
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    asset: str
    is_close: bool
    outcome: TradeOutcome
    flag: TradeFlag
    def __init__(self, since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., asset: _Optional[str] = ..., is_close: _Optional[bool] = ..., outcome: _Optional[_Union[TradeOutcome, str]] = ..., flag: _Optional[_Union[TradeFlag, str]] = ...) -> None: ...

class ListTradesRequest(_message.Message):
    __slots__ = ("vault_id", "page_size", "page_token", "filter")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    page_size: int
    page_token: str
    filter: TradeFilter
    def __init__(self, vault_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[TradeFilter, _Mapping]] = ...) -> None: ...

class ListTradesResponse(_message.Message):
    __slots__ = ("trades", "next_page_token", "total_size", "as_of", "block_number")
    TRADES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    trades: _containers.RepeatedCompositeFieldContainer[Trade]
    next_page_token: str
    total_size: int
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, trades: _Optional[_Iterable[_Union[Trade, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...

class Follower(_message.Message):
    __slots__ = ("user_id", "wallet_address", "deposited_amount", "equity", "pnl", "roi_pct", "subscribed_at", "has_left", "deposited_total", "withdrawn_total", "settled_total", "first_deposit_at", "flags")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    DEPOSITED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    ROI_PCT_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBED_AT_FIELD_NUMBER: _ClassVar[int]
    HAS_LEFT_FIELD_NUMBER: _ClassVar[int]
    DEPOSITED_TOTAL_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_TOTAL_FIELD_NUMBER: _ClassVar[int]
    SETTLED_TOTAL_FIELD_NUMBER: _ClassVar[int]
    FIRST_DEPOSIT_AT_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    wallet_address: str
    deposited_amount: str
    equity: str
    pnl: str
    roi_pct: str
    subscribed_at: _timestamp_pb2.Timestamp
    has_left: bool
    deposited_total: str
    withdrawn_total: str
    settled_total: str
    first_deposit_at: _timestamp_pb2.Timestamp
    flags: _containers.RepeatedScalarFieldContainer[FollowerFlag]
    def __init__(self, user_id: _Optional[str] = ..., wallet_address: _Optional[str] = ..., deposited_amount: _Optional[str] = ..., equity: _Optional[str] = ..., pnl: _Optional[str] = ..., roi_pct: _Optional[str] = ..., subscribed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., has_left: _Optional[bool] = ..., deposited_total: _Optional[str] = ..., withdrawn_total: _Optional[str] = ..., settled_total: _Optional[str] = ..., first_deposit_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., flags: _Optional[_Iterable[_Union[FollowerFlag, str]]] = ...) -> None: ...

class FollowerTotals(_message.Message):
    __slots__ = ("listed_count", "active_count", "profitable_count", "profitable_pct", "deposited_amount", "unallocated_equity")
    LISTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROFITABLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROFITABLE_PCT_FIELD_NUMBER: _ClassVar[int]
    DEPOSITED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    UNALLOCATED_EQUITY_FIELD_NUMBER: _ClassVar[int]
    listed_count: int
    active_count: int
    profitable_count: int
    profitable_pct: str
    deposited_amount: str
    unallocated_equity: str
    def __init__(self, listed_count: _Optional[int] = ..., active_count: _Optional[int] = ..., profitable_count: _Optional[int] = ..., profitable_pct: _Optional[str] = ..., deposited_amount: _Optional[str] = ..., unallocated_equity: _Optional[str] = ...) -> None: ...

class ListFollowersRequest(_message.Message):
    __slots__ = ("vault_id", "page_size", "page_token", "status")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    page_size: int
    page_token: str
    status: FollowerStatus
    def __init__(self, vault_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., status: _Optional[_Union[FollowerStatus, str]] = ...) -> None: ...

class ListFollowersResponse(_message.Message):
    __slots__ = ("followers", "next_page_token", "total_size", "as_of", "block_number", "totals")
    FOLLOWERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    followers: _containers.RepeatedCompositeFieldContainer[Follower]
    next_page_token: str
    total_size: int
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    totals: FollowerTotals
    def __init__(self, followers: _Optional[_Iterable[_Union[Follower, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ..., totals: _Optional[_Union[FollowerTotals, _Mapping]] = ...) -> None: ...

class ListLeadersRequest(_message.Message):
    __slots__ = ("page_size", "skip")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    SKIP_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    skip: int
    def __init__(self, page_size: _Optional[int] = ..., skip: _Optional[int] = ...) -> None: ...

class Leader(_message.Message):
    __slots__ = ("user_id", "wallet_address", "argus_score", "joined_at", "led_vault_count")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ARGUS_SCORE_FIELD_NUMBER: _ClassVar[int]
    JOINED_AT_FIELD_NUMBER: _ClassVar[int]
    LED_VAULT_COUNT_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    wallet_address: str
    argus_score: int
    joined_at: _timestamp_pb2.Timestamp
    led_vault_count: int
    def __init__(self, user_id: _Optional[str] = ..., wallet_address: _Optional[str] = ..., argus_score: _Optional[int] = ..., joined_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., led_vault_count: _Optional[int] = ...) -> None: ...

class ListLeadersResponse(_message.Message):
    __slots__ = ("leaders", "total_size", "as_of")
    LEADERS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    leaders: _containers.RepeatedCompositeFieldContainer[Leader]
    total_size: int
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, leaders: _Optional[_Iterable[_Union[Leader, _Mapping]]] = ..., total_size: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
