"""Blocks of commands on the pages: which no test runs, and why; and whether changes of the portfolio fit as shown."""

from pathlib import Path

import pytest
from documented import ROOT, blocks, changed, pages

from services.console.__main__ import main

NOT_RUN = {
    "docs/compose.md": ["it needs Docker and its images"] * 2 + ["it needs root, Docker and a Debian mirror"],
    "docs/how-to/restore.md": ["it needs a PostgreSQL of yours"],
    "docs/how-to/run-on-kubernetes.md": ["it needs Docker"] + ["it needs a cluster"] * 3,
    "docs/sizing.md": ["it measures for minutes, and nothing else may run"],
    "docs/how-to/upgrade.md": [
        "it needs Docker and its images",
        "it changes the checkout",
        "it needs another version's checkout, and takes minutes",
    ],
}
"""Commands that no test runs. A new one needs a good reason."""
NAMES = [page.relative_to(ROOT).as_posix() for page in pages()]
WITH_CHANGES = [name for name in NAMES if any(block.kind == "diff" for block in blocks(ROOT / name))]


def test_only_these_commands_are_not_run() -> None:
    told = {name: [block.not_run for block in blocks(ROOT / name) if block.not_run] for name in NAMES}
    assert {name: reasons for name, reasons in told.items() if reasons} == NOT_RUN


def test_what_is_run_elsewhere_names_a_file_that_is_there() -> None:
    others = {block.run_by for name in NAMES for block in blocks(ROOT / name) if block.run_by}
    assert len(others) > 5
    assert [other for other in sorted(others) if not (ROOT / other).is_file()] == []


@pytest.mark.parametrize("name", WITH_CHANGES)
def test_a_change_of_the_portfolio_can_be_made_as_shown(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = (ROOT / "portfolio.yaml").read_text()
    for block in blocks(ROOT / name):
        if block.kind == "diff":
            document = changed(document, block.text)
    (tmp_path / "portfolio.yaml").write_text(document)
    assert main(["check", str(tmp_path / "portfolio.yaml")]) == 0, capsys.readouterr()


def test_a_change_that_does_not_fit_is_told() -> None:
    with pytest.raises(AssertionError, match="stands there 0 times"):
        changed("a: 1\n", " a: 2\n+b: 3\n")
