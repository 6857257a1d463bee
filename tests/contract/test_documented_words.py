"""What pages say between backticks, outside of blocks: each command, its options and each make target are there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from services.console.__main__ import build_cli

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("README.md", "ARCHITECTURE.md", "docs/**/*.md", "services/*/README.md")
    for path in ROOT.glob(pattern)
)
COMMAND = re.compile(r"`(?:\.venv/bin/)?portfolio ([^`|]+)`")
TARGET = re.compile(r"`(?:[A-Z]+=\S+ )?make ([a-z][a-z-]*)")


def commands(page: Path) -> list[str]:
    return COMMAND.findall(page.read_text())


def unknown(words: list[str]) -> Iterator[str]:
    """What of these words is no command and no option. A group without a command is spoken of as a whole."""
    command: Any = typer.main.get_command(build_cli())
    while words and (known := getattr(command, "commands", None)):
        name, *words = words
        if name.startswith("-"):
            break
        if name not in known:
            yield name
            return
        command = known[name]
    options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
    yield from (word for word in words if word.startswith("--") and word.partition("=")[0] not in options)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_and_targets_are_there(page: Path) -> None:
    wrong = [f"portfolio {told}: {word}" for told in commands(page) for word in unknown(shlex.split(told))]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong += [f"make {target}" for target in TARGET.findall(page.read_text()) if target not in targets]
    assert wrong == []


def test_what_is_not_there_is_found() -> None:
    assert list(unknown(["keys", "forget", "mp-1"])) == ["forget"]
    assert list(unknown(["ask", "Why?", "--loud", "--lane", "simple"])) == ["--loud"]
    assert list(unknown(["dead-letters"])) == []


def test_there_is_something_to_look_at() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 50
