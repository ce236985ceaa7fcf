"""Parameters and canonical URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from gateway.params import Page, VaultListQuery, leader_page, parse_vault_id, trade_list_query, vault_list_query
from libs.errors import InvalidArgument


@given(
    limit=st.integers(1, 1000),
    offset=st.integers(0, 1_000_000),
    cursor=st.text("abcXYZ019_-", max_size=40),
)
def test_a_canonical_url_parses_to_its_own_page(limit, offset, cursor):
    wanted = VaultListQuery(page=Page(limit, 0 if cursor else offset, cursor))
    url = wanted.url("/api/vaults")
    parsed = vault_list_query(URL(url).query, 125)
    assert parsed == wanted
    assert parsed.url("/api/vaults") == url


def test_defaults_leave_no_trace_in_the_canonical_url():
    assert vault_list_query(URL("/?limit=1000&offset=0&cursor=").query, 125).url("/a") == "/a"
    assert trade_list_query(URL("/?limit=50").query).url("/a") == "/a"
    assert leader_page(URL("/?offset=0").query).url("/a", default_limit=50) == "/a"


def test_the_canonical_url_has_one_order():
    query = URL("/?cursor=YQ&limit=7").query
    assert vault_list_query(query, 125).url("/a") == "/a?limit=7&cursor=YQ"


@pytest.mark.parametrize("text", ["+5", " 5", "5 ", "5.0", "1e3", "0x5", "-0", "½", "٥", "5\n"])
def test_only_plain_digits_are_an_integer(text):
    with pytest.raises(InvalidArgument) as refused:
        vault_list_query(URL("/").with_query({"limit": text}).query, 125)
    assert [violation.field for violation in refused.value.violations] == ["limit"]


def test_a_number_of_five_thousand_digits_is_out_of_range_and_nothing_worse():
    with pytest.raises(InvalidArgument):
        vault_list_query(URL("/").with_query({"limit": "9" * 5000}).query, 125)
    assert leader_page(URL("/").with_query({"limit": "9" * 5000}).query).limit == 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "11111111222253338444555555555555",
        "{11111111-2222-5333-8444-555555555555}",
        "11111111-2222-5333-8444-55555555555g",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n",
    ],
)
def test_a_malformed_id_is_refused_by_name(text):
    with pytest.raises(InvalidArgument) as refused:
        parse_vault_id({"id": text}, 125)
    assert [violation.field for violation in refused.value.violations] == ["id"]


def test_the_same_address_is_another_vault_on_another_chain():
    address = {"id": "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"}
    assert parse_vault_id(address, 125) == "75bcdf5d-bd5e-5bd9-a74d-08d91bd12977"
    assert parse_vault_id(address, 1) != parse_vault_id(address, 125)
