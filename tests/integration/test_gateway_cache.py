"""What the gateway keeps, and that it never keeps it too long."""

from __future__ import annotations

import asyncio

import pytest

from libs.errors import NotFound, Unavailable
from protos.ingest.v1 import ingest_pb2
from protos.vaults.v1 import vaults_pb2
from tests.integration import gateway_rows as rows
from tests.integration.gateway_rows import LEADER_ID, OTHER_VAULT_ID, VAULT_ID
from tests.integration.gateway_stage import Stage, eventually, stage

LIST = "/api/vaults"
DETAIL = f"/api/vaults/{VAULT_ID}"
FIGURES = f"/api/analytics/vault/{VAULT_ID}"
GLOBAL = "/api/analytics/global"
BOARD = "/api/leaderboard"
TRADES = f"/api/vaults/{VAULT_ID}/trades"
METHODS = {
    LIST: "ListVaults",
    DETAIL: "GetVault",
    FIGURES: "GetVaultAnalytics",
    GLOBAL: "GetGlobalAnalytics",
    BOARD: "ListLeaders",
}


def _answer_everything(gateway: Stage) -> None:
    gateway.script.answers.update(
        ListVaults=rows.vault_list(),
        GetVault=vaults_pb2.GetVaultResponse(vault=rows.vault_row()),
        ListTrades=rows.trade_rows(),
        GetVaultAnalytics=rows.vault_figures(),
        GetGlobalAnalytics=rows.global_figures(),
        ListLeaders=rows.leaders(),
    )


async def _fetched(gateway: Stage) -> set[str]:
    """Which of the endpoints cost a call just now."""
    fetched = set()
    for path, method in METHODS.items():
        before = gateway.script.count(method)
        await gateway.get(path)
        if gateway.script.count(method) > before:
            fetched.add(path)
    return fetched


async def _announced(gateway: Stage, kind: int, **names: str) -> None:
    """Announce a change and wait until the gateway has taken it in."""
    cache = gateway.gateway.cache
    assert cache is not None
    await gateway.get(LIST)
    assert cache.find(LIST) is not None
    gateway.changes.announce(kind, **names)
    # Every change drops the lists.
    await eventually(lambda: cache.find(LIST) is None)


async def test_a_repeated_request_costs_no_second_call():
    async with stage() as gateway:
        _answer_everything(gateway)
        assert await _fetched(gateway) == set(METHODS)
        assert await _fetched(gateway) == set()


@pytest.mark.parametrize(
    ("kind", "names", "dropped"),
    [
        (ingest_pb2.CHANGE_KIND_TRADE, {"vault_id": VAULT_ID}, {LIST, GLOBAL, BOARD, DETAIL, FIGURES}),
        (ingest_pb2.CHANGE_KIND_TRADE, {"vault_id": OTHER_VAULT_ID}, {LIST, GLOBAL, BOARD}),
        (ingest_pb2.CHANGE_KIND_STATUS, {"vault_id": OTHER_VAULT_ID}, {LIST, GLOBAL, BOARD}),
        (
            ingest_pb2.CHANGE_KIND_FLOW,
            {"vault_id": OTHER_VAULT_ID, "user_id": OTHER_VAULT_ID},
            {LIST, GLOBAL, BOARD},
        ),
        # The leader's row is shown with the vault, and a flow anywhere may move its joinedAt.
        (
            ingest_pb2.CHANGE_KIND_FLOW,
            {"vault_id": OTHER_VAULT_ID, "user_id": LEADER_ID},
            {LIST, GLOBAL, BOARD, DETAIL},
        ),
        (ingest_pb2.CHANGE_KIND_FLOW, {"vault_id": OTHER_VAULT_ID}, set(METHODS)),
        (ingest_pb2.CHANGE_KIND_TRADE, {}, set(METHODS)),
        (ingest_pb2.CHANGE_KIND_VAULT, {"vault_id": OTHER_VAULT_ID}, set(METHODS)),
        (ingest_pb2.CHANGE_KIND_SCORE, {"user_id": OTHER_VAULT_ID}, set(METHODS)),
        (ingest_pb2.CHANGE_KIND_SNAPSHOT, {}, set(METHODS)),
        (ingest_pb2.CHANGE_KIND_REWIND, {}, set(METHODS)),
        (99, {"vault_id": OTHER_VAULT_ID}, set(METHODS)),
    ],
)
async def test_a_change_drops_what_it_makes_stale_and_no_more(kind, names, dropped):
    async with stage() as gateway:
        _answer_everything(gateway)
        await _fetched(gateway)
        await _announced(gateway, kind, **names)
        assert await _fetched(gateway) == dropped


