"""The checks on recorded data: the official schema suite, and what real models really answered."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schemas.content import Answer, Question
from schemas.vocabulary import Verdict
from services.validator.domain.agreement import compared
from services.validator.domain.final_answer import final_of
from services.validator.domain.finals import Number
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.refusal import is_refusal

DRAFTS = {
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft7": "http://json-schema.org/draft-07/schema#",
}
REMOTE = "http://localhost:1234/"


def suite(root: Path, draft: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """The required part of the suite: where, schema, test. Without ``$schema``, a schema is of the folder's draft."""
    for file in sorted((root / "jsonschema_suite" / "tests" / draft).glob("*.json")):
        for group in json.loads(file.read_text()):
            schema = group["schema"]
            if isinstance(schema, dict):
                schema = {"$schema": DRAFTS[draft], **schema}
            for test in group["tests"]:
                yield f"{file.stem}: {group['description']}: {test['description']}", schema, test


@pytest.mark.parametrize("draft", DRAFTS)
def test_the_official_suite(recorded_data: Path, draft: str) -> None:
    """Every verdict is the suite's, except that what lies on another machine is not fetched and not guessed."""
    schemas = SchemaChecker(kept=64)
    wrong, unknown, right = [], [], 0
    for where, schema, test in suite(recorded_data, draft):
        finding = schemas.check(schema, test["data"], len(json.dumps(test["data"])))
        if finding.verdict == Verdict.CANNOT_TELL:
            unknown += [] if REMOTE in finding.detail else [f"{where}: {finding.detail}"]
        elif (finding.verdict == Verdict.PASS) != test["valid"]:
            wrong.append(where)
        else:
            right += 1
    assert wrong == []
    assert unknown == []
    assert right > 900


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") as lines:
        yield from map(json.loads, lines)


def test_refusals_are_heard_without_false_alarms(recorded_data: Path) -> None:
    """Nothing that a model answered to IFEval or GSM8K, and that satisfied all its instructions, is a refusal."""
    instructed = list(rows(recorded_data / "ifeval" / "responses_17_models.jsonl.gz"))
    sums = list(rows(recorded_data / "zeroeval" / "responses_gsm_8_models.jsonl.gz"))
    heard = [row for row in instructed if is_refusal(row["response"] or "")]
    assert [row["response"] for row in heard if all(row["strict"])] == []
    assert [row["response"] for row in sums if is_refusal(row["response"] or "")] == []
    assert 4 <= len(heard) <= 12


def test_two_models_that_agree_are_mostly_right(recorded_data: Path) -> None:
    """GSM8K, gemini-1.5-flash and gpt-4o-mini: they agree nine times in ten, and are then right 98 times in 100."""
    folder = recorded_data / "zeroeval"
    asked = {row["id"]: row for row in rows(folder / "questions_gsm.jsonl.gz")}
    said: dict[str, dict[str, Answer]] = {"gemini-1.5-flash": {}, "gpt-4o-mini-2024-07-18": {}}
    for row in rows(folder / "responses_gsm_8_models.jsonl.gz"):
        if row["model"] in said:
            message = {"role": "assistant", "content": row["response"]}
            said[row["model"]][row["id"]] = Answer(message=message, finish_reason="stop")
    flash, mini = said.values()
    agreed = [name for name in asked if same(asked[name]["prompt"], flash[name], mini[name])]
    right = [name for name in agreed if is_right(asked[name], flash[name])]
    assert len(agreed) / len(asked) > 0.89
    assert len(right) / len(agreed) > 0.975


def same(prompt: str, one: Answer, other: Answer) -> bool:
    question = Question(messages=({"role": "user", "content": prompt},))
    return compared(question, one, other).same


def is_right(asked: dict[str, Any], answer: Answer) -> bool:
    final = final_of(answer, asked["prompt"])
    gold = Decimal(asked["gold"].strip("# ").replace(",", ""))
    return isinstance(final, Number) and final.measured.value == gold
