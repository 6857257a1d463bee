"""The page on coming from LiteLLM: its commands do what it says, by the price list of the installed LiteLLM."""

import re
import shlex
from pathlib import Path

import pytest
from documented import ROOT, blocks

from services.console.__main__ import main
from services.console.domain.portfolio_file import read

PAGE = ROOT / "docs/how-to/come-from-litellm.md"
SAMPLE = re.compile(r"^```yaml\n(# config\.yaml\n.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_commands_do_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sample = SAMPLE.search(PAGE.read_text())
    assert sample is not None
    Path("config.yaml").write_text(sample[1])
    run = [block for block in blocks(PAGE) if block.run_by == "tests/integration/test_come_from_litellm.py"]
    for line in "".join(block.text for block in run).splitlines():
        _, *arguments = shlex.split(line, comments=True)
        assert main(arguments) == 0, line

    portfolio = read(Path("mine.yaml").read_text()).portfolio
    assert portfolio is not None
    assert portfolio.lanes["gpt-4o"].tiers == (("gpt-4o-alone",), ("claude",))
    assert portfolio.models["claude"].endpoints[0].price is not None
    assert "sk-" not in Path("mine.yaml").read_text() + capsys.readouterr().out
