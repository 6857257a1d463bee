"""Which examples of a portfolio document teach how to tell its tasks."""

from schemas.asking import GENERAL
from schemas.portfolio import Portfolio
from schemas.vocabulary import EMBEDDINGS

LEAST_EXAMPLES = 10
"""A task with fewer is not told by them: from a few a classifier is too sure of itself."""
LEAST_TASKS = 2
Examples = tuple[tuple[str, str], ...]
"""Texts, each with its task."""


def tasks_told(portfolio: Portfolio) -> frozenset[str]:
    """The tasks that their examples tell.

    A request for vectors is told by what it asks for: examples of these would only take chats away.
    """
    enough = {name for name, task in portfolio.tasks.items() if len(task.examples) >= LEAST_EXAMPLES}
    told = enough - {GENERAL, EMBEDDINGS}
    return frozenset(told) if len(told) >= LEAST_TASKS else frozenset()


def teaching(portfolio: Portfolio) -> Examples:
    """The examples of these tasks, and of ``general``, which tell what is none of them; nothing without such tasks."""
    if not (told := tasks_told(portfolio)):
        return ()
    taught = ((name, task) for name, task in portfolio.tasks.items() if name in told | {GENERAL})
    return tuple((example, name) for name, task in taught for example in task.examples)
