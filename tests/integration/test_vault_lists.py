"""The vaults service's reads: pages that stay put, look-ups in every spelling, errors that name the field."""

from __future__ import annotations

import base64
from collections.abc import Awaitable
from typing import Any

import orjson
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import InvalidArgument, NotFound
from protos.vaults.v1 import vaults_pb2 as pb
from tests.integration.service_pair import ServicePair, address, event_of, id_of, scored, service_pair
from tests.oracle.jobs import LEADER, VAULT, WALLETS, deployed, flow
from tests.oracle.sending import START
from tests.servers import Database


def deployment(number: int, created_at: int) -> Any:
    return event_of(deployed(1000 + number, vaultAddress=address(number), timestamp=created_at))


async def page(pair: ServicePair, **request: Any) -> pb.ListVaultsResponse:
    return await pair.vaults.ListVaults(pb.ListVaultsRequest(**request), None)


async def violated(call: Awaitable[Any]) -> list[str]:
    with pytest.raises(InvalidArgument) as caught:
        await call
    return [violation.field for violation in caught.value.violations]


def newest_first(vaults: dict[int, int]) -> list[str]:
    """Ids of vaults (number to creation) as they must be listed."""
    return [id_ for _, id_ in sorted((-created_at, id_of(address(n))) for n, created_at in vaults.items())]


