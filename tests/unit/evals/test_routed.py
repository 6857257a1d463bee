"""Sets for routers, read, or complained of by name."""

import gzip
import json
import re
from pathlib import Path

import pytest

from infra.evals.routed import STRONG, WEAK, bench, gsm8k, mmlu, mt_bench
from infra.local.recorded.reading import DataUnreadable


def pairs(folder: Path, rows: str) -> Path:
    place = folder / "routellm" / "gsm8k"
    place.mkdir(parents=True)
    (place / "gsm8k_responses.csv").write_text(f"prompt,{WEAK},{STRONG}\n{rows}")
    (place / "contaminated_prompts.jsonl").write_text('{"eval_prompt": "seen"}\n')
    return folder


def test_what_the_published_routers_had_seen_is_left_out(tmp_path: Path) -> None:
    (asked,) = gsm8k(pairs(tmp_path, "new,False,True\nseen,True,True\n"))
    assert (asked.prompt, asked.worth) == ("new", (0.0, 1.0))


def test_a_verdict_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match="perhaps"):
        gsm8k(pairs(tmp_path, "new,perhaps,True\n"))


def test_scores_and_dollars_of_each_model(tmp_path: Path) -> None:
    place = tmp_path / "routerbench_sample"
    place.mkdir()
    with gzip.open(place / "reference_data.csv.gz", "wt") as file:
        file.write("sample_id,prompt,a,b,a|total_cost,b|total_cost\nx,why,1.0,0.5,0.002,0.001\n")
    (asked,), models = bench(tmp_path)
    assert models == ["a", "b"]
    assert asked.worth == (1.0, 0.5, 0.002, 0.001)


@pytest.mark.parametrize("read", [bench, gsm8k, mmlu, mt_bench])
def test_an_empty_folder_is_complained_of(tmp_path: Path, read: object) -> None:
    with pytest.raises(DataUnreadable):
        read(tmp_path)  # pyright: ignore[reportCallIssue]


def judged(folder: Path, judgements: str, questions: str = '{"question_id": 1, "turns": ["why"]}\n') -> Path:
    place = folder / "routellm" / "mt_bench"
    place.mkdir(parents=True)
    (place / "question.jsonl").write_text(questions)
    (place / "judgements.jsonl").write_text(judgements)
    (place / "contaminated_prompts.jsonl").write_text("")
    return folder


def graded(model: str, score: object = 8) -> str:
    return json.dumps({"question_id": 1, "model": model, "score": score}) + "\n"


def test_a_judged_question_is_worth_the_mean_of_its_scores(tmp_path: Path) -> None:
    (asked,) = mt_bench(judged(tmp_path, graded(WEAK, 2) + graded(WEAK, 6) + graded(STRONG, 9)))
    assert asked.worth == (pytest.approx(0.4), pytest.approx(0.9))


@pytest.mark.parametrize(
    ("judgements", "says"),
    [
        ("", "judgements.jsonl is empty"),
        (graded(WEAK), f"has no judgement of {WEAK}, or of {STRONG}"),
        (graded(WEAK) + graded(STRONG, "good"), "judgements.jsonl, line 2: score"),
        (graded(WEAK) + graded(STRONG)[:20], "judgements.jsonl, line 2: the line: Invalid JSON"),
        ('{"a": 1}\n', "judgements.jsonl, line 1: question_id"),
    ],
)
def test_judgements_that_cannot_be_used_are_told_with_their_line(tmp_path: Path, judgements: str, says: str) -> None:
    with pytest.raises(DataUnreadable, match=re.escape(says)):
        mt_bench(judged(tmp_path, judgements))


@pytest.mark.parametrize("seen", ['{"prompt": "x"}\n', "[1]\n", '{"eval_'])
def test_prompts_to_leave_out_that_are_none_are_told(tmp_path: Path, seen: str) -> None:
    folder = pairs(tmp_path, "new,False,True\n")
    (folder / "routellm" / "gsm8k" / "contaminated_prompts.jsonl").write_text(seen)
    with pytest.raises(DataUnreadable, match="no object with an eval_prompt"):
        gsm8k(folder)


def test_a_file_without_a_row_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match=r"gsm8k_responses\.csv is empty"):
        gsm8k(pairs(tmp_path, ""))
