"""Putting dead letters through again, and closing them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from libs.database import Connection
from services.ingest.batch import QueueEntry
from services.ingest.domain import DeadLetterContent, DeadLetterState
from services.ingest.intake import read_jobs, store
from services.ingest.repository import dead_letters, deliveries


async def retry(conn: Connection, ids: Sequence[int], chain_id: int) -> tuple[int, int]:
    """Put open dead letters through again; returns (how many, how many of them failed again)."""
    letters = await dead_letters.resolve(conn, ids, DeadLetterState.RETRIED, "")
    failed = 0
    for letter in letters:
        if letter.sequence is not None:
            await deliveries.restore(conn, letter.sequence)
        else:
            failed += await _retry_job(conn, letter, chain_id)
    return len(letters), failed


async def _retry_job(conn: Connection, letter: DeadLetterContent, chain_id: int) -> int:
    now = time.time()
    entered = letter.entry_id or f"{int(now * 1000)}-0"
    entry = QueueEntry(letter.stream, entered, letter.payload, delivery_count=1)
    jobs = read_jobs([entry], now=now, chain_id=chain_id)
    failed = await store(conn, jobs, origin=f"retry of dead letter {letter.id}")
    return len(failed)


async def discard(conn: Connection, ids: Sequence[int], resolution: str) -> int:
    """Close open dead letters without effect; returns how many."""
    return len(await dead_letters.resolve(conn, ids, DeadLetterState.DISCARDED, resolution))
