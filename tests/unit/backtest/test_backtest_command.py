"""``portfolio backtest`` as a shell sees it."""

import json
from pathlib import Path

import pytest

from infra.local.recorded.run import PORTFOLIO as RECORDED
from services.console.__main__ import main

ROOT = Path(__file__).parents[3]
DOCUMENT = str(ROOT / RECORDED)


def test_absent_data_is_told_with_the_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--data", str(tmp_path / "nowhere"), "--portfolio", DOCUMENT]) == 2

    told = capsys.readouterr().err
    assert "nowhere is no folder" in told
    assert "--data, or PORTFOLIO_DATA" in told


def test_a_document_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--data", str(tmp_path), "--portfolio", "absent.yaml"]) == 2
    assert "absent.yaml cannot be read: No such file or directory" in capsys.readouterr().err


def test_a_document_without_a_recorded_task_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--data", str(tmp_path), "--portfolio", str(ROOT / "portfolio.yaml")]) == 1
    assert "declare gsm8k or ifeval in `tasks`" in capsys.readouterr().err


def test_a_model_that_was_not_recorded_is_told_with_those_that_were(
    recorded_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text(Path(DOCUMENT).read_text().replace("model: gemini-1.5-flash", "model: gemini-9"))

    assert main(["backtest", "--data", str(recorded_data), "--portfolio", str(changed)]) == 2
    told = capsys.readouterr().err
    assert "gemini-9" in told
    assert "Recorded are: Meta-Llama-3.1-8B-Instruct" in told


def test_what_a_change_does_is_told_on_the_same_questions(
    recorded_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unchecked = tmp_path / "unchecked.yaml"
    unchecked.write_text(Path(DOCUMENT).read_text().replace("checks: [format, demands]", "checks: [format]"))
    arguments = ["--data", str(recorded_data), "--portfolio", str(unchecked), "--against", DOCUMENT]

    assert main(["backtest", "--questions", "60", "--json", *arguments]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {name: each["questions"] for name, each in told["sets"].items()} == {"gsm8k": 60, "ifeval": 60}
    change = told["against"]["sets"]
    assert change["gsm8k"]["success_points"] == {"value": 0, "low": 0, "high": 0}
    assert change["ifeval"]["success_points"]["value"] < 0, "demands that nobody checks are not met"
    assert change["ifeval"]["cost_change"]["value"] < 0
    assert told["sets"]["gsm8k"]["figures"]["p95_change"]["value"] > 0, "two models asked in turn are slower than one"
