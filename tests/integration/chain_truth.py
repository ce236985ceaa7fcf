"""What must be in the tables for a chain: the pure decoder's jobs of it, and the silent state that its views tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.identifiers import Address, checksum_address
from services.ingest.chain.contracts import MalformedError, VaultFacts, abi_string
from services.ingest.chain.decoder import decode_window
from services.ingest.chain.protocol import Protocol, initial_state
from tests.chain_node.abi import call_data
from tests.chain_node.chain import Chain
from tests.integration.chain_stage import ChainStage
from tests.integration.oracle_checks import check_everything
from tests.integration.service_pair import service_pair
from tests.oracle import expected
from tests.oracle.sending import RawJob


async def check_tables(
    stage: ChainStage, protocol: Protocol, chain: Chain, start_block: int = 0, confirmations: int = 0
) -> None:
    """Every list and figure of both services is what a single-threaded fold of the chain's blocks gives."""
    last = chain.head.number - confirmations
    logs = [log for log in chain.logs if start_block <= int(log["blockNumber"], 16) <= last]
    jobs = [*logged_jobs(protocol, chain, logs), *_silent_jobs(stage, protocol, chain, last)]
    async with service_pair(stage.database) as pair:
        await check_everything(pair, jobs, expected(jobs))


def logged_jobs(protocol: Protocol, chain: Chain, logs: Sequence[dict[str, Any]]) -> list[RawJob]:
    """The jobs of these logs of the chain, decoded in one piece."""
    births = _births(protocol, logs)
    facts = {checksum_address(vault): _facts(chain, vault, born) for vault, born in births.items()}
    decoded = decode_window(protocol, initial_state(protocol), logs, facts=facts)
    assert (decoded.damaged, decoded.unread_vaults) == ((), ())
    return [_raw(job.task_name, job.task_id, job.kwargs) for job in decoded.jobs]


def _births(protocol: Protocol, logs: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Block of each vault's deployment, by address."""
    decoded = decode_window(protocol, initial_state(protocol), logs, facts={})
    wanted = {vault.lower() for vault in decoded.unread_vaults}
    births: dict[str, int] = {}
    for log in logs:
        vault = "0x" + log["topics"][2][-40:] if len(log["topics"]) > 2 else ""
        if vault in wanted:
            births.setdefault(vault, int(log["blockNumber"], 16))
    return births


def _facts(chain: Chain, vault: str, born: int) -> VaultFacts:
    name, base = (chain.view(vault, call_data(view), born) for view in ("vaultName()", "baseAsset()"))
    assert isinstance(base, bytes)
    asset = "0x" + base[-20:].hex()
    decimals = chain.view(asset, call_data("decimals()"), born)
    places = int.from_bytes(decimals) if isinstance(decimals, bytes) and decimals else None
    return VaultFacts(_text(name), checksum_address(asset), places)


def _text(result: Any) -> bytes:
    try:
        return abi_string(result) if isinstance(result, bytes) else b""
    except MalformedError:
        return b""


def _silent_jobs(stage: ChainStage, protocol: Protocol, chain: Chain, block: int) -> list[RawJob]:
    """Flags and scores as the views tell them at the block, at the times when they were observed."""
    jobs = []
    statuses = stage.stage.rows("SELECT contract_address, status_observed_at FROM vaults.vaults")
    for vault, observed in statuses:
        flag = _number(chain, protocol.risk_manager, "isVaultFrozen(address)", vault, block)
        if observed is not None:
            status = {"vaultAddress": vault, "status": "PAUSED" if flag else "ACTIVE", "reason": ""}
            jobs.append(_observed("ingest.vault_status", f"status {vault}", status, observed))
    leaders = (
        "SELECT u.wallet_address, u.score_observed_at FROM vaults.users u JOIN vaults.vaults v ON v.leader_id = u.id"
    )
    for wallet, observed in dict(stage.stage.rows(leaders)).items():
        score = _number(chain, protocol.oracle, "getPerformanceMetrics(address)", wallet, block)
        if score or observed is not None:
            figures = {"reputationScore": score, "winRateBps": 0, "maxDrawdownBps": 0, "signalCount": 0}
            jobs.append(
                _observed("ingest.argus_score", f"score {wallet}", {"walletAddress": wallet, **figures}, observed)
            )
    return jobs


def _observed(task_name: str, task_id: str, fields: dict[str, Any], observed: Any) -> RawJob:
    return _raw(task_name, task_id, {**fields, "observedAt": int(observed.timestamp()) if observed else 0})


def _raw(task_name: str, task_id: str, kwargs: dict[str, Any]) -> RawJob:
    return {"task_name": task_name, "task_id": task_id, "kwargs": kwargs, "received_at": 0}


def _number(chain: Chain, contract: Address | None, signature: str, argument: str, block: int) -> int:
    assert contract is not None
    result = chain.view(contract, call_data(signature, argument), block)
    assert isinstance(result, bytes)
    return int.from_bytes(result[:32])
