"""Which part of a history is asked for, parsed strictly and written back canonically."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from multidict import MultiMapping

from gateway.params.reader import DEFAULT_FORM, FORMS, Reader

METRICS = ("price", "equity", "tvl", "pnl", "drawdown", "followers")
# Seconds of a bucket.
RESOLUTIONS = {"5m": 300, "1h": 3_600, "8h": 28_800, "1d": 86_400, "1w": 604_800}
DEFAULT_RESOLUTION = "1h"
DEFAULT_POINTS = 1_000
MAX_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Buckets of a resolution from that of `since` to that of `until` (Unix seconds), at most `limit` of them.

    metrics are those to show, in the order of METRICS. base_asset is of histories per base asset; empty means all.
    form is json or csv.
    """

    metrics: tuple[str, ...] = METRICS
    resolution: str = DEFAULT_RESOLUTION
    since: int | None = None
    until: int | None = None
    limit: int = DEFAULT_POINTS
    base_asset: str = ""
    form: str = DEFAULT_FORM

    def url(self, path: str) -> str:
        """The canonical URL of this part: it parses to the same part, and defaults are left out."""
        parts = {
            "metrics": ",".join(self.metrics) if self.metrics != METRICS else None,
            "resolution": self.resolution if self.resolution != DEFAULT_RESOLUTION else None,
            "from": self.since,
            "to": self.until,
            "limit": self.limit if self.limit != DEFAULT_POINTS else None,
            "baseAsset": self.base_asset or None,
            "format": self.form if self.form != DEFAULT_FORM else None,
        }
        given = {name: value for name, value in parts.items() if value is not None}
        return f"{path}?{urlencode(given, safe=',')}" if given else path


def vault_history_query(query: MultiMapping[str]) -> HistoryQuery:
    """Part of a vault's history; InvalidArgument."""
    reader = Reader(query)
    return reader.checked(_range(reader, metrics=_metrics(reader), base_asset=""))


def asset_history_query(query: MultiMapping[str]) -> HistoryQuery:
    """Part of a history that is kept per base asset, of one or of all; InvalidArgument."""
    reader = Reader(query)
    return reader.checked(_range(reader, metrics=METRICS, base_asset=reader.address("baseAsset")))


def _range(reader: Reader, *, metrics: tuple[str, ...], base_asset: str) -> HistoryQuery:
    since, until = reader.instant("from"), reader.instant("to")
    if since is not None and until is not None and since > until:
        reader.refuse("from", "must not be later than to")
    return HistoryQuery(
        metrics=metrics,
        resolution=reader.choice("resolution", tuple(RESOLUTIONS), default=DEFAULT_RESOLUTION),
        since=since,
        until=until,
        limit=reader.integer("limit", default=DEFAULT_POINTS, minimum=1, maximum=MAX_POINTS),
        base_asset=base_asset,
        form=reader.choice("format", FORMS, default=DEFAULT_FORM),
    )


def _metrics(reader: Reader) -> tuple[str, ...]:
    text = reader.single("metrics")
    if text is None:
        return METRICS
    wanted = text.split(",")
    if not set(wanted) <= set(METRICS):
        reader.refuse("metrics", f"must be a comma-separated list of {', '.join(METRICS)}")
    return tuple(metric for metric in METRICS if metric in wanted)
