"""`python -m bench.bare_rpc TARGET DATABASE_URL`: a gRPC server whose one method runs one SQL statement."""

from __future__ import annotations

import sys
from typing import Any

import grpc
import uvloop
from psycopg_pool import AsyncConnectionPool

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
_SERVICE, _NAME = "bench.Answers", "Get"
METHOD = f"/{_SERVICE}/{_NAME}"


async def run(target: str, database_url: str) -> None:
    """Serve until killed."""
    async with AsyncConnectionPool(database_url, min_size=1, max_size=8, open=False) as pool:

        async def get(path: bytes, _: Any) -> bytes:
            async with pool.connection() as conn:
                cursor = await conn.execute("SELECT body FROM answers WHERE path = %s", (path.decode(),))
                row = await cursor.fetchone()
            assert row is not None
            return bytes(row[0])

        server = grpc.aio.server(options=(("grpc.max_send_message_length", MAX_MESSAGE_BYTES),))
        handlers: Any = {_NAME: grpc.unary_unary_rpc_method_handler(get)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
        server.add_insecure_port(target)
        await server.start()
        await server.wait_for_termination()


def main() -> None:
    """Entry point."""
    uvloop.run(run(*sys.argv[1:]))


if __name__ == "__main__":
    main()
