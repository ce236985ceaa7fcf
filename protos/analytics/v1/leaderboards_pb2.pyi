import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from protos.analytics.v1 import analytics_pb2 as _analytics_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Board(_message.Message):
    __slots__ = ("window", "sort", "base_asset")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    window: str
    sort: str
    base_asset: str
    def __init__(self, window: _Optional[str] = ..., sort: _Optional[str] = ..., base_asset: _Optional[str] = ...) -> None: ...

class BoardFilter(_message.Message):
    __slots__ = ("min_tvl", "min_followers", "min_trades")
    MIN_TVL_FIELD_NUMBER: _ClassVar[int]
    MIN_FOLLOWERS_FIELD_NUMBER: _ClassVar[int]
    MIN_TRADES_FIELD_NUMBER: _ClassVar[int]
    min_tvl: str
    min_followers: int
    min_trades: int
    def __init__(self, min_tvl: _Optional[str] = ..., min_followers: _Optional[int] = ..., min_trades: _Optional[int] = ...) -> None: ...

class ListVaultBoardRequest(_message.Message):
    __slots__ = ("board", "filter", "page_size", "page_token", "skip")
    BOARD_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SKIP_FIELD_NUMBER: _ClassVar[int]
    board: Board
    filter: BoardFilter
    page_size: int
    page_token: str
    skip: int
    def __init__(self, board: _Optional[_Union[Board, _Mapping]] = ..., filter: _Optional[_Union[BoardFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., skip: _Optional[int] = ...) -> None: ...

class ListVaultBoardResponse(_message.Message):
    __slots__ = ("entries", "next_page_token", "total_size", "as_of")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[VaultEntry]
    next_page_token: str
    total_size: int
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, entries: _Optional[_Iterable[_Union[VaultEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Place(_message.Message):
    __slots__ = ("rank", "previous_rank", "value")
    RANK_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_RANK_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    rank: int
    previous_rank: int
    value: str
    def __init__(self, rank: _Optional[int] = ..., previous_rank: _Optional[int] = ..., value: _Optional[str] = ...) -> None: ...

class VaultEntry(_message.Message):
    __slots__ = ("place", "vault_id", "contract_address", "name", "base_asset", "status", "tvl", "follower_count", "leader_wallet_address", "trade_count")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TVL_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LEADER_WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    place: Place
    vault_id: str
    contract_address: str
    name: str
    base_asset: str
    status: str
    tvl: str
    follower_count: int
    leader_wallet_address: str
    trade_count: int
    def __init__(self, place: _Optional[_Union[Place, _Mapping]] = ..., vault_id: _Optional[str] = ..., contract_address: _Optional[str] = ..., name: _Optional[str] = ..., base_asset: _Optional[str] = ..., status: _Optional[str] = ..., tvl: _Optional[str] = ..., follower_count: _Optional[int] = ..., leader_wallet_address: _Optional[str] = ..., trade_count: _Optional[int] = ...) -> None: ...

class ListLeaderBoardRequest(_message.Message):
    __slots__ = ("board", "filter", "page_size", "page_token", "skip")
    BOARD_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SKIP_FIELD_NUMBER: _ClassVar[int]
    board: Board
    filter: BoardFilter
    page_size: int
    page_token: str
    skip: int
    def __init__(self, board: _Optional[_Union[Board, _Mapping]] = ..., filter: _Optional[_Union[BoardFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., skip: _Optional[int] = ...) -> None: ...

class ListLeaderBoardResponse(_message.Message):
    __slots__ = ("entries", "next_page_token", "total_size", "as_of")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[LeaderEntry]
    next_page_token: str
    total_size: int
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, entries: _Optional[_Iterable[_Union[LeaderEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LeaderEntry(_message.Message):
    __slots__ = ("place", "user_id", "wallet_address", "base_asset", "argus_score", "joined_at", "tvl", "follower_count", "led_vault_count", "trade_count")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    WALLET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    ARGUS_SCORE_FIELD_NUMBER: _ClassVar[int]
    JOINED_AT_FIELD_NUMBER: _ClassVar[int]
    TVL_FIELD_NUMBER: _ClassVar[int]
    FOLLOWER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LED_VAULT_COUNT_FIELD_NUMBER: _ClassVar[int]
    TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    place: Place
    user_id: str
    wallet_address: str
    base_asset: str
    argus_score: int
    joined_at: _timestamp_pb2.Timestamp
    tvl: str
    follower_count: int
    led_vault_count: int
    trade_count: int
    def __init__(self, place: _Optional[_Union[Place, _Mapping]] = ..., user_id: _Optional[str] = ..., wallet_address: _Optional[str] = ..., base_asset: _Optional[str] = ..., argus_score: _Optional[int] = ..., joined_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tvl: _Optional[str] = ..., follower_count: _Optional[int] = ..., led_vault_count: _Optional[int] = ..., trade_count: _Optional[int] = ...) -> None: ...

class GetRankRequest(_message.Message):
    __slots__ = ("vault_id", "user_id", "board", "reach")
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    BOARD_FIELD_NUMBER: _ClassVar[int]
    REACH_FIELD_NUMBER: _ClassVar[int]
    vault_id: str
    user_id: str
    board: Board
    reach: int
    def __init__(self, vault_id: _Optional[str] = ..., user_id: _Optional[str] = ..., board: _Optional[_Union[Board, _Mapping]] = ..., reach: _Optional[int] = ...) -> None: ...

class GetRankResponse(_message.Message):
    __slots__ = ("contender_id", "address", "vaults", "leaders", "reputation", "place", "total_size", "as_of", "base_asset", "sort")
    CONTENDER_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    VAULTS_FIELD_NUMBER: _ClassVar[int]
    LEADERS_FIELD_NUMBER: _ClassVar[int]
    REPUTATION_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    BASE_ASSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    contender_id: str
    address: str
    vaults: VaultNeighbours
    leaders: LeaderNeighbours
    reputation: ReputationNeighbours
    place: Place
    total_size: int
    as_of: _timestamp_pb2.Timestamp
    base_asset: str
    sort: str
    def __init__(self, contender_id: _Optional[str] = ..., address: _Optional[str] = ..., vaults: _Optional[_Union[VaultNeighbours, _Mapping]] = ..., leaders: _Optional[_Union[LeaderNeighbours, _Mapping]] = ..., reputation: _Optional[_Union[ReputationNeighbours, _Mapping]] = ..., place: _Optional[_Union[Place, _Mapping]] = ..., total_size: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., base_asset: _Optional[str] = ..., sort: _Optional[str] = ...) -> None: ...

class VaultNeighbours(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[VaultEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[VaultEntry, _Mapping]]] = ...) -> None: ...

class LeaderNeighbours(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[LeaderEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[LeaderEntry, _Mapping]]] = ...) -> None: ...

class ReputationNeighbours(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[ReputationEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[ReputationEntry, _Mapping]]] = ...) -> None: ...

class ReputationEntry(_message.Message):
    __slots__ = ("place", "leader")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    LEADER_FIELD_NUMBER: _ClassVar[int]
    place: Place
    leader: _analytics_pb2.Leader
    def __init__(self, place: _Optional[_Union[Place, _Mapping]] = ..., leader: _Optional[_Union[_analytics_pb2.Leader, _Mapping]] = ...) -> None: ...
