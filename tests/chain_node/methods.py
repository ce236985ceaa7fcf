"""The JSON-RPC methods of a test node, with what its faults do to single answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from tests.chain_node.abi import logs_bloom
from tests.chain_node.chain import Block, Chain, Reverts
from tests.chain_node.faults import DIALECTS, ONE_BLOCK, Dialect, Fault, Faults, Traits, error


class Refused(Exception):
    """A JSON-RPC error in place of a result."""

    def __init__(self, member: dict[str, Any]) -> None:
        super().__init__(member)
        self.member = member


class Methods:
    """Answers single requests about a chain that may change between two of them."""

    def __init__(self, chain: Chain, traits: Traits, faults: Faults) -> None:
        self._chain = chain
        self._traits = traits
        self._faults = faults
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_chainId": lambda: hex(self._chain_id()),
            "net_version": lambda: str(self._chain_id()),
            "web3_clientVersion": lambda: "test-node",
            "eth_blockNumber": lambda: hex(self._head().number),
            "eth_getBlockByNumber": lambda tag, _full=False: self._header(self._by_tag(tag)),
            "eth_getBlockByHash": lambda block_hash, _full=False: self._header(self._by_hash(block_hash)),
            "eth_getLogs": self._get_logs,
            "eth_getBlockReceipts": self._get_receipts,
            "eth_call": self._call,
            "eth_getCode": lambda address, _tag="latest": "0x00" if self._chain.has_code(address) else "0x",
        }

    def answer(self, method: str, params: list[Any]) -> Any:
        """The result; Refused otherwise."""
        known = method in self._methods and (method != "eth_getBlockReceipts" or self._traits.block_receipts)
        if not known:
            raise Refused(error(-32601, f"the method {method} does not exist/is not available"))
        if self._faults.draw(Fault.THROTTLED_ITEM):
            raise Refused(error(-32005, "rate limit exceeded, slow down"))
        if self._faults.draw(Fault.ERROR):
            raise Refused(error(-32603, "Internal error"))
        return self._methods[method](*params)

    def _chain_id(self) -> int:
        return self._traits.chain_id or self._chain.chain_id

    def _head(self) -> Block:
        back = self._faults.random.randint(1, 3) if self._faults.draw(Fault.HEAD_BACK) else 0
        return self._chain.blocks[max(0, len(self._chain.blocks) - 1 - self._traits.lag - back)]

    def _top(self) -> int:
        return len(self._chain.blocks) - 1 - self._traits.lag

    def _by_tag(self, tag: str) -> Block | None:
        if tag in ("latest", "safe", "finalized", "pending"):
            return self._head()
        number = 0 if tag == "earliest" else int(tag, 16)
        return self._chain.blocks[number] if number <= self._top() else None

    def _by_hash(self, block_hash: str) -> Block | None:
        return next((block for block in self._chain.blocks[: self._top() + 1] if block.hash == block_hash), None)

    def _header(self, block: Block | None) -> Any:
        if block is None or self._faults.draw(Fault.NULL_BLOCK):
            return None
        return orjson.Fragment(block.header_json) if self._traits.blooms else block.header(with_bloom=False)

    def _get_logs(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        if "blockHash" in query:
            if not self._traits.block_hash_queries:
                raise Refused(error(-32602, "invalid argument 0: blockHash is not supported"))
            found = self._by_hash(query["blockHash"])
            if found is None:
                raise Refused(error(-32000, "unknown block"))
            blocks = [found]
        else:
            first, last = self._number(query.get("fromBlock")), self._number(query.get("toBlock"))
            self._check_range(first, last)
            blocks = self._chain.blocks[first : min(last, self._top()) + 1]
        logs = [log for block in blocks for log in self._logs_of(block) if _matches(log, query)]
        limit = self._traits.max_results
        if limit is not None and len(logs) > limit and len(blocks) > 1:
            half = blocks[(len(blocks) - 1) // 2].number
            raise _refusal(DIALECTS[self._traits.dialect], "too_many", limit, blocks[0].number, half)
        return logs

    def _number(self, tag: str | None) -> int:
        if tag is None or not tag.startswith("0x"):
            return self._top() if tag != "earliest" else 0
        return int(tag, 16)

    def _check_range(self, first: int, last: int) -> None:
        if first > last:
            raise Refused(error(-32602, "invalid block range params"))
        if self._traits.one_block_logs and first != last:
            raise _refusal(ONE_BLOCK, "too_wide", 1, first, last)
        limit = self._traits.max_range
        if limit is not None and last - first + 1 > limit:
            raise _refusal(DIALECTS[self._traits.dialect], "too_wide", limit, first, first + limit - 1)

    def _logs_of(self, block: Block) -> list[dict[str, Any]]:
        """A block's logs as far as this answer shows them."""
        if not block.logs:
            return []
        if self._faults.lies_about(Fault.EMPTY_LOGS, block.hash):
            return []
        logs = block.logs
        # Without receipts no reader can miss a log whose address and topics the block has elsewhere too.
        if logs_bloom(logs[:-1]) != block.bloom and self._faults.lies_about(Fault.LOST_LOGS, block.hash):
            logs = logs[:-1]
        if self._faults.draw(Fault.OTHER_HASH):
            logs = [{**log, "blockHash": "0x" + "ab" * 32} for log in logs]
        if not self._traits.log_timestamps:
            logs = [{name: value for name, value in log.items() if name != "blockTimestamp"} for log in logs]
        return logs

    def _get_receipts(self, tag: str) -> Any:
        block = self._by_hash(tag) if len(tag) == 66 else self._by_tag(tag)
        if block is None:
            return None
        return [
            {
                "transactionHash": transaction,
                "blockHash": block.hash,
                "blockNumber": hex(block.number),
                "status": "0x1",
                "logs": [log for log in block.logs if log["transactionHash"] == transaction],
            }
            for transaction in block.transactions
        ]

    def _call(self, call: dict[str, str], tag: Any = "latest") -> str:
        block = self._by_hash(tag["blockHash"]) if isinstance(tag, dict) else self._by_tag(tag)
        if block is None:
            raise Refused(error(-32000, "header not found"))
        kept = self._traits.state_blocks
        if kept is not None and block.number <= self._top() - kept:
            raise Refused(error(-32000, f"missing trie node {'0' * 64} (path ) state is not available"))
        result = self._chain.view(
            call["to"], bytes.fromhex(call.get("data", call.get("input", "0x"))[2:]), block.number
        )
        if isinstance(result, Reverts):
            raise Refused(error(3, "execution reverted", "0x" + result.data.hex()))
        return "0x" + result.hex()


def _refusal(dialect: Dialect, which: str, limit: int, first: int, last: int) -> Refused:
    text = dialect.too_wide if which == "too_wide" else dialect.too_many
    return Refused(error(dialect.code, text.format(limit=limit, first=first, last=last)))


def _matches(log: dict[str, Any], query: dict[str, Any]) -> bool:
    addresses = query.get("address")
    if isinstance(addresses, str):
        addresses = [addresses]
    if addresses and log["address"] not in [address.lower() for address in addresses]:
        return False
    for place, wanted in enumerate(query.get("topics", ())):
        allowed = [wanted] if isinstance(wanted, str) else wanted
        if allowed and (place >= len(log["topics"]) or log["topics"][place] not in allowed):
            return False
    return True
