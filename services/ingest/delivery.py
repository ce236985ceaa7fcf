"""Taking one batch of events to the services, and what their answers mean for each event."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import grpc

from libs.errors import FieldViolation, InvalidArgument
from libs.rpc.errors import error_from_rpc
from protos.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from protos.events.v1 import events_pb2 as pb
from protos.events.v1 import performance_pb2
from protos.vaults.v1 import vaults_pb2, vaults_pb2_grpc
from services.ingest.domain import Delivery
from services.ingest.windows import WindowRefresh

CALL_TIMEOUT_SECONDS: Final = 25.0
# A message over gRPC's limit of 4 MiB is refused for ever: stay far below it.
MAX_BATCH_BYTES: Final = 1024 * 1024

_EVENT_FIELD = re.compile(r"events\[(\d+)\]")


class Remedy(Enum):
    """What to do about a failed call."""

    LATER = auto()
    HALVE = auto()
    REJECT = auto()
    COUNT = auto()


_REMEDIES: Final = {
    grpc.StatusCode.UNAVAILABLE: Remedy.LATER,
    grpc.StatusCode.DEADLINE_EXCEEDED: Remedy.LATER,
    grpc.StatusCode.ABORTED: Remedy.LATER,
    grpc.StatusCode.CANCELLED: Remedy.LATER,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Remedy.HALVE,
    grpc.StatusCode.INVALID_ARGUMENT: Remedy.REJECT,
    grpc.StatusCode.FAILED_PRECONDITION: Remedy.REJECT,
}


class DeliveryFailed(Exception):
    """A service did not take the batch."""

    def __init__(self, remedy: Remedy, message: str, violations: Sequence[FieldViolation] = ()) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.message = message
        self.violations = violations


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of each event of a batch, by its sequence."""

    delivered: list[int] = field(default_factory=list)
    deferred: list[int] = field(default_factory=list)
    rejected: dict[int, str] = field(default_factory=dict)


class Services:
    """The two services that events are for."""

    def __init__(self, vaults: grpc.aio.Channel, analytics: grpc.aio.Channel) -> None:
        self._vaults = vaults_pb2_grpc.VaultServiceStub(vaults)
        self._analytics = analytics_pb2_grpc.AnalyticsServiceStub(analytics)
        self.windows = WindowRefresh(vaults, analytics)

    async def apply(self, events: Sequence[tuple[int, pb.ChainEvent]]) -> Answers:
        """Take events to both services, then the changed figures to vaults. DeliveryFailed when one refuses."""
        # Trades leave nothing in the vaults service but their figures, which come by UpdatePerformance.
        for_vaults = [(number, event) for number, event in events if not event.HasField("trade_executed")]
        try:
            # Both run to their end even if one fails: a half-finished call must not outlive its dispatcher's turn.
            vaults, analytics = await asyncio.gather(
                self._apply_to_vaults(for_vaults), self._apply_to_analytics(events), return_exceptions=True
            )
            if isinstance(vaults, BaseException):
                raise vaults
            if isinstance(analytics, BaseException):
                raise analytics
            await self.update_performance(analytics.performances)
        except grpc.aio.AioRpcError as error:
            raise _failure(error) from error
        return _combine([(for_vaults, vaults), (events, analytics.results)])

    async def _apply_to_vaults(self, events: Sequence[tuple[int, pb.ChainEvent]]) -> Sequence[pb.ApplyResult]:
        if not events:
            return ()
        request = vaults_pb2.ApplyEventsRequest(events=[event for _, event in events])
        try:
            response = await self._vaults.ApplyEvents(request, timeout=CALL_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise _failure(error, events) from error
        results: Sequence[pb.ApplyResult] = response.results
        return results

    async def _apply_to_analytics(
        self, events: Sequence[tuple[int, pb.ChainEvent]]
    ) -> analytics_pb2.ApplyEventsResponse:
        request = analytics_pb2.ApplyEventsRequest(events=[event for _, event in events])
        try:
            response: analytics_pb2.ApplyEventsResponse = await self._analytics.ApplyEvents(
                request, timeout=CALL_TIMEOUT_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            raise _failure(error, events) from error
        return response

    async def update_performance(self, performances: Iterable[performance_pb2.VaultPerformance]) -> int:
        """Take figures to the vaults service; returns how many vaults changed."""
        request = vaults_pb2.UpdatePerformanceRequest(performances=performances)
        if not request.performances:
            return 0
        response = await self._vaults.UpdatePerformance(request, timeout=CALL_TIMEOUT_SECONDS)
        return int(response.updated_count)

    async def list_performances(
        self, vault_ids: Sequence[str], page_token: str
    ) -> analytics_pb2.ListPerformancesResponse:
        """A page of current figures of these vaults, or of all."""
        request = analytics_pb2.ListPerformancesRequest(vault_ids=vault_ids, page_token=page_token)
        response: analytics_pb2.ListPerformancesResponse = await self._analytics.ListPerformances(
            request, timeout=CALL_TIMEOUT_SECONDS
        )
        return response


def cut_batch(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """The first deliveries that fit into one call; at least one."""
    size = 0
    for count, delivery in enumerate(deliveries):
        size += len(delivery.encoded)
        if size > MAX_BATCH_BYTES and count:
            return list(deliveries[:count])
    return list(deliveries)


def _failure(error: grpc.aio.AioRpcError, events: Sequence[tuple[int, pb.ChainEvent]] = ()) -> DeliveryFailed:
    remedy = _REMEDIES.get(error.code(), Remedy.COUNT)
    expected = error_from_rpc(error)
    message = f"{error.code().name}: {error.details() or ''}"[:500]
    violations = _blame(expected, events) if isinstance(expected, InvalidArgument) else ()
    return DeliveryFailed(remedy, message, violations)


def _blame(error: InvalidArgument, events: Sequence[tuple[int, pb.ChainEvent]]) -> list[FieldViolation]:
    """The violations by sequence instead of by place in the call."""
    blamed = []
    for violation in error.violations:
        place = _EVENT_FIELD.match(violation.field)
        if place and int(place[1]) < len(events):
            field_name = violation.field.partition(".")[2]
            blamed.append(FieldViolation(str(events[int(place[1])][0]), f"{field_name}: {violation.reason}"))
    return blamed


def _combine(
    answers: Iterable[tuple[Sequence[tuple[int, pb.ChainEvent]], Sequence[pb.ApplyResult]]],
) -> Answers:
    """An event is delivered when every service has it, deferred when one waits, rejected when one refuses."""
    worst: dict[int, pb.ApplyResult] = {}
    for events, results in answers:
        if len(events) != len(results):
            raise DeliveryFailed(Remedy.COUNT, f"{len(results)} answers to {len(events)} events")
        for (sequence, _), result in zip(events, results, strict=True):
            # Outcomes are numbered from good to bad.
            if sequence not in worst or result.outcome > worst[sequence].outcome:
                worst[sequence] = result
    combined = Answers()
    for sequence, result in worst.items():
        if result.outcome == pb.APPLY_OUTCOME_REJECTED:
            combined.rejected[sequence] = result.reason
        elif result.outcome == pb.APPLY_OUTCOME_DEFERRED:
            combined.deferred.append(sequence)
        else:
            combined.delivered.append(sequence)
    return combined
