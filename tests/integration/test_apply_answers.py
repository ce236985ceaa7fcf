"""What ApplyEvents of both services answers: outcomes, and refusals that leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import psycopg

from protos.analytics.v1 import analytics_pb2
from protos.events.v1 import events_pb2 as pb
from protos.vaults.v1 import vaults_pb2
from tests.integration.served_services import Served, refusal, served_services
from tests.integration.service_pair import APPLIED, DEFERRED, DUPLICATE, REJECTED, event_of, scored, service_pair
from tests.oracle.jobs import BASE, VAULT, WALLETS, deployed, flow, job, settlement, trade, tx
from tests.oracle.sending import MAX_UINT256, START
from tests.servers import Database

CONFLICT = (REJECTED, "CONFLICTING_DUPLICATE")
FINE = (APPLIED, "")
AGAIN = (DUPLICATE, "")
WAITS = (DEFERRED, "")


def score(at: int = START, value: int = 700) -> pb.ChainEvent:
    return event_of(scored(WALLETS["A"], value, at))


def status(value: str = "PAUSED", at: int = START) -> pb.ChainEvent:
    return event_of(job("vault_status", "status", vaultAddress=VAULT, status=value, reason="", observedAt=at))


DEPLOYMENT = event_of(deployed())
DEPOSIT = event_of(flow(1, "A", "DEPOSIT", 100))
WITHDRAWAL = event_of(flow(2, "A", "WITHDRAW", 10))
TRADE = event_of(trade(3, 7))
SETTLEMENT = event_of(settlement(4, "A", profit="5", leaderCut="1", protocolCut="1", followerRemaining="3"))
LEDGER = [DEPOSIT, WITHDRAWAL, TRADE, SETTLEMENT]


def changed(event: pb.ChainEvent, change: Callable[[Any], object]) -> pb.ChainEvent:
    copy = pb.ChainEvent()
    copy.CopyFrom(event)
    change(copy)
    return copy


def with_content(event: pb.ChainEvent, **fields: Any) -> pb.ChainEvent:
    def change(copy: pb.ChainEvent) -> None:
        for name, value in fields.items():
            setattr(getattr(copy, str(copy.WhichOneof("body"))), name, value)

    return changed(event, change)


OTHER = "0x" + "ab" * 20
CONTRADICTIONS = [
    with_content(DEPLOYMENT, leader_address=OTHER),
    with_content(DEPLOYMENT, base_asset=OTHER),
    with_content(DEPOSIT, amount="101"),
    with_content(DEPOSIT, follower_address=OTHER),
    with_content(DEPOSIT, direction=pb.FLOW_DIRECTION_WITHDRAWAL),
    with_content(WITHDRAWAL, amount="0"),
    with_content(TRADE, asset_in=OTHER),
    with_content(TRADE, asset_out=OTHER),
    with_content(TRADE, amount_in="2"),
    with_content(TRADE, amount_out="2"),
    with_content(TRADE, pnl_override="8"),
    with_content(SETTLEMENT, profit="6"),
    with_content(SETTLEMENT, leader_cut="2"),
    with_content(SETTLEMENT, protocol_cut="2"),
    with_content(SETTLEMENT, follower_remaining="2"),
    with_content(SETTLEMENT, follower_address=OTHER),
]
SAME_FACTS = [
    changed(DEPOSIT, lambda copy: copy.occurred_at.FromSeconds(START + 99)),
    changed(DEPOSIT, lambda copy: setattr(copy, "block_number", 9)),
    changed(TRADE, lambda copy: setattr(copy, "task_id", "another")),
    changed(TRADE, lambda copy: copy.ClearField("block_number")),
    with_content(DEPLOYMENT, name="Another name", decimals=6),
    with_content(DEPOSIT, vault_address=VAULT.lower()),
]


async def test_events_wait_for_their_vault_then_apply_once(database: Database) -> None:
    async with service_pair(database) as pair:
        assert await pair.apply([*LEDGER, status()]) == [WAITS] * 5
        assert await pair.rows() == {"vaults": [], "analytics": []}
        assert await pair.apply([DEPLOYMENT]) == [FINE]
        assert await pair.apply(LEDGER) == [FINE] * 4
        assert await pair.apply([DEPLOYMENT, *LEDGER]) == [AGAIN] * 5


async def test_a_deployment_in_the_same_call_lets_every_event_apply_wherever_it_stands(database: Database) -> None:
    async with service_pair(database) as pair:
        events = [*LEDGER, status(), score(), DEPLOYMENT]
        assert await pair.apply(events) == [FINE] * 7
        before = await pair.rows()
        # A status and a score leave no row that could be a duplicate.
        assert await pair.apply(events) == [AGAIN] * 4 + [FINE] * 2 + [AGAIN]
        assert await pair.rows() == before


async def test_repetitions_and_contradictions_within_one_call_answer_by_the_first(database: Database) -> None:
    async with service_pair(database) as pair:
        events = [DEPLOYMENT, *LEDGER]
        answers = await pair.apply([*events, *events, *SAME_FACTS, *CONTRADICTIONS])
        assert answers == [FINE] * 5 + [AGAIN] * 5 + [AGAIN] * len(SAME_FACTS) + [CONFLICT] * len(CONTRADICTIONS)
        rows = await pair.rows()
        await pair.clear()
        await pair.apply(events)
        assert await pair.rows() == rows


async def test_repetitions_and_contradictions_in_later_calls_change_nothing(database: Database) -> None:
    async with service_pair(database) as pair:
        await pair.apply([DEPLOYMENT, *LEDGER])
        rows = await pair.rows()
        assert await pair.apply(SAME_FACTS) == [AGAIN] * len(SAME_FACTS)
        assert await pair.apply(CONTRADICTIONS) == [CONFLICT] * len(CONTRADICTIONS)
        assert await pair.rows() == rows


async def test_an_event_named_like_the_deployment_of_its_own_call_waits_with_it(database: Database) -> None:
    # Both have one identity: which one counts can't be said before the vault is known.
    same = changed(DEPLOYMENT, lambda copy: setattr(copy, "identity", DEPOSIT.identity))
    async with service_pair(database) as pair:
        assert await pair.apply([DEPOSIT, same]) == [WAITS, WAITS]
        assert await pair.rows() == {"vaults": [], "analytics": []}
        assert await pair.apply([same]) == [FINE]


async def test_the_same_identity_in_two_vaults_is_two_events(database: Database) -> None:
    other = [with_content(event, vault_address=OTHER) for event in (DEPLOYMENT, *LEDGER)]
    async with service_pair(database) as pair:
        assert await pair.apply([DEPLOYMENT, *LEDGER, *other]) == [FINE] * 10
        assert await pair.apply([*other, *LEDGER]) == [AGAIN] * 9


async def test_an_empty_call_is_answered_with_nothing(database: Database) -> None:
    async with service_pair(database) as pair:
        assert await pair.apply([]) == []


def at(name: str, value: Any) -> Callable[[pb.ChainEvent], object]:
    return lambda copy: setattr(copy, name, value)


TOO_MUCH = str(MAX_UINT256 + 1)
MALFORMED: list[tuple[pb.ChainEvent, str]] = [
    (changed(DEPOSIT, lambda copy: copy.ClearField("follower_flow")), "body"),
    (changed(DEPOSIT, at("identity", "")), "identity"),
    (changed(DEPOSIT, at("identity", "x" * 1025)), "identity"),
    (changed(DEPOSIT, at("identity", "task:\0")), "identity"),
    (changed(DEPOSIT, at("task_id", "")), "task_id"),
    (changed(DEPOSIT, at("task_id", "x" * 513)), "task_id"),
    (changed(DEPOSIT, at("task_id", "a\0b")), "task_id"),
    (changed(DEPOSIT, at("chain_id", 0)), "chain_id"),
    (changed(DEPOSIT, at("chain_id", 1)), "chain_id"),
    (changed(DEPOSIT, lambda copy: copy.ClearField("occurred_at")), "occurred_at"),
    (changed(DEPOSIT, lambda copy: copy.occurred_at.FromSeconds(-1)), "occurred_at"),
    (changed(DEPOSIT, lambda copy: setattr(copy.occurred_at, "seconds", 253_402_300_800)), "occurred_at"),
    (changed(DEPOSIT, at("transaction_hash", "0x12")), "transaction_hash"),
    (changed(DEPOSIT, at("transaction_hash", tx(10).upper())), "transaction_hash"),
    (changed(DEPOSIT, at("block_hash", "12" * 33)), "block_hash"),
    (changed(DEPOSIT, at("block_number", 2**63 - 1)), "block_number"),
    (changed(DEPOSIT, at("block_number", 2**64 - 1)), "block_number"),
    (changed(DEPOSIT, at("log_index", 2**31 - 1)), "log_index"),
    (with_content(DEPLOYMENT, vault_address="0x1"), "vault_deployed.vault_address"),
    (with_content(DEPLOYMENT, leader_address="0x" + "aB" * 20), "vault_deployed.leader_address"),
    (with_content(DEPLOYMENT, base_asset=""), "vault_deployed.base_asset"),
    (with_content(DEPLOYMENT, name="a\0"), "vault_deployed.name"),
    (with_content(DEPLOYMENT, decimals=256), "vault_deployed.decimals"),
    (with_content(TRADE, vault_address=""), "trade_executed.vault_address"),
    (with_content(TRADE, asset_in=BASE + "0"), "trade_executed.asset_in"),
    (with_content(TRADE, asset_out=BASE[2:]), "trade_executed.asset_out"),
    (with_content(TRADE, amount_in=""), "trade_executed.amount_in"),
    (with_content(TRADE, amount_in="1.5"), "trade_executed.amount_in"),
    (with_content(TRADE, amount_out="-1"), "trade_executed.amount_out"),
    (with_content(TRADE, amount_out=TOO_MUCH), "trade_executed.amount_out"),
    (with_content(TRADE, pnl_override="--1"), "trade_executed.pnl_override"),
    (with_content(TRADE, pnl_override="-" + TOO_MUCH), "trade_executed.pnl_override"),
    (with_content(DEPOSIT, follower_address="0x"), "follower_flow.follower_address"),
    (with_content(DEPOSIT, vault_address="vault"), "follower_flow.vault_address"),
    (with_content(DEPOSIT, amount="٣"), "follower_flow.amount"),
    (with_content(DEPOSIT, amount="1_000"), "follower_flow.amount"),
    (with_content(DEPOSIT, amount="1\n"), "follower_flow.amount"),
    (with_content(DEPOSIT, direction=0), "follower_flow.direction"),
    (with_content(DEPOSIT, direction=9), "follower_flow.direction"),
    (with_content(SETTLEMENT, profit="1e3"), "profit_settled.profit"),
    (with_content(SETTLEMENT, leader_cut="x"), "profit_settled.leader_cut"),
    (with_content(SETTLEMENT, protocol_cut=" 1"), "profit_settled.protocol_cut"),
    (with_content(SETTLEMENT, follower_remaining="+1"), "profit_settled.follower_remaining"),
    (with_content(SETTLEMENT, follower_address=""), "profit_settled.follower_address"),
    (with_content(score(), wallet_address=""), "score_observed.wallet_address"),
    (with_content(score(), reputation_score=1001), "score_observed.reputation_score"),
    (with_content(score(), win_rate_bps=10_001), "score_observed.win_rate_bps"),
    (with_content(score(), max_drawdown_bps=10_001), "score_observed.max_drawdown_bps"),
    (with_content(score(), signal_count=2**63), "score_observed.signal_count"),
    (changed(score(), lambda copy: copy.score_observed.ClearField("observed_at")), "score_observed.observed_at"),
    (with_content(status(), status=0), "status_observed.status"),
    (with_content(status(), reason="\0"), "status_observed.reason"),
    (
        changed(status(), lambda copy: setattr(copy.status_observed.observed_at, "seconds", 2**60)),
        "status_observed.observed_at",
    ),
]
SERVICES = {"vaults": vaults_pb2.ApplyEventsRequest, "analytics": analytics_pb2.ApplyEventsRequest}


def count_rows(database: Database) -> int:
    with psycopg.connect(database.admin_url) as conn:
        tables = ("vaults.users", "vaults.vaults", "vaults.flows", "analytics.users", "analytics.vaults")
        counts = [conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in tables]
        return sum(row[0] for row in counts if row)


async def apply(services: Served, name: str, events: list[pb.ChainEvent]) -> Any:
    return await getattr(services, name).ApplyEvents(SERVICES[name](events=events), timeout=10, wait_for_ready=True)


async def test_every_malformed_event_is_named_with_its_field_and_nothing_is_applied(database: Database) -> None:
    async with served_services(database) as services:
        for name in SERVICES:
            for start in range(0, len(MALFORMED), 8):
                cases = MALFORMED[start : start + 8]
                events = [DEPLOYMENT, *(event for event, _ in cases), DEPOSIT]
                refused = await refusal(apply(services, name, events))
                assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
                assert refused.reason == "INVALID_ARGUMENT"
                assert refused.fields == [f"events[{place}].{field}" for place, (_, field) in enumerate(cases, start=1)]
                assert all(text.startswith(("must", "has")) for _, text in refused.violations)
        assert count_rows(database) == 0


async def test_a_whole_batch_of_malformed_events_is_still_answered_with_the_first_of_them(database: Database) -> None:
    broken = with_content(DEPOSIT, follower_address="0x" + "aB" * 20)
    async with served_services(database) as services:
        for name in SERVICES:
            refused = await refusal(apply(services, name, [DEPOSIT, *[broken] * 4_999]))
            assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
            assert refused.fields == [f"events[{place}].follower_flow.follower_address" for place in range(1, 21)]


async def test_more_than_5000_events_are_refused_and_5000_are_taken(database: Database) -> None:
    def many(count: int) -> list[pb.ChainEvent]:
        return [changed(DEPOSIT, at("identity", f"125:{tx(1)}:{number}")) for number in range(count)]

    async with served_services(database) as services:
        for name in SERVICES:
            refused = await refusal(apply(services, name, many(5_001)))
            assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ["events"])
            assert count_rows(database) == 0
            answer = await apply(services, name, many(5_000))
            assert {result.outcome for result in answer.results} == {DEFERRED}


async def test_a_call_that_is_too_large_says_so(database: Database) -> None:
    large = with_content(DEPLOYMENT, name="x" * 5_000_000)
    async with served_services(database) as services:
        for name in SERVICES:
            refused = await refusal(apply(services, name, [large]))
            assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
