"""The demo's chain: contracts that emit the protocol's events, actors on them, and anvil beneath."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from demo_chain.__main__ import deployed
from demo_chain.actions import Actions, NothingToDoError
from demo_chain.anvil import Anvil, AnvilError, anvil_program, running
from demo_chain.artifacts import artifact
from demo_chain.chain import Call, Chain, RevertedError
from demo_chain.compiler import ARTIFACTS, compile_contracts
from demo_chain.deployment import Addresses, deploy
from demo_chain.market import HOSTILE_NAME
from demo_chain.node_packages import NodeMissingError
from demo_chain.rpc import Rpc, RpcError, connected
from demo_chain.truth import Fill, Truth, truth
from demo_chain.world import live
from libs.identifiers import Address
from services.ingest.chain.contracts import VaultFacts
from services.ingest.chain.decoder import Decoded, decode_window, deployed_vaults
from services.ingest.chain.protocol import Protocol, initial_state
from tests.integration.test_demo_contracts import NOWHERE
from vaultline.settings import PROJECT

NODE = PROJECT / ".data" / "node"
NEEDED = "Node.js with npm is not installed"


@asynccontextmanager
async def chain_node(**options: Any) -> AsyncIterator[str]:
    """URL of a running anvil."""
    async with running(Anvil(await asyncio.to_thread(anvil_program, NODE), **options)) as url:
        yield url


async def says_that_node_is_missing() -> bool:
    """Where there is no Node.js, nothing but the clear error can be seen of the chain."""
    if shutil.which("npm") and shutil.which("node"):
        return False
    with pytest.raises(NodeMissingError, match=NEEDED):
        anvil_program(NODE / "nowhere")
    return True


def quiet(_line: str) -> None:
    """Nobody listens."""


async def acted(chain: Chain, addresses: Addresses) -> None:
    """Every kind of action at least once, also those that chance seldom draws."""
    actions = Actions(chain, addresses, Random(11))
    for action in actions.weighted:
        for _ in range(40):  # chance may have chosen what can't be done now
            try:
                await action()
            except (NothingToDoError, RevertedError):
                await actions.move_prices()
                continue
            break
        else:
            pytest.fail(f"{action.__name__} was never done")


async def facts_of(rpc: Rpc, vaults: Iterable[Address]) -> dict[Address, VaultFacts]:
    """Facts of the vaults as the indexer reads them."""

    async def view(to: str, contract: str, function: str) -> bytes | None:
        data = "0x" + artifact(contract).call(function).hex()
        answer = await rpc.call("eth_call", {"to": to, "data": data}, "latest")
        return bytes.fromhex(answer[2:]) or None

    facts = {}
    for vault in vaults:
        name = await view(vault, "CopyTradingVault", "vaultName")
        base = await view(vault, "CopyTradingVault", "baseAsset")
        assert name is not None
        assert base is not None
        facts[vault] = VaultFacts.from_results(name, base, await view("0x" + base[-20:].hex(), "Token", "decimals"))
    return facts


async def decoded(rpc: Rpc, addresses: Addresses) -> Decoded:
    """The chain's logs through the project's decoder."""
    logs = await rpc.call("eth_getLogs", {"fromBlock": hex(addresses.start_block), "toBlock": "latest"})
    protocol = Protocol(
        chain_id=addresses.chain_id,
        factory=addresses.factory,
        registry=addresses.registry,
        risk_manager=addresses.risk_manager,
        splitter=addresses.splitter,
    )
    state = initial_state(protocol)
    facts = await facts_of(rpc, deployed_vaults(protocol, state, logs))
    return decode_window(protocol, state, logs, facts=facts)


def jobs_of(events: Decoded, task: str) -> list[dict[str, Any]]:
    """Payloads of one task."""
    return [job.kwargs for job in events.jobs if job.task_name == f"ingest.{task}"]


def deposits_by_events(events: Decoded) -> dict[str, dict[str, int]]:
    """What is left of deposits, by vault and follower; who has nothing is left out."""
    deposits: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for flow in jobs_of(events, "follower_event"):
        sign = 1 if flow["action"] == "DEPOSIT" else -1
        deposits[flow["vaultAddress"]][flow["followerAddress"]] += sign * int(flow["amount"])
    return {vault: {name: amount for name, amount in held.items() if amount} for vault, held in deposits.items()}


def fills_by_events(events: Decoded) -> dict[str, list[Fill]]:
    """Trades by vault, in chain order."""
    fills = defaultdict(list)
    for trade in jobs_of(events, "trade_executed"):
        assert trade["amountInPaid"] == trade["amountIn"]
        fills[trade["vaultAddress"]].append(
            Fill(trade["assetIn"], trade["assetOut"], int(trade["amountIn"]), int(trade["amountOut"]))
        )
    return dict(fills)


async def test_the_artifacts_are_what_the_sources_compile_to() -> None:
    if await says_that_node_is_missing():
        return
    compiled = await asyncio.to_thread(compile_contracts, NODE)
    assert {path.name: path.read_bytes() for path in ARTIFACTS.iterdir()} == compiled


def test_without_node_the_error_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NodeMissingError, match=f"{NEEDED}: the demo chain's anvil can't be installed"):
        anvil_program(tmp_path / "node")


async def test_logs_of_a_living_chain_decode_to_what_its_contracts_say() -> None:
    if await says_that_node_is_missing():
        return
    async with chain_node() as url, connected(url) as rpc:
        addresses = await deploy(url)
        said: list[str] = []
        done = await live(url, addresses, 5, asyncio.Event(), say=said.append, interval_seconds=0, actions=60)
        assert len(said) == 60
        assert done >= 40
        await acted(Chain(rpc), addresses)
        events, facts = await decoded(rpc, addresses), await truth(url, addresses)
    assert (events.damaged, events.oddities, events.unread_vaults) == ((), (), ())
    agree(events, facts)
    # the rare kinds were there: a settlement with its split, a freeze, several trades in one transaction
    for settled in jobs_of(events, "profit_settled"):
        assert int(settled["leaderCut"]) == int(settled["profit"]) // 5
    assert jobs_of(events, "profit_settled")
    assert {vault for vault, state in facts.vaults.items() if state.frozen} <= {
        status["vaultAddress"] for status in jobs_of(events, "vault_status")
    }
    transactions = [trade["txHash"] for trade in jobs_of(events, "trade_executed")]
    assert len(set(transactions)) < len(transactions)


def agree(events: Decoded, facts: Truth) -> None:
    """Deposits, TVL, trades and vaults from logs are those of the contracts' storage."""
    deposits, fills = deposits_by_events(events), fills_by_events(events)
    vaults = {vault["vaultAddress"]: vault for vault in jobs_of(events, "vault_deployed")}
    assert vaults.keys() == facts.vaults.keys()
    assert len(fills) > 3
    for address, state in facts.vaults.items():
        held = {follower: amount for follower, amount in state.deposited.items() if amount}
        assert deposits.get(address, {}) == held
        assert sum(deposits.get(address, {}).values()) == state.tvl
        assert fills.get(address, []) == list(state.fills)
        told = vaults[address]
        assert (told["leader"], told["baseAsset"], told["decimals"]) == (
            state.leader,
            state.base_asset,
            state.base_decimals,
        )


