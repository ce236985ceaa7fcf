"""Contracts on a node: deploying, sending and reading, through the node's own unlocked accounts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from demo_chain.artifacts import artifact
from demo_chain.rpc import Rpc, RpcError
from libs.identifiers import Address, checksum_address

_GAS: Final = hex(15_000_000)  # given, so that the node need not try each transaction first
_MINED_SECONDS: Final = 60.0
_FIRST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.1


class RevertedError(RuntimeError):
    """A transaction was mined and did nothing; the text says why."""


class Call(NamedTuple):
    """A function of the contract at an address."""

    contract: str
    address: Address
    function: str
    arguments: tuple[Any, ...] = ()

    def data(self) -> bytes:
        """What goes into the transaction."""
        return artifact(self.contract).call(self.function, *self.arguments)


class Chain:
    """One node's contracts."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc

    async def accounts(self) -> list[Address]:
        """The node's unlocked accounts."""
        return [checksum_address(account) for account in await self.rpc.call("eth_accounts")]

    async def deploy(self, sender: Address, *contracts: tuple[str, tuple[Any, ...]]) -> list[Address]:
        """Addresses of new contracts, each given by name and the arguments of its constructor."""
        requests = [
            {"from": sender, "gas": _GAS, "data": _hex(artifact(name).deployment(*arguments))}
            for name, arguments in contracts
        ]
        return [checksum_address(receipt["contractAddress"]) for receipt in await self._send(requests)]

    async def send(self, *calls: tuple[Address, Call]) -> list[dict[str, Any]]:
        """Receipts of transactions (sender, call), mined in this order as far as they have one sender.

        RevertedError when one of them reverted; the others took effect.
        """
        return await self._send([_request(sender, call) for sender, call in calls])

    async def read(self, call: Call, block: int | str = "latest") -> tuple[Any, ...]:
        """What a view returns; RpcError when it reverts or is not there."""
        (result,) = await self.read_all([call], block)
        if result is None:
            raise RpcError(f"{call.contract}.{call.function} of {call.address} gives nothing")
        return result

    async def read_all(self, calls: Sequence[Call], block: int | str = "latest") -> list[tuple[Any, ...] | None]:
        """What views return, None for each that reverts or is not there."""
        at = hex(block) if isinstance(block, int) else block
        requests = [("eth_call", ({"to": call.address, "data": _hex(call.data())}, at)) for call in calls]
        answers = await self.rpc.batch(requests)
        return [_read(call, answer) for call, answer in zip(calls, answers, strict=True)]

    async def _send(self, requests: list[dict[str, str]]) -> list[dict[str, Any]]:
        # one by one: the node works on a batch in parallel and would give one nonce twice
        hashes = [await self.rpc.call("eth_sendTransaction", request) for request in requests]
        receipts = await self._receipts(hashes)
        for request, receipt in zip(requests, receipts, strict=True):
            if receipt["status"] != "0x1":
                raise RevertedError(await self._reason(request, receipt["blockNumber"]))
        return receipts

    async def _receipts(self, hashes: list[str]) -> list[dict[str, Any]]:
        deadline = time.monotonic() + _MINED_SECONDS
        pause = _FIRST_PAUSE_SECONDS
        while True:
            receipts = await self.rpc.batch([("eth_getTransactionReceipt", (item,)) for item in hashes])
            if all(isinstance(receipt, dict) for receipt in receipts):
                return receipts
            if time.monotonic() > deadline:
                raise RpcError(f"transactions are not mined after {_MINED_SECONDS:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _reason(self, request: dict[str, str], block: str) -> str:
        """Ask the same again after the block: mostly it fails for the same reason."""
        try:
            await self.rpc.call("eth_call", request, block)
        except RpcError as error:
            return str(error)
        return "reverted"


def _request(sender: Address, call: Call) -> dict[str, str]:
    return {"from": sender, "to": call.address, "gas": _GAS, "data": _hex(call.data())}


def _read(call: Call, answer: Any) -> tuple[Any, ...] | None:
    if isinstance(answer, RpcError) or answer == "0x":
        return None
    return artifact(call.contract).result(call.function, bytes.fromhex(answer[2:]))


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
