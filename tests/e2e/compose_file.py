"""Reads docker-compose.yml as Compose does, and gives each service's command and environment for this machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


class VariableMissing(Exception):
    """A `${NAME:?…}` without a value."""


@dataclass(frozen=True)
class ComposeService:
    """One service as declared, after interpolation."""

    name: str
    declared: Mapping[str, Any]

    @property
    def command(self) -> list[str]:
        """The declared command."""
        return [str(part) for part in self.declared["command"]]

    @property
    def environment(self) -> dict[str, str]:
        """The declared environment."""
        return {name: str(value) for name, value in self.declared.get("environment", {}).items()}

    @property
    def needs(self) -> dict[str, str]:
        """Condition by service that must be met before this one starts."""
        return {name: entry["condition"] for name, entry in self.declared.get("depends_on", {}).items()}

    @property
    def health_command(self) -> list[str] | None:
        """The declared health check as a command."""
        test = self.declared.get("healthcheck", {}).get("test")
        if test is None:
            return None
        kind, *rest = test
        return ["sh", "-c", rest[0]] if kind == "CMD-SHELL" else [str(part) for part in rest]


def load_services(variables: Mapping[str, str]) -> dict[str, ComposeService]:
    """The services by name. Raises VariableMissing."""
    return {
        name: ComposeService(name, declared)
        for name, declared in interpolated(load_file(), variables)["services"].items()
    }


def load_file() -> Any:
    """The file with anchors and merges resolved, before interpolation."""
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text())


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """The value with `${NAME}`, `${NAME:-default}` and `${NAME:?message}` replaced in every text."""
    if isinstance(value, dict):
        return {key: interpolated(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def replaced(match: re.Match[str]) -> str:
        known = variables.get(match["name"])
        if not known and match["kind"] == "?":
            raise VariableMissing(f"{match['name']}: {match['rest']}")
        return known or match["rest"] or ""

    return _VARIABLE.sub(replaced, value)


def substituted(texts: list[str], replacements: Mapping[str, str]) -> list[str]:
    """Each text with every host name, port and path of the containers replaced by this machine's."""
    pattern = re.compile("|".join(re.escape(key) for key in sorted(replacements, key=len, reverse=True)))
    return [pattern.sub(lambda match: replacements[match[0]], text) for text in texts]


def copied_folders() -> set[str]:
    """The folders of the project that the Dockerfile copies."""
    lines = (PROJECT / "Dockerfile").read_text().splitlines()
    copies = [shlex.split(line)[1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    return {source for source in copies if "/" not in source}


def example_variables() -> list[str]:
    """Names in the example of `.env`."""
    lines = (PROJECT / "deploy" / "example.env").read_text().splitlines()
    return [line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")]
