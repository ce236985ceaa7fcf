"""Which vaults are asked for and in which order, parsed strictly and written back canonically."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from multidict import MultiMapping

from gateway.params.pages import MAX_LIST_LIMIT, Page, read_vault_page
from gateway.params.paths import UUID
from gateway.params.reader import Reader
from gateway.params.urls import canonical_url
from libs.identifiers import parse_any_case_address, user_id

STATUSES = ("ACTIVE", "PAUSED", "LIQUIDATED")
WINDOWS = ("24h", "7d", "30d", "90d", "1y", "all")
SORTS = ("createdAt", "tvl", "roi", "drawdown", "riskScore", "followers", "trades", "name")
ORDERS = ("asc", "desc")
MAX_QUERY = 100
FULL_RISK = 100

_MAX_COUNT = 10**15
_BY_NAME = "name"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class VaultListQuery:
    """Conditions that all hold, the window of roi and drawdown, the order and the page. Empty is no condition.

    leader is the user's UUID; amounts are integers and percentages decimal numbers, as text.
    """

    statuses: tuple[str, ...] = ()
    base_asset: str = ""
    leader: str = ""
    query: str = ""
    min_tvl: str = ""
    max_tvl: str = ""
    min_roi_pct: str = ""
    max_drawdown_pct: str = ""
    max_risk_score: int = FULL_RISK
    min_followers: int = 0
    min_trades: int = 0
    window: str = "all"
    sort: str = "createdAt"
    order: str = "desc"
    page: Page = field(default_factory=lambda: Page(MAX_LIST_LIMIT))

    def url(self, path: str) -> str:
        """The canonical URL of this list: it parses to the same list, and defaults are left out."""
        conditions = {
            "status": ",".join(self.statuses) or None,
            "baseAsset": self.base_asset or None,
            "leader": self.leader or None,
            "q": self.query or None,
            "minTvl": self.min_tvl or None,
            "maxTvl": self.max_tvl or None,
            "minRoiPct": self.min_roi_pct or None,
            "maxDrawdownPct": self.max_drawdown_pct or None,
            "maxRiskScore": self.max_risk_score if self.max_risk_score < FULL_RISK else None,
            "minFollowers": self.min_followers or None,
            "minTrades": self.min_trades or None,
            "window": self.window if self.window != "all" else None,
            "sort": self.sort if self.sort != "createdAt" else None,
            "order": self.order if self.order != _default_order(self.sort) else None,
        }
        return canonical_url(path, {**conditions, **self.page.parts(default_limit=MAX_LIST_LIMIT)})


def vault_list_query(query: MultiMapping[str], chain_id: int) -> VaultListQuery:
    """A list of vaults; InvalidArgument."""
    if not query:
        return _EVERYTHING
    reader = Reader(query)
    sort = reader.choice("sort", SORTS, default="createdAt")
    return reader.checked(
        VaultListQuery(
            statuses=_statuses(reader),
            base_asset=reader.address("baseAsset"),
            leader=_leader(reader, chain_id),
            query=_query(reader),
            min_tvl=reader.amount("minTvl"),
            max_tvl=reader.amount("maxTvl"),
            min_roi_pct=reader.decimal("minRoiPct"),
            max_drawdown_pct=reader.decimal("maxDrawdownPct"),
            max_risk_score=reader.integer("maxRiskScore", default=FULL_RISK, minimum=0, maximum=FULL_RISK),
            min_followers=reader.integer("minFollowers", default=0, minimum=0, maximum=_MAX_COUNT),
            min_trades=reader.integer("minTrades", default=0, minimum=0, maximum=_MAX_COUNT),
            window=reader.choice("window", WINDOWS, default="all"),
            sort=sort,
            order=reader.choice("order", ORDERS, default=_default_order(sort)),
            page=read_vault_page(reader),
        )
    )


_EVERYTHING = VaultListQuery()


def _default_order(sort: str) -> str:
    return "asc" if sort == _BY_NAME else "desc"


def _statuses(reader: Reader) -> tuple[str, ...]:
    text = reader.single("status")
    if text is None:
        return ()
    wanted = text.split(",")
    if not set(wanted) <= set(STATUSES):
        reader.refuse("status", f"must be a comma-separated list of {', '.join(STATUSES)}")
    return tuple(status for status in STATUSES if status in wanted)


def _leader(reader: Reader, chain_id: int) -> str:
    text = (reader.single("leader") or "").lower()
    if not text or UUID.fullmatch(text):
        return text
    try:
        return str(user_id(chain_id, parse_any_case_address(text)))
    except ValueError:
        reader.refuse("leader", "must be a UUID or 0x followed by 40 hex digits")
        return ""


def _query(reader: Reader) -> str:
    text = reader.single("q") or ""
    if len(text) > MAX_QUERY or _CONTROL.search(text):
        reader.refuse("q", f"must be text of at most {MAX_QUERY} characters")
    return text
