"""The page on coming from LiteLLM: its table is the code's own, and its commands do what it says."""

import os
import re
import shlex
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from documented import ROOT, blocks

from services.console.__main__ import main
from services.console.domain.from_litellm.counterparts import COUNTERPARTS
from services.console.domain.portfolio_file import read

PAGE = ROOT / "docs/how-to/come-from-litellm.md"
HEAD = "| LiteLLM's setting | here | |\n|---|---|---|\n"
SAMPLE = re.compile(r"^```yaml\n(# config\.yaml\n.*?)^```$", re.DOTALL | re.MULTILINE)


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


def test_the_commands_do_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sample = SAMPLE.search(PAGE.read_text())
    assert sample is not None
    Path("config.yaml").write_text(sample[1])
    run = [block for block in blocks(PAGE) if block.run_by == "tests/unit/console/test_console_from_litellm_page.py"]
    for line in "".join(block.text for block in run).splitlines():
        _, *arguments = shlex.split(line, comments=True)
        assert main(arguments) == 0, line

    portfolio = read(Path("mine.yaml").read_text()).portfolio
    assert portfolio is not None
    assert portfolio.lanes["gpt-4o"].tiers == (("gpt-4o-alone",), ("claude",))
    assert portfolio.models["claude"].endpoints[0].price is not None
    assert "sk-" not in Path("mine.yaml").read_text() + capsys.readouterr().out
