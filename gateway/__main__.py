"""`python -m gateway`: settings, channels, application, server."""

from __future__ import annotations

import sys

import uvloop

from gateway.app import build_app
from gateway.config import GatewaySettings
from gateway.server import serving
from gateway.upstream import Upstream
from libs.config import load_settings
from libs.rpc.client import open_channel
from libs.rpc.server import AddressInUse, stop_on_signals
from libs.telemetry import configure_logging, get_logger

log = get_logger("gateway")


async def run(settings: GatewaySettings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    stop = stop_on_signals()
    async with (
        open_channel(settings.vaults_target) as vaults,
        open_channel(settings.analytics_target) as analytics,
        open_channel(settings.ingest_target) as ingest,
    ):
        upstream = Upstream(
            vaults=vaults, analytics=analytics, ingest=ingest, timeout_seconds=settings.request_timeout_seconds
        )
        try:
            async with serving(build_app(settings, upstream), settings.host, settings.port) as port:
                log.info("serving", host=settings.host, port=port)
                await stop.wait()
        except AddressInUse as error:
            print(f"gateway: {error}", file=sys.stderr)  # noqa: T201  # said before anybody reads logs
            return 2
    log.info("stopped")
    return 0


def main() -> None:
    """Entry point."""
    settings = load_settings(GatewaySettings)
    configure_logging("gateway", level=settings.log_level, json_lines=settings.log_format == "json")
    raise SystemExit(uvloop.run(run(settings)))


if __name__ == "__main__":
    main()
