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
VAULT_STATUS_UNSPECIFIED: VaultStatus
VAULT_STATUS_ACTIVE: VaultStatus
VAULT_STATUS_PAUSED: VaultStatus
VAULT_STATUS_LIQUIDATED: VaultStatus

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

class ListVaultsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "skip")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SKIP_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    skip: int
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., skip: _Optional[int] = ...) -> None: ...

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

class GetVaultResponse(_message.Message):
    __slots__ = ("vault",)
    VAULT_FIELD_NUMBER: _ClassVar[int]
    vault: Vault
    def __init__(self, vault: _Optional[_Union[Vault, _Mapping]] = ...) -> None: ...

class GetUserRequest(_message.Message):
    __slots__ = ("user_id", "wallet_address")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    wallet_address: str
    def __init__(self, user_id: _Optional[str] = ..., wallet_address: _Optional[str] = ...) -> None: ...

class GetUserResponse(_message.Message):
    __slots__ = ("user", "led_vault_ids", "subscriptions")
    USER_FIELD_NUMBER: _ClassVar[int]
    LED_VAULT_IDS_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    user: User
    led_vault_ids: _containers.RepeatedScalarFieldContainer[str]
    subscriptions: _containers.RepeatedCompositeFieldContainer[Subscription]
    def __init__(self, user: _Optional[_Union[User, _Mapping]] = ..., led_vault_ids: _Optional[_Iterable[str]] = ..., subscriptions: _Optional[_Iterable[_Union[Subscription, _Mapping]]] = ...) -> None: ...
