"""Token probabilities: asked for where a check needs them and the model's providers tell them, and read strictly."""

import json
from math import log
from typing import Any

import pytest
from dispatches import dispatched, portfolio

from schemas.attempt import AttemptDispatched
from schemas.content import Json
from schemas.portfolio import Portfolio
from schemas.vocabulary import Role
from services.model_worker.domain.calls import Answered, Call
from services.model_worker.domain.completion import outcome_of
from services.model_worker.domain.confidence import confidence_in
from services.model_worker.domain.preparation import Prepared, prepare
from services.model_worker.domain.written import Stream

HALF = log(0.5)


def choice(*logs: Any) -> Json:
    return {"logprobs": {"content": [{"token": "a", "logprob": each} for each in logs]}}


@pytest.mark.parametrize(
    ("told", "confidence"),
    [
        (choice(0.0), 1.0),
        (choice(HALF, HALF), 0.5),
        (choice(0, 2 * HALF), 0.5),
        (choice(), None),
        (choice(HALF, "x"), None),
        (choice(HALF, 0.3), None),
        (choice(float("-inf")), None),
        (choice(float("nan")), None),
        (choice(HALF, -(10**400)), None),
        (choice(10**400), None),
        ({"logprobs": None}, None),
        ({"logprobs": {"content": None}}, None),
        ({"logprobs": [1]}, None),
        ({}, None),
    ],
)
def test_confidence_is_the_mean_probability_of_all_tokens_or_nothing(told: Json, confidence: float | None) -> None:
    assert confidence_in(told) == (None if confidence is None else pytest.approx(confidence))


def document(
    role: Role = Role.PRIMARY, checks: Any = ("confidence",), abilities: Any = ("chat", "logprobs")
) -> tuple[AttemptDispatched, Portfolio]:
    event = dispatched()
    event = event.model_copy(update={"attempt": event.attempt.model_copy(update={"role": role})})
    told = json.loads(portfolio().to_json())
    told["lanes"][event.request.lane]["checks"] = list(checks)
    told["models"][event.attempt.model]["abilities"] = list(abilities)
    return event, Portfolio.of(told)


def payload(*told: Any, **more: Any) -> Json:
    prepared = prepare(*document(*told, **more), lambda name: None)
    assert isinstance(prepared, Prepared)
    return prepared.call.payload


def test_probabilities_are_asked_for_where_a_check_needs_them() -> None:
    assert payload()["logprobs"] is True
    assert payload(checks=[{"confidence": {"at_least": 0.9}}])["logprobs"] is True


def test_they_are_not_asked_for_otherwise_since_endpoints_may_refuse_the_parameter() -> None:
    assert "logprobs" not in payload(checks=["format"])
    assert "logprobs" not in payload(abilities=["chat"])
    assert "logprobs" not in payload(Role.AGREEMENT)


def a_call() -> Call:
    prepared = prepare(*document(), lambda name: None)
    assert isinstance(prepared, Prepared)
    return prepared.call


def test_a_whole_answer_and_one_that_came_bit_by_bit_have_the_same_confidence() -> None:
    message = {"role": "assistant", "content": "Ten."}
    whole = {"choices": [{"message": message, "finish_reason": "stop", **choice(HALF, 3 * HALF)}]}
    stream = Stream(lambda delta: None)
    for content, told in (("Te", HALF), ("n.", 3 * HALF)):
        stream.add({"choices": [{"delta": {"content": content}, **choice(told)}]})
    stream.add({"choices": [{"delta": {}, "finish_reason": "stop"}]})

    for outcome in (outcome_of(json.dumps(whole).encode(), a_call()), stream.outcome(a_call())):
        assert isinstance(outcome, Answered)
        assert outcome.confidence == pytest.approx(0.25)