async def test_a_dropped_answer_is_fetched_anew():
    async with stage() as gateway:
        _answer_everything(gateway)
        await gateway.get(LIST)
        gateway.script.answers["ListVaults"] = rows.vault_list(rows.vault_row(tvl="42"))
        await _announced(gateway, ingest_pb2.CHANGE_KIND_TRADE, vault_id=VAULT_ID)
        assert (await gateway.get(LIST))["data"][0]["tvl"] == "42"


async def test_a_fetch_that_began_before_a_change_is_not_kept_after_it():
    async with stage() as gateway:
        _answer_everything(gateway)
        gate = gateway.script.gates["GetVaultAnalytics"] = asyncio.Event()
        early = asyncio.create_task(gateway.get(FIGURES))
        await eventually(lambda: gateway.script.count("GetVaultAnalytics") == 1)
        gateway.script.answers["GetVaultAnalytics"] = rows.vault_figures(tvl="42")
        await _announced(gateway, ingest_pb2.CHANGE_KIND_TRADE, vault_id=VAULT_ID)
        # One who asks after the change does not join the flight from before it.
        late = asyncio.create_task(gateway.get(FIGURES))
        await eventually(lambda: gateway.script.count("GetVaultAnalytics") == 2)
        gate.set()
        assert (await early)["data"]["tvl"] == "1000"
        assert (await late)["data"]["tvl"] == "42"
        assert (await gateway.get(FIGURES))["data"]["tvl"] == "42"
        assert gateway.script.count("GetVaultAnalytics") == 2


async def test_a_fetch_is_kept_when_the_change_is_about_another_vault():
    async with stage() as gateway:
        _answer_everything(gateway)
        gate = gateway.script.gates["GetVaultAnalytics"] = asyncio.Event()
        asking = asyncio.create_task(gateway.get(FIGURES))
        await eventually(lambda: gateway.script.count("GetVaultAnalytics") == 1)
        await _announced(gateway, ingest_pb2.CHANGE_KIND_TRADE, vault_id=OTHER_VAULT_ID)
        gate.set()
        await asking
        await gateway.get(FIGURES)
        assert gateway.script.count("GetVaultAnalytics") == 1


async def test_a_crowd_that_asks_at_once_costs_one_call():
    async with stage() as gateway:
        _answer_everything(gateway)
        gate = gateway.script.gates["ListVaults"] = asyncio.Event()
        crowd = [asyncio.create_task(gateway.get(LIST)) for _ in range(20)]
        await eventually(lambda: gateway.script.count("ListVaults") == 1)
        gate.set()
        bodies = await asyncio.gather(*crowd)
        assert all(body == bodies[0] for body in bodies)
        assert gateway.script.count("ListVaults") == 1


async def test_one_who_goes_away_does_not_end_the_fetch_for_the_others():
    async with stage() as gateway:
        _answer_everything(gateway)
        gate = gateway.script.gates["ListVaults"] = asyncio.Event()
        leaves = asyncio.create_task(gateway.get(LIST))
        await eventually(lambda: gateway.script.count("ListVaults") == 1)
        stays = asyncio.create_task(gateway.get(LIST))
        leaves.cancel()
        await asyncio.gather(leaves, return_exceptions=True)
        gate.set()
        assert (await stays)["success"] is True
        assert gateway.script.count("ListVaults") == 1


async def test_without_the_change_stream_an_answer_lives_one_second():
    async with stage() as gateway:
        _answer_everything(gateway)
        await gateway.ingest.stop()
        cache = gateway.gateway.cache
        assert cache is not None
        await eventually(lambda: not cache.is_followed)
        before = asyncio.get_running_loop().time()
        await gateway.get(GLOBAL)
        await gateway.get(GLOBAL)
        assert gateway.script.count("GetGlobalAnalytics") == 1
        await eventually(lambda: cache.find(GLOBAL) is None)
        assert 0.99 <= asyncio.get_running_loop().time() - before < 2
        await gateway.get(GLOBAL)
        assert gateway.script.count("GetGlobalAnalytics") == 2


