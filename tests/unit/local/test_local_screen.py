"""What `make up` and `make demo` write on a terminal, whoever wrote it."""

import argparse
import sys

import pytest
from rich.console import Console

from infra.local import __main__ as local
from services.console.domain.failures import Refused

WRITTEN = "there is no tool \x1b]52;c;cm0gLXJm\x07f\x1b[2J\x9b31mg"
SHOWN = "there is no tool ]52;c;cm0gLXJmf[2J31mg"


def test_no_word_of_a_client_or_a_model_is_a_command_to_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def shown(args: argparse.Namespace, console: Console) -> int:
        console.print(WRITTEN, markup=False)
        raise Refused(WRITTEN)

    monkeypatch.setattr(sys, "argv", ["infra.local", "demo"])
    monkeypatch.setattr(local, "_shown", shown)
    monkeypatch.setattr(local, "set_up_logging", lambda level: None)
    assert local.main() == 1
    told = capsys.readouterr().out
    assert told.count(SHOWN) == 2
    assert {each for each in told if not each.isprintable()} <= {"\n"}
