"""The demo's contracts and market without a node: events, addresses, prices."""

from __future__ import annotations

from random import Random

import pytest

from demo_chain.artifacts import artifact
from demo_chain.compiler import ARTIFACTS
from demo_chain.deployment import Addresses
from demo_chain.market import COINS, DOLLAR, moved, shown, units
from demo_chain.views import VaultView
from libs.identifiers import Address

# contract, event, topic0: as the deployed protocol has them
PROTOCOL_EVENTS = (
    (
        "VaultFactory",
        "VaultDeployed(address,address)",
        "0x09d75e12e349f79020715b0ea7b2c707e8acf1889b6d6f1337fce7f4e1b9e5c7",
    ),
    (
        "VaultRegistry",
        "VaultRegistered(address,address)",
        "0xf8ee9039d8e4d43426638703c71517008894fdea742bb2d2dbff5a46fb07abdb",
    ),
    (
        "VaultRegistry",
        "FactoryUpdated(address,address)",
        "0x333c7678baf16017cf31e1d2f90143a62aab01a67a0807f6836a4304ceabb555",
    ),
    (
        "CopyTradingVault",
        "TradeExecuted(address,address,uint256)",
        "0xad559ea7e44788d51a5db6d67fc2c8a295a8f35a08b02e2b427160b7c7dbfe78",
    ),
    (
        "CopyTradingVault",
        "FollowerSubscribed(address,uint256)",
        "0x8905707d23c5aac221ae40d295833e3a0872161b8c6c8a15450518c8caebef8b",
    ),
    (
        "CopyTradingVault",
        "FollowerUnsubscribed(address,uint256)",
        "0x21b25670e898ec378f820d28b664b8633d67b7b62e3ecc8067d3314d17a478a0",
    ),
    (
        "CopyTradingVault",
        "ProfitSettled(address,uint256)",
        "0xd8efb109c8f24e975d355769033ecab3141e036ddef8f19c615003220403cf8a",
    ),
    (
        "RiskManager",
        "VaultFrozen(address,string)",
        "0x56331f3771ccf62433e54cdd1e4d9c699bc4cf5b0cbf83f8d7d7b307fa126963",
    ),
    ("RiskManager", "OracleUpdated(address)", "0x3df77beb5db05fcdd70a30fc8adf3f83f9501b68579455adbd100b8180940394"),
    (
        "RevenueSplitter",
        "ProfitSplit(address,address,uint256,uint256,uint256,uint256)",
        "0x88e64a8c9ef779490c1dda5307f883d32e0d2e1a63d645721579f0de9271048c",
    ),
    (
        "Token",
        "Transfer(address,address,uint256)",
        "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
    ),
)
# events of this project's contracts that the protocol's table does not name
OTHER_EVENTS = {
    "Approval(address,address,uint256)",
    "PriceChanged(address,uint256)",
    "Swap(address,address,address,uint256,uint256)",
    "Upgraded(address)",
}


NOWHERE = Addresses(
    chain_id=125,
    start_block=1,
    factory=Address("0x1"),
    registry=Address("0x2"),
    risk_manager=Address("0x3"),
    splitter=Address("0x4"),
    oracle=Address("0x5"),
    implementation=Address("0x6"),
    prices=Address("0x7"),
    dex=Address("0x8"),
    bot=Address("0x9"),
    impostor=Address("0xa"),
    tokens={"mUSD": Address("0xb"), "WBTCx": Address("0xc"), "WETHx": Address("0xd"), "PAXx": Address("0xe")},
    keeper=Address("0xf"),
    leaders=(Address("0x10"),),
    followers=(Address("0x11"),),
)


@pytest.mark.parametrize(("contract", "signature", "topic"), PROTOCOL_EVENTS)
def test_the_contracts_have_the_protocols_events(contract: str, signature: str, topic: str) -> None:
    assert artifact(contract).topics()[signature] == topic


def test_no_contract_has_an_event_that_only_resembles_one_of_the_protocols() -> None:
    known = {signature for _contract, signature, _topic in PROTOCOL_EVENTS} | OTHER_EVENTS
    names = [path.stem for path in ARTIFACTS.glob("*.json")]
    assert len(names) == 12
    assert {signature for name in names for signature in artifact(name).topics()} == known


def test_indexed_arguments_are_those_of_the_protocol() -> None:
    indexed = {
        (name, event["name"]): [each["name"] for each in event["inputs"] if each["indexed"]]
        for name in ("VaultFactory", "CopyTradingVault", "RiskManager", "RevenueSplitter")
        for event in artifact(name).abi
        if event["type"] == "event"
    }
    assert indexed["VaultFactory", "VaultDeployed"] == ["leader", "vaultProxy"]
    assert indexed["CopyTradingVault", "TradeExecuted"] == ["tokenIn", "tokenOut"]
    assert indexed["CopyTradingVault", "FollowerSubscribed"] == ["follower"]
    assert indexed["RiskManager", "VaultFrozen"] == ["vault"]
    assert indexed["RevenueSplitter", "ProfitSplit"] == ["vault", "token"]


def test_addresses_survive_their_file_and_name_the_indexers_settings() -> None:
    addresses = NOWHERE
    assert Addresses.from_json(addresses.to_json()) == addresses
    assert addresses.environment() == {
        "CHAIN_ID": "125",
        "START_BLOCK": "1",
        "VAULT_FACTORY_ADDRESS": "0x1",
        "VAULT_REGISTRY_ADDRESS": "0x2",
        "RISK_MANAGER_ADDRESS": "0x3",
        "REVENUE_SPLITTER_ADDRESS": "0x4",
        "ARGUS_ORACLE_ADDRESS": "0x5",
    }


def test_amounts_are_shown_with_six_places_at_most() -> None:
    assert shown(1_500_000, 6) == "1.5"
    assert shown(7, 6) == "0.000007"
    assert shown(123_456_789_012_345_678_901, 18) == "123.456789"
    assert shown(42, 0) == "42"


def test_units_round_down_at_the_price() -> None:
    assert units(100, 3 * DOLLAR, 6) == 33_333_333
    assert units(64_000, 64_000 * DOLLAR, 8) == 100_000_000


def test_a_price_never_leaves_its_bounds() -> None:
    random, price = Random(1), 12 * DOLLAR
    seen = set()
    for _ in range(20_000):
        price = moved(price, 12, random)
        seen.add(price)
    assert min(seen) >= 12 * DOLLAR // 5
    assert max(seen) <= 60 * DOLLAR
    assert len(seen) > 1_000


def test_a_vaults_worth_counts_every_token_at_its_price() -> None:
    dollar, bitcoin, ether, _pax = COINS
    prices = {coin: coin.dollars * DOLLAR for coin in COINS}
    vault = VaultView(
        address=NOWHERE.factory,
        leader=NOWHERE.keeper,
        name="",
        base=dollar,
        tvl=0,
        followers=(),
        frozen=False,
        balances={dollar.symbol: 5_000_000, bitcoin.symbol: 50_000_000, ether.symbol: 10**18, "PAXx": 0},
    )
    # 5 + half of 64,000 + 3,200 dollars
    assert vault.worth(prices) == 35_205_000_000
    assert vault.held() == [bitcoin, ether]
