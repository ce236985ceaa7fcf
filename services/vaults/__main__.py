"""Composition root of the vaults service: settings, pool, servicer, serve."""

from __future__ import annotations

import grpc
import uvloop

from libs.config import load_settings
from libs.database import is_reachable, open_pool
from libs.rpc.server import serve, stop_on_signals
from libs.telemetry import configure_logging
from protos.vaults.v1 import vaults_pb2, vaults_pb2_grpc
from services.vaults.config import VaultsSettings
from services.vaults.servicer import VaultServicer


async def run(settings: VaultsSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    async with open_pool(settings.vaults_database_url, name="vaults", max_size=settings.vaults_pool_size) as pool:

        def register(server: grpc.aio.Server) -> list[str]:
            servicer = VaultServicer(pool, settings.chain_id)
            vaults_pb2_grpc.add_VaultServiceServicer_to_server(servicer, server)
            return [vaults_pb2.DESCRIPTOR.services_by_name["VaultService"].full_name]

        await serve(
            name="vaults",
            listen=settings.vaults_listen,
            register=register,
            is_healthy=lambda: is_reachable(pool),
            grace_seconds=settings.shutdown_grace_seconds,
            stop=stop,
        )


def main() -> None:
    """Entry point."""
    settings = load_settings(VaultsSettings)
    configure_logging("vaults", level=settings.log_level, json_lines=settings.log_format == "json")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
