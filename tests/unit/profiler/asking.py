"""Requests as clients publish them, and where they stand in the log."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from schemas.example_request import DOCUMENT
from schemas.portfolio import Portfolio
from schemas.reaction import Received
from schemas.request import RequestSubmitted

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TASKS = ("faq", "invoice", "code", "extraction", "tool_use", "long_text", "loan")


def portfolio() -> Portfolio:
    """The portfolio of the examples, with every task that a request's form can show."""
    document: Any = deepcopy(DOCUMENT)
    for task in TASKS:
        document["tasks"].setdefault(task, {"describe": task})
    return Portfolio.of(document)


def asked(content: Any = "When do you open?", **fields: Any) -> RequestSubmitted:
    """A request of one message."""
    return RequestSubmitted(messages=({"role": "user", "content": content},), **fields)


def received(topic: str = "request.submitted", **fields: Any) -> Received:
    """Where it stands."""
    return Received(**{"topic": topic, "partition": 3, "offset": 41, "at": NOW, **fields})
