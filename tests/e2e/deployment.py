"""One job that shows whether the whole way works: a vault's deployment."""

from __future__ import annotations

import json

STREAM = "vaultline:events"
VAULT = "0x00000000000000000000000000000000000000b2"
NAME = "The first"
JOB = json.dumps(
    {
        "task_id": "125:deployment",
        "task_name": "ingest.vault_deployed",
        "labels": {},
        "args": [],
        "kwargs": {
            "vaultAddress": VAULT,
            "leader": "0x00000000000000000000000000000000000000a1",
            "name": NAME,
            "baseAsset": "0x00000000000000000000000000000000000000c3",
            "txHash": "0x" + "ab" * 32,
            "logIndex": 0,
            "blockNumber": 7,
            "timestamp": 1_700_000_000,
        },
    }
)
