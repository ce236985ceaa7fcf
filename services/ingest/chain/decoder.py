"""Logs of a window of blocks to jobs: pure, and the same however the blocks are cut into windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from libs.identifiers import Address, checksum_address
from services.ingest.chain import contracts
from services.ingest.chain.contracts import Log, MalformedError, RawAddress, VaultFacts
from services.ingest.chain.job import Job
from services.ingest.chain.payments import Payments
from services.ingest.chain.protocol import DecoderState, Protocol, raw_or_none
from services.ingest.chain.rawlogs import read_logs
from services.ingest.payloads import MAX_TEXT_CHARACTERS

_NO_TIMES: Final[Mapping[str, int]] = MappingProxyType({})
_REGISTRATIONS: Final = frozenset(
    {contracts.FactoryUpdated.TOPIC, contracts.OracleUpdated.TOPIC, contracts.VaultDeployed.TOPIC}
)


@dataclass(frozen=True, slots=True)
class Oddity:
    """A log of the protocol that was skipped, or a text that had to be cut."""

    reason: str
    address: Address
    block_number: int
    transaction_hash: str
    log_index: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a window holds."""

    jobs: tuple[Job, ...]  # in chain order
    state: DecoderState  # after the window
    oddities: tuple[Oddity, ...]  # a contract's doing: they stay as they are
    unread_vaults: tuple[Address, ...]  # deployed here, facts not given: no job was made for the deployment
    damaged: tuple[str, ...]  # the node's doing: fetch the window again before moving on


def deployed_vaults(
    protocol: Protocol,
    state: DecoderState,
    raw_logs: Iterable[Any],
    *,
    block_times: Mapping[str, int] = _NO_TIMES,
) -> dict[Address, int]:
    """Vaults deployed in this window and the block of each, in chain order: `decode_window` wants their facts."""
    decoder = _Decoder(protocol, state, {})
    logs, _damaged = read_logs(raw_logs, _REGISTRATIONS, block_times)
    for _number, block in groupby(logs, key=attrgetter("block_number")):
        decoder.decode_block(list(block))
    return decoder.unread_vaults


def decode_window(
    protocol: Protocol,
    state: DecoderState,
    raw_logs: Iterable[Any],
    *,
    facts: Mapping[Address, VaultFacts],
    block_times: Mapping[str, int] = _NO_TIMES,
) -> Decoded:
    """Jobs of all logs of whole blocks, transfers included. Never raises on what a node or contract sent.

    `block_times` (UNIX seconds by block hash) is needed where the node gives logs no `blockTimestamp`.
    """
    decoder = _Decoder(protocol, state, facts)
    logs, damaged = read_logs(raw_logs, decoder.topics, block_times)
    for _number, block in groupby(logs, key=attrgetter("block_number")):
        decoder.decode_block(list(block))
    return Decoded(
        jobs=tuple(decoder.jobs),
        state=decoder.state(),
        oddities=tuple(decoder.oddities),
        unread_vaults=tuple(decoder.unread_vaults),
        damaged=tuple(damaged),
    )


