"""Reading the folder of recorded answers, and what is said of one that is not as it should be."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_samples import LADDER, question

from infra.local.recorded.question import Question, RecordedAnswer, chosen
from infra.local.recorded.reading import SOURCES, DataUnreadable, read_sets

QUESTIONS, RESPONSES, OUTCOMES = SOURCES["gsm8k"].files
PROMPTS, TEXTS = SOURCES["ifeval"].files


def put(folder: Path, file: str, *rows: object) -> None:
    """A file of JSON lines; text rows as they are."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, QUESTIONS, {"id": "#1", "prompt": "2 + 2?", "gold": "4"}, {"id": "#2", "prompt": "3 + 3?"})
    put(
        tmp_path,
        RESPONSES,
        {"id": "#1", "model": "good", "response": "4"},
        {"id": "#1", "model": "bad", "response": "5"},
        {"id": "#1", "model": "unjudged", "response": "four"},
        {"id": "#1", "model": "silent", "response": None},
        {"id": "#2", "model": "good", "response": "6"},
    )
    outcomes = ["dataset,id,model,correct,answer", "gsm,#1,good,1,4", 'gsm,#1,bad,0,"5,0"', "gsm,#1,silent,0,"]
    put(tmp_path, OUTCOMES, *outcomes, "gsm,#2,good,1,6")
    put(tmp_path, PROMPTS, {"key": 7, "prompt": "No commas, in capitals.", "kwargs": [{}]})
    put(
        tmp_path,
        TEXTS,
        {"key": 7, "model": "good", "response": "FINE.", "strict": [True, True], "loose": [True, True]},
        {"key": 7, "model": "bad", "response": "Fine.", "strict": [True, False], "loose": [True, True]},
        {"key": 7, "model": "silent", "response": None, "strict": [False, False]},
    )
    return tmp_path


def test_each_answer_comes_with_its_recorded_verdict(folder: Path) -> None:
    gsm8k, ifeval = (read_sets(folder)[name] for name in ("gsm8k", "ifeval"))

    first = {"good": RecordedAnswer("4", True), "bad": RecordedAnswer("5", False)}
    assert gsm8k == [Question("#1", "2 + 2?", first), Question("#2", "3 + 3?", {"good": RecordedAnswer("6", True)})]
    texts = {"good": RecordedAnswer("FINE.", True), "bad": RecordedAnswer("Fine.", False)}
    assert ifeval == [Question("7", "No commas, in capitals.", texts)]


def test_a_folder_that_is_absent_is_told_with_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match=f"nowhere is no folder.*{QUESTIONS}.*{TEXTS}"):
        read_sets(tmp_path / "nowhere")


def test_a_folder_of_another_layout_is_told_with_every_file_that_it_lacks(folder: Path) -> None:
    (folder / OUTCOMES).unlink()
    (folder / TEXTS).unlink()

    with pytest.raises(DataUnreadable) as told:
        read_sets(folder)

    assert str(told.value).endswith(f"it lacks {OUTCOMES}, {TEXTS}")


@pytest.mark.parametrize(
    ("file", "rows", "says"),
    [
        (
            RESPONSES,
            ['{"id": "#1", "model": "good", "response": "4"}', '{"id": "#1"}'],
            "line 2: model: Field required",
        ),
        (RESPONSES, ["not JSON"], "line 1: the line: Invalid JSON"),
        (OUTCOMES, ["id,model,correct", "#1,good,perhaps"], "line 2: correct"),
        (OUTCOMES, ["id,model", "#1,good"], "line 2: correct: Field required"),
        (TEXTS, ['{"key": 7, "model": "good", "response": "FINE.", "strict": "yes"}'], "line 1: strict"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(folder: Path, file: str, rows: list[str], says: str) -> None:
    put(folder, file, *rows)

    with pytest.raises(DataUnreadable, match=says) as told:
        read_sets(folder)

    assert file in str(told.value)


@pytest.mark.parametrize(
    "content", [b"plain text", gzip.compress(b"cut off in the middle" * 99)[:-20]], ids=["plain", "cut_off"]
)
def test_a_file_that_is_no_whole_gzip_is_named(folder: Path, content: bytes) -> None:
    (folder / PROMPTS).write_bytes(content)

    with pytest.raises(DataUnreadable, match=f"{PROMPTS} cannot be read"):
        read_sets(folder)


@pytest.mark.parametrize("file", [QUESTIONS, RESPONSES, OUTCOMES, PROMPTS, TEXTS])
def test_a_file_without_a_row_is_named(folder: Path, file: str) -> None:
    header = "dataset,id,model,correct,answer" if file == OUTCOMES else ""
    (folder / file).write_bytes(gzip.compress(header.encode()))

    with pytest.raises(DataUnreadable, match=f"{file} is empty"):
        read_sets(folder)


@given(st.permutations(range(20)), st.integers(0, 20))
def test_the_choice_depends_on_the_ids_alone(order: list[int], count: int) -> None:
    models = [rung.recorded for rung in LADDER]
    usual = chosen(map(question, range(20)), models, count)

    assert chosen(map(question, order), models, count) == usual
    assert len({each.id for each in usual}) == count


def test_only_questions_that_every_model_answered_are_chosen() -> None:
    whole = question(1)
    lacking = Question("q-2", "?", {LADDER[0].recorded: RecordedAnswer("a", True)})

    assert chosen([whole, lacking], [rung.recorded for rung in LADDER], 9) == [whole]
