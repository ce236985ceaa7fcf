"""The same jobs in every run: vaults, scores, deposits, and trades with results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

from libs.identifiers import Address, checksum_address
from services.ingest.chain.job import Job

VAULTS = 200
LEADERS = 100
FOLLOWERS_PER_VAULT = 3
# UNIX seconds and block of the first event; each event is a block of its own.
START = 1_750_000_000
FIRST_BLOCK = 1_000_000
BLOCK_SECONDS = 12

BASE_ASSET = checksum_address("0x" + sha256(b"base").hexdigest()[:40])
OTHER_ASSET = checksum_address("0x" + sha256(b"other").hexdigest()[:40])
_BUY = 1_000_000
# What a million bought for is sold for, in turn: a loss every third time.
_SALES = (1_030_000, 1_015_000, 980_000)


def address(kind: str, number: int) -> Address:
    """A wallet's or contract's address."""
    return checksum_address("0x" + sha256(f"{kind}:{number}".encode()).hexdigest()[:40])


def setup(vaults: int = VAULTS, leaders: int = LEADERS) -> list[Job]:
    """Deployments, a score for each leader and the followers' deposits: places 0 … in the ledger's order."""
    jobs = [_deployment(vault, place=vault, leader=vault % leaders) for vault in range(vaults)]
    jobs += [_score(leader) for leader in range(leaders)]
    for vault in range(vaults):
        for follower in range(FOLLOWERS_PER_VAULT):
            place = vaults + vault * FOLLOWERS_PER_VAULT + follower
            jobs.append(deposit(vault, f"follower of {vault}", follower, place, amount=50_000_000))
    return jobs


def first_free_place(vaults: int = VAULTS) -> int:
    """The place in the ledger after those that `setup` takes."""
    return vaults * (1 + FOLLOWERS_PER_VAULT)


def trades(count: int, place: int, vaults: int = VAULTS) -> Iterator[Job]:
    """Trades from a place on, over the vaults in turn; each vault buys and sells in turn."""
    for number in range(count):
        yield trade(number % vaults, number // vaults, place + number)


def trade(vault: int, turn: int, place: int) -> Job:
    """The vault's trade number `turn`: an even one buys, an odd one sells what was bought."""
    sells = turn % 2 == 1
    amounts = (_BUY * 10, _SALES[turn // 2 % 3]) if sells else (_BUY, _BUY * 10)
    payload = {
        "vaultAddress": address("vault", vault),
        "assetIn": OTHER_ASSET if sells else BASE_ASSET,
        "assetOut": BASE_ASSET if sells else OTHER_ASSET,
        "amountIn": str(amounts[0]),
        "amountOut": str(amounts[1]),
        "isProfit": sells and amounts[1] > _BUY,
        "pnlAmount": "0",
    }
    return _on_chain("ingest.trade_executed", payload, place)


def deposit(vault: int, kind: str, follower: int, place: int, *, amount: int = 1_000) -> Job:
    """A deposit of one follower."""
    payload = {
        "vaultAddress": address("vault", vault),
        "followerAddress": address(kind, follower),
        "amount": str(amount),
        "action": "DEPOSIT",
    }
    return _on_chain("ingest.follower_event", payload, place)


def _deployment(vault: int, *, place: int, leader: int) -> Job:
    payload = {
        "vaultAddress": address("vault", vault),
        "leader": address("leader", leader),
        "name": f"Vault {vault}",
        "baseAsset": BASE_ASSET,
        "decimals": 6,
    }
    return _on_chain("ingest.vault_deployed", payload, place)


def _score(leader: int) -> Job:
    payload = {
        "walletAddress": address("leader", leader),
        "reputationScore": 600 + leader % 400,
        "winRateBps": 5_000,
        "maxDrawdownBps": 1_000,
        "signalCount": 10,
        "observedAt": START,
    }
    return Job("ingest.argus_score", f"score:{leader}", payload)


def _on_chain(task: str, payload: Mapping[str, object], place: int) -> Job:
    tx_hash = "0x" + sha256(f"transaction:{place}".encode()).hexdigest()
    position = {
        "txHash": tx_hash,
        "logIndex": place % 100,
        "blockNumber": FIRST_BLOCK + place,
        "timestamp": START + place * BLOCK_SECONDS,
    }
    return Job(task, f"125:{tx_hash}:{place % 100}", {**payload, **position})
