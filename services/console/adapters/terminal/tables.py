"""Tables of one look: a rule below the head, numbers to the right, and long text folded, never cut.

Where a table does not fit, each of its rows is told as a name, and below it what the other columns say, by their names.
"""

from collections.abc import Collection, Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

FOLDED = 14
"""Columns that a folded column needs to be read."""
UNBOUNDED = 10_000
INDENT = 2


class FittingTable(Table):
    """Its columns beside each other where the terminal has room for them, else its rows as a list."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._needs(console, options) <= options.max_width:
            yield from super().__rich_console__(console, options)
        else:
            yield Group(*self._listed(options.max_width))

    def _needs(self, console: Console, options: ConsoleOptions) -> int:
        """Its width once all is folded that may be."""
        whole = console.measure(self, options=options.update_width(UNBOUNDED)).maximum
        return whole - sum(max(0, _width(column) - FOLDED) for column in self.columns if not column.no_wrap)

    def _listed(self, width: int) -> Iterator[RenderableType]:
        if self.title:
            yield Text(str(self.title), "italic")
        heads = [str(column.header) for column in self.columns]
        for number, cells in enumerate(zip(*map(_cells, self.columns), strict=True)):
            if name := cells[0]:
                yield Text.assemble((heads[0], "dim"), " " if heads[0] else "", name)
            facts = [_fact(head, cell) for head, cell in zip(heads[1:], cells[1:], strict=True) if cell]
            for line in _packed(facts, width - INDENT):
                yield Padding(line, (0, 0, 0, INDENT))
            if self.rows[number].end_section:
                yield Text()


def plain_table(
    *columns: str, numbers: Collection[str] = (), whole: Collection[str] = (), title: str | None = None
) -> Table:
    """``numbers``: columns set to the right. These, and those of ``whole``, are not folded."""
    table = FittingTable(title=title, title_justify="left", pad_edge=False, box=SIMPLE_HEAD)
    for column in columns:
        justify = "right" if column in numbers else "left"
        no_wrap = column in numbers or column in whole
        table.add_column(column, justify=justify, no_wrap=no_wrap, overflow="fold")
    return table


def add(table: Table, *cells: str | Text | None) -> None:
    """A row. Names come from clients, so no cell is read as markup."""
    table.add_row(*(cell if isinstance(cell, Text) else Text(cell or "") for cell in cells))


def _cells(column: Column) -> list[Text]:
    return [cell if isinstance(cell, Text) else Text(str(cell)) for cell in column.cells]


def _width(column: Column) -> int:
    lines = [line for cell in _cells(column) for line in cell.split()]
    return max(len(str(column.header)), *(line.cell_len for line in lines), 0)


def _fact(head: str, cell: Text) -> Text:
    return Text.assemble((head, "dim"), " " if head else "", cell)


def _packed(facts: Iterable[Text], width: int) -> Iterator[Text]:
    """As many facts on a line as it holds; one that is longer than a line is folded by itself."""
    line = Text(overflow="fold")
    for fact in facts:
        if line and line.cell_len + INDENT + fact.cell_len > width:
            yield line
            line = Text(overflow="fold")
        line = Text.assemble(line, "  " if line else "", fact, overflow="fold")
    if line:
        yield line
