"""How well the profiler tells task classes, knows when it does not, and finds personal data; and what a text takes.

An answer counts as right only where the class is named; ``unsure`` on a text of a class is wrong.
"""

import time
from collections.abc import Mapping, Sequence

from infra.classifier.artefact import packed, version_of
from infra.classifier.model import Classifier, Guess
from infra.classifier.training import learn
from infra.classifier.vectors import WordVectors, word_vectors
from infra.evals.intents import Text, banking, clinc, few
from infra.evals.personal_data import personal_data
from infra.evals.study import Folders, Split, Tell, figure
from schemas.asking import GENERAL

SIZES = (5, 10, 20, None)
Answered = tuple[str, Guess]
"""The true class, and what was answered."""


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``profiler``: CLINC150 by the number of examples a class, banking77, the CPU of one text, personal data."""
    vectors = word_vectors()
    told: dict[str, object] = {}
    for size in SIZES:
        tell(f"CLINC150 from {size or 'all'} examples a class")
        answered, ms = _answers(clinc(folders), size, vectors)
        told |= _clinc(answered, _suffix(size))
        told[f"ms_per_request{_suffix(size)}"] = figure(ms, _mean).told()
    for size in (10, None):
        tell(f"banking77 from {size or 'all'} examples a class")
        guesses = [one for split in banking(folders) for one in _answers(split, size, vectors)[0]]
        told[f"banking77_accuracy{_suffix(size)}"] = figure(_right(guesses), _mean).told()
    tell("looking for personal data")
    return {"profiler": told | personal_data(folders)}


def _suffix(size: int | None) -> str:
    return f"_{size}" if size else ""


def _answers(split: Split[Text], size: int | None, vectors: WordVectors) -> tuple[list[Answered], list[float]]:
    """What a classifier from the one part says of the other, and the CPU that each text took, in ms."""
    learned = learn(few(split.train, size), vectors)
    classifier = Classifier(learned, vectors, version_of(packed(learned)))
    answered, took = list[Answered](), list[float]()
    for text, task in split.test:
        before = time.process_time_ns()
        guess = classifier.guess(text)
        took.append((time.process_time_ns() - before) / 1e6)
        answered.append((task, guess))
    return answered, took


def _clinc(answered: Sequence[Answered], suffix: str) -> dict[str, object]:
    inside = [one for one in answered if one[0] != GENERAL]
    outside = [one for one in answered if one[0] == GENERAL]
    sure = [one for one in inside if one[1].task is not None]
    told: dict[str, object] = {
        f"clinc_accuracy{suffix}": figure(_right(inside), _mean).told(),
        f"clinc_right_when_sure{suffix}": figure(_right(sure), _mean).told(),
        f"clinc_false_unsure{suffix}": figure(_unsure(inside), _mean).told(),
    }
    return told | ({f"clinc_out_of_scope_recall{suffix}": figure(_unsure(outside), _mean).told()} if outside else {})


def _right(part: Sequence[Answered]) -> list[bool]:
    return [guess.task == task for task, guess in part]


def _unsure(part: Sequence[Answered]) -> list[bool]:
    return [guess.task is None for _, guess in part]


def _mean(part: Sequence[float]) -> float:
    return sum(part) / max(len(part), 1)