async def test_pages_neither_skip_nor_repeat_a_vault_while_others_are_inserted(database: Database) -> None:
    # Five to a second: most pages end amid equals.
    vaults = {number: START + number // 5 for number in range(23)}
    async with service_pair(database) as pair:
        await pair.apply([deployment(number, created_at) for number, created_at in vaults.items()])
        listed: list[str] = []
        token, turn = "", 0
        while True:
            response = await page(pair, page_size=3, page_token=token)
            listed += [vault.id for vault in response.vaults]
            token = response.next_page_token
            if not token:
                break
            assert len(response.vaults) == 3
            # Newer, older, and in the same second as the page's last one.
            times = (START + 100 + turn, START - 1 - turn, response.vaults[-1].created_at.seconds)
            await pair.apply([deployment(100 + turn * 3 + n, time) for n, time in enumerate(times)])
            turn += 1
            assert response.total_size == 23 + (turn - 1) * 3
        assert len(listed) == len(set(listed))
        assert [id_ for id_ in listed if id_ in newest_first(vaults)] == newest_first(vaults)


async def test_every_page_size_gives_the_same_vaults_and_ends(database: Database) -> None:
    vaults = {number: START + number // 3 for number in range(6)}
    async with service_pair(database) as pair:
        await pair.apply([deployment(number, created_at) for number, created_at in vaults.items()])
        for size, count in ((1, 6), (2, 3), (5, 2), (6, 1), (7, 1), (5_000, 1)):
            pages: list[list[str]] = []
            token = ""
            while not pages or token:
                response = await page(pair, page_size=size, page_token=token)
                pages.append([vault.id for vault in response.vaults])
                token = response.next_page_token
            assert [id_ for ids in pages for id_ in ids] == newest_first(vaults)
            assert len(pages) == count


async def test_a_page_has_1000_vaults_unless_told_and_never_more(database: Database) -> None:
    async with service_pair(database) as pair:
        await pair.apply([deployment(number, START) for number in range(1_001)])
        for size in (0, 1_000, 2_000_000_000):
            response = await page(pair, page_size=size)
            assert (len(response.vaults), response.total_size) == (1_000, 1_001)
            rest = await page(pair, page_size=size, page_token=response.next_page_token)
            assert (len(rest.vaults), rest.next_page_token) == (1, "")


async def test_skipping_leaves_out_the_newest(database: Database) -> None:
    vaults = {number: START + number for number in range(5)}
    async with service_pair(database) as pair:
        await pair.apply([deployment(number, created_at) for number, created_at in vaults.items()])
        response = await page(pair, page_size=2, skip=2)
        assert [vault.id for vault in response.vaults] == newest_first(vaults)[2:4]
        following = await page(pair, page_token=response.next_page_token)
        assert [vault.id for vault in following.vaults] == newest_first(vaults)[4:]
        assert not (await page(pair, skip=1_000_000)).vaults


def token(*parts: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


UUID_TEXT = "7f3b1d1e-0000-5000-8000-000000000000"


BAD_TOKENS = [
    "x",
    "é",
    "====",
    token("vaults"),
    token("vaults", 1),
    token("vaults", 1, UUID_TEXT, 1),
    token("trades", 1, UUID_TEXT),
    token("vaults", "1", UUID_TEXT),
    token("vaults", 1.5, UUID_TEXT),
    token("vaults", True, UUID_TEXT),
    token("vaults", 1, "no uuid"),
    token("vaults", -1, UUID_TEXT),
    token("vaults", 2**39, UUID_TEXT),
    token("vaults", 2**64 - 1, UUID_TEXT),
    base64.urlsafe_b64encode(b"{}").decode(),
    token("vaults", 1, UUID_TEXT) + "!",
]


async def test_a_token_that_is_none_of_this_list_is_refused_by_name(database: Database) -> None:
    async with service_pair(database) as pair:
        for bad in BAD_TOKENS:
            assert await violated(page(pair, page_token=bad)) == ["page_token"], bad


async def test_sizes_and_skips_out_of_range_are_refused_by_name(database: Database) -> None:
    async with service_pair(database) as pair:
        assert await violated(page(pair, page_size=-1)) == ["page_size"]
        assert await violated(page(pair, skip=-1)) == ["skip"]
        assert await violated(page(pair, skip=1_000_001)) == ["skip"]
        assert await violated(page(pair, skip=1, page_token=token("vaults", 1, UUID_TEXT))) == ["skip"]


async def test_a_vault_is_found_by_id_and_by_address_in_every_letter_case(database: Database) -> None:
    spelled = "0xAbCdEf" + "12" * 17
    async with service_pair(database) as pair:
        await pair.apply([event_of(deployed(vaultAddress=spelled.lower()))])
        (vault,) = (await page(pair)).vaults
        keys = [{"contract_address": text} for text in (spelled, spelled.lower(), "0x" + spelled[2:].upper())]
        keys += [{"vault_id": vault.id}, {"vault_id": vault.id.upper()}, {"contract_address": vault.contract_address}]
        for key in keys:
            assert (await pair.vaults.GetVault(pb.GetVaultRequest(**key), None)).vault == vault


async def test_a_user_is_found_by_id_and_by_wallet_in_every_letter_case(database: Database) -> None:
    wallet = "0xAbCdEf" + "34" * 17
    async with service_pair(database) as pair:
        await pair.apply([event_of(scored(wallet.lower(), 5))])
        first = await pair.vaults.GetUser(pb.GetUserRequest(wallet_address=wallet), None)
        assert (first.user.argus_score, first.user.joined_at.seconds) == (5, START)
        for key in ({"wallet_address": wallet.lower()}, {"user_id": first.user.id}):
            assert await pair.vaults.GetUser(pb.GetUserRequest(**key), None) == first


async def test_what_is_unknown_is_not_found_and_what_is_malformed_is_refused(database: Database) -> None:
    async with service_pair(database) as pair:
        get_vault, get_user = pair.vaults.GetVault, pair.vaults.GetUser
        for vault_key in ({"vault_id": id_of(VAULT)}, {"contract_address": VAULT}):
            with pytest.raises(NotFound) as caught:
                await get_vault(pb.GetVaultRequest(**vault_key), None)
            assert caught.value.reason == "VAULT_NOT_FOUND"
        for user_key in ({"user_id": id_of(VAULT)}, {"wallet_address": LEADER}):
            with pytest.raises(NotFound) as caught:
                await get_user(pb.GetUserRequest(**user_key), None)
            assert caught.value.reason == "USER_NOT_FOUND"
        for field, value in (("vault_id", "1"), ("contract_address", "0x12"), ("contract_address", "")):
            assert await violated(get_vault(pb.GetVaultRequest(**{field: value}), None)) == [field]
        for field, value in (("user_id", ""), ("wallet_address", "0x" + "g" * 40)):
            assert await violated(get_user(pb.GetUserRequest(**{field: value}), None)) == [field]
        assert await violated(get_vault(pb.GetVaultRequest(), None)) == ["key"]
        assert await violated(get_user(pb.GetUserRequest(), None)) == ["key"]


async def test_a_user_shows_the_vaults_it_leads_and_its_running_subscriptions_newest_first(database: Database) -> None:
    who = WALLETS["A"]
    jobs = [deployed(1000 + n, vaultAddress=address(n), leader=who, timestamp=START + n % 2) for n in range(4)]
    jobs += [flow(10 + n, "A", "DEPOSIT", 5 + n, vaultAddress=address(n), timestamp=START + 9 - n) for n in (0, 1)]
    jobs += [flow(20, "A", "DEPOSIT", 5, vaultAddress=address(2))]
    jobs += [flow(21, "A", "WITHDRAW", 5, vaultAddress=address(2))]
    async with service_pair(database) as pair:
        await pair.apply([event_of(one) for one in jobs])
        response = await pair.vaults.GetUser(pb.GetUserRequest(wallet_address=who), None)
        assert list(response.led_vault_ids) == newest_first({n: START + n % 2 for n in range(4)})
        assert [(one.vault_id, one.deposited_amount) for one in response.subscriptions] == [
            (id_of(address(0)), "5"),
            (id_of(address(1)), "6"),
        ]


MALFORMED_FIGURES: list[dict[str, Any]] = [
    {"vault_id": "1"},
    {"tvl": ""},
    {"tvl": "-1"},
    {"tvl": "1_0"},
    {"roi_pct": "NaN"},
    {"roi_pct": "1e999999"},
    {"roi_pct": "1" * 61},
    {"max_drawdown_pct": "Infinity"},
    {"max_drawdown_pct": ""},
    {"ledger_version": 2**63},
    {"trade_count": 2**63},
    {"follower_count": 2**63},
    {"block_number": 2**64 - 1},
    {"as_of": Timestamp(seconds=2**40)},
]


async def test_malformed_figures_are_refused_with_their_place(database: Database) -> None:
    async with service_pair(database) as pair:
        for malformed in MALFORMED_FIGURES:
            request = pb.UpdatePerformanceRequest()
            for fields in ({}, malformed):
                figures: Any = {"vault_id": id_of(VAULT), "ledger_version": 1, "tvl": "1", "max_drawdown_pct": "0"}
                request.performances.add(**(figures | fields))
            refused = await violated(pair.vaults.UpdatePerformance(request, None))
            assert refused == ["performances[1]"], malformed
