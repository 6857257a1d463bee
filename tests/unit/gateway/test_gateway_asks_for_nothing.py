"""A parameter that is not served is taken where its value asks for nothing, at the doors of other APIs too."""

from typing import Any
from uuid import UUID

import pytest
from pydantic_core import to_json

from services.gateway.domain.messages_request import asked_of_messages
from services.gateway.domain.responses_request import asked_of_responses

SAID = [{"role": "user", "content": "Where is the Louvre?"}]


def test_responses_without_management_of_the_context():
    body = {"model": "m", "input": SAID}
    with_it = asked_of_responses(to_json({**body, "context_management": []}), UUID(int=1))
    assert with_it.submitted == asked_of_responses(to_json(body), UUID(int=1)).submitted


@pytest.mark.parametrize("nothing", [{"mcp_servers": []}, {"context_management": {"edits": []}}, {"top_k": None}])
def test_messages_without_servers_edits_or_a_bound(nothing: dict[str, Any]):
    body = {"model": "m", "max_tokens": 9, "messages": SAID}
    with_it = asked_of_messages(to_json({**body, **nothing}), UUID(int=1))
    assert with_it.submitted == asked_of_messages(to_json(body), UUID(int=1)).submitted
