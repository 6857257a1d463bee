"""What stands beside the messages over Kafka and has its place elsewhere: refused by name, never passed over."""

import json
from typing import Any

import pytest
from asking import portfolio, received

from schemas.chat import PASSED, PASSED_FOR_VECTORS, UNSUPPORTED
from schemas.request import Refusal, RequestSubmitted
from schemas.vocabulary import Reason
from services.profiler.domain.admit import ContentUnreadable, Terms, profile, with_content

TERMS = Terms("rev-1", longest_deadline_s=3_600, reply_topics=frozenset())
ASK = {"role": "user", "content": "Where is the Louvre?"}


def refusal_of(terms: Terms = TERMS, **fields: Any) -> Refusal | None:
    value = json.dumps({"messages": [ASK], **fields}).encode()
    return profile(RequestSubmitted.read(value), received(value=value), "bank", portfolio(), terms).refusal


@pytest.mark.parametrize("name", sorted(PASSED | PASSED_FOR_VECTORS))
@pytest.mark.parametrize("value", [0, "x", {"a": 1}, False])
def test_a_parameter_beside_the_messages_is_refused_with_its_place(name: str, value: Any) -> None:
    refusal = refusal_of(**{name: value})
    assert refusal == Refusal(reason=Reason.INVALID_REQUEST, detail=f"{name}: put it into params")


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_a_parameter_that_is_not_served_is_refused_with_its_remedy_there_too(name: str) -> None:
    detail = f"{name} is not supported: {UNSUPPORTED[name].remedy}"
    assert refusal_of(**{name: 7}) == Refusal(reason=Reason.UNSUPPORTED_PARAMETER, detail=detail)


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, how in UNSUPPORTED.items() for value in (*how.harmless, None)]
    + [(name, None) for name in sorted(PASSED)],
)
def test_what_asks_for_nothing_is_no_mistake(name: str, value: Any) -> None:
    assert refusal_of(**{name: value}) is None


def test_what_the_gateway_takes_in_an_object_stands_in_the_request_itself() -> None:
    refusal = refusal_of(portfolio={"data_class": "restricted"})
    assert refusal is not None
    assert refusal.reason == Reason.INVALID_REQUEST
    assert refusal.detail == "portfolio: write what it holds beside messages, in the request itself"


@pytest.mark.parametrize("name", ["colour", "of_tomorrow", "temprature"])
def test_a_name_that_nobody_knows_may_be_a_newer_writers(name: str) -> None:
    assert refusal_of(**{name: "x"}) is None


def test_who_asks_for_a_stream_that_never_comes_is_told() -> None:
    detail = "stream is not supported: an answer comes whole, as request.completed: leave it out"
    assert refusal_of(stream=True) == Refusal(reason=Reason.UNSUPPORTED_PARAMETER, detail=detail)
    assert refusal_of(stream=False) is None
    gateway = Terms("rev-1", longest_deadline_s=3_600, reply_topics=frozenset(), streams=True)
    assert refusal_of(gateway, stream=True) is None


def test_content_by_reference_is_held_to_the_same() -> None:
    asked = RequestSubmitted.read(json.dumps({"messages": [{"role": "user", "content": None}]}))
    with pytest.raises(ContentUnreadable, match=r"the content by reference: temperature: put it into params"):
        with_content(asked, json.dumps({"messages": [ASK], "temperature": 0}))


def test_no_name_has_two_places() -> None:
    assert not (PASSED | PASSED_FOR_VECTORS | UNSUPPORTED.keys()) & RequestSubmitted.model_fields.keys()
