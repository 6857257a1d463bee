"""What is held for a large body's answer is what would be held for a small one's: its content came apart before."""

import json
from uuid import UUID

import pytest

from services.gateway.domain.chat_request import Asked
from services.gateway.domain.dialect import OPENAI
from services.gateway.domain.keys import USUAL_ANSWER_TOKENS
from services.gateway.domain.large_body import understood


@pytest.mark.parametrize(("told", "unbounded"), [({}, USUAL_ANSWER_TOKENS), ({"max_tokens": 5}, 0)])
def test_an_answer_is_held_for_where_the_body_does_not_limit_it(told: dict[str, int], unbounded: int) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "Where is the Louvre?"}], **told}).encode()
    found = understood(OPENAI.path, body, UUID(int=1))
    assert isinstance(found, Asked) and found.content is not None
    assert found.content.unbounded == unbounded
