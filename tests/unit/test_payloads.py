"""Every field of every payload: what is refused, with which words, and what is made canonical."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.job_examples import FOLLOWER, PAYLOADS, TX, VAULT, accepted, rejected

UINT256 = "must be a base-10 integer from 0 to 2^256-1"
SIGNED = "must be a base-10 integer from -(2^256-1) to 2^256-1"
IN_A_STRING = "in a string, since a JSON number loses digits"
BAD_ADDRESS = "must be 0x followed by 40 hex digits"
NO_STRING = "must be a string, 0x followed by 40 hex digits"
BAD_HASH = "must be 0x followed by 64 hex digits"

BAD_AMOUNTS: list[tuple[Any, str]] = [
    ("-1", UINT256),
    ("+1", UINT256),
    ("", UINT256),
    (" 1", UINT256),
    ("1 ", UINT256),
    ("1\n", UINT256),
    ("1.0", UINT256),
    ("1e3", UINT256),
    ("0x10", UINT256),
    ("1_000", UINT256),
    ("١٢", UINT256),
    ("1\0", UINT256),
    ("9" * 60_000, UINT256),
    ("115792089237316195423570985008687907853269984665640564039457584007913129639936", UINT256),
    (5, f"{UINT256} {IN_A_STRING}"),
    (5.5, f"{UINT256} {IN_A_STRING}"),
    (True, f"{UINT256} {IN_A_STRING}"),
    (["1"], f"{UINT256} {IN_A_STRING}"),
]
BAD_ADDRESSES: list[tuple[Any, str]] = [
    ("", BAD_ADDRESS),
    ("0x", BAD_ADDRESS),
    (VAULT[2:], BAD_ADDRESS),
    (VAULT[:-1], BAD_ADDRESS),
    (VAULT + "0", BAD_ADDRESS),
    (VAULT + "\0", BAD_ADDRESS),
    (VAULT + "\n", BAD_ADDRESS),
    ("0X" + VAULT[2:], BAD_ADDRESS),
    ("0x" + "g" * 40, BAD_ADDRESS),
    ("0x" + "a" * 60_000, BAD_ADDRESS),
    ("0xABF36484098866B231d37CD3bE8Cee450e8A2626", "has a wrong EIP-55 checksum"),
    (7, NO_STRING),
    ({"a": 1}, NO_STRING),
]
BAD_HASHES = ["", "0x12", TX[2:], TX + "0", TX[:-1] + "g", TX + "\0", TX + "\n", 5, [TX]]


def amount_fields() -> list[tuple[str, str]]:
    return [
        ("ingest.trade_executed", "amountIn"),
        ("ingest.trade_executed", "amountOut"),
        ("ingest.trade_executed", "amountInPaid"),
        ("ingest.follower_event", "amount"),
        ("ingest.profit_settled", "profit"),
        ("ingest.profit_settled", "leaderCut"),
        ("ingest.profit_settled", "protocolCut"),
        ("ingest.profit_settled", "followerRemaining"),
    ]


def address_fields() -> list[tuple[str, str]]:
    names = {"vaultAddress", "leader", "baseAsset", "assetIn", "assetOut", "followerAddress", "walletAddress"}
    return [(task, field) for task, fields in PAYLOADS.items() for field in fields if field in names]


def hash_fields() -> list[tuple[str, str]]:
    return [(task, field) for task, fields in PAYLOADS.items() for field in fields if field in {"txHash", "blockHash"}]


@pytest.mark.parametrize(("task", "field"), amount_fields())
def test_what_is_no_uint256_in_a_string_is_refused_by_name(task, field):
    for bad, words in BAD_AMOUNTS:
        result = rejected(task, **{field: bad})
        assert (result.reason, result.detail) == ("INVALID_PAYLOAD", f"{field}: {words}"), bad


@pytest.mark.parametrize(("task", "field"), address_fields())
def test_what_is_no_address_is_refused_by_name(task, field):
    for bad, words in BAD_ADDRESSES:
        result = rejected(task, **{field: bad})
        assert (result.reason, result.detail) == ("INVALID_PAYLOAD", f"{field}: {words}"), bad


@pytest.mark.parametrize(("task", "field"), hash_fields())
def test_what_is_no_hash_is_refused_by_name(task, field):
    for bad in BAD_HASHES:
        result = rejected(task, **{field: bad})
        assert (result.reason, result.detail) == ("INVALID_PAYLOAD", f"{field}: {BAD_HASH}"), bad


@pytest.mark.parametrize(
    ("task", "field", "bad", "words"),
    [
        ("ingest.trade_executed", "pnlAmount", 12, f"{SIGNED} {IN_A_STRING}"),
        ("ingest.trade_executed", "pnlAmount", "+12", SIGNED),
        ("ingest.trade_executed", "pnlAmount", "--12", SIGNED),
        ("ingest.trade_executed", "pnlAmount", "1.5", SIGNED),
        ("ingest.trade_executed", "pnlAmount", str(-(2**256)), SIGNED),
        ("ingest.trade_executed", "isProfit", "true", "must be a valid boolean"),
        ("ingest.trade_executed", "isProfit", 1, "must be a valid boolean"),
        ("ingest.trade_executed", "amountOutKnown", "yes", "must be a valid boolean"),
        ("ingest.trade_executed", "logIndex", -1, "must be greater than or equal to 0"),
        ("ingest.trade_executed", "logIndex", 2**31 - 1, "must be less than or equal to 2147483646"),
        ("ingest.trade_executed", "logIndex", True, "must be a valid integer"),
        ("ingest.trade_executed", "logIndex", 5.0, "must be a valid integer"),
        ("ingest.trade_executed", "logIndex", "5", "must be a valid integer"),
        ("ingest.trade_executed", "blockNumber", 2**63 - 1, "must be less than or equal to 9223372036854775806"),
        ("ingest.trade_executed", "blockNumber", "21", "must be a valid integer"),
        ("ingest.trade_executed", "blockNumber", 10**40, "must be a valid integer"),
        ("ingest.trade_executed", "timestamp", -1, "must be greater than or equal to 0"),
        ("ingest.trade_executed", "timestamp", 1788343376.5, "must be a valid integer"),
        ("ingest.trade_executed", "timestamp", "1788343376", "must be a valid integer"),
        ("ingest.trade_executed", "timestamp", True, "must be a valid integer"),
        ("ingest.vault_deployed", "decimals", 256, "must be less than or equal to 255"),
        ("ingest.vault_deployed", "decimals", -1, "must be greater than or equal to 0"),
        ("ingest.vault_deployed", "name", "a\0b", "must not contain a NUL character"),
        ("ingest.vault_deployed", "name", 5, "must be a string"),
        ("ingest.vault_deployed", "name", None, "must be a string"),
        ("ingest.follower_event", "action", "STAKE", "must be 'DEPOSIT' or 'WITHDRAW'"),
        ("ingest.follower_event", "action", "deposit", "must be 'DEPOSIT' or 'WITHDRAW'"),
        ("ingest.follower_event", "action", "DEPOSIT\0", "must be 'DEPOSIT' or 'WITHDRAW'"),
        ("ingest.vault_status", "status", "LIQUIDATED", "must be 'ACTIVE' or 'PAUSED'"),
        ("ingest.vault_status", "reason", "\0", "must not contain a NUL character"),
        ("ingest.vault_status", "observedAt", None, "must be a valid integer"),
        ("ingest.argus_score", "reputationScore", 1001, "must be less than or equal to 1000"),
        ("ingest.argus_score", "reputationScore", -1, "must be greater than or equal to 0"),
        ("ingest.argus_score", "winRateBps", 10_001, "must be less than or equal to 10000"),
        ("ingest.argus_score", "maxDrawdownBps", 10_001, "must be less than or equal to 10000"),
        ("ingest.argus_score", "signalCount", 2**63, "must be less than or equal to 9223372036854775807"),
        ("ingest.snapshot", "interval", "", "must have 1 to 64 characters"),
        ("ingest.snapshot", "interval", "x" * 65, "must have 1 to 64 characters"),
        ("ingest.snapshot", "triggeredAt", "now", "must be a valid integer"),
    ],
)
def test_a_field_outside_its_range_is_refused_by_name(task, field, bad, words):
    result = rejected(task, **{field: bad})
    assert (result.reason, result.detail) == ("INVALID_PAYLOAD", f"{field}: {words}")


@pytest.mark.parametrize(
    ("task", "required"),
    [
        ("ingest.vault_deployed", {"vaultAddress", "leader", "name", "baseAsset", "txHash"}),
        (
            "ingest.trade_executed",
            {"txHash", "vaultAddress", "assetIn", "assetOut", "amountIn", "timestamp"},
        ),
        ("ingest.follower_event", {"vaultAddress", "followerAddress", "amount", "action"}),
        ("ingest.profit_settled", {"vaultAddress", "followerAddress", "profit", "txHash", "logIndex"}),
        (
            "ingest.argus_score",
            {"walletAddress", "reputationScore", "winRateBps", "maxDrawdownBps", "signalCount", "observedAt"},
        ),
        ("ingest.vault_status", {"vaultAddress", "status", "observedAt"}),
    ],
)
def test_required_fields_must_be_there_and_the_others_may_be_absent_or_null(task, required):
    for field in PAYLOADS[task]:
        if field in required:
            result = rejected(task, **{field: ...})
            assert (result.reason, result.detail) == ("INVALID_PAYLOAD", f"{field}: is required")
            assert rejected(task, **{field: None}).detail.startswith(f"{field}: ")
        else:
            absent = accepted(task, **{field: ...}).event
            assert accepted(task, **{field: None}).event == absent


def test_several_wrong_fields_are_all_named():
    result = rejected("ingest.follower_event", amount="-1", action=..., vaultAddress="0x")
    assert result.detail == (
        "vaultAddress: must be 0x followed by 40 hex digits; "
        "amount: must be a base-10 integer from 0 to 2^256-1; action: is required"
    )


@pytest.mark.parametrize("extra", [{"fee": 5}, {"vault_address": "x"}, {"deep": {"a": [1, {"b": None}]}}])
def test_fields_that_are_not_known_are_ignored(extra):
    assert accepted("ingest.follower_event", **extra) == accepted("ingest.follower_event")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("0", "0"),
        ("000", "0"),
        ("007", "7"),
        (str(2**256 - 1), "115792089237316195423570985008687907853269984665640564039457584007913129639935"),
    ],
)
def test_amounts_lose_their_leading_zeros_and_nothing_else(sent, stored):
    assert accepted("ingest.follower_event", amount=sent).event.follower_flow.amount == stored


@pytest.mark.parametrize("sent", [VAULT, VAULT.lower(), "0x" + VAULT[2:].upper()])
def test_an_address_in_one_letter_case_gets_its_checksum(sent):
    assert accepted("ingest.follower_event", vaultAddress=sent).event.follower_flow.vault_address == VAULT


def test_hashes_are_stored_in_lower_case():
    event = accepted("ingest.trade_executed", txHash="0x" + TX[2:].upper(), blockHash="0x" + "AB" * 32).event
    assert event.transaction_hash == "0x08484b5f5a3c839ae6e97c7bc44f3b9313f495f40b3593bfcfe91d20b847187d"
    assert event.block_hash == "0x" + "ab" * 32
    assert event.identity == f"125:{event.transaction_hash}:5"


def test_bounds_of_the_whole_numbers_are_legal():
    event = accepted("ingest.trade_executed", logIndex=2**31 - 2, blockNumber=2**63 - 2, timestamp=0).event
    assert (event.log_index, event.block_number, event.occurred_at.seconds) == (
        2147483646,
        9223372036854775806,
        0,
    )
    assert accepted("ingest.vault_deployed", decimals=255).event.vault_deployed.decimals == 255
    assert accepted("ingest.argus_score", reputationScore=1000).event.score_observed.reputation_score == 1000


@pytest.mark.parametrize("name", ["", " \t\n", "<b>&amp;'\"; DROP TABLE vaults;--", "龍" * 10_000, FOLLOWER])
def test_a_name_is_any_text(name):
    assert accepted("ingest.vault_deployed", name=name).event.vault_deployed.name == name
