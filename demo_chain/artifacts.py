"""Compiled contracts: their ABIs and bytecode, and arguments to bytes and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from demo_chain.compiler import ARTIFACTS


@dataclass(frozen=True, slots=True, eq=False)
class Artifact:
    """One contract. Its text is `bytes` here, as what stands on a chain need not be UTF-8."""

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes

    def deployment(self, *arguments: Any) -> bytes:
        """The data of the transaction that creates it."""
        inputs = [each for entry in self.abi if entry["type"] == "constructor" for each in entry["inputs"]]
        return self.bytecode + encode(_types(inputs), arguments)

    def call(self, function: str, *arguments: Any) -> bytes:
        """The data of a call; KeyError when there is no such function."""
        inputs = self._function(function)["inputs"]
        return selector(function, inputs) + encode(_types(inputs), arguments)

    def result(self, function: str, data: bytes) -> tuple[Any, ...]:
        """What a call returned, one value per output."""
        return tuple(decode(_types(self._function(function)["outputs"]), data))

    def topics(self) -> dict[str, str]:
        """topic0 of every event by its signature, as in `Transfer(address,address,uint256)`."""
        events = [entry for entry in self.abi if entry["type"] == "event"]
        signatures = [_signature(event["name"], event["inputs"]) for event in events]
        return {signature: "0x" + keccak(signature.encode()).hex() for signature in signatures}

    def _function(self, name: str) -> dict[str, Any]:
        for entry in self.abi:
            if entry["type"] == "function" and entry["name"] == name:
                return entry
        raise KeyError(f"{self.name} has no function {name}")


@cache
def artifact(name: str) -> Artifact:
    """The committed artifact of a contract."""
    content = orjson.loads((ARTIFACTS / f"{name}.json").read_bytes())
    return Artifact(name, tuple(content["abi"]), bytes.fromhex(content["bytecode"][2:]))


def selector(function: str, inputs: list[dict[str, Any]]) -> bytes:
    """The four bytes that name a function."""
    return keccak(_signature(function, inputs).encode())[:4]


def _signature(name: str, inputs: list[dict[str, Any]]) -> str:
    return f"{name}({','.join(map(_type, inputs))})"


def _types(inputs: list[dict[str, Any]]) -> list[str]:
    # the encoding of `bytes` is that of `string`, without the demand for UTF-8
    return ["bytes" if _type(entry) == "string" else _type(entry) for entry in inputs]


def _type(entry: dict[str, Any]) -> str:
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(_type, entry['components']))}){kind.removeprefix('tuple')}"
