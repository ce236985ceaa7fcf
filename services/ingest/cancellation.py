"""Noticing a cancellation that a library swallowed."""

from __future__ import annotations

import asyncio


def is_cancelled() -> bool:
    """True once somebody has cancelled the running task, even if no CancelledError has arrived.

    redis-py and psycopg's pool wait in `asyncio.wait_for`, which in Python 3.11 loses a cancellation that comes when
    what it waits for is just done; a loop around such calls would never end.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def raise_if_cancelled() -> None:
    """Raise the CancelledError that should have come."""
    if is_cancelled():
        raise asyncio.CancelledError
