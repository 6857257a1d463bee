"""Texts with their task: what a classifier learns from."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import cast

from pydantic import ValidationError

from schemas.asking import GENERAL
from schemas.content import Question
from schemas.portfolio import Portfolio
from schemas.request import Profile, RequestProfiled
from schemas.vocabulary import DataClass

Labelled = tuple[str, str]
"""A text, and its task."""
MOST_OF_A_TASK = 300
LONGEST_TEXT = 4_000


class NotLabelled(Exception):
    """A line is no text with its task; the message says what is missing, and holds no text."""


def examples_of(portfolio: Portfolio) -> Iterator[Labelled]:
    """The examples of every task of a portfolio."""
    for name, task in portfolio.tasks.items():
        yield from ((example, name) for example in task.examples)


class Gathering:
    """Texts of requests whose task somebody named, the newest of each task. Only what may be learned from.

    Not confidential or restricted ones, none that hold personal data or secrets, and none that is sealed or kept apart.
    """

    def __init__(self, tasks: Collection[str], most: int = MOST_OF_A_TASK) -> None:
        self._texts: dict[str, deque[str]] = {task: deque(maxlen=most) for task in tasks}

    def hear(self, event: RequestProfiled) -> None:
        """One more request, in the order of the log."""
        request, kept = event.request, self._texts.get(event.request.profile.task)
        if kept is None or not _may_teach(event) or not _was_named(request.profile):
            return
        if (text := _asked_last(event.body.text())) and text not in kept:
            kept.append(text)

    def labelled(self) -> Iterator[Labelled]:
        """All texts that were gathered."""
        for task, texts in self._texts.items():
            yield from ((text, task) for text in texts)


def _was_named(profile: Profile) -> bool:
    """Whether its client said what it is: neither its form nor a classifier told."""
    return profile.confidence == 1 and profile.classifier is None


def _may_teach(event: RequestProfiled) -> bool:
    is_open = event.request.data_class in (DataClass.PUBLIC, DataClass.INTERNAL)
    return is_open and event.refusal is None and event.body.is_plain and not event.request.profile.sensitive


def _asked_last(content: str) -> str:
    """What the user said last; nothing where it is not a text of a length that tells a class."""
    try:
        messages = Question.read(content).messages
    except ValidationError:  # another writer's: it teaches nothing
        return ""
    last = next((message.get("content") for message in reversed(messages) if message.get("role") == "user"), None)
    return last.strip() if isinstance(last, str) and len(last) <= LONGEST_TEXT else ""


def label_of(value: object, tasks: Mapping[str, object]) -> Labelled:
    """A line's text and task. Raises :class:`NotLabelled`."""
    held = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    text, task = held.get("text"), held.get("task")
    if not isinstance(text, str) or not text.strip():
        raise NotLabelled('"text" must be a text that is not empty')
    if not isinstance(task, str):
        raise NotLabelled('"task" must name a task')
    if task != GENERAL and task not in tasks:
        near = get_close_matches(task, list(tasks), n=1)
        raise NotLabelled(f"unknown task {task!r}" + (f": did you mean {near[0]}?" if near else ""))
    return text, task
