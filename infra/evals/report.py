"""The report: figures with their intervals, and what changed since the last run."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from rich.table import Table

from services.console.adapters.terminal.tables import add, plain_table

Figures = Mapping[str, object]
DIGITS = 4


def earlier(path: Path) -> dict[str, Any]:
    """The figures of the last run; none where there was none, or where its file cannot be read."""
    try:
        return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def write(path: Path, before: Figures, now: Figures) -> None:
    """Keep the sections that were not run now as they were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**before, **now}, indent=2) + "\n", encoding="utf-8")


def table(before: Figures, now: Figures) -> Table:
    """A line a figure: its value, its 95 % interval, and the change since the last run."""
    numbers = ("value", "95 % interval", "change")
    found = plain_table("figure", *numbers, numbers=numbers, title="Decisions on recorded answers")
    known = dict(_values(before))
    for name, (value, interval) in _values(now):
        was = known.get(name)
        add(found, name, f"{value:g}", interval, f"{value - was[0]:+.{DIGITS}f}" if was else "new")
    return found


def _values(told: Figures, prefix: str = "") -> Iterator[tuple[str, tuple[float, str]]]:
    for name, value in told.items():
        path = f"{prefix}{name}"
        if isinstance(value, int | float):
            yield path, (float(value), "")
        elif isinstance(value, dict):
            inner = cast("dict[str, Any]", value)
            if inner.keys() == {"value", "low", "high"}:
                yield path, (inner["value"], f"{inner['low']:g} .. {inner['high']:g}")
            else:
                yield from _values(inner, f"{path}.")
