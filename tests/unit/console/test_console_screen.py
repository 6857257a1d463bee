"""What reaches an operator's terminal, whoever wrote it."""

import json

import pytest
from rich.console import Group
from rich.text import Text

from services.console.adapters.terminal.screen import Screen, Terminal
from services.console.adapters.terminal.tables import add, plain_table

BEL, ESC, CSI, DEL, BACK = "\x07", "\x1b", "\x9b", "\x7f", "\x08"
WRITTEN = f"there is no tool {ESC}]52;c;cm0gLXJm{BEL}f{ESC}[2J{CSI}31m{DEL}{BACK}\rg:\tgood"
SHOWN = "there is no tool ]52;c;cm0gLXJmf[2J31mg:"


def test_no_word_of_a_client_or_a_model_is_a_command_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Copying to the clipboard, clearing the screen, writing over what was said: all of it is in reach of a text."""
    screen, table = Screen(), plain_table("detail", title=WRITTEN)
    add(table, WRITTEN)
    screen.show(Group(table, Text(WRITTEN)), None)
    screen.say(WRITTEN)
    screen.warn(WRITTEN)
    told = capsys.readouterr()
    assert told.out.count(SHOWN) == 4
    assert told.err.count(SHOWN) == 1
    assert {each for each in told.out + told.err if not each.isprintable()} <= {"\n", "\t"}


def test_a_line_of_a_file_is_told_as_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().print("portfolio.yaml:100: lanes.simple", markup=False)
    assert capsys.readouterr().out == "portfolio.yaml:100: lanes.simple\n"


def test_no_json_holds_a_command_to_the_terminal_and_it_reads_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(as_json=True)
    screen.show("", {"detail": WRITTEN})
    screen.tell_line([WRITTEN])
    first, second = capsys.readouterr().out.splitlines()
    assert (first + second).isprintable()
    assert (json.loads(first), json.loads(second)) == ({"detail": WRITTEN}, [WRITTEN])
