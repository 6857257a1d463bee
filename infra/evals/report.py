"""The report: figures with their intervals, and what changed since the last run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rich.table import Table

from services.console.adapters.terminal.tables import add, plain_table

Figures = Mapping[str, object]
DIGITS = 4
MEASURED_ON = "measured_on"
"""In the file: by section, the folders of its last run."""


def earlier(path: Path) -> dict[str, Any]:
    """The figures of the last run; none where there was none, or where its file cannot be read."""
    try:
        return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def measured_on(before: Figures, sections: Sequence[str], folders: str) -> dict[str, str]:
    """By section, on which folders its figures were measured last, after these were on those."""
    return {**_folders_of(before), **dict.fromkeys(sections, folders)}


def unlike(before: Figures, sections: Sequence[str], folders: str) -> list[str]:
    """A line for each section whose earlier run was on other folders: its change tells of both."""
    known = _folders_of(before)
    others = {name: known[name] for name in sections if known.get(name, folders) != folders}
    return [f"{name}: the change is beside a run on other recordings ({its})" for name, its in others.items()]


def _folders_of(before: Figures) -> dict[str, str]:
    told = before.get(MEASURED_ON)
    return cast("dict[str, str]", told) if isinstance(told, dict) else {}


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
