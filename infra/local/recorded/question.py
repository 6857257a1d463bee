"""A question that real models were asked, what each of them said, and whether it was right."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What a model said, in full, and the recorded verdict on it."""

    text: str
    right: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a set. ``answers``: by the name under which a model is recorded."""

    id: str
    prompt: str
    answers: Mapping[str, RecordedAnswer]


def chosen(questions: Iterable[Question], models: Collection[str], count: int) -> list[Question]:
    """At most ``count`` of those that all these models answered. A hash of the ids chooses, so that no taste does."""
    complete = [question for question in questions if all(model in question.answers for model in models)]
    return sorted(complete, key=lambda question: sha256(question.id.encode()).digest())[:count]
