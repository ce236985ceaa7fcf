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

class VaultStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VAULT_STATUS_UNSPECIFIED: _ClassVar[VaultStatus]
    VAULT_STATUS_ACTIVE: _ClassVar[VaultStatus]
    VAULT_STATUS_PAUSED: _ClassVar[VaultStatus]
    VAULT_STATUS_LIQUIDATED: _ClassVar[VaultStatus]

class VaultSort(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VAULT_SORT_UNSPECIFIED: _ClassVar[VaultSort]
    VAULT_SORT_CREATED_AT: _ClassVar[VaultSort]
    VAULT_SORT_TVL: _ClassVar[VaultSort]
    VAULT_SORT_ROI: _ClassVar[VaultSort]
    VAULT_SORT_DRAWDOWN: _ClassVar[VaultSort]
    VAULT_SORT_RISK_SCORE: _ClassVar[VaultSort]
    VAULT_SORT_FOLLOWERS: _ClassVar[VaultSort]
    VAULT_SORT_TRADES: _ClassVar[VaultSort]
    VAULT_SORT_NAME: _ClassVar[VaultSort]

class SortOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SORT_ORDER_UNSPECIFIED: _ClassVar[SortOrder]
    SORT_ORDER_ASCENDING: _ClassVar[SortOrder]
    SORT_ORDER_DESCENDING: _ClassVar[SortOrder]
VAULT_STATUS_UNSPECIFIED: VaultStatus
VAULT_STATUS_ACTIVE: VaultStatus
VAULT_STATUS_PAUSED: VaultStatus
VAULT_STATUS_LIQUIDATED: VaultStatus
VAULT_SORT_UNSPECIFIED: VaultSort
VAULT_SORT_CREATED_AT: VaultSort
VAULT_SORT_TVL: VaultSort
VAULT_SORT_ROI: VaultSort
VAULT_SORT_DRAWDOWN: VaultSort
VAULT_SORT_RISK_SCORE: VaultSort
VAULT_SORT_FOLLOWERS: VaultSort
VAULT_SORT_TRADES: VaultSort
VAULT_SORT_NAME: VaultSort
SORT_ORDER_UNSPECIFIED: SortOrder
SORT_ORDER_ASCENDING: SortOrder
SORT_ORDER_DESCENDING: SortOrder

class ApplyEventsRequest(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_events_pb2.ChainEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[_events_pb2.ChainEvent, _Mapping]]] = ...) -> None: ...

class ApplyEventsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_events_pb2.ApplyResult]
    def __init__(self, results: _Optional[_Iterable[_Union[_events_pb2.ApplyResult, _Mapping]]] = ...) -> None: ...

class UpdatePerformanceRequest(_message.Message):
    __slots__ = ("performances",)
    PERFORMANCES_FIELD_NUMBER: _ClassVar[int]
    performances: _containers.RepeatedCompositeFieldContainer[_performance_pb2.VaultPerformance]
    def __init__(self, performances: _Optional[_Iterable[_Union[_performance_pb2.VaultPerformance, _Mapping]]] = ...) -> None: ...

class UpdatePerformanceResponse(_message.Message):
    __slots__ = ("updated_count",)
    UPDATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    updated_count: int
    def __init__(self, updated_count: _Optional[int] = ...) -> None: ...

class UpdateWindowFiguresRequest(_message.Message):
    __slots__ = ("figures",)
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    figures: _containers.RepeatedCompositeFieldContainer[_performance_pb2.VaultWindowFigures]
    def __init__(self, figures: _Optional[_Iterable[_Union[_performance_pb2.VaultWindowFigures, _Mapping]]] = ...) -> None: ...

