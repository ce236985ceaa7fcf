import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeadLetterState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEAD_LETTER_STATE_UNSPECIFIED: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_OPEN: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_RETRIED: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_DISCARDED: _ClassVar[DeadLetterState]

class ChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_KIND_UNSPECIFIED: _ClassVar[ChangeKind]
    CHANGE_KIND_VAULT: _ClassVar[ChangeKind]
    CHANGE_KIND_TRADE: _ClassVar[ChangeKind]
    CHANGE_KIND_FLOW: _ClassVar[ChangeKind]
    CHANGE_KIND_SCORE: _ClassVar[ChangeKind]
    CHANGE_KIND_STATUS: _ClassVar[ChangeKind]
    CHANGE_KIND_SNAPSHOT: _ClassVar[ChangeKind]
    CHANGE_KIND_REWIND: _ClassVar[ChangeKind]
DEAD_LETTER_STATE_UNSPECIFIED: DeadLetterState
DEAD_LETTER_STATE_OPEN: DeadLetterState
DEAD_LETTER_STATE_RETRIED: DeadLetterState
DEAD_LETTER_STATE_DISCARDED: DeadLetterState
CHANGE_KIND_UNSPECIFIED: ChangeKind
CHANGE_KIND_VAULT: ChangeKind
CHANGE_KIND_TRADE: ChangeKind
CHANGE_KIND_FLOW: ChangeKind
CHANGE_KIND_SCORE: ChangeKind
CHANGE_KIND_STATUS: ChangeKind
CHANGE_KIND_SNAPSHOT: ChangeKind
CHANGE_KIND_REWIND: ChangeKind

class GetPipelineStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPipelineStatusResponse(_message.Message):
    __slots__ = ("delivered_block_number", "delivered_event_count", "pending_count", "deferred_count", "oldest_pending_age_ms", "open_dead_letter_count", "dead_letter_counts", "streams", "last_snapshot_at", "change_sequence", "redis_error", "delivery_error", "chain")
    DELIVERED_BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    PENDING_COUNT_FIELD_NUMBER: _ClassVar[int]
    DEFERRED_COUNT_FIELD_NUMBER: _ClassVar[int]
    OLDEST_PENDING_AGE_MS_FIELD_NUMBER: _ClassVar[int]
    OPEN_DEAD_LETTER_COUNT_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTER_COUNTS_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    LAST_SNAPSHOT_AT_FIELD_NUMBER: _ClassVar[int]
    CHANGE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REDIS_ERROR_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_ERROR_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    delivered_block_number: int
    delivered_event_count: int
    pending_count: int
    deferred_count: int
    oldest_pending_age_ms: int
    open_dead_letter_count: int
    dead_letter_counts: _containers.RepeatedCompositeFieldContainer[DeadLetterCount]
    streams: _containers.RepeatedCompositeFieldContainer[StreamStatus]
    last_snapshot_at: _timestamp_pb2.Timestamp
    change_sequence: int
    redis_error: str
    delivery_error: str
    chain: ChainStatus
    def __init__(self, delivered_block_number: _Optional[int] = ..., delivered_event_count: _Optional[int] = ..., pending_count: _Optional[int] = ..., deferred_count: _Optional[int] = ..., oldest_pending_age_ms: _Optional[int] = ..., open_dead_letter_count: _Optional[int] = ..., dead_letter_counts: _Optional[_Iterable[_Union[DeadLetterCount, _Mapping]]] = ..., streams: _Optional[_Iterable[_Union[StreamStatus, _Mapping]]] = ..., last_snapshot_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., change_sequence: _Optional[int] = ..., redis_error: _Optional[str] = ..., delivery_error: _Optional[str] = ..., chain: _Optional[_Union[ChainStatus, _Mapping]] = ...) -> None: ...

