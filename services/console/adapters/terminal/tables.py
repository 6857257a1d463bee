"""Tables of one look: a rule below the head, numbers to the right, and long text folded, never cut."""

from collections.abc import Collection

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text


def plain_table(
    *columns: str, numbers: Collection[str] = (), whole: Collection[str] = (), title: str | None = None
) -> Table:
    """``numbers``: columns set to the right. These, and those of ``whole``, are not folded."""
    table = Table(title=title, title_justify="left", pad_edge=False, box=SIMPLE_HEAD)
    for column in columns:
        justify = "right" if column in numbers else "left"
        no_wrap = column in numbers or column in whole
        table.add_column(column, justify=justify, no_wrap=no_wrap, overflow="fold")
    return table


def add(table: Table, *cells: str | Text | None) -> None:
    """A row. Names come from clients, so no cell is read as markup."""
    table.add_row(*(cell if isinstance(cell, Text) else Text(cell or "") for cell in cells))
