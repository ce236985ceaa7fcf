"""The indexer's commands as processes, and what the status says of the chain."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from libs.rpc.client import open_channel
from protos.ingest.v1 import ingest_pb2, ingest_pb2_grpc
from services.ingest.chain.config import ChainSettings
from services.ingest.feed import ChangeFeed
from services.ingest.queue_status import connect
from services.ingest.servicer import IngestServicer
from tests.faults.indexer_process import ROOT, command_environment
from tests.integration.chain_stage import ChainStage
from tests.integration.ingest_stage import CHAIN_ID, served, until

MODULE = "services.ingest.chain"


async def command(settings: ChainSettings, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command of the indexer; what it logs goes elsewhere."""
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, *arguments],
        cwd=ROOT,
        env=command_environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    await until(lambda: process.poll() is not None, seconds=30)
    output, _ = process.communicate()
    lines = [line for line in output.splitlines(keepends=True) if not line.startswith("{")]
    return process.returncode, "".join(lines)


async def chain_status(stage: ChainStage) -> ingest_pb2.ChainStatus:
    """The chain's part of GetPipelineStatus, over gRPC."""
    listen = f"unix:{stage.stage.folder}/ingest.sock"
    redis = connect(stage.redis_url)

    def register(server: Any) -> list[str]:
        servicer = IngestServicer(stage.stage.pool, redis, ChangeFeed(stage.stage.pool), CHAIN_ID)
        ingest_pb2_grpc.add_IngestServiceServicer_to_server(servicer, server)
        return []

    async def is_healthy() -> bool:
        return True

    async with redis, served(listen, register, is_healthy=is_healthy, name="ingest"), open_channel(listen) as channel:
        stub = ingest_pb2_grpc.IngestServiceStub(channel)
        response: ingest_pb2.GetPipelineStatusResponse = await stub.GetPipelineStatus(
            ingest_pb2.GetPipelineStatusRequest(), timeout=5
        )
        return response.chain
