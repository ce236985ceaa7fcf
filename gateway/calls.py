"""Several calls for one answer: made at once, and none left running when one fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc


@asynccontextmanager
async def together(*calls: Any) -> AsyncIterator[None]:
    """While the block awaits these calls, one after the other: when one fails, the others' answers are of no use."""
    try:
        yield
    finally:
        for call in calls:
            call.cancel()


async def if_known(call: Any) -> Any | None:
    """The answer to a call; None when the service does not know what it is about."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise
