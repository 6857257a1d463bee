"""Null in a body, as many serializers write it for what is not set: the field is absent."""

from uuid import UUID

from pydantic_core import to_json

from services.gateway.domain.chat_request import ChatRequest, Extras, asked_of
from services.gateway.domain.feedback import Feedback, feedback_of

REQUEST_ID = UUID("11111111-2222-4333-8444-555555555555")
ASK = {"messages": [{"role": "user", "content": "Where is the Louvre?"}]}
SAID = {"request_id": str(REQUEST_ID), "score": 1}


def test_of_a_chat() -> None:
    optional = ChatRequest.model_fields.keys() - ASK.keys()
    told = {**dict.fromkeys(optional), "portfolio": dict.fromkeys(Extras.model_fields), **ASK}
    assert asked_of(to_json(told), REQUEST_ID) == asked_of(to_json(ASK), REQUEST_ID)


def test_of_feedback() -> None:
    optional = Feedback.model_fields.keys() - SAID.keys()
    assert feedback_of(to_json({**dict.fromkeys(optional), **SAID})) == feedback_of(to_json(SAID))
