"""What LiteLLM's clients send beside OpenAI's parameters is refused by name, each with a remedy of its own."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from pydantic_core import to_json

from schemas.chat import UNSUPPORTED, Unsupported
from services.gateway.domain.chat_request import KNOWN, asked_of
from services.gateway.domain.embeddings import asked_of_embeddings
from services.gateway.domain.problems import Problem, Refused
from services.gateway.domain.proxy_parameters import OF_PROXIES, OF_PROXIES_FOR_EMBEDDINGS

CHAT: Any = {"messages": [{"role": "user", "content": "Where is the Louvre?"}]}
VECTORS: Any = {"input": "Where is the Louvre?"}


@pytest.mark.parametrize("name", sorted(OF_PROXIES))
@pytest.mark.parametrize(
    ("understood", "body", "remedies"),
    [(asked_of, CHAT, OF_PROXIES), (asked_of_embeddings, VECTORS, OF_PROXIES_FOR_EMBEDDINGS)],
)
def test_each_is_refused_with_its_remedy(
    understood: Any, body: dict[str, Any], remedies: Mapping[str, Unsupported], name: str
) -> None:
    with pytest.raises(Refused) as refused:
        understood(to_json({**body, name: "something"}), UUID(int=1))
    problem: Problem = refused.value.problem
    assert (problem.status, problem.param, problem.code) == (400, name, "unsupported_parameter")
    assert problem.message == f"{name} is not supported: {remedies[name].remedy}."


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, how in OF_PROXIES.items() for value in (*how.harmless, None)]
)
def test_a_value_that_asks_for_nothing_is_taken(name: str, value: Any) -> None:
    assert asked_of(to_json({**CHAT, name: value}), UUID(int=1)) == asked_of(to_json(CHAT), UUID(int=1))


def test_no_remedy_leads_embeddings_to_what_they_refuse() -> None:
    """``metadata``, ``reasoning_effort`` and checks of a request are for chats."""
    assert OF_PROXIES_FOR_EMBEDDINGS.keys() == OF_PROXIES.keys()
    for how in OF_PROXIES_FOR_EMBEDDINGS.values():
        assert not {"metadata", "reasoning_effort", "checks:"} & {*how.remedy.split()}


def test_checks_of_a_request_are_shown_as_they_are_sent() -> None:
    assert "portfolio: {checks: [{name: format}]}" in OF_PROXIES["guardrails"].remedy
    asked_of(to_json({**CHAT, "portfolio": {"checks": [{"name": "format"}]}}), UUID(int=1))


def test_none_is_a_parameter_of_openais() -> None:
    assert not OF_PROXIES.keys() & (UNSUPPORTED.keys() | KNOWN)
