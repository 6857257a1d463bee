"""Every command is made alike: JSON for programs, an example in its help, completion, and no colour when piped."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from services.console.__main__ import build_cli, main
from services.console.commands.options import refuse_what_is_no_text

PORTFOLIO = str(Path(__file__).parents[3] / "portfolio.yaml")
SERVERS = {("serve",), ("up",)}
"""What runs until it is stopped, and has no result."""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command by its path; a group that does something of its own, too."""
    below = getattr(command, "commands", {})
    for name, each in below.items():
        yield from commands(each, (*path, name))
    if not below or getattr(command, "invoke_without_command", False):
        yield path, command


ALL = dict(commands(typer.main.get_command(build_cli())))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_shows_an_example_of_itself(path: tuple[str, ...]) -> None:
    assert f"portfolio {' '.join(path)}" in ALL[path].help.partition("Example")[2]


@pytest.mark.parametrize("path", sorted(set(ALL) - SERVERS), ids=" ".join)
def test_a_command_speaks_json_to_programs(path: tuple[str, ...]) -> None:
    assert "--json" in {option for parameter in ALL[path].params for option in parameter.opts}


@pytest.mark.parametrize("width", ["60", "200"])
def test_help_is_without_colour_when_piped_and_fits(
    width: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TERM", "xterm-256color")

    assert main(["--help"]) == 0
    told = capfd.readouterr().out
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) <= int(width)


@pytest.mark.parametrize("command", ["ask", "keys create", "keys list --tenant"])
def test_what_is_no_text_is_sent_nowhere(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal in another encoding than UTF-8: Python holds its bytes as halves of characters."""
    assert main([*command.split(), "Gr\udcfc\udcdfe"]) == 2
    told = capsys.readouterr().err
    assert "UTF-8" in told
    assert len(told.splitlines()) == 1


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    file = tmp_path / "gr\udcfc\udcdfe.json"
    file.touch()
    refuse_what_is_no_text(["submit", str(file)])


@pytest.mark.parametrize("arguments", ["lanes --file", "models --json --file", "check"])
def test_a_reader_that_leaves_gets_no_complaint(arguments: str) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "services.console", *arguments.split(), PORTFOLIO]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(write)

    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_one_line() -> None:
    command = [sys.executable, "-m", "services.console", "lanes", "--file", PORTFOLIO]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize(
    ("words", "completed"),
    [("portfolio ta", "tail"), ("portfolio dead-letters re", "replay"), ("portfolio tail --state ver", "verified")],
)
def test_the_shell_completes_commands_and_values(
    words: str, completed: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_PORTFOLIO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))

    main([])
    assert capfd.readouterr().out.split() == [completed]
