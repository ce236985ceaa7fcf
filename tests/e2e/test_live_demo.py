"""`make demo`: a local chain with live trading, or the recording where there is no Node.js."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.up_process import PROJECT, UpProcess, vaultline
from tests.servers import short_folder, wait_until


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder of this test's own."""
    with short_folder() as folder:
        yield folder / "data"


def chain_of(run: UpProcess) -> dict[str, object]:
    """How far the indexer is."""
    chain: dict[str, object] = run.get("/api/status")["data"]["pipeline"]["chain"]
    return chain


def test_figures_move_while_leaders_trade_and_agree_with_the_chain(data_dir: Path, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        check_replay(data_dir, tmp_path)
        return
    with vaultline("demo", data_dir=data_dir) as run:
        run.wait_until_ready()
        before = run.get("/api/analytics/global")["data"]
        assert before["totalTrades"] >= 5
        wait_until(lambda: run.get("/api/analytics/global")["data"]["totalTrades"] > before["totalTrades"], seconds=60)
        vaults = run.get("/api/vaults")["data"]
        assert len(vaults) >= 8
        assert any(vault["_count"]["followers"] for vault in vaults)
        assert {leader["argusScore"] for leader in run.get("/api/leaderboard")["data"]} >= {910, 840}
        addresses = json.loads((data_dir / "chain" / "addresses.json").read_text())
        check = verify(run, data_dir, addresses)
        assert check.returncode == 0, check.stdout + check.stderr
        assert ", 0 disagree" in check.stdout
        assert chain_of(run)["disagreements"] == 0
        assert run.get("/api/status")["data"]["status"] == "ok"


def verify(run: UpProcess, data_dir: Path, addresses: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """The command that checks our figures against the chain, with the platform's own logins."""
    indexer = next(pid for pid in run.pids() if "services.ingest.chain" in command(pid))
    environment = dict(
        line.split("=", 1) for line in Path(f"/proc/{indexer}/environ").read_bytes().decode().split("\0") if "=" in line
    )
    assert environment["VAULT_FACTORY_ADDRESS"] == addresses["factory"]
    return subprocess.run(
        [sys.executable, "-m", "services.ingest.chain", "verify"],
        check=False,
        env={**os.environ, **environment},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def command(pid: int) -> str:
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def test_without_node_the_recording_is_replayed_and_the_reason_told(data_dir: Path, tmp_path: Path) -> None:
    check_replay(data_dir, tmp_path)


def check_replay(data_dir: Path, empty: Path) -> None:
    """A demo on a machine whose PATH holds nothing."""
    with vaultline("demo", "--exit", data_dir=data_dir, more={"PATH": str(empty)}) as run:
        assert run.wait() == 0, run.text
        assert run.has_line("Node.js")
        assert run.has_line("replaying the recording instead")
        assert run.has_line("delivered, ever: 243 events, 0 dead letters")
