"""Whether a block's logs can be all of them: a node that lags behind answers short lists and empty ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum

from services.ingest.chain.rpc.blocks import Header
from services.ingest.chain.rpc.bloom import may_hold
from services.ingest.chain.rpc.logs import PlacedLog


class Doubt(Enum):
    """How far a block's logs are believed."""

    NONE = "none"
    UNSURE = "unsure"  # settled by asking otherwise or again
    PROVEN = "proven"  # the header says that logs are missing: never settled without them


def doubt(
    header: Header, logs: Sequence[PlacedLog], bloom: int, topics: Collection[str] | None, *, zero_is_proof: bool
) -> Doubt:
    """The doubt about the logs of one block, in order; `bloom` is what these logs give, `topics` their filter.

    `zero_is_proof`: the node fills blooms, so that none means no log. A header without a bloom has 0.
    """
    if header.bloom and topics is None:
        return Doubt.PROVEN if header.bloom & ~bloom else Doubt.NONE
    if header.bloom and topics is not None:
        seen = {log.raw["topics"][0].lower() for log in logs if log.raw["topics"]}
        # Other values' bits may look like a topic's, so this is no proof.
        return (
            Doubt.UNSURE if any(may_hold(header.bloom, topic) for topic in topics if topic not in seen) else Doubt.NONE
        )
    if not logs:
        return Doubt.NONE if zero_is_proof or not header.transactions else Doubt.UNSURE
    # Indexes count all logs of a block, so a gap says that some are missing.
    return Doubt.UNSURE if topics is None and logs[-1].log_index != len(logs) - 1 else Doubt.NONE
