"""Which part of a history a request asks for."""

from __future__ import annotations

from typing import Any, NamedTuple

from libs.errors import violation
from libs.events import END_OF_TIME
from services.analytics.history import MAX_POINTS, Buckets, Resolution, buckets

DEFAULT_POINTS = 1_000


class HistoryRequest(NamedTuple):
    """Buckets of a resolution from that of `since` to that of `until` (seconds since 1970), at most `limit` points."""

    resolution: Resolution
    since: int | None
    until: int | None
    limit: int

    def buckets(self, first_at: int | None, now: int, *, series: int = 1) -> Buckets | None:
        """The buckets to answer with, so that so many series have `limit` points together (but one each at least)."""
        limit = max(1, self.limit // max(1, series))
        return buckets(self.resolution, first_at, now, since=self.since, until=self.until, limit=limit)


def history_request_from_proto(message: Any) -> HistoryRequest:
    """A message's resolution, since, until and limit; InvalidArgument names the field."""
    if message.resolution not in set(Resolution):
        raise violation("resolution", f"must be one of {', '.join(Resolution)}")
    if not 0 <= message.limit <= MAX_POINTS:
        raise violation("limit", f"must be from 1 to {MAX_POINTS}, or 0 for {DEFAULT_POINTS}")
    return HistoryRequest(
        Resolution(message.resolution),
        _seconds(message, "since"),
        _seconds(message, "until"),
        message.limit or DEFAULT_POINTS,
    )


def _seconds(message: Any, field: str) -> int | None:
    if not message.HasField(field):
        return None
    seconds = int(getattr(message, field).seconds)
    if not 0 <= seconds < END_OF_TIME:
        raise violation(field, "must be from 1970 to 9999")
    return seconds
