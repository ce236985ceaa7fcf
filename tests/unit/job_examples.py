"""Valid jobs to start from: a test changes only what it is about."""

from __future__ import annotations

import json
from typing import Any

from services.ingest.jobs import Accepted, JobResult, Rejected, read_entry

NOW = 1_788_343_400.0
VAULT = "0xaBF36484098866B231d37CD3bE8Cee450e8A2626"
LEADER = "0xa6ebFc8F5Ff12adA9aBcE3DD39852832f12026C6"
FOLLOWER = "0xE302BBC9E763fd9D61f7D32e1f491296DF2C45c5"
USD = "0xb2C2c8f70F14A31967916d38C372dc0A866E100f"
WETH = "0x965d613a6e2a8073758e972eB01c85A274B719a3"
TX = "0x08484b5f5a3c839ae6e97c7bc44f3b9313f495f40b3593bfcfe91d20b847187d"
BLOCK = "0xcbe6dfabb5488cda5501e81f28b11e4019ed116a656d40f79b53eec5a8ddac3f"

_PLACE = {"logIndex": 5, "blockNumber": 21, "blockHash": BLOCK, "timestamp": 1_788_343_376}
PAYLOADS: dict[str, dict[str, Any]] = {
    "ingest.vault_deployed": {
        "vaultAddress": VAULT,
        "leader": LEADER,
        "name": "Alpha Momentum",
        "baseAsset": USD,
        "txHash": TX,
        "decimals": 6,
        **_PLACE,
    },
    "ingest.trade_executed": {
        "txHash": TX,
        "vaultAddress": VAULT,
        "assetIn": USD,
        "assetOut": WETH,
        "amountIn": "5000000000",
        "amountOut": "1661666666666666666",
        "isProfit": False,
        "pnlAmount": None,
        "amountOutKnown": True,
        "amountInPaid": "5000000000",
        **_PLACE,
    },
    "ingest.follower_event": {
        "vaultAddress": VAULT,
        "followerAddress": FOLLOWER,
        "amount": "1000000",
        "action": "DEPOSIT",
        "txHash": TX,
        **_PLACE,
    },
    "ingest.profit_settled": {
        "vaultAddress": VAULT,
        "followerAddress": FOLLOWER,
        "profit": "100",
        "leaderCut": "10",
        "protocolCut": "2",
        "followerRemaining": "88",
        "txHash": TX,
        **_PLACE,
    },
    "ingest.argus_score": {
        "walletAddress": LEADER,
        "reputationScore": 785,
        "winRateBps": 7487,
        "maxDrawdownBps": 2916,
        "signalCount": 514,
        "observedAt": 1_788_270_551,
    },
    "ingest.vault_status": {
        "vaultAddress": VAULT,
        "status": "PAUSED",
        "reason": "drawdown",
        "observedAt": 1_788_270_551,
    },
    "ingest.snapshot": {"vaultAddress": VAULT, "interval": "1h", "triggeredAt": 1_788_270_551},
}


def payload(task: str, **changes: Any) -> dict[str, Any]:
    """A valid payload with some fields changed; `...` removes a field."""
    merged = {**PAYLOADS[task], **changes}
    return {field: value for field, value in merged.items() if value is not ...}


def envelope(task: str, kwargs: Any, /, **changes: Any) -> bytes:
    """The bytes of an entry as taskiq's JSON serializer writes them."""
    message = {"task_id": "job-1", "task_name": task, "labels": {}, "args": [], "kwargs": kwargs, **changes}
    return json.dumps({field: value for field, value in message.items() if value is not ...}).encode()


def read(data: bytes | None, *, now: float = NOW) -> list[JobResult]:
    """All results of an entry that entered Redis at 1788343390.999 on chain 125."""
    return read_entry(data, entered_at_ms=1_788_343_390_999, now=now, chain_id=125)


def read_one(task: str, **changes: Any) -> JobResult:
    """The result of one valid job with some payload fields changed."""
    (result,) = read(envelope(task, payload(task, **changes)))
    return result


def accepted(task: str, **changes: Any) -> Accepted:
    """The same, which must be accepted."""
    result = read_one(task, **changes)
    assert isinstance(result, Accepted), result
    return result


def rejected(task: str, **changes: Any) -> Rejected:
    """The same, which must be rejected."""
    result = read_one(task, **changes)
    assert isinstance(result, Rejected), result
    return result


def bulk(*items: Any, **changes: Any) -> bytes:
    """The bytes of a bulk job with these items."""
    return envelope("ingest.events", {"events": list(items)}, **changes)


def item(task: str, task_id: str = "item-1", **changes: Any) -> dict[str, Any]:
    """A valid item of a bulk job with some payload fields changed."""
    return {"task": task, "taskId": task_id, **payload(task, **changes)}
