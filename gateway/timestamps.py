"""Moments of requests as the wire has them."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp


def optional_timestamp(seconds: int | None) -> Timestamp | None:
    """A moment in seconds since 1970; None stays unset."""
    return None if seconds is None else Timestamp(seconds=seconds)
