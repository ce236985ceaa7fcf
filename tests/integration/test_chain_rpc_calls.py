"""Probing what a node can, and views read by eth_call."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from services.ingest.chain.rpc.calls import Call, Reverted
from services.ingest.chain.rpc.endpoint import Capabilities
from services.ingest.chain.rpc.errors import ChainUnavailable, StateUnavailable
from services.ingest.chain.rpc.reader import open_reader
from tests.chain_node.abi import call_data, word
from tests.chain_node.activity import Activity
from tests.chain_node.chain import Chain, Reverts
from tests.chain_node.faults import OFTEN, Fault, Faults, Traits, error
from tests.chain_node.methods import Methods, Refused
from tests.chain_node.recorded import recorded_chain
from tests.chain_node.server import running_node
from tests.integration.chain_reading import FAST, HANG_SECONDS, IMPATIENT, head_at

ALPHA = "0xaBF36484098866B231d37CD3bE8Cee450e8A2626"
RISK = "0x92104466A1Af8f8f3469E484f08fB015cc184071"
ORACLE = "0x4919953F4685f1EC47C333f8D25d38de033AAb66"
ALL = Capabilities(
    chain_id=125,
    batches=True,
    log_ranges=True,
    block_hash=True,
    block_receipts=True,
    log_timestamps=True,
    blooms=True,
)


@pytest.mark.parametrize(
    ("traits", "found"),
    [
        ({}, {}),
        ({"batches": False}, {"batches": False}),
        ({"one_block_logs": True}, {"log_ranges": False}),
        ({"block_hash_queries": False}, {"block_hash": False}),
        ({"block_receipts": False}, {"block_receipts": False}),
        ({"log_timestamps": False}, {"log_timestamps": False}),
        ({"blooms": False}, {"blooms": False}),
    ],
)
@pytest.mark.parametrize("faulty", [False, True], ids=["well", "faulty"])
async def test_what_a_node_can_is_found_out(traits, found, faulty):
    rates: dict[Fault, float] = {
        fault: rate for fault, rate in OFTEN.items() if faulty and fault not in (Fault.EMPTY_LOGS, Fault.ERROR)
    }
    faults = Faults(rates, seed=8)
    async with (
        running_node(recorded_chain(), Traits(**traits), faults, hang_seconds=HANG_SECONDS) as node,
        open_reader([node.url], chain_id=125, options=IMPATIENT) as reader,
    ):
        await head_at(reader, 1)
        assert reader.states()[0].capabilities == dataclasses.replace(ALL, **found)


@pytest.mark.parametrize("blocks", [1, 2])
async def test_a_chain_of_one_or_two_blocks_can_be_read(blocks):
    chain = Chain()
    for _ in range(blocks):
        chain.append()
    async with running_node(chain) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        head = await reader.head()
        window = await reader.fetch(0, head.number, head)
    assert [header.number for header in window.headers] == list(range(blocks))


async def test_views_are_read_at_the_block_asked_for():
    frozen = Call(RISK, call_data("isVaultFrozen(address)", "0xb35bA18F6bd06fAebCFF4C17Ee5109492ce9D371"))
    async with running_node(recorded_chain()) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        states = [(await reader.call_many([frozen], number))[0] for number in (37, 38, 138)]
    assert states == [word(0), word(1), word(0)]


async def test_many_views_are_read_at_once_and_reverts_are_values():
    chain = recorded_chain()
    calls = [
        Call(ALPHA, call_data("totalVaultTVL()")),
        Call(ALPHA, call_data("unknown()")),
        Call("0x" + "99" * 20, call_data("totalVaultTVL()")),
        Call(ORACLE, call_data("getPerformanceMetrics(address)", "0xa6ebFc8F5Ff12adA9aBcE3DD39852832f12026C6")),
    ]
    async with running_node(chain) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        found = await reader.call_many(calls * 50, head=await reader.head())
        assert node.requests["eth_call"] == 200
        assert node.largest_batch >= 16
    assert found[0] == word(68_595_656_392)
    assert found[1] == Reverted("execution reverted (3)")
    assert found[2] == b""
    assert found[3] == b"".join(map(word, (600, 7487, 2916, 514, 1_788_731_605)))
    assert found == found[:4] * 50


async def test_hostile_views_harm_only_themselves():
    activity = Activity(5)
    activity.mine(20)
    vault, other = activity.vaults[:2]
    activity.break_views(vault)
    activity.chain.set_view(vault, call_data("baseAsset()"), Reverts(b"\xff" * 40))
    activity.mine(1)
    names = ("totalVaultTVL()", "leader()", "owner()", "baseAsset()")
    calls = [Call(address, call_data(name)) for address in (vault, other) for name in names]
    async with running_node(activity.chain) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        found = await reader.call_many(calls)
    assert found[:2] == [Reverted("execution reverted (3)"), b"\x01"]
    assert isinstance(found[2], bytes)
    assert len(found[2]) == 64 + 70_016
    assert found[3] == Reverted("execution reverted (3)", b"\xff" * 40)
    assert all(isinstance(result, bytes) and len(result) == 32 for result in found[4:])


async def test_views_survive_faults():
    calls = [Call(ALPHA, call_data(name)) for name in ("totalVaultTVL()", "leader()", "unknown()")] * 40
    faults = Faults(OFTEN, seed=3)
    async with (
        running_node(recorded_chain(), None, faults, hang_seconds=HANG_SECONDS) as node,
        open_reader([node.url], chain_id=125, options=IMPATIENT) as reader,
    ):
        found = await answers(reader, calls)
    assert [type(result) for result in found[:3]] == [bytes, bytes, Reverted]
    assert found == found[:3] * 40


async def answers(reader: Any, calls: list[Call]) -> list[bytes | Reverted]:
    for _ in range(30):
        try:
            found: list[bytes | Reverted] = await reader.call_many(calls, 138)
        except ChainUnavailable:
            continue
        return found
    raise AssertionError("never answered")


async def test_an_outage_is_no_revert():
    calls = [Call(ALPHA, call_data("totalVaultTVL()"))]
    async with running_node(recorded_chain()) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        await reader.head()
        node.down = True
        with pytest.raises(ChainUnavailable):
            await reader.call_many(calls)


async def test_a_block_that_the_node_does_not_have_yet_is_an_outage_too():
    calls = [Call(ALPHA, call_data("totalVaultTVL()"))]
    async with running_node(recorded_chain()) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        with pytest.raises(ChainUnavailable, match="header not found"):
            await reader.call_many(calls, 139)


async def test_state_that_was_pruned_is_said_to_be():
    calls = [Call(ALPHA, call_data("totalVaultTVL()"))]
    async with (
        running_node(recorded_chain(), Traits(state_blocks=10)) as node,
        open_reader([node.url], chain_id=125, options=FAST) as reader,
    ):
        with pytest.raises(StateUnavailable, match="missing trie node"):
            await reader.call_many(calls, 100)
        assert await reader.call_many(calls, 138) == [word(68_595_656_392)]
        assert node.requests["eth_call"] == 2


async def test_state_that_one_node_has_pruned_is_read_from_another():
    calls = [Call(ALPHA, call_data("totalVaultTVL()"))]
    async with (
        running_node(recorded_chain(), Traits(state_blocks=10)) as pruned,
        running_node(recorded_chain()) as archive,
        open_reader([pruned.url, archive.url], chain_id=125, options=FAST) as reader,
    ):
        assert await reader.call_many(calls, 100) == [word(68_595_656_392)]


async def test_a_call_that_is_too_slow_every_time_is_the_contracts_doing(monkeypatch):
    asked = 0

    def slow(self: Methods, _call: Any, _tag: Any = "latest") -> str:
        nonlocal asked
        asked += 1
        raise Refused(error(-32000, "execution aborted (timeout = 5s)"))

    monkeypatch.setattr(Methods, "_call", slow)
    async with running_node(recorded_chain()) as node, open_reader([node.url], chain_id=125, options=FAST) as reader:
        found = await reader.call_many([Call(ALPHA, b"\0\0\0\0")])
    assert found == [Reverted("execution aborted (timeout = 5s) (-32000)")]
    assert asked == FAST.attempts
