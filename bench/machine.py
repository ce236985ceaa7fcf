"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("aiohttp", "grpcio", "psycopg", "redis", "taskiq", "uvloop")


def describe(load_generator: str) -> dict[str, str]:
    """Cores, processor, memory, versions and the load generator."""
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": field_of(Path("/proc/cpuinfo").read_text(), "model name") or platform.machine(),
        "memory": field_of(Path("/proc/meminfo").read_text(), "MemTotal"),
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load generator": load_generator,
    }


def field_of(text: str, name: str) -> str:
    """The first value of `name : value` lines; empty when there is none."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
