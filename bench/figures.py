"""One measured figure and how a set of them is shown, stored and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, what bare code reached in the same run, and what is asked for (None: nothing)."""

    name: str
    value: float
    unit: str
    bare: float | None = None
    target: float | None = None
    better: Better = "higher"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Measured / bare; None without a bare value other than 0."""
        return self.value / self.bare if self.bare else None

    @property
    def verdict(self) -> str:
        """`ok` or `missed` against the target, empty without one."""
        if self.target is None:
            return ""
        met = self.value >= self.target if self.better == "higher" else self.value <= self.target
        return "ok" if met else "missed"


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines of `figure | measured | bare limit of this run | ratio | target`."""
    head = ("figure", "measured", "bare limit of this run", "ratio", "target")
    rows = [
        (
            figure.name,
            f"{_number(figure.value)} {figure.unit}" + (f" ({figure.note})" if figure.note else ""),
            "" if figure.bare is None else f"{_number(figure.bare)} {figure.unit}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            _target(figure),
        )
        for figure in figures
    ]
    return _aligned([head, *rows])


def comparison(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """Two stored runs side by side; a figure that only one of them has is left open in the other."""
    before = {figure.name: figure for figure in load(first)}
    after = {figure.name: figure for figure in load(second)}
    rows: list[tuple[str, ...]] = [("figure", "A", "B", "B/A")]
    for name in [*before, *(name for name in after if name not in before)]:
        a, b = before.get(name), after.get(name)
        factor = f"{b.value / a.value:.2f}" if a and b and a.value else ""
        rows.append((name, *(f"{_number(f.value)} {f.unit}" if f else "" for f in (a, b)), factor))
    return _aligned(rows)


def dump(figures: Iterable[Figure], machine: Mapping[str, str]) -> dict[str, Any]:
    """A run as JSON holds it."""
    return {"machine": dict(machine), "figures": [asdict(figure) for figure in figures]}


def load(run: Mapping[str, Any]) -> list[Figure]:
    """The figures of a stored run; KeyError or TypeError where it is none."""
    return [Figure(**figure) for figure in run["figures"]]


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    sign = ">=" if figure.better == "higher" else "<="
    return f"{sign} {_number(figure.target)} {figure.verdict}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(lines)