async def test_the_first_vaults_have_honest_names_and_hostile_ones() -> None:
    if await says_that_node_is_missing():
        return
    async with chain_node() as url, connected(url) as rpc:
        addresses = await deploy(url)
        events = await decoded(rpc, addresses)
        scores = (await truth(url, addresses)).scores
    vaults = {vault["name"]: vault for vault in jobs_of(events, "vault_deployed")}
    assert len(vaults) == 8
    assert vaults["Alpha Momentum"]["decimals"] == 6
    assert vaults["Tide & Moon"]["decimals"] == 18
    assert vaults[""]["decimals"] is None
    hostile = next(name for name in vaults if "script" in name)
    assert hostile.startswith("\ufffd<script>alert(1)</script>\ufffd\ufffd'; --𝕍ault ")
    assert HOSTILE_NAME.startswith(b"\x00<script>")
    assert [scores[leader].reputation_score for leader in addresses.leaders] == [910, 840, 760, 690, 640, 520]


async def test_a_vault_whose_owner_replaced_its_code_does_not_hide_the_others() -> None:
    if await says_that_node_is_missing():
        return
    async with chain_node() as url, connected(url) as rpc:
        addresses = await deploy(url)
        vault = next(iter((await truth(url, addresses)).vaults))
        upgrade = Call("CopyTradingVault", vault, "upgradeTo", (addresses.impostor,))
        await Chain(rpc).send((addresses.leaders[0], upgrade))
        facts = await truth(url, addresses)
    assert facts.unreadable == (vault,)
    assert len(facts.vaults) == 7


