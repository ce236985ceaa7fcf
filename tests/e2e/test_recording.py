"""The proof: a recording of the real protocol through Redis, compared over HTTP with what the chain itself said."""

from __future__ import annotations

import json
import random
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from services.ingest.chain.job import encode_bulk, encode_job
from services.ingest.chain.recording import recording_jobs
from tests.chain_node.faults import Traits
from tests.e2e.recorded_node import recorded_node
from tests.e2e.up_process import UpProcess, vaultline
from tests.servers import wait_until

RECORDING = Path(__file__).parents[1] / "data" / "protocol-small.tar.gz"
SEED = 125
UNSEEN = "0x0a26b4a93B03b60B68464BDf3471976Cf4B72516"


def expected(name: str) -> Any:
    """A file of the recording, read without any code of the project."""
    with tarfile.open(RECORDING) as archive:
        content = archive.extractfile(f"protocol-small/{name}.json")
        assert content is not None
        return json.load(content)


def produce(url: str) -> int:
    """Put the recording's jobs on the streams: shuffled, one fifth twice, a third of them in bulk jobs."""
    jobs = recording_jobs(RECORDING)
    chance = random.Random(SEED)
    sent = jobs + chance.sample(jobs, len(jobs) // 5)
    chance.shuffle(sent)
    single, bulk = sent[len(sent) // 3 :], sent[: len(sent) // 3]
    with redis.Redis.from_url(url) as client:
        for job in single[: len(single) // 2]:
            client.xadd("vaultline:events", {"data": encode_job(job)})
        for entry in encode_bulk(bulk):
            client.xadd("vaultline:bulk", {"data": entry})
        for job in single[len(single) // 2 :]:
            client.xadd("vaultline:events", {"data": encode_job(job)})
    return len(jobs)


@pytest.fixture(scope="module", params=["queue", "one-block node", "node with ranges"])
def way(request: pytest.FixtureRequest) -> str:
    """How the recording comes in."""
    return str(request.param)


@pytest.fixture(scope="module")
def platform(way: str, tmp_path_factory: pytest.TempPathFactory, redis_server: Any) -> Iterator[UpProcess]:
    """The whole platform with the recording in it: through the queue, or read from a node."""
    folder = tmp_path_factory.mktemp("recording")
    redis_url = {"REDIS_URL": redis_server.url}
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        if way == "queue":
            with vaultline("up", data_dir=folder, more=redis_url) as run:
                run.wait_until_ready()
                fill_the_queue(run, client, redis_server.url)
                yield run
        else:
            traits = Traits(one_block_logs=way == "one-block node")
            with (
                recorded_node(traits) as protocol,
                vaultline("up", data_dir=folder, more={**redis_url, **protocol, "VERIFY_SECONDS": "0.5"}) as run,
            ):
                run.wait_until_ready()
                wait_until(lambda: is_verified(run), seconds=60)
                yield run


def fill_the_queue(run: UpProcess, client: redis.Redis, url: str) -> None:
    """Send the recording's jobs and wait until all have arrived."""
    count = produce(url)
    wait_until(lambda: run.get("/api/status")["data"]["pipeline"]["deliveredEvents"] == count, seconds=60)
    wait_until(lambda: client.xlen("vaultline:events") + client.xlen("vaultline:bulk") == 0, seconds=20)


def is_verified(run: UpProcess) -> bool:
    """Whether the recording has been read to its last block and agrees with the node's views."""
    chain = run.get("/api/status")["data"]["pipeline"]["chain"]
    return chain is not None and chain["verifiedBlock"] == 138 and chain["disagreements"] == 0


def vaults(platform: UpProcess) -> dict[str, Any]:
    """All vaults by address."""
    return {vault["contractAddress"]: vault for vault in platform.get("/api/vaults")["data"]}


def pages(platform: UpProcess, path: str) -> list[Any]:
    """All rows of a paged list, read in small pages."""
    rows: list[Any] = []
    cursor = ""
    while True:
        answer = platform.get(f"{path}?limit=7{cursor}")
        rows += answer["data"]
        if not answer["pagination"]["hasMore"]:
            return rows
        cursor = f"&cursor={answer['pagination']['nextCursor']}"


def test_every_vault_is_there_as_the_chain_describes_it(platform: UpProcess) -> None:
    got = vaults(platform)
    recorded = expected("expected_vaults")
    assert sorted(got) == sorted(vault["address"] for vault in recorded)
    for vault in recorded:
        row = got[vault["address"]]
        assert row["name"] == vault["vaultName"]
        assert row["baseAsset"] == vault["baseAsset"]
        assert row["leader"]["walletAddress"] == vault["leader"]
        assert row["tvl"] == vault["totalVaultTVL"]
        assert row["_count"] == {"followers": vault["followerCountActive"], "trades": vault["tradeCount"]}
        assert row["status"] == ("PAUSED" if vault["isVaultFrozen"] else "ACTIVE")
        assert platform.get(f"/api/vaults/{vault['address'].lower()}")["data"]["id"] == row["id"]


def test_every_deposit_of_every_follower_is_what_the_contract_says(platform: UpProcess) -> None:
    for vault in expected("expected_vaults"):
        followers = pages(platform, f"/api/vaults/{vault['address']}/followers")
        running = {row["walletAddress"]: row["depositedAmount"] for row in followers if not row["left"]}
        assert running == {f["follower"]: f["deposited"] for f in vault["followers"] if f["deposited"] != "0"}


def test_every_trade_has_the_amounts_that_moved(platform: UpProcess) -> None:
    recorded = expected("expected_trades")
    seen = 0
    for vault in expected("expected_vaults"):
        trades = pages(platform, f"/api/vaults/{vault['address']}/trades")
        got = {
            (t["txHash"], t["logIndex"]): (t["assetIn"], t["assetOut"], t["amountIn"], t["amountOut"], t["blockNumber"])
            for t in trades
        }
        assert len(got) == len(trades)
        assert got == {
            (t["transactionHash"], t["logIndex"]): (
                t["tokenIn"], t["tokenOut"], t["amountIn"], t["amountOut"], t["blockNumber"],
            )
            for t in recorded
            if t["vault"] == vault["address"]
        }  # fmt: skip
        seen += len(trades)
    assert seen == len(recorded) == 112


def test_the_results_of_clean_vaults_add_up_to_the_realised_result(platform: UpProcess) -> None:
    clean = [row for row in expected("expected_pnl") if row["clean"]]
    assert len(clean) == 3
    for row in clean:
        trades = pages(platform, f"/api/vaults/{row['vault']}/trades")
        assert sum(int(trade["pnlAmount"]) for trade in trades) == int(row["realizedPnlFloorCost"])
        figures = platform.get(f"/api/analytics/vault/{row['vault']}")["data"]
        assert figures["totalTrades"] == row["trades"]
        assert figures["profitableTrades"] == row["winningSells"]


def test_leaders_are_ranked_by_the_oracles_score(platform: UpProcess, way: str) -> None:
    board = platform.get("/api/leaderboard")["data"]
    recorded = sorted(expected("expected_leaders"), key=lambda leader: -leader["reputationScore"])
    if way != "queue":
        # One wallet was rated and never did anything: no log and no view of the chain names it.
        assert [leader["leader"] for leader in recorded if not leader["vaults"]] == [UNSEEN]
        recorded = [leader for leader in recorded if leader["vaults"]]
    assert [(row["walletAddress"], row["argusScore"], row["_count"]["vaultsLed"]) for row in board] == [
        (leader["leader"], leader["reputationScore"], len(leader["vaults"])) for leader in recorded
    ]


def test_global_figures_are_those_of_the_active_vaults(platform: UpProcess) -> None:
    active = [vault for vault in expected("expected_vaults") if not vault["isVaultFrozen"]]
    figures = platform.get("/api/analytics/global")["data"]
    assert figures["activeVaultsCount"] == len(active) == 5
    assert int(figures["totalTvl"]) == sum(int(vault["totalVaultTVL"]) for vault in active)
    assert figures["totalTrades"] == sum(vault["tradeCount"] for vault in active)


def refresh_figures(platform: UpProcess, url: str) -> None:
    """Ask for a snapshot and wait until windows and boards hold for a later moment than before."""

    def as_of() -> str:
        return platform.get("/api/analytics/global")["meta"]["figuresAsOf"] or ""

    before, now = as_of(), int(time.time())
    job = {"task_id": f"now-{now}", "task_name": "ingest.snapshot", "labels": {}, "args": []}
    with redis.Redis.from_url(url) as client:
        body = json.dumps({**job, "kwargs": {"interval": "now", "triggeredAt": now}})
        client.xadd("vaultline:snapshots", {"data": body})
    wait_until(lambda: as_of() > before, seconds=30, what="the figures are refreshed")


def test_a_snapshot_brings_figures_that_agree_on_every_endpoint(platform: UpProcess, redis_server: Any) -> None:
    refresh_figures(platform, redis_server.url)
    tvls: dict[str, int] = {}
    for address, vault in vaults(platform).items():
        detail = platform.get(f"/api/vaults/{address}")["data"]
        windows = platform.get(f"/api/vaults/{address}/performance")["data"]
        assert detail["performance"] == windows
        assert list(windows) == ["24h", "7d", "30d", "90d", "1y", "all"]
        for window in windows.values():
            nulls = {name for name, value in window.items() if value is None}
            assert nulls == set(window["nullReasons"])
        whole = windows["all"]
        assert round(whole["roiPct"] or 0, 2) == pytest.approx(vault["roi"], abs=0.011)
        last = platform.get(f"/api/vaults/{address}/history?resolution=1d&limit=1")["data"]
        if last:
            assert (last[0]["equity"], last[0]["pnl"], last[0]["tvl"]) == (detail["equity"], whole["pnl"], vault["tvl"])
            assert last[0]["price"] == detail["unitPrice"]
        if vault["status"] == "ACTIVE":
            tvls[vault["baseAsset"]] = tvls.get(vault["baseAsset"], 0) + int(vault["tvl"])
        if whole["roiPct"] is not None:
            place = platform.get(f"/api/leaderboard/rank/{address}")["data"]
            assert place["value"] == whole["roiPct"]
            assert place["total"] == len(platform.get("/api/leaderboard/vaults?limit=100")["data"])
    globally = platform.get("/api/analytics/global")["data"]
    assert {asset: int(tvl) for asset, tvl in globally["tvlByAsset"].items()} == tvls
    assert globally["vaultsByStatus"] == {"ACTIVE": 5, "PAUSED": 2, "LIQUIDATED": 0}


def test_foreign_lookalikes_appear_nowhere(platform: UpProcess) -> None:
    known = set(vaults(platform))
    foreign = {log["address"] for log in expected("foreign_logs")}
    emitted = {log["transactionHash"] for log in expected("logs")}
    assert not {address.lower() for address in known} & foreign
    trades = [trade for vault in known for trade in pages(platform, f"/api/vaults/{vault}/trades")]
    assert {trade["txHash"] for trade in trades} <= emitted
    assert platform.get("/api/status")["data"]["pipeline"]["openDeadLetters"] == 0
