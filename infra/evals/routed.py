"""RouteLLM's sets and the sample of RouterBench, read: prompts with what each model's answer was worth."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from infra.evals.guess import Asked
from infra.local.recorded.reading import DataUnreadable, at_least_one, complain_of_absent, json_rows, lines_of
from schemas.fact import Fact

WEAK, STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"
BENCH = "routerbench_sample/reference_data.csv.gz"
COST = "|total_cost"
BEST_SCORE = 10
TRUTH = {"True": 1.0, "False": 0.0}


class MtQuestion(Fact):
    question_id: int
    turns: tuple[str, ...] = Field(min_length=1)


class Judgement(Fact):
    """``score``: of ten, of one turn."""

    question_id: int
    model: str
    score: float


def gsm8k(folder: Path) -> list[Asked]:
    """GSM8K; ``worth``: weak, strong. Raises ``DataUnreadable``."""
    return _pairs(folder / "routellm/gsm8k", ["gsm8k_responses.csv"])


def mmlu(folder: Path) -> list[Asked]:
    """MMLU, the subjects that are there; ``worth``: weak, strong. Raises ``DataUnreadable``."""
    subjects = sorted(path.name for path in (folder / "routellm/mmlu").glob("*.csv.gz"))
    return _pairs(folder / "routellm/mmlu", subjects or ["*.csv.gz"])


def mt_bench(folder: Path) -> list[Asked]:
    """MT-Bench; ``worth``: weak, strong, as the judge's mean score of both turns, of 1. Raises ``DataUnreadable``."""
    place = folder / "routellm/mt_bench"
    complain_of_absent(place, ["question.jsonl", "judgements.jsonl", "contaminated_prompts.jsonl"])
    scores: dict[tuple[object, object], list[float]] = defaultdict(list)
    for row in json_rows(place / "judgements.jsonl", Judgement):
        scores[row.question_id, row.model].append(row.score / BEST_SCORE)
    prompts = {row.question_id: row.turns[0] for row in json_rows(place / "question.jsonl", MtQuestion)}
    if not all(scores[name, model] for name in prompts for model in (WEAK, STRONG)):
        raise DataUnreadable(f"{place / 'judgements.jsonl'}: a question has no judgement of {WEAK}, or of {STRONG}")
    seen = _contaminated(place)
    asked = ((name, prompt) for name, prompt in prompts.items() if prompt not in seen)
    worths = ((prompt, tuple(_mean(scores[name, model]) for model in (WEAK, STRONG))) for name, prompt in asked)
    return [Asked(prompt, prompt, worth) for prompt, worth in worths]


def bench(folder: Path) -> tuple[list[Asked], list[str]]:
    """RouterBench's sample, and its models; ``worth``: their scores, then their dollars. Raises ``DataUnreadable``."""
    complain_of_absent(folder, [BENCH])
    rows = list(_rows(folder / BENCH))
    models = [name.removesuffix(COST) for name in rows[0] if name.endswith(COST)] if rows else []
    if not models:
        raise DataUnreadable(f"{folder / BENCH}: no row, or no column <model>{COST}")
    columns = [*models, *(f"{model}{COST}" for model in models)]
    try:
        return [Asked(r["sample_id"], r["prompt"], tuple(float(r[c]) for c in columns)) for r in rows], models
    except (KeyError, TypeError, ValueError) as error:
        raise DataUnreadable(f"{folder / BENCH}: a score or a cost is none: {error}") from None


def _pairs(place: Path, files: list[str]) -> list[Asked]:
    complain_of_absent(place, [*files, "contaminated_prompts.jsonl"])
    seen, found = _contaminated(place), dict[str, Asked]()
    for file in files:
        try:
            told = [(r["prompt"], (TRUTH[r[WEAK]], TRUTH[r[STRONG]])) for r in _rows(place / file)]
        except KeyError as error:
            raise DataUnreadable(f"{place / file}: no column or no verdict {error}") from None
        found.update((prompt, Asked(prompt, prompt, worth)) for prompt, worth in told if prompt not in seen)
    return list(found.values())


def _contaminated(place: Path) -> frozenset[object]:
    """Prompts that the published routers had learned from: left out here, too, so that the figures compare."""
    path = place / "contaminated_prompts.jsonl"
    try:
        return frozenset(json.loads(line)["eval_prompt"] for line in lines_of(path))
    except (ValueError, KeyError, TypeError) as error:
        raise DataUnreadable(f"{path}: a line is no object with an eval_prompt: {error}") from None


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        yield from at_least_one(csv.DictReader(lines_of(path)), path)
    except csv.Error as error:
        raise DataUnreadable(f"{path} cannot be read as CSV: {error}") from None
