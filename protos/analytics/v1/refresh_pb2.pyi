import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from protos.events.v1 import performance_pb2 as _performance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RefreshFiguresRequest(_message.Message):
    __slots__ = ("as_of",)
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RefreshFiguresResponse(_message.Message):
    __slots__ = ("refresh_number", "as_of", "subject_count")
    REFRESH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_COUNT_FIELD_NUMBER: _ClassVar[int]
    refresh_number: int
    as_of: _timestamp_pb2.Timestamp
    subject_count: int
    def __init__(self, refresh_number: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., subject_count: _Optional[int] = ...) -> None: ...

class ListWindowFiguresRequest(_message.Message):
    __slots__ = ("after_refresh_number", "page_size", "page_token")
    AFTER_REFRESH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    after_refresh_number: int
    page_size: int
    page_token: str
    def __init__(self, after_refresh_number: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListWindowFiguresResponse(_message.Message):
    __slots__ = ("figures", "next_page_token")
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    figures: _containers.RepeatedCompositeFieldContainer[_performance_pb2.VaultWindowFigures]
    next_page_token: str
    def __init__(self, figures: _Optional[_Iterable[_Union[_performance_pb2.VaultWindowFigures, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
