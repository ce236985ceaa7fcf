"""Logs to jobs: whom the decoder believes and what it makes of them."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from libs.identifiers import checksum_address
from services.ingest.chain import contracts
from services.ingest.chain.contracts import VaultFacts
from services.ingest.chain.decoder import decode_window, deployed_vaults
from services.ingest.chain.job import Job
from services.ingest.chain.protocol import initial_state
from tests.unit.chain_builder import (
    FACTORY,
    FOLLOWER,
    NO_VAULTS,
    PROTOCOL,
    REGISTRY,
    RISK,
    ROUTER,
    TX,
    USD,
    VAULT,
    WETH,
    Chain,
    address,
    decode,
    only,
    word,
)


@pytest.mark.parametrize(
    "event",
    [
        contracts.VaultDeployed,
        contracts.FactoryUpdated,
        contracts.VaultRegistered,
        contracts.TradeExecuted,
        contracts.FollowerSubscribed,
        contracts.FollowerUnsubscribed,
        contracts.ProfitSettled,
        contracts.VaultFrozen,
        contracts.OracleUpdated,
        contracts.ProfitSplit,
        contracts.Transfer,
    ],
)
def test_a_topic_is_the_hash_of_its_signature(event):
    assert "0x" + keccak(event.SIGNATURE.encode()).hex() == event.TOPIC
    assert event.SIGNATURE.startswith(event.__name__ + "(")


def test_a_deployment_joins_the_log_with_what_the_vault_says_of_itself():
    assert only(Chain().deploy(), NO_VAULTS) == Job(
        "ingest.vault_deployed",
        f"125:{TX}:0",
        {
            "vaultAddress": "0x00000000000000000000000000000000000000a0",
            "leader": "0x00000000000000000000000000000000000000A2",
            "name": "Alpha",
            "baseAsset": "0x00000000000000000000000000000000000000a4",
            "decimals": 6,
            "txHash": TX,
            "logIndex": 0,
            "blockNumber": 10,
            "blockHash": "0x" + "0" * 58 + "b10c0a",
            "timestamp": 1788270510,
        },
    )


def test_a_flow_names_vault_follower_amount_and_direction():
    job = only(Chain().subscribe(2**256 - 1))
    assert (job.task_name, job.task_id) == ("ingest.follower_event", f"125:{TX}:0")
    assert (job.kwargs["action"], job.kwargs["amount"]) == ("DEPOSIT", str(2**256 - 1))
    assert job.kwargs["followerAddress"] == checksum_address(FOLLOWER)
    gone = only(Chain().log(VAULT, contracts.FollowerUnsubscribed, FOLLOWER, data="0x" + word(0)))
    assert (gone.kwargs["action"], gone.kwargs["amount"]) == ("WITHDRAW", "0")


def test_a_vaults_events_count_from_its_own_creation_transaction_on():
    chain = Chain().subscribe().deploy().transfer(WETH, ROUTER, VAULT, 3).trade()
    jobs = decode(chain, NO_VAULTS).jobs
    assert [job.task_name for job in jobs] == [
        "ingest.follower_event",
        "ingest.vault_deployed",
        "ingest.trade_executed",
    ]
    assert jobs[2].kwargs["amountOut"] == "3"


def test_the_state_carries_a_vault_into_the_next_window():
    first, second = Chain().deploy(), Chain().next_block().subscribe()
    state = decode(first, NO_VAULTS).state
    assert state.vaults == {VAULT}
    later = decode_window(NO_VAULTS, state, second.logs, facts={})
    assert [job.task_name for job in later.jobs] == ["ingest.follower_event"]
    assert initial_state(NO_VAULTS).vaults == frozenset()


def test_a_factory_that_the_registry_announced_deploys_vaults_too():
    second = address(0xF9)
    chain = Chain().log(REGISTRY, contracts.FactoryUpdated, FACTORY, second).deploy(by=second).subscribe()
    decoded = decode(chain, NO_VAULTS)
    assert [job.task_name for job in decoded.jobs] == ["ingest.vault_deployed", "ingest.follower_event"]
    assert decoded.state.factories == {FACTORY, second}


def test_the_first_factory_stays_known_after_another_was_announced():
    chain = Chain().log(REGISTRY, contracts.FactoryUpdated, FACTORY, address(0xF9)).next_block().deploy()
    assert len(decode(chain, NO_VAULTS).jobs) == 1


def test_nobody_but_the_configured_registry_announces_factories():
    impostor = address(0x66)
    chain = Chain().log(impostor, contracts.FactoryUpdated, FACTORY, impostor).deploy(by=impostor).subscribe()
    decoded = decode(chain, NO_VAULTS)
    assert (decoded.jobs, decoded.state, decoded.oddities) == ((), initial_state(NO_VAULTS), ())


def test_look_alikes_of_every_event_from_unknown_addresses_are_ignored():
    stranger = address(0x66)
    chain = Chain().deploy(by=stranger).trade(vault=stranger).subscribe(vault=stranger).settle(5, stranger)
    chain.freeze(by=stranger).split(5, 1, 1, 3, by=stranger)
    chain.log(stranger, contracts.OracleUpdated, stranger)
    decoded = decode(chain)
    assert (decoded.jobs, decoded.state, decoded.oddities) == ((), initial_state(PROTOCOL), ())


def test_the_risk_manager_names_the_oracle_to_ask():
    decoded = decode(Chain().log(RISK, contracts.OracleUpdated, address(0x77)))
    assert decoded.state.oracle == address(0x77)


def test_a_freeze_becomes_a_status_with_the_risk_managers_words():
    job = only(Chain().freeze(reason=b"drawdown \xff\xfe\x00 30 %"))
    assert job.task_name == "ingest.vault_status"
    assert job.kwargs["status"] == "PAUSED"
    assert job.kwargs["reason"] == "drawdown \ufffd\ufffd\ufffd 30 %"
    assert (job.kwargs["observedAt"], job.kwargs["blockNumber"]) == (1788270510, 10)


def test_a_freeze_of_what_is_no_vault_or_by_nobody_of_ours_is_ignored():
    assert decode(Chain().freeze(address(0x66))).jobs == ()
    assert decode(Chain().freeze(by=address(0x66))).jobs == ()


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"", ""),
        (b"a\x00b", "a\ufffdb"),
        (b"caf\xe9", "caf\ufffd"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"  tabs\t\n ", "  tabs\t\n "),
        (("龍" * 10_000).encode(), "龍" * 10_000),
    ],
)
def test_names_lose_nothing_but_nul_and_invalid_bytes(raw, name):
    facts = {checksum_address(VAULT): VaultFacts(raw, checksum_address(USD), None)}
    (job,) = decode(Chain().deploy(), NO_VAULTS, facts).jobs
    assert (job.kwargs["name"], job.kwargs["decimals"]) == (name, None)


def test_a_vault_whose_facts_are_missing_is_named_and_its_other_events_go_on():
    chain = Chain().deploy().subscribe()
    assert deployed_vaults(NO_VAULTS, initial_state(NO_VAULTS), chain.logs) == {checksum_address(VAULT): 10}
    decoded = decode(chain, NO_VAULTS, {})
    assert decoded.unread_vaults == (checksum_address(VAULT),)
    assert [job.task_name for job in decoded.jobs] == ["ingest.follower_event"]
