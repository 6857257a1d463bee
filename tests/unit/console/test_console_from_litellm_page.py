"""The page on coming from LiteLLM: its table is the code's own."""

import os
from collections.abc import Iterator
from itertools import groupby

from documented import ROOT

from services.console.domain.from_litellm.counterparts import COUNTERPARTS

PAGE = ROOT / "docs/how-to/come-from-litellm.md"
HEAD = "| LiteLLM's setting | here | |\n|---|---|---|\n"


def rows() -> Iterator[str]:
    """The code's table; settings of one section that have the same counterpart stand in one row."""
    settings = (
        (name.rpartition(".")[0] or "at the top", row, name.rpartition(".")[2]) for name, row in COUNTERPARTS.items()
    )
    for (section, row), group in groupby(settings, lambda each: each[:2]):
        names = ", ".join(f"`{name}`" for _, _, name in group)
        told = row.here.replace("|", "\\|").replace("<", "&lt;")
        yield f"| {section}: {names} | {row.fate} | {told} |\n"


def test_the_table_is_the_codes_own() -> None:
    page = PAGE.read_text()
    before, _, after = page.partition(HEAD)
    _, _, rest = after.partition("\n\n")
    whole = f"{before}{HEAD}{''.join(rows())}\n{rest}"
    if os.environ.get("WRITE"):
        PAGE.write_text(whole)
    assert PAGE.read_text() == whole, "run it with WRITE=1 to write the table anew"
