"""A trace, drawn as a waterfall."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from services.console.adapters.terminal.tables import UNBOUNDED, add, plain_table
from services.console.domain.waterfall import Bar

PALETTE = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
BAR_COLUMNS = 48
LEAST_BAR_COLUMNS = 8
GAP = 3
TIMES = ("start ms", "took ms")


def waterfall_view(trace_id: str, bars: Sequence[Bar]) -> RenderableType:
    """A line a span: service, name, the bar, when it began and how long it took, in milliseconds."""
    services = list(dict.fromkeys(bar.span.service for bar in bars))
    end = max((bar.offset_ms + bar.duration_ms for bar in bars), default=0)
    head = f"trace {trace_id}: {len(bars)} spans of {len(services)} services, {end:.0f} ms"
    colours = {service: PALETTE[number % len(PALETTE)] for number, service in enumerate(services)}
    return Group(Text(head, "bold"), _Waterfall(bars, colours))


@dataclass(frozen=True)
class _Waterfall:
    """Bars as long as the terminal has room for: rather than when each began, and none too short to tell anything."""

    bars: Sequence[Bar]
    colours: dict[str, str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for times in (TIMES, TIMES[1:]):
            beside = console.measure(self._table(0, times), options=options.update_width(UNBOUNDED)).maximum
            if (room := options.max_width - beside - GAP) >= LEAST_BAR_COLUMNS:
                yield self._table(min(room, BAR_COLUMNS), times)
                return
        yield self._table(0, TIMES)

    def _table(self, columns: int, times: Sequence[str]) -> Table:
        drawn = ("",) if columns else ()
        table = plain_table("service", "span", *drawn, *times, numbers=times, whole=("service", ""))
        for bar in self.bars:
            colour = self.colours[bar.span.service]
            shown = [Text(_drawn(bar, columns), "red" if bar.span.failed else colour)] if columns else []
            took = (f"{bar.offset_ms:.1f}", f"{bar.duration_ms:.1f}")[-len(times) :]
            add(table, Text(bar.span.service, colour), _name(bar), *shown, *took)
        return table


def waterfall_json(trace_id: str, bars: Sequence[Bar]) -> dict[str, Any]:
    return {"trace_id": trace_id, "spans": [{**asdict(bar.span), **_placed(bar)} for bar in bars]}


def _placed(bar: Bar) -> dict[str, Any]:
    return {"depth": bar.depth, "offset_ms": bar.offset_ms, "duration_ms": bar.duration_ms, "orphan": bar.orphan}


def _name(bar: Bar) -> Text:
    marks = (" (its parent is missing)" if bar.orphan else "") + (" ✗" if bar.span.failed else "")
    return Text("  " * bar.depth + bar.span.name + marks, "red" if bar.span.failed else "")


def _drawn(bar: Bar, columns: int) -> str:
    """Blanks up to its start, then at least one block."""
    start = min(int(bar.offset * columns), columns - 1)
    length = max(1, min(round(bar.width * columns), columns - start))
    return " " * start + "█" * length
