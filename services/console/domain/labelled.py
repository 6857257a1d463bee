"""Texts with their task: what a classifier learns from."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import cast

from schemas.asking import GENERAL
from schemas.portfolio import Portfolio

Labelled = tuple[str, str]
"""A text, and its task."""


class NotLabelled(Exception):
    """A line is no text with its task; the message says what is missing, and holds no text."""


def examples_of(portfolio: Portfolio) -> Iterator[Labelled]:
    """The examples of every task of a portfolio."""
    for name, task in portfolio.tasks.items():
        yield from ((example, name) for example in task.examples)


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
