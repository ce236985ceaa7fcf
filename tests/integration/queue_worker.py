"""A worker in a process of its own, for tests that kill it: `python -m tests.integration.queue_worker`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from services.ingest.batch import Batch
from services.ingest.broker import HardenedStreamBroker
from services.ingest.receiver import run_worker


class FileIntake:
    """Writes a line per entry; `hold` never finishes a batch, an entry `poison` ends the process."""

    def __init__(self, journal: Path, *, hold: bool) -> None:
        self._journal = journal
        self._hold = hold

    async def accept(self, batch: Batch) -> None:
        """Journal the entries, or do what the test asked for."""
        if self._hold:
            self._write("held", batch)
            await asyncio.Event().wait()
        if any(entry.data == b"poison" for entry in batch.entries):
            # Long enough for other lanes to take something beside the poison, if they may.
            await asyncio.sleep(0.05)
            os._exit(9)
        self._write("accepted", batch)

    async def give_up(self, batch: Batch) -> None:
        """Journal the entries as dead letters."""
        self._write("dead", batch)

    def _write(self, what: str, batch: Batch) -> None:
        lines = [f"{what} {(entry.data or b'').decode()} {entry.delivery_count}\n" for entry in batch.entries]
        with self._journal.open("a") as journal:
            journal.write("".join(lines))


def broker_of_environment() -> HardenedStreamBroker:
    """What `taskiq worker tests.integration.queue_worker:broker_of_environment` runs."""
    broker = HardenedStreamBroker(os.environ["TEST_QUEUE_URL"], lease_seconds=0.5, block_seconds=0.1)
    broker.intake = FileIntake(Path(os.environ["TEST_QUEUE_JOURNAL"]), hold=False)
    return broker


async def main(url: str, journal: str, mode: str, max_deliveries: str) -> None:
    """Work until SIGTERM."""
    broker = HardenedStreamBroker(url, lease_seconds=0.5, block_seconds=0.1, max_deliveries=int(max_deliveries))
    broker.intake = FileIntake(Path(journal), hold=mode == "hold")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_worker(broker, stop, grace_seconds=0.2)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
