"""Dead letters, drawn: a table of many, and one in full."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.content import JsonRead
from services.console.adapters.terminal.tables import add, plain_table

STATE_MOODS = {"open": "red", "replaying": "yellow", "replayed": "green", "dropped": "dim"}


def letters_table(letters: Sequence[JsonRead], outcome: bool = False) -> Table:
    """One line a letter; with ``outcome``, what the command did with each."""
    columns = ("letter", "at", "from", "reason", "detail", "state")
    table = plain_table(*columns, *(("outcome",) if outcome else ()), whole=("letter", "state"))
    for each in letters:
        origin = f"{each['topic']}[{each['partition']}]@{each['offset']}"
        state = Text(each["state"], STATE_MOODS[each["state"]])
        last = (each["outcome"],) if outcome else ()
        add(table, each["letter"], each["at"][:19], origin, each["reason"], each["detail"], state, *last)
    return table


def letter_view(letter: JsonRead) -> RenderableType:
    """All that is known of one, and its content where it was asked for."""
    facts = Table.grid(padding=(0, 2))
    for name, value in letter.items():
        if name != "content" and value not in (None, [], ()):
            facts.add_row(Text(name, "dim"), Text(", ".join(value) if isinstance(value, list) else str(value)))
    return Group(facts, *((Text(str(letter["content"])),) if "content" in letter else ()))
