"""Scores and statuses that were read in blocks that left the chain: both services forget them."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from protos.analytics.v1 import analytics_pb2
from protos.events.v1 import events_pb2 as pb
from protos.vaults.v1 import vaults_pb2
from tests.integration.served_services import refusal, served_services
from tests.integration.service_pair import ServicePair, difference, event_of, service_pair
from tests.oracle.jobs import LEADER, VAULT, WALLETS, deployed, flow, job, tx
from tests.oracle.sending import START, RawJob
from tests.servers import Database


def score(wallet: str, value: int, observed_at: int, block: str) -> RawJob:
    """A score that was read in a block."""
    figures = {"reputationScore": value, "winRateBps": 0, "maxDrawdownBps": 0, "signalCount": 1}
    return job(
        "argus_score",
        f"s{value}",
        walletAddress=wallet,
        **figures,
        observedAt=observed_at,
        blockNumber=5,
        blockHash=block,
    )


def status(value: str, observed_at: int, block: str) -> RawJob:
    """A status that was read in a block."""
    return job(
        "vault_status",
        f"{value}{observed_at}",
        vaultAddress=VAULT,
        status=value,
        reason="drawdown",
        observedAt=observed_at,
        blockNumber=5,
        blockHash=block,
    )


async def forget(pair: ServicePair, *, blocks: list[str], wallets: list[str], vaults: list[str]) -> None:
    """Rewind both services."""
    parts: dict[str, Any] = {
        "blocks_orphaned": pb.BlocksOrphaned(blocks=[pb.OrphanedBlock(number=5, hash=block) for block in blocks]),
        "score_wallet_addresses": wallets,
        "status_vault_addresses": vaults,
    }
    await pair.vaults.Rewind(vaults_pb2.RewindRequest(**parts), None)
    response = await pair.analytics.Rewind(analytics_pb2.RewindRequest(**parts), None)
    await pair.update(response.performances)


async def test_services_are_as_before_once_what_is_left_was_sent_again(database: Database) -> None:
    kept = [deployed(), flow(1, "A", "DEPOSIT", 10), score(LEADER, 300, START, tx(80)), status("ACTIVE", START, tx(80))]
    lost = [
        score(LEADER, 900, START + 5, tx(90)),
        score(WALLETS["B"], 800, START + 5, tx(90)),
        status("PAUSED", START + 5, tx(90)),
    ]
    async with service_pair(database) as pair:
        await pair.deliver([event_of(one) for one in kept])
        before = await pair.rows()
        await pair.deliver([event_of(one) for one in lost])
        assert len(difference(before, await pair.rows())) > 0
        for _ in range(2):
            await forget(pair, blocks=[tx(90)], wallets=[LEADER, WALLETS["B"]], vaults=[VAULT])
            await pair.deliver([event_of(one) for one in kept])
            assert difference(before, await pair.rows()) == []


async def test_what_is_named_and_unknown_is_no_fault(database: Database) -> None:
    async with service_pair(database) as pair:
        await forget(pair, blocks=[], wallets=[LEADER], vaults=[VAULT])
        assert not any((await pair.rows()).values())


@pytest.mark.parametrize("service", ["vaults", "analytics"])
async def test_a_malformed_address_is_named(database: Database, service: str) -> None:
    request = {"vaults": vaults_pb2, "analytics": analytics_pb2}[service].RewindRequest
    async with served_services(database) as served:
        stub = getattr(served, service)
        refused = await refusal(stub.Rewind(request(score_wallet_addresses=[LEADER, "0x12"])))
        assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ["score_wallet_addresses[1]"])
        refused = await refusal(stub.Rewind(request(status_vault_addresses=[""])))
        assert refused.fields == ["status_vault_addresses[0]"]