class _Decoder:
    """One window's work; everything in it is thrown away but the results."""

    def __init__(self, protocol: Protocol, state: DecoderState, facts: Mapping[Address, VaultFacts]) -> None:
        self._chain_id = protocol.chain_id
        self._registry = raw_or_none(protocol.registry)
        self._risk_manager = raw_or_none(protocol.risk_manager)
        self._splitter = raw_or_none(protocol.splitter)
        self._facts = facts
        self._factories = set(state.factories)
        self._vaults = set(state.vaults)
        self._oracle = state.oracle
        self._deployments: dict[Log, contracts.VaultDeployed] = {}
        self._payments = Payments()
        self.jobs: list[Job] = []
        self.oddities: list[Oddity] = []
        self.unread_vaults: dict[Address, int] = {}
        self._handlers: Final[dict[str, Callable[[Log], None]]] = {
            contracts.VaultDeployed.TOPIC: self._deployment,
            contracts.TradeExecuted.TOPIC: self._trade,
            contracts.FollowerSubscribed.TOPIC: self._deposit,
            contracts.FollowerUnsubscribed.TOPIC: self._withdrawal,
            contracts.ProfitSettled.TOPIC: self._settlement,
            contracts.ProfitSplit.TOPIC: self._split,
            contracts.VaultFrozen.TOPIC: self._freeze,
            contracts.Transfer.TOPIC: self._transfer,
        }
        self.topics = _REGISTRATIONS | self._handlers.keys()

    def state(self) -> DecoderState:
        return DecoderState(frozenset(self._factories), frozenset(self._vaults), self._oracle)

    def decode_block(self, logs: list[Log]) -> None:
        # first who belongs to the protocol: a vault's events may stand before its VaultDeployed
        for log in logs:
            if log.topics[0] in _REGISTRATIONS:
                self._attempt(self._register, log)
        for log in logs:
            self._payments.enter(log.transaction_hash)
            handler = self._handlers.get(log.topics[0])
            if handler is not None:
                self._attempt(handler, log)

    def _attempt(self, handler: Callable[[Log], None], log: Log) -> None:
        try:
            handler(log)
        except MalformedError as fault:
            self._note(log, str(fault))

    def _note(self, log: Log, reason: str) -> None:
        self.oddities.append(
            Oddity(reason, checksum_address(log.address), log.block_number, log.transaction_hash, log.log_index)
        )

    def _register(self, log: Log) -> None:
        topic = log.topics[0]
        if topic == contracts.FactoryUpdated.TOPIC and log.address == self._registry:
            self._factories.add(contracts.FactoryUpdated.from_log(log).new_factory)
        elif topic == contracts.OracleUpdated.TOPIC and log.address == self._risk_manager:
            self._oracle = contracts.OracleUpdated.from_log(log).oracle
        elif topic == contracts.VaultDeployed.TOPIC and log.address in self._factories:
            event = contracts.VaultDeployed.from_log(log)
            self._vaults.add(event.vault)
            self._deployments[log] = event

    def _deployment(self, log: Log) -> None:
        event = self._deployments.pop(log, None)
        if event is None:
            return
        vault = checksum_address(event.vault)
        facts = self._facts.get(vault)
        if facts is None:
            self.unread_vaults.setdefault(vault, log.block_number)
            return
        self._add(
            "ingest.vault_deployed",
            log,
            vaultAddress=vault,
            leader=checksum_address(event.leader),
            name=self._text(log, facts.name),
            baseAsset=facts.base_asset,
            decimals=facts.decimals,
        )

    def _trade(self, log: Log) -> None:
        if log.address not in self._vaults:
            return
        event = contracts.TradeExecuted.from_log(log)
        received, paid = self._payments.close_trade(log.address, event.token_in, event.token_out)
        self._add(
            "ingest.trade_executed",
            log,
            vaultAddress=checksum_address(log.address),
            assetIn=checksum_address(event.token_in),
            assetOut=checksum_address(event.token_out),
            amountIn=str(event.amount_in),
            amountOut=str(received),
            # no transfer seen means that nothing came: all transfers of the transaction are here
            amountOutKnown=True,
            amountInPaid=str(paid),
            isProfit=False,
            pnlAmount=None,
        )

    def _deposit(self, log: Log) -> None:
        if log.address in self._vaults:
            event = contracts.FollowerSubscribed.from_log(log)
            self._flow(log, event.follower, event.amount, "DEPOSIT")

    def _withdrawal(self, log: Log) -> None:
        if log.address in self._vaults:
            event = contracts.FollowerUnsubscribed.from_log(log)
            self._flow(log, event.follower, event.amount, "WITHDRAW")

    def _flow(self, log: Log, follower: RawAddress, amount: int, action: str) -> None:
        self._add(
            "ingest.follower_event",
            log,
            vaultAddress=checksum_address(log.address),
            followerAddress=checksum_address(follower),
            amount=str(amount),
            action=action,
        )

    def _settlement(self, log: Log) -> None:
        if log.address not in self._vaults:
            return
        event = contracts.ProfitSettled.from_log(log)
        split = self._payments.take_split(log.address, event.profit)
        self._add(
            "ingest.profit_settled",
            log,
            vaultAddress=checksum_address(log.address),
            followerAddress=checksum_address(event.follower),
            profit=str(event.profit),
            leaderCut=str(split.leader_cut) if split else None,
            protocolCut=str(split.protocol_cut) if split else None,
            followerRemaining=str(split.follower_remaining) if split else None,
        )

    def _split(self, log: Log) -> None:
        if log.address == self._splitter:
            event = contracts.ProfitSplit.from_log(log)
            if event.vault in self._vaults:
                self._payments.add_split(event)

    def _freeze(self, log: Log) -> None:
        if log.address != self._risk_manager:
            return
        event = contracts.VaultFrozen.from_log(log)
        if event.vault in self._vaults:
            self._add(
                "ingest.vault_status",
                log,
                vaultAddress=checksum_address(event.vault),
                status="PAUSED",
                reason=self._text(log, event.reason),
                observedAt=log.block_time,
            )

    def _transfer(self, log: Log) -> None:
        try:
            event = contracts.Transfer.from_log(log)
        except MalformedError:
            return  # another standard's transfer, or a token's own idea of one
        self._payments.add_transfer(log.address, event, self._vaults)

    def _text(self, log: Log, raw: bytes) -> str:
        text = contracts.lenient_text(raw)
        if len(text) > MAX_TEXT_CHARACTERS:
            # the queue takes no longer text, and losing the event over it would be worse
            self._note(log, f"a text of {len(text)} characters was cut to {MAX_TEXT_CHARACTERS}")
        return text[:MAX_TEXT_CHARACTERS]

    def _add(self, task_name: str, log: Log, **fields: Any) -> None:
        task_id = f"{self._chain_id}:{log.transaction_hash}:{log.log_index}"
        place = {
            "txHash": log.transaction_hash,
            "logIndex": log.log_index,
            "blockNumber": log.block_number,
            "blockHash": log.block_hash,
            "timestamp": log.block_time,
        }
        self.jobs.append(Job(task_name, task_id, {**fields, **place}))
