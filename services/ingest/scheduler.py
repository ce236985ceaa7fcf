"""Composition root of the scheduler: asks for fresh figures at regular times. Two at once do no harm."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import uvloop
from taskiq import ScheduledTask, ScheduleSource, TaskiqScheduler
from taskiq.api import run_scheduler_task
from taskiq.exceptions import SendTaskError

from libs.config import load_settings
from libs.rpc.server import stop_on_signals
from libs.telemetry import configure_logging, get_logger
from services.ingest.backoff import Backoff
from services.ingest.broker import HardenedStreamBroker
from services.ingest.config import SchedulerSettings
from services.ingest.lease import REDIS_TROUBLE
from services.ingest.tasks import snapshot

log = get_logger(__name__)


class SnapshotSource(ScheduleSource):
    """One schedule: a snapshot of all vaults at every interval."""

    def __init__(self, interval_seconds: int) -> None:
        self._interval_seconds = interval_seconds

    async def get_schedules(self) -> list[ScheduledTask]:
        """The schedule; its id stays, so that a reload does not send it at once."""
        return [
            ScheduledTask(
                task_name=snapshot.task_name,
                labels=dict(snapshot.labels),
                args=[],
                kwargs={"interval": f"{self._interval_seconds}s"},
                schedule_id="snapshot",
                interval=timedelta(seconds=self._interval_seconds),
            )
        ]

    def pre_send(self, task: ScheduledTask) -> None:
        """The job says when it was asked for."""
        now = int(time.time())
        task.kwargs["triggeredAt"] = now
        task.task_id = f"snapshot:{now}"


class PersistentScheduler(TaskiqScheduler):
    """Sends until Redis has taken it: the library would drop a schedule whose sending fails."""

    async def on_ready(self, source: ScheduleSource, task: ScheduledTask) -> None:
        """Send a task that is due."""
        backoff = Backoff(base_seconds=0.2, cap_seconds=10)
        while True:
            try:
                await super().on_ready(source, task)
            except (*REDIS_TROUBLE, SendTaskError) as error:
                delay = backoff.next_delay()
                if backoff.worth_logging():
                    log.warning("snapshot not sent yet", error=repr(error), failures=backoff.failures)
                await asyncio.sleep(delay)
            else:
                return


async def run(settings: SchedulerSettings) -> None:
    """Schedule until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    broker = HardenedStreamBroker(settings.redis_url)
    source = SnapshotSource(settings.snapshot_interval_seconds)
    scheduling = asyncio.create_task(run_scheduler_task(PersistentScheduler(broker, [source]), run_startup=True))
    # It never ends by itself: if it does, the process stops loudly and is started anew.
    scheduling.add_done_callback(lambda _: stop.set())
    log.info("scheduling", snapshot_interval_seconds=settings.snapshot_interval_seconds)
    await stop.wait()
    scheduling.cancel()
    (result,) = await asyncio.gather(scheduling, return_exceptions=True)
    await broker.shutdown()
    if isinstance(result, Exception):
        raise result
    log.info("stopped")


def main() -> None:
    """Entry point."""
    settings = load_settings(SchedulerSettings)
    configure_logging("scheduler", level=settings.log_level, json_lines=settings.log_format == "json")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
