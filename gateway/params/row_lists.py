"""Which of a vault's trades, flows and followers are asked for, parsed strictly and written back canonically."""

from __future__ import annotations

from dataclasses import dataclass

from multidict import MultiMapping

from gateway.params.pages import DEFAULT_ROWS, Page, read_row_page
from gateway.params.reader import Reader
from gateway.params.urls import canonical_url

RESULTS = ("win", "loss")
TRADE_FLAGS = ("cost_basis_partial", "amount_out_unknown", "self_trade", "input_unpaid", "time_assumed")
FLOW_KINDS = ("deposit", "withdrawal", "settlement")
FOLLOWER_STATUSES = ("all", "active", "left")

_BOOLEANS = {"": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class TradeListQuery:
    """Conditions that all hold, and the page; empty or None is no condition. Times in Unix seconds, both included."""

    page: Page
    since: int | None = None
    until: int | None = None
    asset: str = ""
    is_close: bool | None = None
    result: str = ""
    flag: str = ""

    def url(self, path: str) -> str:
        """The canonical URL of this list."""
        conditions = {
            "from": self.since,
            "to": self.until,
            "asset": self.asset or None,
            "isClose": None if self.is_close is None else str(self.is_close).lower(),
            "result": self.result or None,
            "flag": self.flag or None,
        }
        return canonical_url(path, {**conditions, **self.page.parts(default_limit=DEFAULT_ROWS)})


@dataclass(frozen=True, slots=True)
class FlowListQuery:
    """Conditions that all hold, and the page; empty or None is no condition. Times in Unix seconds, both included."""

    page: Page
    kind: str = ""
    wallet: str = ""
    since: int | None = None
    until: int | None = None

    def url(self, path: str) -> str:
        """The canonical URL of this list."""
        conditions = {"kind": self.kind or None, "wallet": self.wallet or None, "from": self.since, "to": self.until}
        return canonical_url(path, {**conditions, **self.page.parts(default_limit=DEFAULT_ROWS)})


@dataclass(frozen=True, slots=True)
class FollowerListQuery:
    """Followers of a status, and the page."""

    page: Page
    status: str = "all"

    def url(self, path: str) -> str:
        """The canonical URL of this list."""
        status = self.status if self.status != "all" else None
        return canonical_url(path, {"status": status, **self.page.parts(default_limit=DEFAULT_ROWS)})


def trade_list_query(query: MultiMapping[str]) -> TradeListQuery:
    """A list of trades; InvalidArgument."""
    reader = Reader(query)
    since, until = reader.period()
    return reader.checked(
        TradeListQuery(
            page=read_row_page(reader),
            since=since,
            until=until,
            asset=reader.address("asset"),
            is_close=_BOOLEANS[reader.choice("isClose", ("true", "false"), default="")],
            result=reader.choice("result", RESULTS, default=""),
            flag=reader.choice("flag", TRADE_FLAGS, default=""),
        )
    )


def flow_list_query(query: MultiMapping[str]) -> FlowListQuery:
    """A list of flows; InvalidArgument."""
    reader = Reader(query)
    since, until = reader.period()
    return reader.checked(
        FlowListQuery(
            page=read_row_page(reader),
            kind=reader.choice("kind", FLOW_KINDS, default=""),
            wallet=reader.address("wallet"),
            since=since,
            until=until,
        )
    )


def follower_list_query(query: MultiMapping[str]) -> FollowerListQuery:
    """A list of followers; InvalidArgument."""
    reader = Reader(query)
    page = read_row_page(reader)
    return reader.checked(FollowerListQuery(page, reader.choice("status", FOLLOWER_STATUSES, default="all")))
