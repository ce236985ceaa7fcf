"""Nodes' refusals by their own words, as they are met in the wild."""

from __future__ import annotations

import pytest

from services.ingest.chain.rpc.faults import FaultKind, fault_of_error

RANGES = [
    (-32602, "exceed maximum block range: 5000", (5000,)),
    (-32000, "maximum [from, to] blocks distance: 10000", (10_000,)),
    (-32614, "eth_getLogs is limited to a 10,000 range", (10_000,)),
    (-32000, "eth_getLogs is limited to 1024 block range. Please check the parameter requirements", (1024,)),
    (35, "ranges over 10000 blocks are not supported on freetier", (10_000,)),
    (-32005, "Requested range exceeds maximum RPC range limit", ()),
    (-32062, "Block range is too large", ()),
    (-32000, "Block range limit exceeded. See more details at the documentation", ()),
    (-32000, "requested too many blocks from 1000 to 4000, maximum is set to 2048", (1000, 4000, 2048)),
    (-32600, "You can make eth_getLogs requests with up to a 2K block range", (2000,)),
    (-32000, "only single-block ranges are served", (1,)),
    (-32005, "query returned more than 10000 results", ()),
    (-32005, "query returned more than 10000 results. Try with this block range [0x64, 0x95].", (50,)),
    (-32602, "Log response size exceeded. [...] this block range should work: [0x0, 0x7cf]", (2000,)),
    (-32602, "query exceeds max results 20000, retry with the range 100-149", (50,)),
    (-32005, "Too many logs requested. Max logs per response is 20000.", ()),
    (-32000, "query timeout exceeded", ()),
    (-32020, "backend response too large", ()),
]


@pytest.mark.parametrize(("code", "message", "allowed"), RANGES)
def test_a_refused_range_is_known_as_one_with_the_sizes_it_names(code, message, allowed):
    fault = fault_of_error({"code": code, "message": message})
    assert (fault.kind, fault.allowed) == (FaultKind.RANGE, allowed)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 3, "message": "execution reverted", "data": "0x"}, FaultKind.REVERTED),
        ({"code": -32000, "message": "execution reverted: paused"}, FaultKind.REVERTED),
        ({"code": -32000, "message": "rpc error: code = Unknown desc = execution reverted"}, FaultKind.REVERTED),
        ({"code": -32015, "message": "VM execution error."}, FaultKind.REVERTED),
        ({"code": -32000, "message": "invalid opcode: INVALID"}, FaultKind.REVERTED),
        ({"code": -32000, "message": "out of gas"}, FaultKind.REVERTED),
        ({"code": -32603, "message": "EVM error: OutOfGas"}, FaultKind.REVERTED),
        ({"code": -32000, "message": "stack underflow (0 <=> 1)"}, FaultKind.REVERTED),
        ({"code": -32000, "message": "execution aborted (timeout = 5s)"}, FaultKind.SLOW_CALL),
        ({"code": -32005, "message": "daily request count exceeded, request rate limited"}, FaultKind.THROTTLED),
        ({"code": 429, "message": "Your app has exceeded its capacity"}, FaultKind.THROTTLED),
        ({"code": -32029, "message": "Too Many Requests"}, FaultKind.THROTTLED),
        ({"code": -32000, "message": "missing trie node 4f3a (path ) state is not available"}, FaultKind.PRUNED),
        ({"code": -32000, "message": "required historical state unavailable (reexec=128)"}, FaultKind.PRUNED),
        ({"code": -32601, "message": "whatever"}, FaultKind.UNSUPPORTED),
        ({"code": -32000, "message": "the method eth_x does not exist/is not available"}, FaultKind.UNSUPPORTED),
        ({"code": -32600, "message": "batch limit 10 exceeded"}, FaultKind.BATCH_REFUSED),
        ({"code": -32000, "message": "header not found"}, FaultKind.OTHER),
        ({"code": -32603, "message": "Internal error"}, FaultKind.OTHER),
        ({}, FaultKind.OTHER),
        ("a text instead of an object", FaultKind.OTHER),
        ({"code": [], "message": {"deep": None}, "data": 5}, FaultKind.OTHER),
    ],
)
def test_other_refusals_are_told_apart(error, kind):
    assert fault_of_error(error).kind is kind


def test_a_revert_keeps_what_the_contract_returned():
    assert fault_of_error({"code": 3, "message": "execution reverted", "data": "0x08c379a0"}).data == "0x08c379a0"


def test_an_endless_error_text_is_cut():
    assert len(fault_of_error({"code": 1, "message": "x" * 10**6}).text) < 400
