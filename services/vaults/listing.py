"""What a list of vaults is asked for: conditions, the window of its figures, and the order."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import NamedTuple

ALL = "all"
WINDOWS = ("24h", "7d", "30d", "90d", "1y", ALL)


class VaultSort(StrEnum):
    """What vaults are listed by; roi and drawdown are those of the list's window."""

    CREATED_AT = "created_at"
    TVL = "tvl"
    ROI = "roi"
    DRAWDOWN = "drawdown"
    RISK_SCORE = "risk_score"
    FOLLOWERS = "followers"
    TRADES = "trades"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class VaultFilter:
    """Conditions that all hold; None is no condition. Amounts and percentages as decimal text.

    A figure that is not known passes no condition. Amounts compare in smallest units, whatever their base asset.
    """

    statuses: tuple[str, ...] | None = None
    base_asset: str | None = None
    leader_id: str | None = None
    query: str | None = None
    min_tvl: str | None = None
    max_tvl: str | None = None
    min_roi_pct: str | None = None
    max_drawdown_pct: str | None = None
    max_risk_score: int | None = None
    min_followers: int | None = None
    min_trades: int | None = None

    def conditions(self) -> dict[str, object]:
        """The conditions that are there, by name."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        return given | {name: list(value) for name, value in given.items() if isinstance(value, tuple)}


@dataclass(frozen=True, slots=True)
class VaultQuery:
    """A list of vaults; its rows follow each other by sort value (unknown ones last), then by id ascending."""

    filter: VaultFilter
    window: str = ALL
    sort: VaultSort = VaultSort.CREATED_AT
    is_descending: bool = True


NEWEST = VaultQuery(VaultFilter())


class Place(NamedTuple):
    """Where a page ends: the sort value of its last row as text (times in seconds; None = unknown), and its id."""

    value: str | None
    id: str
