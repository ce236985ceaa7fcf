"""The recording of the real protocol as a chain: its blocks, logs and the views that were recorded."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak

from services.ingest.chain.recording import Recording, load_recording
from tests.chain_node.abi import abi_text, call_data, word
from tests.chain_node.chain import ZERO_HASH, Block, Chain

PATH = Path(__file__).parent.parent / "data" / "protocol-small.tar.gz"


def recorded_chain(recording: Recording | None = None) -> Chain:
    """All 139 blocks. Frozen flags and scores change as recorded; vaults' figures are those of the head."""
    recording = recording or load_recording(PATH)
    chain = Chain(recording.meta["chainId"])
    logs: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for log in recording.all_logs:
        logs[int(log["blockNumber"], 16)].append(log)
    parent = ZERO_HASH
    for number, block_hash, time, count in recording.blocks:
        hashes = list(dict.fromkeys(log["transactionHash"] for log in logs[number]))
        hashes += ["0x" + keccak(f"{block_hash}:{at}".encode()).hex() for at in range(count - len(hashes))]
        chain.add(Block(number, block_hash, parent, time, hashes, logs[number]))
        parent = block_hash
    _add_views(chain, recording)
    return chain


def _add_views(chain: Chain, recording: Recording) -> None:
    contracts = recording.meta["contracts"]
    risk, oracle = contracts["RiskManager"], contracts["ArgusOracle"]
    chain.set_default(risk, call_data("isVaultFrozen(address)"), word(0))
    chain.set_default(oracle, call_data("getPerformanceMetrics(address)"), word(0) * 5)
    chain.set_view(risk, call_data("argusOracle()"), word(oracle), number=0)
    for token, facts in recording.meta["tokens"].items():
        chain.set_view(token, call_data("decimals()"), word(facts["decimals"]), number=0)
        chain.set_view(token, call_data("symbol()"), abi_text(facts["symbol"].encode()), number=0)
    for vault in recording.vaults:
        _add_vault(chain, vault)
    for action in recording.silent_actions:
        if action["kind"] in ("freeze", "unfreeze"):
            frozen = word(action["kind"] == "freeze")
            chain.set_view(
                risk, call_data("isVaultFrozen(address)", action["vault"]), frozen, number=action["blockNumber"]
            )
        else:
            _add_score(chain, oracle, recording, action)


def _add_vault(chain: Chain, vault: dict[str, Any]) -> None:
    address, born = vault["address"], vault["createdBlock"]
    for signature, result in (
        ("leader()", word(vault["leader"])),
        ("owner()", word(vault["owner"])),
        ("vaultName()", abi_text(vault["vaultName"].encode())),
        ("baseAsset()", word(vault["baseAsset"])),
        ("totalVaultTVL()", word(int(vault["totalVaultTVL"]))),
    ):
        chain.set_view(address, call_data(signature), result, number=born)
    chain.set_default(address, call_data("followers(address)"), word(0) * 2)
    for follower in vault["followers"]:
        result = word(int(follower["deposited"])) + word(int(follower["waterMark"]))
        chain.set_view(address, call_data("followers(address)", follower["follower"]), result, number=born)


def _add_score(chain: Chain, oracle: str, recording: Recording, action: dict[str, Any]) -> None:
    # Only the last update of a wallet was recorded with all its figures.
    known = next(
        (
            leader
            for leader in recording.leaders
            if (leader["leader"], leader["lastUpdated"]) == (action["leader"], action["blockTimestamp"])
        ),
        {"winRate": 0, "maxDrawdown": 0, "signalCount": 0},
    )
    figures = (action["score"], known["winRate"], known["maxDrawdown"], known["signalCount"], action["blockTimestamp"])
    data = call_data("getPerformanceMetrics(address)", action["leader"])
    chain.set_view(oracle, data, b"".join(map(word, figures)), number=action["blockNumber"])
