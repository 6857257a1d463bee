"""RouteLLM's sets and the sample of RouterBench, read: prompts with what each model's answer was worth."""

import csv
import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO, cast

from infra.evals.guess import Asked
from infra.local.recorded.reading import DataUnreadable, complain_of_absent

WEAK, STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"
BENCH = "routerbench_sample/reference_data.csv.gz"
COST = "|total_cost"
BEST_SCORE = 10
TRUTH = {"True": 1.0, "False": 0.0}


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
    for row in _objects(place / "judgements.jsonl"):
        scores[row["question_id"], row["model"]].append(float(str(row["score"])) / BEST_SCORE)
    prompts = {row["question_id"]: cast("list[str]", row["turns"])[0] for row in _objects(place / "question.jsonl")}
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
    return frozenset(row["eval_prompt"] for row in _objects(place / "contaminated_prompts.jsonl"))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with _opened(path) as lines:
            yield from csv.DictReader(lines)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise DataUnreadable(f"{path} cannot be read as CSV: {error}") from None


def _objects(path: Path) -> Iterator[Mapping[str, object]]:
    try:
        with _opened(path) as lines:
            yield from (json.loads(line) for line in lines)
    except (OSError, ValueError) as error:
        raise DataUnreadable(f"{path} cannot be read as lines of JSON: {error}") from None


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")
