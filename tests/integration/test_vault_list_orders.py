"""Lists of vaults in every order and under every condition, walked page by page while others arrive."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from libs.errors import InvalidArgument
from protos.vaults.v1 import vaults_pb2 as pb
from tests.integration.service_pair import ServicePair, service_pair
from tests.integration.vault_rows import (
    BASES,
    VaultFacts,
    insert_leaders,
    insert_vault,
    leader_id,
    naive_list,
    random_vault,
    sort_values,
)
from tests.servers import Database

ASCENDING, DESCENDING = pb.SORT_ORDER_ASCENDING, pb.SORT_ORDER_DESCENDING
STATUS = {name: getattr(pb, f"VAULT_STATUS_{name}") for name in ("ACTIVE", "PAUSED", "LIQUIDATED")}
WALKS = list(itertools.product(sorted(sort_values("all")), (ASCENDING, DESCENDING), ("", "24h", "30d", "7d")))


def random_filter(source: random.Random) -> dict[str, Any]:
    """Each condition is there now and then."""
    wanted: dict[str, Any] = {
        "statuses": source.sample(sorted(STATUS.values()), source.randint(1, 2)),
        "base_asset": source.choice(BASES),
        "leader_id": leader_id(source.randrange(2)),
        "query": source.choice(("a", "ÉT", "_%", "\\", "0xabd", "o'")),
        "min_tvl": source.choice(("0", "10")),
        "max_tvl": source.choice(("9", str(2**256 - 1))),
        "min_roi_pct": source.choice(("0.5", "-100", "12.345678901234567890124")),
        "max_drawdown_pct": source.choice(("0.5", "12.345678901234567890123")),
        "max_risk_score": source.choice((20, 50)),
        "min_followers": source.choice((1, 10)),
        "min_trades": 3,
    }
    return {name: value for name, value in wanted.items() if source.random() < 0.12}


def passes(vault: VaultFacts, wanted: dict[str, Any], window: str) -> bool:
    """Every condition that is there holds."""
    roi, drawdown = vault.figures(window)
    holds: dict[str, Callable[[Any], bool]] = {
        "statuses": lambda value: STATUS[vault.status] in value,
        "base_asset": lambda value: vault.base == value,
        "leader_id": lambda value: leader_id(vault.leader) == value,
        "query": lambda value: value.lower() in vault.name.lower() or vault.address.startswith(value.lower()),
        "min_tvl": lambda value: vault.tvl >= int(value),
        "max_tvl": lambda value: vault.tvl <= int(value),
        "min_roi_pct": lambda value: roi is not None and roi >= Decimal(value),
        "max_drawdown_pct": lambda value: drawdown is not None and drawdown <= Decimal(value),
        "max_risk_score": lambda value: vault.risk <= value,
        "min_followers": lambda value: vault.followers >= value,
        "min_trades": lambda value: vault.trades >= value,
    }
    return all(holds[name](value) for name, value in wanted.items())


async def walk(
    pair: ServicePair, wanted: dict[str, Any], between: Any, asked: dict[str, Any]
) -> list[pb.ListVaultsResponse]:
    """All pages of a list; `between` runs after each."""
    pages: list[pb.ListVaultsResponse] = []
    token = ""
    while not pages or token:
        request = pb.ListVaultsRequest(
            page_size=7,
            page_token=token,
            filter=pb.VaultFilter(**wanted),
            **asked,
        )
        pages.append(await pair.vaults.ListVaults(request, None))
        token = pages[-1].next_page_token
        await between()
    return pages


async def test_every_order_under_any_conditions_is_the_naive_one_while_vaults_are_inserted(database: Database) -> None:
    source = random.Random(20_261_122)
    numbers = itertools.count()
    vaults: list[VaultFacts] = []

    async with service_pair(database) as pair:

        async def insert() -> None:
            vaults.append(random_vault(next(numbers), source))
            await insert_vault(pair.admin, vaults[-1])

        for turn, (sort, order, window) in enumerate(WALKS):
            # New ones for each walk: what was inserted during the last one would pile up.
            await pair.clear()
            await insert_leaders(pair.admin)
            vaults.clear()
            for _ in range(20):
                await insert()
            wanted = random_filter(source) if turn % 4 else {}
            there = [vault for vault in vaults if passes(vault, wanted, window or "all")]
            asked = {"window": window, "sort": getattr(pb, f"VAULT_SORT_{sort}"), "order": order}
            pages = await walk(pair, wanted, insert, asked)
            listed = [row.id for response in pages for row in response.vaults]
            assert pages[0].total_size == len(there), wanted
            assert len(listed) == len(set(listed))
            before = {vault.id for vault in there}
            key = sort_values(window or "all")[sort]
            expected = naive_list(there, key, descending=order == DESCENDING)
            assert [id_ for id_ in listed if id_ in before] == expected, (sort, order, window, wanted)


async def test_a_token_serves_the_list_that_gave_it_and_no_other(database: Database) -> None:
    source = random.Random(7)
    async with service_pair(database) as pair:
        await insert_leaders(pair.admin)
        for number in range(3):
            await insert_vault(pair.admin, random_vault(number, source))
        lists: list[dict[str, Any]] = [
            {},
            {"sort": pb.VAULT_SORT_TVL},
            {"sort": pb.VAULT_SORT_TVL, "order": ASCENDING},
            {"sort": pb.VAULT_SORT_ROI},
            {"sort": pb.VAULT_SORT_ROI, "window": "30d"},
            {"filter": pb.VaultFilter(min_tvl="0")},
        ]
        tokens = [
            (await pair.vaults.ListVaults(pb.ListVaultsRequest(page_size=1, **one), None)).next_page_token
            for one in lists
        ]
        assert all(tokens)
        for (here, asked), (there, token) in itertools.product(enumerate(lists), enumerate(tokens)):
            call = pair.vaults.ListVaults(pb.ListVaultsRequest(page_size=1, page_token=token, **asked), None)
            if here == there:
                assert len((await call).vaults) == 1
            else:
                with pytest.raises(InvalidArgument) as caught:
                    await call
                assert [violation.field for violation in caught.value.violations] == ["page_token"]


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("window", {"window": "1d"}),
    ("sort", {"sort": 99}),
    ("order", {"order": 3}),
    ("statuses", {"filter": pb.VaultFilter(statuses=[pb.VAULT_STATUS_UNSPECIFIED])}),
    ("base_asset", {"filter": pb.VaultFilter(base_asset="0x12")}),
    ("leader_id", {"filter": pb.VaultFilter(leader_id="me")}),
    ("query", {"filter": pb.VaultFilter(query="x" * 101)}),
    ("query", {"filter": pb.VaultFilter(query="\x00")}),
    ("min_tvl", {"filter": pb.VaultFilter(min_tvl="-1")}),
    ("max_tvl", {"filter": pb.VaultFilter(max_tvl=str(2**256))}),
    ("min_roi_pct", {"filter": pb.VaultFilter(min_roi_pct="NaN")}),
    ("max_drawdown_pct", {"filter": pb.VaultFilter(max_drawdown_pct="1e5")}),
    ("max_risk_score", {"filter": pb.VaultFilter(max_risk_score=101)}),
    ("min_trades", {"filter": pb.VaultFilter(min_trades=2**63)}),
]


async def test_what_is_malformed_in_a_list_is_refused_by_name(database: Database) -> None:
    async with service_pair(database) as pair:
        for field, request in MALFORMED:
            with pytest.raises(InvalidArgument) as caught:
                await pair.vaults.ListVaults(pb.ListVaultsRequest(**request), None)
            assert [violation.field for violation in caught.value.violations] == [field], request
