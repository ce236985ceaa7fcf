"""What a node can, found out by trying: nothing is assumed from its name or version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from services.ingest.chain.rpc.asking import ask
from services.ingest.chain.rpc.blocks import Header, read_header, read_quantity
from services.ingest.chain.rpc.bloom import bloom_of
from services.ingest.chain.rpc.endpoint import Capabilities, Endpoint
from services.ingest.chain.rpc.errors import ChainUnavailable
from services.ingest.chain.rpc.faults import Fault, FaultKind
from services.ingest.chain.rpc.logs import PlacedLog, read_placed_logs
from services.ingest.chain.rpc.second_look import log_request, read_receipts
from services.ingest.chain.rpc.transport import Request

T = TypeVar("T")

_SAMPLED_BLOCKS: Final = 20
_REFUSALS: Final = frozenset(
    {FaultKind.UNSUPPORTED, FaultKind.RANGE, FaultKind.OTHER, FaultKind.BATCH_REFUSED, FaultKind.TOO_LARGE}
)


async def probe(endpoint: Endpoint) -> Capabilities:
    """Ask the endpoint for the chain it serves and try what the reader can use; ChainUnavailable when it is away."""
    chain_id, head = await _basics(endpoint)
    batches = await _takes_batches(endpoint)
    if not batches:
        endpoint.batch.refused(2)
    sample = await ask(
        endpoint,
        [
            Request("eth_getBlockByNumber", (hex(number), False))
            for number in range(max(0, head.number - _SAMPLED_BLOCKS + 1), head.number + 1)
        ],
        read_header,
    )
    log_ranges = head.number == 0 or await _can(endpoint, _range_request(head), read_placed_logs)
    if not log_ranges:
        endpoint.span.refused(2)
    logs = await _logs_of(endpoint, sample)
    return Capabilities(
        chain_id=chain_id,
        batches=batches,
        log_ranges=log_ranges,
        block_hash=await _can(endpoint, log_request(head, None, by_hash=True), read_placed_logs),
        block_receipts=await _gives_receipts(endpoint, sample),
        log_timestamps=bool(logs) and "blockTimestamp" in logs[0].raw,
        blooms=_blooms_fit(sample, logs),
    )


async def _basics(endpoint: Endpoint) -> tuple[int, Header]:
    """Chain id and newest block, without a batch: whether the node takes them is not known yet."""
    (chain_id,) = await ask(endpoint, [Request("eth_chainId", ())], lambda value: read_quantity(value, "chain id"))
    (head,) = await ask(endpoint, [Request("eth_getBlockByNumber", ("latest", False))], read_header)
    return chain_id, head


async def _takes_batches(endpoint: Endpoint) -> bool:
    requests = [Request("eth_chainId", ()), Request("eth_blockNumber", ())]
    for _ in range(endpoint.options.attempts):
        faults: list[FaultKind] = []

        def take(_at: int, reply: Any, into: list[FaultKind] = faults) -> None:
            if isinstance(reply, Fault):
                into.append(reply.kind)

        await endpoint.send(requests, take, most_per_batch=2)
        if not faults or FaultKind.BATCH_REFUSED in faults:
            return not faults and endpoint.batch.size > 1
    raise ChainUnavailable(f"{endpoint.name}: neither answers a batch nor refuses it")


async def _can(endpoint: Endpoint, request: Request, read: Callable[[Any], T]) -> bool:
    """Whether the node answers this; a refusal counts when it comes again."""
    refusals = 0

    def settle(fault: Fault, _last: bool) -> bool | None:
        nonlocal refusals
        refusals += fault.kind in _REFUSALS
        return False if fault.kind is FaultKind.UNSUPPORTED or refusals >= 3 else None

    (able,) = await ask(endpoint, [request], lambda value: read(value) is not None, settle=settle)
    return able


async def _gives_receipts(endpoint: Endpoint, sample: Sequence[Header]) -> bool:
    """Whether eth_getBlockReceipts gives one receipt per transaction."""
    busiest = max(sample, key=lambda header: header.transactions)
    counted = -1

    def read(value: Any) -> bool:
        nonlocal counted
        counted = read_receipts(value)[0]
        return True

    return await _can(endpoint, Request("eth_getBlockReceipts", (hex(busiest.number),)), read) and (
        counted == busiest.transactions
    )


async def _logs_of(endpoint: Endpoint, sample: Sequence[Header]) -> list[PlacedLog]:
    requests = [log_request(header, None, by_hash=False) for header in sample if header.transactions]
    return [log for logs in await ask(endpoint, requests, read_placed_logs) for log in logs]


def _range_request(head: Header) -> Request:
    return Request("eth_getLogs", ({"fromBlock": hex(head.number - 1), "toBlock": hex(head.number)},))


def _blooms_fit(sample: Sequence[Header], logs: Sequence[PlacedLog]) -> bool:
    """Whether every block with logs has them in its bloom."""
    stated = {header.hash: header.bloom for header in sample}
    return bool(logs) and all(bloom_of([log.raw]) & ~stated.get(log.block_hash, 0) == 0 for log in logs)
