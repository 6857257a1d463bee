"""An answer that was cut off, through the whole pipeline: more tokens first, then a model with more room."""

from uuid import UUID

import httpx

from pipeline.document import COSTS
from pipeline.kafka_log import Record
from pipeline.requests import reasons, steps
from pipeline.scripts import says
from pipeline.stack import Pipeline
from pipeline.test_roads import assert_costs_add_up
from schemas.attempt import AttemptDispatched
from schemas.outcome import RequestEscalated


def dispatches(pipeline: Pipeline, request_id: UUID) -> list[Record]:
    return pipeline.log.of(request_id, "attempt.dispatched.acme")


def test_an_answer_that_was_cut_off_is_asked_for_at_greater_length(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("One, two,", "length"), says("One, two, three.")]})
    request_id = pipeline.submit(script.request())
    end = pipeline.completed(request_id)
    assert (end.model, end.provider, end.attempts) == ("small", "acme", 2)
    assert [body.get("max_tokens") for body in script.asked] == [None, 10], "twice the five tokens of the first answer"

    story = pipeline.ledger.story(request_id, steps)
    assert steps(story) == [("longer", "cut_off")]
    assert story["attempts"][1]["why"] == "the same model, for an answer of up to 10 tokens"
    assert_costs_add_up(story, end)
    asked = pipeline.log.one(request_id, "request.escalated")
    assert isinstance(asked.event, RequestEscalated)
    assert asked.event.most_output_tokens == 10
    again = pipeline.log.until(lambda: dispatches(pipeline, request_id)[1:], "the second dispatch")[0].event
    assert isinstance(again, AttemptDispatched)
    assert (again.attempt.most_output_tokens, again.choice.expected_micro_usd >= COSTS["acme-small"]) == (10, True)


def test_an_answer_that_is_cut_off_again_goes_to_a_model_with_more_room(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect(
        {"acme-small": [says("One,", "length"), says("One, two,", "length")], "acme-wide": [says("One, two, three.")]}
    )
    request_id = pipeline.submit(script.request(lane="roomy"))
    end = pipeline.completed(request_id)
    assert (end.model, end.attempts) == ("wide", 3)
    assert script.models() == ["acme-small", "acme-small", "acme-wide"]
    story = pipeline.ledger.story(request_id, lambda told: len(steps(told)) > 1)
    assert steps(story) == [("longer", "cut_off"), ("longer", "cut_off")]
    assert reasons(story)[:2] == [("small", "acme", "cut_off")] * 2


def test_the_clients_own_bound_is_kept_wherever_it_is_asked(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("", "length")], "acme-middle": [says("Three.")]})
    request_id = pipeline.submit(script.request(params={"max_tokens": 5}))
    assert pipeline.completed(request_id).model == "middle"
    assert [body["max_tokens"] for body in script.asked] == [5, 5]
    assert steps(pipeline.ledger.story(request_id, steps)) == [("up", "cut_off")]


def test_a_client_that_wants_a_few_tokens_is_given_them_by_the_first_model(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("One, two,", "length")]})
    asked = {**script.request(), "model": "auto", "max_tokens": 5}
    told = httpx.post(f"{pipeline.gateway}/v1/chat/completions", json=asked, trust_env=False, timeout=90)
    [choice] = told.raise_for_status().json()["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("One, two,", "length")
    assert (told.headers["x-portfolio-status"], told.headers["x-portfolio-attempts"]) == ("unverified", "1")
