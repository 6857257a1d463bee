"""A trace, drawn as a waterfall."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from services.console.adapters.terminal.tables import add, plain_table
from services.console.domain.waterfall import Bar

PALETTE = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
BAR_COLUMNS = 48


def waterfall_view(trace_id: str, bars: Sequence[Bar]) -> RenderableType:
    """A line a span: service, name, the bar, when it began and how long it took, in milliseconds."""
    services = list(dict.fromkeys(bar.span.service for bar in bars))
    colours = {service: PALETTE[number % len(PALETTE)] for number, service in enumerate(services)}
    times = ("start ms", "took ms")
    table = plain_table("service", "span", "", *times, numbers=times, whole=("service", "span", ""))
    for bar in bars:
        colour = colours[bar.span.service]
        style = "red" if bar.span.failed else colour
        took = (f"{bar.offset_ms:.1f}", f"{bar.duration_ms:.1f}")
        add(table, Text(bar.span.service, colour), _name(bar), Text(_drawn(bar), style), *took)
    end = max((bar.offset_ms + bar.duration_ms for bar in bars), default=0)
    head = f"trace {trace_id}: {len(bars)} spans of {len(services)} services, {end:.0f} ms"
    return Group(Text(head, "bold"), table)


def waterfall_json(trace_id: str, bars: Sequence[Bar]) -> dict[str, Any]:
    return {"trace_id": trace_id, "spans": [{**asdict(bar.span), **_placed(bar)} for bar in bars]}


def _placed(bar: Bar) -> dict[str, Any]:
    return {"depth": bar.depth, "offset_ms": bar.offset_ms, "duration_ms": bar.duration_ms, "orphan": bar.orphan}


def _name(bar: Bar) -> Text:
    marks = (" (its parent is missing)" if bar.orphan else "") + (" ✗" if bar.span.failed else "")
    return Text("  " * bar.depth + bar.span.name + marks, "red" if bar.span.failed else "")


def _drawn(bar: Bar, columns: int = BAR_COLUMNS) -> str:
    """Blanks up to its start, then at least one block."""
    start = min(int(bar.offset * columns), columns - 1)
    length = max(1, min(round(bar.width * columns), columns - start))
    return " " * start + "█" * length
