"""Programs from npm, installed on first use: exact versions with hashes, out of the lock files in `node/`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import orjson

LOCKS: Final = Path(__file__).parent / "node"
_INSTALL_SECONDS: Final = 300
# A package's install scripts would download what the lock file knows nothing of.
_OPTIONS: Final = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--include=optional")


class NodeMissingError(RuntimeError):
    """This machine has no Node.js; the text says what it is needed for."""


class InstallError(RuntimeError):
    """npm could not install a package; the text is npm's."""


def installed(name: str, program: str, folder: Path) -> Path:
    """The one file that matches `program` in the packages of `node/<name>`, installed below `folder` if need be.

    NodeMissingError without Node.js, InstallError when npm fails or has nothing for this kind of machine. Any
    number of processes may ask at once.
    """
    target = folder / f"{name}-{_version(LOCKS / name)}"
    if not target.is_dir():
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            raise NodeMissingError(f"Node.js with npm is not installed: the demo chain's {name} can't be installed")
        _install(npm, LOCKS / name, program, target)
    return _found(target, program)


def _found(target: Path, program: str) -> Path:
    path = next((target / "node_modules").glob(program), None)
    if path is None:
        raise InstallError(f"npm brought no {program} for this kind of machine")
    return path


def _version(lock: Path) -> str:
    (version,) = orjson.loads((lock / "package.json").read_bytes())["dependencies"].values()
    return str(version)


def _install(npm: str, lock: Path, program: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as name:
        work = Path(name) / "work"
        work.mkdir()
        for file in ("package.json", "package-lock.json"):
            shutil.copy(lock / file, work)
        _run_npm([npm, "install", "--prefix", str(work), *_OPTIONS], work, target.name)
        _found(work, program)  # npm leaves out a platform's package that it can't get, and calls it a success
        try:
            work.rename(target)  # whole or not at all
        except OSError:
            if not target.is_dir():  # another process was faster
                raise


def _run_npm(command: list[str], work: Path, name: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603  # a fixed command
            command, cwd=work, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"npm install of {name} took longer than {_INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        raise InstallError(f"npm install of {name} failed: {(done.stderr or done.stdout).strip()[-600:]}")
