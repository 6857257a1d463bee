"""A backtest that learns: never from what it reports on, and on every question once."""

import json
from pathlib import Path

import pytest

from infra.backtest.crossed import parts_of
from infra.local.recorded.question import Question
from infra.local.recorded.reading import DataUnreadable
from infra.local.recorded.run import PORTFOLIO as RECORDED
from services.console.__main__ import main

ROOT = Path(__file__).parents[3]


def questions(count: int) -> list[Question]:
    return [Question(f"q-{number}", "?", {}) for number in range(count)]


def test_each_question_is_decided_once_and_never_learned_from_then() -> None:
    sets = {"gsm8k": questions(40), "ifeval": questions(25)}
    parts = list(parts_of(sets, 5))
    for name, asked in sets.items():
        decided = [question.id for _, test in parts for question in test.get(name, ())]
        assert sorted(decided) == sorted(question.id for question in asked)
    for train, test in parts:
        assert all({q.id for q in train[name]}.isdisjoint(q.id for q in test[name]) for name in test)


def test_a_set_with_a_part_that_is_empty_loses_no_question_of_another() -> None:
    sets = {"gsm8k": questions(3), "ifeval": questions(60)}
    parts = list(parts_of(sets, 10))
    assert sum(len(test.get("ifeval", ())) for _, test in parts) == 60
    assert sum(len(test.get("gsm8k", ())) for _, test in parts) == 3


def test_too_few_questions_are_told() -> None:
    with pytest.raises(DataUnreadable, match="ifeval has too few questions for 5 parts"):
        list(parts_of({"gsm8k": questions(40), "ifeval": questions(1)}, 5))


def test_parts_of_their_own_priors_do_not_go_through_kafka(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--folds", "2", "--through-kafka"]) == 2
    assert "leave out one" in capsys.readouterr().err


def test_a_document_that_learns_is_measured_on_every_question(
    recorded_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (ROOT / RECORDED).read_text().splitlines()
    learning = tmp_path / "learning.yaml"
    learning.write_text("\n".join(line for line in lines if "learns: false" not in line))
    arguments = ["--data", str(recorded_data), "--portfolio", str(learning), "--folds", "2", "--questions", "20"]

    assert main(["backtest", "--json", *arguments]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["folds"] == 2
    assert {name: each["questions"] for name, each in told["sets"].items()} == {"gsm8k": 20, "ifeval": 20}
