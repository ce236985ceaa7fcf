"""Conditions of lists: parsed strictly, and written back so that each list has one URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiMapping
from yarl import URL

from gateway.params import (
    Page,
    VaultListQuery,
    flow_list_query,
    follower_list_query,
    trade_list_query,
    vault_list_query,
)
from gateway.params.row_lists import FlowListQuery, FollowerListQuery, TradeListQuery
from libs.errors import InvalidArgument

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
LEADER = "aaaaaaaa-bbbb-5ccc-8ddd-eeeeeeeeeeee"

amounts = st.one_of(st.just(""), st.integers(0, 2**256 - 1).map(str))
percents = st.sampled_from(["", "0", "-100", "12.5", "0.000000000000000000000000000000000000001"])
times = st.none() | st.integers(0, 253_402_300_799)


def refused(parse: Callable[[MultiMapping[str]], Any], query: dict[str, str]) -> list[str]:
    with pytest.raises(InvalidArgument) as caught:
        parse(URL("/").with_query(query).query)
    return [violation.field for violation in caught.value.violations]


def vaults(query: MultiMapping[str]) -> VaultListQuery:
    return vault_list_query(query, 125)


@given(
    st.builds(
        VaultListQuery,
        statuses=st.sampled_from([(), ("ACTIVE",), ("PAUSED", "LIQUIDATED")]),
        base_asset=st.sampled_from(["", ADDRESS]),
        leader=st.sampled_from(["", LEADER]),
        query=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=100),
        min_tvl=amounts,
        max_tvl=amounts,
        min_roi_pct=percents,
        max_drawdown_pct=percents,
        max_risk_score=st.integers(0, 100),
        min_followers=st.integers(0, 10**15),
        min_trades=st.integers(0, 10**15),
        window=st.sampled_from(["24h", "all"]),
        sort=st.sampled_from(["createdAt", "tvl", "name"]),
        order=st.sampled_from(["asc", "desc"]),
        page=st.builds(Page, st.integers(1, 1_000), st.integers(0, 9), as_csv=st.booleans()),
    )
)
def test_the_url_of_a_list_of_vaults_parses_to_the_same_list(wanted):
    url = wanted.url("/api/vaults")
    assert vaults(URL(url).query) == wanted
    assert vaults(URL(url).query).url("/api/vaults") == url


@given(
    st.builds(Page, st.integers(1, 1_000), cursor=st.sampled_from(["", "YQ"]), as_csv=st.booleans()),
    times,
    st.sampled_from(["", ADDRESS]),
    st.sampled_from([None, True, False]),
)
def test_the_urls_of_rows_parse_to_the_same_rows(page, since, address, is_close):
    trades = TradeListQuery(page, since, None, address, is_close, "win", "self_trade")
    assert trade_list_query(URL(trades.url("/t")).query) == trades
    flows = FlowListQuery(page, "settlement", address, since, None)
    assert flow_list_query(URL(flows.url("/f")).query) == flows
    followers = FollowerListQuery(page, "left")
    assert follower_list_query(URL(followers.url("/f")).query) == followers


def test_different_spellings_of_one_list_have_one_url():
    spelled = f"/?status=PAUSED,ACTIVE,ACTIVE&minTvl=0007&minRoiPct=-0.50&baseAsset={ADDRESS.lower()}&order=desc"
    spelled += "&maxRiskScore=100&format=json&window=all"
    assert (
        vaults(URL(spelled).query).url("/v") == f"/v?status=ACTIVE,PAUSED&baseAsset={ADDRESS}&minTvl=7&minRoiPct=-0.5"
    )
    assert vaults(URL("/?sort=name&order=asc").query).url("/v") == "/v?sort=name"
    assert vaults(URL("/?minRoiPct=-0&q=").query).url("/v") == "/v?minRoiPct=0"


def test_a_leader_is_named_by_id_or_by_wallet_in_any_letter_case():
    by_wallet = vaults(URL(f"/?leader={ADDRESS.upper().replace('X', 'x')}").query)
    assert by_wallet == vaults(URL(f"/?leader={ADDRESS.lower()}").query)
    assert len(by_wallet.leader) == 36
    assert vaults(URL(f"/?leader={LEADER.upper()}").query).leader == LEADER


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("status", ""),
        ("status", "active"),
        ("status", "ACTIVE,"),
        ("baseAsset", ""),
        ("leader", "me"),
        ("q", "x" * 101),
        ("q", "\x00"),
        ("minTvl", "-1"),
        ("maxTvl", str(2**256)),
        ("minRoiPct", "1e3"),
        ("minRoiPct", "NaN"),
        ("maxDrawdownPct", ".5"),
        ("maxRiskScore", "101"),
        ("minFollowers", "1.5"),
        ("minTrades", "10000000000000001"),
        ("window", "1d"),
        ("sort", "reputation"),
        ("order", "ASC"),
        ("format", "xml"),
        ("limit", "0"),
    ],
)
def test_what_is_malformed_in_a_list_of_vaults_is_refused_by_name(field, text):
    assert refused(vaults, {field: text}) == [field]


@pytest.mark.parametrize(
    ("parse", "field", "text"),
    [
        (trade_list_query, "asset", "ETH"),
        (trade_list_query, "isClose", "1"),
        (trade_list_query, "result", "even"),
        (trade_list_query, "flag", "odd"),
        (trade_list_query, "from", "yesterday"),
        (flow_list_query, "kind", "DEPOSIT"),
        (flow_list_query, "wallet", "0x12"),
        (flow_list_query, "to", "-1"),
        (follower_list_query, "status", "gone"),
        (follower_list_query, "limit", "1001"),
    ],
)
def test_what_is_malformed_in_a_list_of_rows_is_refused_by_name(parse, field, text):
    assert refused(parse, {field: text}) == [field]


def test_a_period_that_ends_before_it_begins_is_refused():
    assert refused(flow_list_query, {"from": "5", "to": "4"}) == ["from"]
    assert flow_list_query(URL("/?from=1970-01-01T00:00:05Z&to=5").query).since == 5