async def test_the_contracts_refuse_what_the_protocol_refuses() -> None:
    if await says_that_node_is_missing():
        return
    async with chain_node() as url, connected(url) as rpc:
        addresses, chain = await deploy(url), Chain(rpc)
        listed = list((await truth(url, addresses)).vaults)
        dollars, weth = addresses.tokens["mUSD"], addresses.tokens["WETHx"]

        async def refusal(sender: Address, at: int, function: str, *arguments: Any) -> str:
            with pytest.raises(RevertedError) as caught:
                await chain.send((sender, Call("CopyTradingVault", listed[at], function, arguments)))
            return str(caught.value)

        stranger = addresses.keeper
        assert "not the leader" in await refusal(stranger, 0, "executeTrade", dollars, weth, 1)
        assert "more than was paid in" in await refusal(stranger, 0, "unsubscribe", 1)
        assert "already initialized" in await refusal(stranger, 0, "initialize", stranger, b"", dollars)
        assert "score is too low" in await refusal(addresses.leaders[5], 5, "executeTrade", weth, dollars, 1)
        freeze = Call("RiskManager", addresses.risk_manager, "freezeVault", (listed[0], b"\xff"))
        await chain.send((addresses.keeper, freeze))
        assert "vault is frozen" in await refusal(addresses.leaders[0], 0, "executeTrade", dollars, weth, 1)


async def test_the_same_seed_on_an_equal_chain_acts_alike() -> None:
    if await says_that_node_is_missing():
        return
    runs: list[list[str]] = [[], []]
    for said in runs:
        async with chain_node() as url:
            addresses = await deploy(url)
            await live(url, addresses, 3, asyncio.Event(), say=said.append, interval_seconds=0, actions=30)
    assert runs[0] == runs[1]


async def test_a_chain_with_a_state_file_goes_on_where_it_was(tmp_path: Path) -> None:
    if await says_that_node_is_missing():
        return
    state, file = tmp_path / "state.json", tmp_path / "addresses.json"
    async with chain_node(state_file=state) as url:
        first = await deployed(url, file)
        await live(url, first, 2, asyncio.Event(), say=quiet, interval_seconds=0, actions=20)
        before = await truth(url, first)
        async with connected(url) as rpc:
            logs = await rpc.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})
    async with chain_node(state_file=state) as url:
        assert await deployed(url, file) == first
        assert await truth(url, first) == before
        async with connected(url) as rpc:
            assert await rpc.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"}) == logs
        assert await live(url, first, 4, asyncio.Event(), say=quiet, interval_seconds=0, actions=5) > 0
    async with chain_node() as url:  # a new chain: what the file names is not there
        await deployed(url, file)
        assert len((await truth(url, Addresses.from_json(file.read_bytes()))).vaults) == 8


async def test_transactions_share_a_block_where_blocks_come_by_the_clock() -> None:
    if await says_that_node_is_missing():
        return
    async with chain_node(block_seconds=1) as url, connected(url) as rpc:
        chain = Chain(rpc)
        sender, *_others = await chain.accounts()
        token, second = await chain.deploy(sender, ("Token", (b"A", 6)), ("Token", (b"B", 18)))
        calls = [(sender, Call("Token", token, "mint", (second, amount))) for amount in (1, 2, 3)]
        receipts = await chain.send(*calls)
        assert [int(receipt["logs"][0]["data"], 16) for receipt in receipts] == [1, 2, 3]
        assert len({receipt["blockNumber"] for receipt in receipts}) < 3
        assert await chain.read(Call("Token", token, "balanceOf", (second,))) == (6,)


async def test_an_actor_without_a_node_says_so_and_ends_when_told() -> None:
    with socket.socket() as nobody:  # bound and not listening: every connection is refused
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        said: list[str] = []
        assert await live(url, NOWHERE, 1, asyncio.Event(), say=said.append, interval_seconds=0, actions=2) == 0
        assert len(said) == 2
        assert all(line.startswith("the node fails: ") for line in said)
        stop = asyncio.Event()
        # the second pause would take seconds: the event ends it at once
        await asyncio.wait_for(live(url, NOWHERE, 1, stop, say=lambda _line: stop.set()), 5)


async def test_a_port_in_use_is_told_in_anvils_words() -> None:
    if await says_that_node_is_missing():
        return
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(AnvilError, match=r"(?i)address already in use"):
            async with chain_node(port=taken.getsockname()[1]):
                pass


async def test_a_view_that_is_not_there_is_an_error_and_not_a_zero() -> None:
    if await says_that_node_is_missing():
        return
    async with chain_node() as url, connected(url) as rpc:
        chain = Chain(rpc)
        (account, *_rest) = await chain.accounts()
        with pytest.raises(RpcError, match="totalSupply"):
            await chain.read(Call("Token", account, "totalSupply"))
