"""What happens to requests, line by line: the time, the request, its lane, and what is new."""

from typing import Any

from rich.table import Table
from rich.text import Text

from schemas.money import usd_from_micro
from services.console.adapters.terminal.screen import STYLES, Screen
from services.console.domain.tail import Entry

SHORT = 8
"""Of a request's id: as ``submit`` names it where it has no name."""
NARROW = 80


def draw(screen: Screen, entry: Entry) -> None:
    """Its lines: folded under each other on a terminal, and each whole where something else reads."""
    for line in entry.lines:
        cells = (f"{entry.at:%H:%M:%S}", entry.request_id[:SHORT], entry.road.lane or "-")
        if not screen.console.is_terminal:
            screen.say("  ".join((entry.at.isoformat(timespec="milliseconds"), entry.request_id, cells[2], line.text)))
            continue
        screen.console.print(
            _row(cells if screen.console.width > NARROW else cells[:2], Text(line.text, STYLES[line.mood]))
        )


def _row(cells: tuple[str, ...], text: Text) -> Table:
    row = Table.grid(padding=(0, 2))
    for _ in cells:
        row.add_column(no_wrap=True, style="dim")
    row.add_column(overflow="fold")
    row.add_row(*(Text(cell) for cell in cells), text)
    return row


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry as plain data, without anything of the request's content."""
    road = entry.road
    return {
        "at": entry.at.isoformat(timespec="milliseconds"),
        "request_id": entry.request_id,
        "event": entry.event,
        "state": entry.state,
        "tenant": entry.tenant,
        "lane": road.lane,
        "task": road.task,
        "attempts": len(road.steps),
        "cost_usd": usd_from_micro(road.cost_micro_usd),
        "trace_id": road.trace_id,
        "says": [line.text for line in entry.lines],
    }
