"""Checking our figures against the chain: deposits, TVL, frozen flags and scores at one block."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import grpc

from libs.database import Pool, database_errors
from libs.errors import Unavailable
from libs.identifiers import Address, checksum_address, vault_id
from libs.telemetry import get_logger
from protos.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from protos.vaults.v1 import vaults_pb2, vaults_pb2_grpc
from services.ingest.chain import views
from services.ingest.chain.protocol import DecoderState, Protocol
from services.ingest.chain.rpc.calls import Call, Reverted
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.rpc.reader import ChainReader
from services.ingest.repository import chain, changes
from services.ingest.repository import silent as silent_states

log = get_logger(__name__)

_TIMEOUT_SECONDS: Final = 10.0
# A disagreement is reported when it is still there at this look: figures take a moment from service to service.
_LOOKS: Final = 3
_PAUSE_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 0.1


@dataclass(slots=True)
class Report:
    """The last block that was checked, how many figures, and each disagreement by subject."""

    block_number: int = -1
    checked: int = 0
    disagreements: dict[str, str] = field(default_factory=dict)


class _Rest(NamedTuple):
    """What our figures stand for while nothing is under way: two equal ones mean that nothing moved in between."""

    block: int  # the last one read
    block_hash: str
    silent_block: int  # of the last look at frozen flags and scores
    delivered: int


@dataclass(frozen=True, slots=True)
class _Ours:
    """What the project says of a vault."""

    tvl: int
    deposits: dict[Address, int]
    is_frozen: bool | None  # None where the status does not tell: a liquidated vault may be frozen too
    leader: Address
    score: int


class _Figure(NamedTuple):
    """One figure of ours and the view that must agree."""

    subject: str
    ours: int
    call: Call
    # Scores count up to 1000, and an oracle may refuse to speak of a wallet that it never rated.
    is_score: bool = False


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
        settle_seconds: float = 30.0,
    ) -> None:
        self._pool = pool
        self._reader = reader
        self._vaults = vaults_pb2_grpc.VaultServiceStub(vaults)
        self._analytics = analytics_pb2_grpc.AnalyticsServiceStub(analytics)
        self._protocol = protocol
        self._settle_seconds = settle_seconds

    async def verify(self, state: DecoderState, *, sample: int | None = None) -> Report:
        """Check and store the report. Unavailable when our figures do not come to rest, ChainUnavailable as ever."""
        vaults = await self._to_check(state)
        whole = sample is None or sample >= len(vaults)
        report = Report((await self._at_rest()).block)
        for vault in vaults if whole else random.sample(vaults, sample or 0):
            await self._check(vault, state.oracle, report)
        async with database_errors(), self._pool.connection() as conn:
            await chain.save_disagreements(
                conn,
                block_number=report.block_number,
                checked_count=report.checked,
                found=report.disagreements,
                whole=whole,
            )
        for subject, detail in report.disagreements.items():
            log.error("disagrees with the chain", subject=subject, detail=detail, block=report.block_number)
        log.info("verified", block=report.block_number, figures=report.checked, wrong=len(report.disagreements))
        return report

    async def _to_check(self, state: DecoderState) -> list[Address]:
        """Every vault but those that an operator listed and that did nothing yet."""
        listed = self._protocol.known_vaults
        async with database_errors(), self._pool.connection() as conn:
            announced = await silent_states.list_announced(conn, sorted(listed)) if listed else set()
        vaults = [checksum_address(address) for address in sorted(state.vaults)]
        return [vault for vault in vaults if vault not in listed or vault in announced]

    async def _check(self, vault: Address, oracle: str | None, report: Report) -> None:
        for look in range(_LOOKS):
            if look:
                await asyncio.sleep(_PAUSE_SECONDS)
            rest, count, found = await self._compare(vault, oracle)
            if not found:
                break
        report.block_number = max(report.block_number, rest.block)
        report.checked += count
        report.disagreements |= found

    async def _compare(self, vault: Address, oracle: str | None) -> tuple[_Rest, int, dict[str, str]]:
        """How many figures of a vault were compared and those that differ, all at one moment of rest."""
        deadline = self._deadline()
        while asyncio.get_running_loop().time() < deadline:
            rest = await self._at_rest()
            count, found = await self._compare_once(vault, oracle, rest)
            if await self._position() == rest and await self._is_current(rest):
                return rest, count, found
        raise Unavailable("our figures do not come to rest", reason="NOT_AT_REST")

    async def _compare_once(self, vault: Address, oracle: str | None, rest: _Rest) -> tuple[int, dict[str, str]]:
        try:
            ours = await self._ours(vault)
        except grpc.aio.AioRpcError as error:
            return 0, {f"vault {vault}": f"our figures can't be read: {error.details()}"}
        flows, polled = _flows(vault, ours), self._polled(vault, oracle, ours)
        found = await self._differing(flows, rest.block) | await self._differing(polled, rest.silent_block)
        return len(flows) + len(polled), found

    async def _is_current(self, rest: _Rest) -> bool:
        """Whether the node's chain still holds the block: the indexer may not have noticed yet that it doesn't."""
        (header,) = await self._reader.headers([rest.block], await self._reader.head())
        return header.hash == rest.block_hash

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._settle_seconds

    def _polled(self, vault: Address, oracle: str | None, ours: _Ours) -> list[_Figure]:
        """What is read about once a minute; compared at the block of the last look."""
        figures = []
        if self._protocol.risk_manager and ours.is_frozen is not None:
            call = views.is_frozen(self._protocol.risk_manager, vault)
            figures.append(_Figure(f"frozen {vault}", int(ours.is_frozen), call))
        if oracle:
            figures.append(_Figure(f"score {ours.leader}", ours.score, views.metrics(oracle, ours.leader), True))
        return figures

    async def _differing(self, figures: Sequence[_Figure], block: int) -> dict[str, str]:
        head = await self._reader.head()
        if head.number < block:
            raise ChainUnavailable(f"the node is at block {head.number}, behind block {block}")
        results = await self._reader.call_many([figure.call for figure in figures], block, head=head)
        found: dict[str, str] = {}
        for figure, result in zip(figures, results, strict=True):
            said = None if isinstance(result, Reverted) else views.read_number(result)
            if figure.is_score:
                said = min(said or 0, views.MAX_SCORE)
            if said != figure.ours:
                found[figure.subject] = f"we say {figure.ours}, the chain says {'nothing' if said is None else said}"
        return found

    async def _at_rest(self) -> _Rest:
        """Wait until all that was read of the chain has been delivered."""
        deadline = self._deadline()
        while (rest := await self._position()) is None:
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable("our figures do not come to rest", reason="NOT_AT_REST")
            await asyncio.sleep(_POLL_SECONDS)
        return rest

    async def _position(self) -> _Rest | None:
        """None while something is under way, or before anything was read."""
        async with database_errors(), self._pool.connection() as conn:
            last = await chain.find_last_block(conn)
            status = await chain.get_status(conn)
            pipeline = await changes.get_status(conn)
        polls = self._protocol.risk_manager is not None or self._protocol.oracle is not None
        is_busy = status.outbox_count or pipeline.pending_count or status.open_rewind_count
        if last is None or is_busy or (polls and status.silent_block is None):
            return None
        return _Rest(*last, status.silent_block or 0, pipeline.delivered_event_count)

    async def _ours(self, vault: Address) -> _Ours:
        request = vaults_pb2.GetVaultRequest(contract_address=vault)
        row = (await self._vaults.GetVault(request, timeout=_TIMEOUT_SECONDS)).vault
        is_liquidated = row.status == vaults_pb2.VAULT_STATUS_LIQUIDATED
        return _Ours(
            tvl=int(row.tvl),
            deposits={Address(f.wallet_address): int(f.deposited_amount) for f in await self._followers(vault)},
            is_frozen=None if is_liquidated else row.status == vaults_pb2.VAULT_STATUS_PAUSED,
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


def _flows(vault: Address, ours: _Ours) -> list[_Figure]:
    """What follows from events; compared at the last block that was read."""
    deposits = [
        _Figure(f"deposit {vault} {wallet}", amount, views.follower(vault, wallet))
        for wallet, amount in sorted(ours.deposits.items())
    ]
    return [_Figure(f"tvl {vault}", ours.tvl, views.total_tvl(vault)), *deposits]
