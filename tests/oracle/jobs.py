"""Jobs of one vault with sensible defaults: a test states only what matters to it."""

from __future__ import annotations

from typing import Any

from tests.oracle.sending import START, RawJob

VAULT = "0x" + "11" * 20
LEADER = "0x" + "22" * 20
BASE = "0x" + "33" * 20
TOKEN = "0x" + "44" * 20
WALLETS = {"A": "0x" + "55" * 20, "B": "0x" + "66" * 20, "C": "0x" + "77" * 20}


def tx(number: int) -> str:
    """A transaction hash."""
    return f"0x{number:064x}"


def job(task: str, task_id: str, received_at: int = START, **body: Any) -> RawJob:
    """A job as a producer sends it; `task` without its `ingest.` prefix."""
    return {"task_name": f"ingest.{task}", "task_id": task_id, "kwargs": body, "received_at": received_at}


def deployed(number: int = 999, **changes: Any) -> RawJob:
    """The deployment of VAULT in transaction `number`, before everything else."""
    body: RawJob = {
        "vaultAddress": VAULT,
        "leader": LEADER,
        "name": "Alpha",
        "baseAsset": BASE,
        "txHash": tx(number),
    }
    body |= {"logIndex": 0, "blockNumber": 1, "timestamp": START - 10}
    return job("vault_deployed", f"deployment-{number}", **(body | changes))


def flow(number: int, who: str, action: str, amount: int, **changes: Any) -> RawJob:
    """A deposit or withdrawal in transaction, block and second `number`."""
    body: RawJob = {
        "vaultAddress": VAULT,
        "followerAddress": WALLETS[who],
        "amount": str(amount),
        "action": action,
    }
    body |= {"txHash": tx(number), "logIndex": 0, "blockNumber": 10 + number, "timestamp": START + number}
    return job("follower_event", f"flow-{number}", **(body | changes))


def trade(number: int, stated_pnl: int = 0, **changes: Any) -> RawJob:
    """A trade whose result is the stated one, in transaction, block and second `number`."""
    body: RawJob = {
        "vaultAddress": VAULT,
        "assetIn": BASE,
        "assetOut": TOKEN,
        "amountIn": "1",
        "amountOut": "0",
    }
    body |= {"isProfit": False, "pnlAmount": str(stated_pnl), "txHash": tx(number), "logIndex": 0}
    body |= {"blockNumber": 10 + number, "timestamp": START + number}
    return job("trade_executed", f"trade-{number}", **(body | changes))


def settlement(number: int, who: str, **changes: Any) -> RawJob:
    """A settlement in transaction, block and second `number`; by default without profit and cuts."""
    body: RawJob = {"vaultAddress": VAULT, "followerAddress": WALLETS[who], "profit": "0", "txHash": tx(number)}
    body |= {"logIndex": 0, "blockNumber": 10 + number, "timestamp": START + number}
    return job("profit_settled", f"settlement-{number}", **(body | changes))


def story(text: str) -> list[RawJob]:
    """Play "dep 500, A wd 100, +50, settle 1/2/3": one event a second, follower A unless named."""
    jobs = [deployed()]
    for number, step in enumerate(text.split(", "), start=1):
        words = step.split()
        who = words.pop(0) if words[0] in WALLETS else "A"
        if words[0] == "dep":
            jobs.append(flow(number, who, "DEPOSIT", int(words[1])))
        elif words[0] == "wd":
            jobs.append(flow(number, who, "WITHDRAW", int(words[1])))
        elif words[0] == "settle":
            names = ("leaderCut", "protocolCut", "followerRemaining")
            jobs.append(settlement(number, who, **dict(zip(names, words[1].split("/"), strict=True))))
        else:
            jobs.append(trade(number, int(words[0])))
    return jobs
