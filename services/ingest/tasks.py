"""The tasks of the queue, shared so that any broker knows them.

Producers in Python send them with `trade_executed.kicker().with_broker(broker).with_task_id(…).kiq(**payload)`.
A worker's receiver takes whole batches past these functions; called one by one, each puts its own job through the
same intake.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from taskiq import Context, TaskiqDepends
from taskiq.brokers.shared_broker import shared_task

from services.ingest.batch import Batch, QueueEntry
from services.ingest.streams import BULK, EVENTS, SNAPSHOTS

Job = Annotated[Context, TaskiqDepends()]


@shared_task("ingest.vault_deployed", queue_name=EVENTS)
async def vault_deployed(context: Job, **payload: Any) -> None:
    """A factory deployed a vault."""
    await _settle(context)


@shared_task("ingest.trade_executed", queue_name=EVENTS)
async def trade_executed(context: Job, **payload: Any) -> None:
    """A leader traded."""
    await _settle(context)


@shared_task("ingest.follower_event", queue_name=EVENTS)
async def follower_event(context: Job, **payload: Any) -> None:
    """A follower paid in or took out."""
    await _settle(context)


@shared_task("ingest.profit_settled", queue_name=EVENTS)
async def profit_settled(context: Job, **payload: Any) -> None:
    """A follower's profit was settled."""
    await _settle(context)


@shared_task("ingest.argus_score", queue_name=EVENTS)
async def argus_score(context: Job, **payload: Any) -> None:
    """A wallet's score was read."""
    await _settle(context)


@shared_task("ingest.vault_status", queue_name=EVENTS)
async def vault_status(context: Job, **payload: Any) -> None:
    """A vault was seen frozen or not frozen."""
    await _settle(context)


@shared_task("ingest.snapshot", queue_name=SNAPSHOTS)
async def snapshot(context: Job, **payload: Any) -> None:
    """Figures are to be brought up to date."""
    await _settle(context)


@shared_task("ingest.events", queue_name=BULK)
async def events(context: Job, **payload: Any) -> None:
    """Up to 1,000 of the others in one job."""
    await _settle(context)


async def _settle(context: Context) -> None:
    message = context.broker.formatter.dumps(context.message)
    # It has no stream's entry of its own, so nothing can be laid aside twice for it.
    entry = QueueEntry("", f"{int(time.time() * 1000)}-0", message.message, delivery_count=1)
    await context.broker.intake.accept(Batch([entry]))  # type: ignore[attr-defined]  # our brokers have one
