"""The Redis streams of the queue, as producers know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# The workers' consumer group on each of them.
GROUP: Final = "ingest"

EVENTS: Final = "vaultline:events"
BULK: Final = "vaultline:bulk"
SNAPSHOTS: Final = "vaultline:snapshots"

# Entries per read. A bulk job may weigh 8 MiB, so few of them are held at once.
STREAMS: Final[Mapping[str, int]] = {EVENTS: 500, BULK: 4, SNAPSHOTS: 500}
