"""Taking the figures of windows from analytics to the vaults service, after a refresh of them."""

from __future__ import annotations

from typing import Final

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from protos.analytics.v1 import refresh_pb2, refresh_pb2_grpc
from protos.vaults.v1 import vaults_pb2, vaults_pb2_grpc

CALL_TIMEOUT_SECONDS: Final = 25.0
# After a long standstill a refresh has much to catch up with.
REFRESH_TIMEOUT_SECONDS: Final = 600.0


class WindowRefresh:
    """Refreshes windows and boards, and takes what changed to the vaults service."""

    def __init__(self, vaults: grpc.aio.Channel, analytics: grpc.aio.Channel) -> None:
        self._vaults = vaults_pb2_grpc.VaultServiceStub(vaults)
        self._analytics = refresh_pb2_grpc.RefreshServiceStub(analytics)
        # The refresh up to which vaults has everything from this process; after a start it is given all again.
        self._taken = 0

    async def run(self, now: int) -> int:
        """Refresh up to a second of this clock; returns how many vaults got new figures."""
        request = refresh_pb2.RefreshFiguresRequest(as_of=Timestamp(seconds=now))
        done = await self._analytics.RefreshFigures(request, timeout=REFRESH_TIMEOUT_SECONDS)
        updated = 0
        token = ""
        while True:
            page = await self._analytics.ListWindowFigures(
                refresh_pb2.ListWindowFiguresRequest(after_refresh_number=self._taken, page_token=token),
                timeout=CALL_TIMEOUT_SECONDS,
            )
            if page.figures:
                sent = vaults_pb2.UpdateWindowFiguresRequest(figures=page.figures)
                updated += (await self._vaults.UpdateWindowFigures(sent, timeout=CALL_TIMEOUT_SECONDS)).updated_count
            token = page.next_page_token
            if not token:
                break
        self._taken = done.refresh_number
        return updated
