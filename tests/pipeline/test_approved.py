"""An answer that broke a policy, through the whole pipeline: the approved model first, then a person."""

from pipeline.requests import steps
from pipeline.scripts import says
from pipeline.stack import Pipeline
from pipeline.test_roads import assert_costs_add_up, verdict_of
from schemas.outcome import RequestEscalated
from schemas.review import ReviewRequested

BAD, GOOD = "Pay with 4111 1111 1111 1111.", "Wait a day. This is not legal advice."


def test_an_answer_that_breaks_a_policy_goes_to_the_approved_model(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(BAD)], "backup-vetted": [says(GOOD)]})
    request_id = pipeline.submit(script.request(lane="vetted"))
    end = pipeline.completed(request_id)
    assert (end.status, end.model, end.attempts) == ("verified", "vetted", 2)
    assert script.models() == ["acme-small", "backup-vetted"], "past the tier between them"
    story = pipeline.ledger.story(request_id, steps)
    assert steps(story) == [("approved", "check_failed")]
    assert story["attempts"][1]["why"] == "a model approved for what policies doubt"
    assert [verdict_of(attempt, "policy") for attempt in story["attempts"]] == ["fail", "pass"]
    assert_costs_add_up(story, end)


def test_where_that_breaks_it_too_a_person_is_asked(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(BAD)], "backup-vetted": [says(BAD)]})
    request_id = pipeline.submit(script.request(lane="vetted"))
    [record] = pipeline.log.until(lambda: pipeline.log.of(request_id, "review.requested"), f"{request_id}'s review")
    assert isinstance(record.event, ReviewRequested)
    assert (record.event.asked, len(record.event.tried)) == ("clerks", 2)
    assert script.models() == ["acme-small", "backup-vetted"]
    assert [tried.model for tried in record.event.tried] == ["small", "vetted"]
    asked = pipeline.log.one(request_id, "request.escalated")
    assert isinstance(asked.event, RequestEscalated)
    assert asked.event.action == "approved"
