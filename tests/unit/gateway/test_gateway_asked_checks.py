"""A check that nobody could make is refused at the door of each API for chats, by its place and with what is right."""

from collections.abc import Callable
from uuid import UUID

import pytest
from pydantic_core import to_json

from services.gateway.domain import chat_request, messages_request, responses_request
from services.gateway.domain.problems import Refused

SAID = [{"role": "user", "content": "Which of these is so?"}]
CITATION = {"checks": [{"name": "format"}, {"name": "citation"}]}


@pytest.mark.parametrize(
    ("asked_of", "body"),
    [
        (chat_request.asked_of, {"messages": SAID}),
        (responses_request.asked_of_responses, {"input": "Which of these is so?", "model": "simple"}),
        (messages_request.asked_of_messages, {"messages": SAID, "model": "simple", "max_tokens": 9}),
    ],
    ids=["chat", "responses", "messages"],
)
def test_a_check_that_there_is_not_is_refused(asked_of: Callable[[bytes, UUID], object], body: dict[str, object]):
    with pytest.raises(Refused) as refused:
        asked_of(to_json({**body, "portfolio": CITATION}), UUID(int=1))
    problem = refused.value.problem
    assert (problem.status, problem.param) == (400, "portfolio.checks[1]")
    assert "did you mean citations?" in problem.message
