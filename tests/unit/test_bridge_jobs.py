"""BullMQ jobs as entries of our own queue, the weaker contract of their tasks, and the bridge's settings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.ingest.bridge.config import BridgeSettings
from services.ingest.bridge.jobs import BullJob, to_entry
from services.ingest.jobs import Accepted, JobResult, Rejected, read_entry
from tests.unit.job_examples import FOLLOWER, LEADER, NOW, TX, USD, VAULT, WETH, envelope
from tests.unit.test_schemas import both_accept

ADDED_MS = 1_788_343_380_999
DEPLOYMENT = {"vaultAddress": VAULT, "leader": LEADER, "baseAsset": USD}
TRADE = {"vaultAddress": VAULT, "txHash": TX, "assetIn": USD, "assetOut": WETH, "amountIn": "5", "timestamp": 1}
FLOW = {"vaultAddress": VAULT, "followerAddress": FOLLOWER, "amount": "7", "action": "DEPOSIT"}
BRIDGED: dict[str, dict[str, Any]] = {
    "bridge.vault_deployed": DEPLOYMENT,
    "bridge.trade_executed": TRADE,
    "bridge.follower_event": FLOW,
}


def read(queue: str, data: Any, *, job_id: str = "7", added_ms: int = ADDED_MS) -> JobResult:
    """What the intake makes of a BullMQ job."""
    entry = to_entry(BullJob(queue, job_id, added_ms, data))
    added = int(entry.entry_id.partition("-")[0])
    (result,) = read_entry(entry.data, entered_at_ms=added, now=NOW, chain_id=125)
    return result


def event_of(result: JobResult) -> Any:
    assert isinstance(result, Accepted), result
    return result.event


def test_a_deployment_needs_neither_name_nor_transaction():
    event = event_of(read("VaultDeployedQueue", DEPLOYMENT))
    assert (event.identity, event.transaction_hash) == ("task:bullmq:VaultDeployedQueue:7", "")
    assert event.vault_deployed.name == ""
    named = event_of(read("VaultDeployedQueue", {**DEPLOYMENT, "name": "Alpha", "txHash": TX, "logIndex": 3}))
    assert (named.identity, named.transaction_hash) == ("task:bullmq:VaultDeployedQueue:7", TX)
    assert named.vault_deployed.name == "Alpha"


def test_the_job_id_is_the_identity_of_a_trade_even_where_it_names_its_log():
    for more in ({}, {"logIndex": 3}):
        event = event_of(read("TradeProcessingQueue", {**TRADE, **more}, job_id="a:b"))
        assert (event.identity, event.transaction_hash) == ("task:bullmq:TradeProcessingQueue:a:b", TX)


def test_a_producer_of_our_own_queue_still_has_to_name_the_transaction():
    data = envelope("ingest.vault_deployed", {**DEPLOYMENT, "name": "Alpha"})
    (result,) = read_entry(data, entered_at_ms=ADDED_MS, now=NOW, chain_id=125)
    assert isinstance(result, Rejected)
    assert result.detail == "txHash: is required"


@pytest.mark.parametrize("absent", [{}, {"timestamp": None}])
def test_without_a_time_an_event_happened_when_its_job_was_added(absent):
    event = event_of(read("FollowerEventQueue", {**FLOW, **absent}))
    assert (event.occurred_at.seconds, event.time_assumed) == (1_788_343_380, False)


def test_the_time_of_the_payload_comes_first():
    assert event_of(read("FollowerEventQueue", {**FLOW, "timestamp": 12})).occurred_at.seconds == 12


def test_a_snapshot_without_a_time_was_asked_for_when_it_was_added():
    entry = to_entry(BullJob("SnapshotCalculationQueue", "9", ADDED_MS, {"interval": "1h"}))
    assert json.loads(entry.data or b"") == {
        "task_id": "bullmq:SnapshotCalculationQueue:9",
        "task_name": "ingest.snapshot",
        "labels": {},
        "args": [],
        "kwargs": {"interval": "1h", "triggeredAt": 1_788_343_380},
    }


def test_the_same_job_is_the_same_entry_and_another_job_is_another():
    def entry(job_id: str, added_ms: int = ADDED_MS) -> tuple[str, str]:
        found = to_entry(BullJob("FollowerEventQueue", job_id, added_ms, FLOW))
        return found.stream, found.entry_id

    assert entry("7") == entry("7") == ("bullmq:FollowerEventQueue", "1788343380999-7")
    # As happens where Redis lost its data and counts from 1 again.
    assert entry("7", ADDED_MS + 1) != entry("7")
    long = [entry("x" * length + tail)[1] for length in (201, 9_000) for tail in ("", "y", "\0")]
    assert len(set(long)) == 6
    assert max(map(len, long)) < 100
    assert entry("-5", -3)[1] == "0--5"


@pytest.mark.parametrize("data", ["text", None, 5, True, [FLOW]])
def test_what_is_no_object_is_refused_with_its_content_kept(data):
    result = read("FollowerEventQueue", data)
    assert isinstance(result, Rejected)
    assert (result.reason, result.detail) == ("UNDECODABLE", "kwargs: must be an object")
    assert result.task_id == "bullmq:FollowerEventQueue:7"


def test_what_no_reader_can_take_is_refused_and_never_raises():
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    for value in (nested, "\ud800", float("nan"), float("inf"), 10**400):
        result = read("FollowerEventQueue", {**FLOW, "action": value})
        assert isinstance(result, Rejected), value
    # An id that no database can hold, too.
    assert isinstance(read("FollowerEventQueue", FLOW, job_id="a\0"), Rejected)
    assert isinstance(read("FollowerEventQueue", FLOW, job_id="a" * 600), Rejected)


def test_only_a_whole_number_is_a_block():
    def block(data: Any) -> int | None:
        return BullJob("FollowerEventQueue", "1", ADDED_MS, data).block_number

    assert block({"blockNumber": 7}) == 7
    assert [block(data) for data in ({"blockNumber": True}, {"blockNumber": "7"}, {}, None, [7])] == [None] * 5


@pytest.mark.parametrize("task", BRIDGED)
def test_intake_and_schema_agree_about_the_weaker_payloads(task):
    assert both_accept(envelope(task, BRIDGED[task])) == (True, True)
    hostile: list[Any] = [None, True, "", "-1", "007", 5, -1, [], "a\0b", TX, VAULT + "0", "WITHDRAW", "9" * 79, ...]
    for field in (*BRIDGED[task], "name", "txHash", "logIndex", "blockNumber", "decimals"):
        for value in hostile:
            changed = {key: item for key, item in {**BRIDGED[task], field: value}.items() if item is not ...}
            by_intake, by_schema = both_accept(envelope(task, changed))
            assert by_intake == by_schema, (field, value)


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> BridgeSettings:
    monkeypatch.setenv("INGEST_DATABASE_URL", "postgresql://localhost/x")
    for name in ("REDIS_URL", "BULLMQ_REDIS_URL", "BULLMQ_PREFIX", "BRIDGE_UNTIL_BLOCK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return BridgeSettings()


def test_the_queues_are_in_the_common_redis_unless_another_is_named(monkeypatch):
    assert settings(monkeypatch, REDIS_URL="redis://ours").queues_url == "redis://ours"
    both = settings(monkeypatch, REDIS_URL="redis://ours", BULLMQ_REDIS_URL="redis://theirs/3")
    assert both.queues_url == "redis://theirs/3"


def test_an_empty_variable_is_an_absent_one(monkeypatch):
    found = settings(monkeypatch, BULLMQ_REDIS_URL="", BULLMQ_PREFIX="", BRIDGE_UNTIL_BLOCK="", REDIS_URL="")
    assert (found.bullmq_redis_url, found.bullmq_prefix, found.bridge_until_block) == (None, "bull", None)
    assert found.queues_url == "redis://localhost:6379/0"


@pytest.mark.parametrize(("name", "value"), [("BULLMQ_REDIS_URL", "theirs"), ("BRIDGE_UNTIL_BLOCK", "-1")])
def test_a_wrong_variable_is_named(monkeypatch, name, value):
    with pytest.raises(ValueError, match=name.lower()):
        settings(monkeypatch, **{name: value})
