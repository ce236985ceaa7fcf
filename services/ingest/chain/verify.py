"""Checking our figures against the chain: deposits, TVL, frozen flags and scores at one block."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import grpc

from libs.database import Pool, database_errors
from libs.identifiers import Address, checksum_address, vault_id
from libs.telemetry import get_logger
from protos.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from protos.vaults.v1 import vaults_pb2, vaults_pb2_grpc
from services.ingest.chain import views
from services.ingest.chain.protocol import DecoderState, Protocol
from services.ingest.chain.rpc.calls import Reverted
from services.ingest.chain.rpc.reader import ChainReader
from services.ingest.repository import chain, changes
from services.ingest.repository.chain import ChainStatus

log = get_logger(__name__)

_TIMEOUT_SECONDS: Final = 10.0
# A figure may be on its way: a disagreement is reported when it is still there after this many looks.
_LOOKS: Final = 4
_PAUSE_SECONDS: Final = 1.0


@dataclass(slots=True)
class Report:
    """The block that was checked, how many figures, and each disagreement by subject."""

    block_number: int
    checked: int = 0
    disagreements: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ours:
    """What the project says of a vault."""

    tvl: int
    deposits: dict[Address, int]
    is_frozen: bool
    leader: Address
    score: int


class Verifier:
    """Compares every vault, or a sample, with the chain."""

    def __init__(
        self,
        *,
        pool: Pool,
        reader: ChainReader,
        vaults: grpc.aio.Channel,
        analytics: grpc.aio.Channel,
        protocol: Protocol,
    ) -> None:
        self._pool = pool
        self._reader = reader
        self._vaults = vaults_pb2_grpc.VaultServiceStub(vaults)
        self._analytics = analytics_pb2_grpc.AnalyticsServiceStub(analytics)
        self._protocol = protocol

    async def verify(self, state: DecoderState, *, sample: int | None = None, settle_seconds: float = 30.0) -> Report:
        """Check and store the report; waits until what was read of the chain has been delivered."""
        status = await self._settled(settle_seconds)
        block = (status.next_block or 0) - 1
        report = Report(block)
        vaults = [checksum_address(address) for address in sorted(state.vaults)]
        if sample is not None and sample < len(vaults):
            vaults = random.sample(vaults, sample)
        for vault in vaults:
            await self._check(vault, state.oracle, report)
        async with database_errors(), self._pool.connection() as conn:
            await chain.replace_disagreements(
                conn, block_number=report.block_number, checked_count=report.checked, found=report.disagreements
            )
        for subject, detail in report.disagreements.items():
            log.error("disagrees with the chain", subject=subject, detail=detail, block=report.block_number)
        log.info("verified", block=report.block_number, figures=report.checked, wrong=len(report.disagreements))
        return report

    async def _settled(self, seconds: float) -> ChainStatus:
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            async with database_errors(), self._pool.connection() as conn:
                status = await chain.get_status(conn)
                pipeline = await changes.get_status(conn)
            drained = not (status.outbox_count or pipeline.pending_count or status.open_rewind_count)
            if drained or asyncio.get_running_loop().time() > deadline:
                return status
            await asyncio.sleep(_PAUSE_SECONDS / 5)

    async def _check(self, vault: Address, oracle: str | None, report: Report) -> None:
        found: dict[str, str] = {}
        for look in range(_LOOKS):
            if look:
                await asyncio.sleep(_PAUSE_SECONDS)
                report.block_number = max(report.block_number, await self._last_block())
            try:
                count, found = await self._compare(vault, oracle, report.block_number)
            except grpc.aio.AioRpcError as error:
                count, found = 0, {f"vault {vault}": f"our figures can't be read: {error.details()}"}
            if not found:
                break
        report.checked += count
        report.disagreements |= found

    async def _last_block(self) -> int:
        async with database_errors(), self._pool.connection() as conn:
            return ((await chain.get_status(conn)).next_block or 0) - 1

    async def _compare(self, vault: Address, oracle: str | None, block: int) -> tuple[int, dict[str, str]]:
        """How many figures of a vault were compared, and those that differ."""
        ours = await self._ours(vault)
        wallets = sorted(ours.deposits)
        calls = [views.total_tvl(vault), *(views.follower(vault, wallet) for wallet in wallets)]
        expected: list[tuple[str, int]] = [(f"tvl {vault}", ours.tvl)]
        expected += [(f"deposit {vault} {wallet}", ours.deposits[wallet]) for wallet in wallets]
        if self._protocol.risk_manager:
            calls.append(views.is_frozen(self._protocol.risk_manager, vault))
            expected.append((f"frozen {vault}", int(ours.is_frozen)))
        if oracle:
            calls.append(views.metrics(oracle, ours.leader))
            expected.append((f"score {ours.leader}", ours.score))
        results = await self._reader.call_many(calls, block)
        found: dict[str, str] = {}
        for (subject, value), result in zip(expected, results, strict=True):
            said = None if isinstance(result, Reverted) else views.read_number(result)
            if said != value:
                found[subject] = f"we say {value}, the chain says {'nothing' if said is None else said}"
        return len(expected), found

    async def _ours(self, vault: Address) -> Ours:
        request = vaults_pb2.GetVaultRequest(contract_address=vault)
        row = (await self._vaults.GetVault(request, timeout=_TIMEOUT_SECONDS)).vault
        return Ours(
            tvl=int(row.tvl),
            deposits={Address(f.wallet_address): int(f.deposited_amount) for f in await self._followers(vault)},
            is_frozen=row.status == vaults_pb2.VAULT_STATUS_PAUSED,
            leader=Address(row.leader.wallet_address),
            score=row.leader.argus_score,
        )

    async def _followers(self, vault: Address) -> Sequence[analytics_pb2.Follower]:
        identifier = str(vault_id(self._protocol.chain_id, vault))
        followers: list[analytics_pb2.Follower] = []
        token = ""
        while True:
            request = analytics_pb2.ListFollowersRequest(vault_id=identifier, page_size=1000, page_token=token)
            page = await self._analytics.ListFollowers(request, timeout=_TIMEOUT_SECONDS)
            followers += page.followers
            token = page.next_page_token
            if not token:
                return followers
