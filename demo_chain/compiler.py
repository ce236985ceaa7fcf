"""`python -m demo_chain.compiler [FOLDER]`: compiles contracts/ with npm's solc (below FOLDER) into artifacts/."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import orjson

from demo_chain.node_packages import NodeMissingError, installed

CONTRACTS: Final = Path(__file__).parent / "contracts"
ARTIFACTS: Final = Path(__file__).parent / "artifacts"
_COMPILE_SECONDS: Final = 120
_SETTINGS: Final[dict[str, Any]] = {
    "optimizer": {"enabled": True, "runs": 200},
    "evmVersion": "shanghai",
    # Without the hash of the sources' metadata, which changes with every comment.
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}},
}


class CompileError(RuntimeError):
    """The sources do not compile; the text is the compiler's."""


def compile_contracts(folder: Path) -> dict[str, bytes]:
    """Content of every artifact file by its name; solc is installed below `folder` if need be.

    NodeMissingError and InstallError as `installed`, CompileError when the sources are wrong.
    """
    sources = {path.name: {"content": path.read_text()} for path in sorted(CONTRACTS.glob("*.sol"))}
    output = _solc(folder, {"language": "Solidity", "sources": sources, "settings": _SETTINGS})
    faults = [fault["formattedMessage"] for fault in output.get("errors", ())]
    if faults:
        raise CompileError("\n".join(faults))
    return {
        f"{name}.json": _artifact(contract)
        for contracts in output["contracts"].values()
        for name, contract in contracts.items()
    }


def _solc(folder: Path, task: dict[str, Any]) -> dict[str, Any]:
    script = installed("solc", "solc/solc.js", folder)
    node = shutil.which("node")
    if node is None:
        raise NodeMissingError("Node.js is not installed: contracts can't be compiled")
    command = [node, str(script), "--standard-json"]
    done = subprocess.run(  # noqa: S603  # a fixed command
        command, input=orjson.dumps(task), capture_output=True, check=True, timeout=_COMPILE_SECONDS
    )
    # solc's wrapper prints a notice about a missing prover before the JSON
    result: dict[str, Any] = orjson.loads(done.stdout[done.stdout.index(b"{") :])
    return result


def _artifact(contract: dict[str, Any]) -> bytes:
    content = {"abi": contract["abi"], "bytecode": "0x" + contract["evm"]["bytecode"]["object"]}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def main() -> None:
    """Write what the sources compile to, and drop what no source gives."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(".data/node")
    artifacts = compile_contracts(folder.absolute())
    ARTIFACTS.mkdir(exist_ok=True)
    for path in ARTIFACTS.glob("*.json"):
        if path.name not in artifacts:
            path.unlink()
    for name, content in artifacts.items():
        (ARTIFACTS / name).write_bytes(content)


if __name__ == "__main__":
    main()
