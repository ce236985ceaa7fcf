"""Memory of the platform's processes, as the kernel accounts for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bench.figures import Figure
from bench.machine import field_of

TARGET_MB = 200.0


class Memory(NamedTuple):
    """Resident and proportional set size in MB (2^20 bytes)."""

    rss: float
    pss: float


def measure(pids: Mapping[str, int]) -> list[Figure]:
    """Two figures a program; PostgreSQL's processes share their memory, so only its whole PSS says much."""
    figures = []
    for name, pid in pids.items():
        family = [memory for member in [pid, *_children(pid)] if (memory := _find_memory(member))]
        note = f"largest of {len(family)} processes" if len(family) > 1 else ""
        rss, pss = max(memory.rss for memory in family), sum(memory.pss for memory in family)
        figures.append(Figure(f"memory {name} RSS", rss, "MB", target=TARGET_MB, better="lower", note=note))
        figures.append(Figure(f"memory {name} PSS", pss, "MB", better="lower"))
    return figures


def parse_rollup(text: str) -> Memory:
    """The sizes in a file smaps_rollup."""
    rss, pss = (int(field_of(text, name).split()[0]) / 1024 for name in ("Rss", "Pss"))
    return Memory(rss, pss)


def _find_memory(pid: int) -> Memory | None:
    try:
        return parse_rollup(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except (FileNotFoundError, ProcessLookupError):
        # One of PostgreSQL's connections has just ended.
        return None


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
