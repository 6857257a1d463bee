"""The prompt and the answers of a request in a terminal, over all services at work."""

import json

import pytest

from pipeline.scripts import RIGHT
from pipeline.stack import Pipeline
from pipeline.test_content_seen import mended
from services.console.__main__ import main


def test_a_terminal_shows_them_where_it_is_asked_to(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    request_id, script = mended(pipeline)
    where = ("--kafka", pipeline.bootstrap, "--ledger", pipeline.services.ledger)
    assert main(["show", str(request_id), *where]) == 0
    assert script.question not in capsys.readouterr().out
    assert main(["show", str(request_id), "--content", *where]) == 0
    shown = capsys.readouterr().out
    assert f"user: {script.question}" in shown
    assert f"The answer that was given\nassistant: {RIGHT}" in shown
    assert main(["show", str(request_id), "--content", "--json", *where]) == 0
    content = json.loads(capsys.readouterr().out)["content"]
    assert [each["attempt"] for each in content] == [None, 1, 2, None]
    assert content[0]["content"]["messages"][0]["content"] == script.question