async def test_a_silent_change_stream_counts_as_down():
    async with stage() as gateway:
        _answer_everything(gateway)
        await gateway.get(GLOBAL)
        gateway.changes.silent = True
        cache = gateway.gateway.cache
        assert cache is not None
        await eventually(lambda: not cache.is_followed)
        assert gateway.changes.watchers == 1
        assert cache.find(GLOBAL) is None
        # In the end the gateway hangs up and tries anew.
        await eventually(lambda: gateway.changes.watchers == 0, 8)
        gateway.changes.silent = False
        await gateway.followed()


async def test_a_new_change_stream_starts_with_an_empty_cache():
    async with stage() as gateway:
        _answer_everything(gateway)
        await _fetched(gateway)
        cache = gateway.gateway.cache
        assert cache is not None
        gateway.changes.hang_up()
        await eventually(lambda: not cache.is_followed)
        await gateway.followed()
        assert len(cache) == 0
        assert await _fetched(gateway) == set(METHODS)


async def test_a_gap_in_the_change_stream_drops_everything():
    async with stage() as gateway:
        _answer_everything(gateway)
        await _fetched(gateway)
        cache = gateway.gateway.cache
        assert cache is not None
        # A hole before the next change: no heartbeat tells of it.
        gateway.changes.silent = True
        gateway.changes.sequence += 1
        gateway.changes.announce(ingest_pb2.CHANGE_KIND_TRADE, vault_id=OTHER_VAULT_ID)
        await eventually(lambda: len(cache) == 0)


async def test_errors_are_not_kept():
    async with stage() as gateway:
        _answer_everything(gateway)
        for error, status in ((NotFound("x", reason="VAULT_NOT_FOUND"), 404), (Unavailable("x", reason="X"), 503)):
            gateway.script.answers["GetVaultAnalytics"] = error
            await gateway.get(FIGURES, status=status)
        gateway.script.answers["GetVaultAnalytics"] = rows.vault_figures()
        await gateway.get(FIGURES)


@pytest.mark.parametrize(
    "same",
    [
        ["/api/vaults", "/api/vaults?limit=1000", "/api/vaults?offset=0&limit=1000", "/api/vaults?utm=7&cursor="],
        ["/api/vaults?limit=5&offset=2", "/api/vaults?offset=02&limit=005", "/api/vaults?x=%20&offset=2&limit=5"],
        ["/api/vaults?cursor=YQ", "/api/vaults?cursor=YQ&offset=0", "/api/vaults?cursor=%59Q"],
    ],
)
async def test_spellings_of_one_list_share_one_entry(same):
    async with stage() as gateway:
        _answer_everything(gateway)
        bodies = [await gateway.get(path) for path in same]
        assert all(body == bodies[0] for body in bodies)
        assert gateway.script.count("ListVaults") == 1
        cache = gateway.gateway.cache
        assert cache is not None
        assert len(cache) == 1


async def test_an_address_and_a_uuid_share_one_entry():
    async with stage() as gateway:
        gateway.script.answers["GetVaultAnalytics"] = rows.vault_figures()
        await gateway.get(f"/api/analytics/vault/{rows.VAULT_ADDRESS}")
        await gateway.get("/api/analytics/vault/75BCDF5D-BD5E-5BD9-A74D-08D91BD12977")
        assert gateway.script.count("GetVaultAnalytics") == 1


async def test_the_cache_stays_within_its_bounds():
    async with stage(cache_max_entries=3) as gateway:
        _answer_everything(gateway)
        cache = gateway.gateway.cache
        assert cache is not None
        await gateway.get(LIST)
        for limit in range(1, 6):
            await gateway.get(f"/api/vaults?limit={limit}")
            await gateway.get(LIST)
        assert len(cache) == 3
        # The one in use was kept.
        assert sum(request.page_size == 1000 for request in gateway.script.requests("ListVaults")) == 1


async def test_with_the_cache_off_every_request_is_a_call_of_its_own():
    async with stage(cache="off") as gateway:
        _answer_everything(gateway)
        gate = gateway.script.gates["ListVaults"] = asyncio.Event()
        asking = [asyncio.create_task(gateway.get(LIST)) for _ in range(3)]
        await eventually(lambda: gateway.script.count("ListVaults") == 3)
        gate.set()
        await asyncio.gather(*asking)
        await gateway.get(LIST)
        assert gateway.script.count("ListVaults") == 4
        assert gateway.changes.watchers == 0