class UpdateWindowFiguresResponse(_message.Message):
    __slots__ = ("updated_count",)
    UPDATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    updated_count: int
    def __init__(self, updated_count: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("removed_event_count", "removed_vault_addresses")
    REMOVED_EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    REMOVED_VAULT_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    removed_event_count: int
    removed_vault_addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, removed_event_count: _Optional[int] = ..., removed_vault_addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class User(_message.Message):
    __slots__ = ("id", "wallet_address", "argus_score", "joined_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ARGUS_SCORE_FIELD_NUMBER: _ClassVar[int]
    JOINED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    wallet_address: str
    argus_score: int
    joined_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., wallet_address: _Optional[str] = ..., argus_score: _Optional[int] = ..., joined_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Vault(_message.Message):
    __slots__ = ("id", "contract_address", "leader", "name", "base_asset", "decimals", "tvl", "roi_pct", "max_drawdown_pct", "risk_score", "monthly_fee", "status", "created_at", "follower_count", "trade_count", "as_of", "block_number")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    LEADER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    TVL_FIELD_NUMBER: _ClassVar[int]
    ROI_PCT_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_PCT_FIELD_NUMBER: _ClassVar[int]
    RISK_SCORE_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_FEE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_COUNT_FIELD_NUMBER: _ClassVar[int]
    TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    id: str
    contract_address: str
    leader: User
    name: str
    base_asset: str
    decimals: int
    tvl: str
    roi_pct: str
    max_drawdown_pct: str
    risk_score: int
    monthly_fee: str
    status: VaultStatus
    created_at: _timestamp_pb2.Timestamp
    follower_count: int
    trade_count: int
    as_of: _timestamp_pb2.Timestamp
    block_number: int
    def __init__(self, id: _Optional[str] = ..., contract_address: _Optional[str] = ..., leader: _Optional[_Union[User, _Mapping]] = ..., name: _Optional[str] = ..., base_asset: _Optional[str] = ..., decimals: _Optional[int] = ..., tvl: _Optional[str] = ..., roi_pct: _Optional[str] = ..., max_drawdown_pct: _Optional[str] = ..., risk_score: _Optional[int] = ..., monthly_fee: _Optional[str] = ..., status: _Optional[_Union[VaultStatus, str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., follower_count: _Optional[int] = ..., trade_count: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_number: _Optional[int] = ...) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("id", "vault_id", "user_id", "deposited_amount", "subscribed_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    DEPOSITED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    vault_id: str
    user_id: str
    deposited_amount: str
    subscribed_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., vault_id: _Optional[str] = ..., user_id: _Optional[str] = ..., deposited_amount: _Optional[str] = ..., subscribed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class VaultFilter(_message.Message):
    __slots__ = ("statuses", "base_asset", "leader_id", "query", "min_tvl", "max_tvl", "min_roi_pct", "max_drawdown_pct", "max_risk_score", "min_followers", "min_trades")
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    LEADER_ID_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    MIN_TVL_FIELD_NUMBER: _ClassVar[int]
    MAX_TVL_FIELD_NUMBER: _ClassVar[int]
    MIN_ROI_PCT_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_PCT_FIELD_NUMBER: _ClassVar[int]
    MAX_RISK_SCORE_FIELD_NUMBER: _ClassVar[int]
    MIN_FOLLOWERS_FIELD_NUMBER: _ClassVar[int]
    MIN_TRADES_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedScalarFieldContainer[VaultStatus]
    base_asset: str
    leader_id: str
    query: str
    min_tvl: str
    max_tvl: str
    min_roi_pct: str
    max_drawdown_pct: str
    max_risk_score: int
    min_followers: int
    min_trades: int
    def __init__(self, statuses: _Optional[_Iterable[_Union[VaultStatus, str]]] = ..., base_asset: _Optional[str] = ..., leader_id: _Optional[str] = ..., query: _Optional[str] = ..., min_tvl: _Optional[str] = ..., max_tvl: _Optional[str] = ..., min_roi_pct: _Optional[str] = ..., max_drawdown_pct: _Optional[str] = ..., max_risk_score: _Optional[int] = ..., min_followers: _Optional[int] = ..., min_trades: _Optional[int] = ...) -> None: ...

class ListVaultsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "skip", "filter", "window", "sort", "order")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SKIP_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    skip: int
    filter: VaultFilter
    window: str
    sort: VaultSort
    order: SortOrder
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., skip: _Optional[int] = ..., filter: _Optional[_Union[VaultFilter, _Mapping]] = ..., window: _Optional[str] = ..., sort: _Optional[_Union[VaultSort, str]] = ..., order: _Optional[_Union[SortOrder, str]] = ...) -> None: ...

class ListVaultsResponse(_message.Message):
    __slots__ = ("vaults", "next_page_token", "total_size")
    VAULTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    vaults: _containers.RepeatedCompositeFieldContainer[Vault]
    next_page_token: str
    total_size: int
    def __init__(self, vaults: _Optional[_Iterable[_Union[Vault, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ...) -> None: ...

class GetVaultRequest(_message.Message):
    __slots__ = ("vault_id", "contract_address")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    contract_address: str
    def __init__(self, vault_id: _Optional[str] = ..., contract_address: _Optional[str] = ...) -> None: ...

class Risk(_message.Message):
    __slots__ = ("score", "version", "argus", "drawdown", "volatility")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ARGUS_FIELD_NUMBER: _ClassVar[int]
    DRAWDOWN_FIELD_NUMBER: _ClassVar[int]
    VOLATILITY_FIELD_NUMBER: _ClassVar[int]
    score: int
    version: int
    argus: str
    drawdown: str
    volatility: str
    def __init__(self, score: _Optional[int] = ..., version: _Optional[int] = ..., argus: _Optional[str] = ..., drawdown: _Optional[str] = ..., volatility: _Optional[str] = ...) -> None: ...

class GetVaultResponse(_message.Message):
    __slots__ = ("vault", "risk")
    VAULT_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    vault: Vault
    risk: Risk
    def __init__(self, vault: _Optional[_Union[Vault, _Mapping]] = ..., risk: _Optional[_Union[Risk, _Mapping]] = ...) -> None: ...

class GetUserRequest(_message.Message):
    __slots__ = ("user_id", "wallet_address")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    wallet_address: str
    def __init__(self, user_id: _Optional[str] = ..., wallet_address: _Optional[str] = ...) -> None: ...

class GetUserResponse(_message.Message):
    __slots__ = ("user", "led_vault_ids", "subscriptions", "led_vaults")
    USER_FIELD_NUMBER: _ClassVar[int]
    LED_VAULT_IDS_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    LED_VAULTS_FIELD_NUMBER: _ClassVar[int]
    user: User
    led_vault_ids: _containers.RepeatedScalarFieldContainer[str]
    subscriptions: _containers.RepeatedCompositeFieldContainer[Subscription]
    led_vaults: _containers.RepeatedCompositeFieldContainer[Vault]
    def __init__(self, user: _Optional[_Union[User, _Mapping]] = ..., led_vault_ids: _Optional[_Iterable[str]] = ..., subscriptions: _Optional[_Iterable[_Union[Subscription, _Mapping]]] = ..., led_vaults: _Optional[_Iterable[_Union[Vault, _Mapping]]] = ...) -> None: ...