class ChainStatus(_message.Message):
    __slots__ = ("last_indexed_block", "head_block", "head_seen_at", "outbox_count", "open_rewind_count", "fatal", "disagreement_count", "verified_block", "verified_at")
    LAST_INDEXED_BLOCK_FIELD_NUMBER: _ClassVar[int]
    HEAD_BLOCK_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    OUTBOX_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_REWIND_COUNT_FIELD_NUMBER: _ClassVar[int]
    FATAL_FIELD_NUMBER: _ClassVar[int]
    DISAGREEMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_BLOCK_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_AT_FIELD_NUMBER: _ClassVar[int]
    last_indexed_block: int
    head_block: int
    head_seen_at: _timestamp_pb2.Timestamp
    outbox_count: int
    open_rewind_count: int
    fatal: str
    disagreement_count: int
    verified_block: int
    verified_at: _timestamp_pb2.Timestamp
    def __init__(self, last_indexed_block: _Optional[int] = ..., head_block: _Optional[int] = ..., head_seen_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outbox_count: _Optional[int] = ..., open_rewind_count: _Optional[int] = ..., fatal: _Optional[str] = ..., disagreement_count: _Optional[int] = ..., verified_block: _Optional[int] = ..., verified_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DeadLetterCount(_message.Message):
    __slots__ = ("reason", "count")
    REASON_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    reason: str
    count: int
    def __init__(self, reason: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class StreamStatus(_message.Message):
    __slots__ = ("stream", "length", "in_work")
    STREAM_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    IN_WORK_FIELD_NUMBER: _ClassVar[int]
    stream: str
    length: int
    in_work: int
    def __init__(self, stream: _Optional[str] = ..., length: _Optional[int] = ..., in_work: _Optional[int] = ...) -> None: ...

class DeadLetter(_message.Message):
    __slots__ = ("id", "reason", "detail", "stream", "entry_id", "task_name", "task_id", "identity", "created_at", "state", "resolved_at", "resolution")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_NAME_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_AT_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    id: int
    reason: str
    detail: str
    stream: str
    entry_id: str
    task_name: str
    task_id: str
    identity: str
    created_at: _timestamp_pb2.Timestamp
    state: DeadLetterState
    resolved_at: _timestamp_pb2.Timestamp
    resolution: str
    def __init__(self, id: _Optional[int] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ..., stream: _Optional[str] = ..., entry_id: _Optional[str] = ..., task_name: _Optional[str] = ..., task_id: _Optional[str] = ..., identity: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[DeadLetterState, str]] = ..., resolved_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resolution: _Optional[str] = ...) -> None: ...

class ListDeadLettersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "state", "reason")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    state: DeadLetterState
    reason: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., state: _Optional[_Union[DeadLetterState, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class ListDeadLettersResponse(_message.Message):
    __slots__ = ("dead_letters", "next_page_token")
    DEAD_LETTERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    dead_letters: _containers.RepeatedCompositeFieldContainer[DeadLetter]
    next_page_token: str
    def __init__(self, dead_letters: _Optional[_Iterable[_Union[DeadLetter, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetDeadLetterRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class GetDeadLetterResponse(_message.Message):
    __slots__ = ("dead_letter", "payload")
    DEAD_LETTER_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    dead_letter: DeadLetter
    payload: bytes
    def __init__(self, dead_letter: _Optional[_Union[DeadLetter, _Mapping]] = ..., payload: _Optional[bytes] = ...) -> None: ...

class RetryDeadLettersRequest(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, ids: _Optional[_Iterable[int]] = ...) -> None: ...

class RetryDeadLettersResponse(_message.Message):
    __slots__ = ("retried_count", "failed_count")
    RETRIED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_COUNT_FIELD_NUMBER: _ClassVar[int]
    retried_count: int
    failed_count: int
    def __init__(self, retried_count: _Optional[int] = ..., failed_count: _Optional[int] = ...) -> None: ...

class DiscardDeadLettersRequest(_message.Message):
    __slots__ = ("ids", "resolution")
    IDS_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[int]
    resolution: str
    def __init__(self, ids: _Optional[_Iterable[int]] = ..., resolution: _Optional[str] = ...) -> None: ...

class DiscardDeadLettersResponse(_message.Message):
    __slots__ = ("discarded_count",)
    DISCARDED_COUNT_FIELD_NUMBER: _ClassVar[int]
    discarded_count: int
    def __init__(self, discarded_count: _Optional[int] = ...) -> None: ...

class WatchChangesRequest(_message.Message):
    __slots__ = ("after_sequence",)
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    def __init__(self, after_sequence: _Optional[int] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("sequence", "kind", "vault_id", "user_id", "identity")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    VAULT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    kind: ChangeKind
    vault_id: str
    user_id: str
    identity: str
    def __init__(self, sequence: _Optional[int] = ..., kind: _Optional[_Union[ChangeKind, str]] = ..., vault_id: _Optional[str] = ..., user_id: _Optional[str] = ..., identity: _Optional[str] = ...) -> None: ...

class WatchChangesResponse(_message.Message):
    __slots__ = ("sequence", "changes")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    def __init__(self, sequence: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ...) -> None: ...
