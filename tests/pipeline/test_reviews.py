"""A person as the last tier: asked when no model is left, answered by the console's own code, or by nobody."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from infra.bus.config import BusConfig
from pipeline.requests import reasons, steps
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, says
from pipeline.stack import Pipeline
from pipeline.test_trace import ONCE, attempts
from pipeline.traces import REVIEW_END, assert_connected, hears, whole_trace
from schemas.review import ReviewRequested
from services.console.app import ConsoleApp, build_app
from services.console.commands.reviews import give_back, speak, take
from services.console.config import ConsoleConfig
from services.console.domain.failures import Refused
from services.console.domain.reviews import ReviewState, last_answer, written


@pytest.fixture
def console(pipeline: Pipeline) -> ConsoleApp:
    return build_app(ConsoleConfig(kafka=pipeline.bootstrap), BusConfig(kafka_bootstrap_servers=pipeline.bootstrap))


def asked(pipeline: Pipeline, lane: str) -> tuple[UUID, ReviewRequested]:
    """A request whose every tier failed, and what a person is asked about it."""
    script = pipeline.scripts.expect({"acme-middle": [says(WRONG)]})
    request_id = pipeline.submit(script.request(lane=lane, response_format=NUMBER_SCHEMA))
    [record] = pipeline.log.until(lambda: pipeline.log.of(request_id, "review.requested"), f"{request_id}'s review")
    assert isinstance(record.event, ReviewRequested)
    return request_id, record.event


def test_a_person_answers_what_no_model_could_and_it_is_one_trace(pipeline: Pipeline, console: ConsoleApp) -> None:
    request_id, review = asked(pipeline, "staffed")
    assert (review.asked, review.reason) == ("clerks", "check_failed")
    assert review.answer is not None
    assert '"number": 0' in review.answer.text().replace("\\", "")

    asyncio.run(speak(console, str(request_id), lambda _: written(RIGHT), "read", "clerk-3"))

    end = pipeline.completed(request_id)
    assert (end.status, end.model, end.attempts, end.cost_usd) == ("human", "person", 1, "0.0002")
    assert end.answer is not None
    assert end.answer["message"]["content"] == RIGHT
    story = pipeline.ledger.story(request_id, steps)
    assert (story["request"]["state"], story["request"]["status"]) == ("completed", "human")
    assert steps(story) == [("human", "check_failed")]
    assert reasons(story) == [("middle", "acme", "check_failed")]
    wanted = (
        ONCE
        + attempts(calls=1, answers=1)
        + hears("escalation", attempt_rejected=1, review_answered=1)
        + Counter({REVIEW_END: 1})
        + hears("gateway", request_completed=1)
    )
    assert end.trace_id is not None
    assert_connected(whole_trace(pipeline.collector, end.trace_id, wanted))


def test_a_second_answer_is_refused_and_changes_nothing(pipeline: Pipeline, console: ConsoleApp) -> None:
    request_id, _ = asked(pipeline, "staffed")
    asyncio.run(speak(console, str(request_id), lambda _: None, "not ours to decide", "clerk-3"))
    with pytest.raises(Refused, match="the review is rejected by clerk-3"):
        asyncio.run(speak(console, str(request_id), last_answer, None, "clerk-4"))

    end = pipeline.failed(request_id)
    assert (end.reason, end.detail) == ("review_rejected", "not ours to decide")
    assert len(pipeline.ends(request_id)) == 1


def test_of_two_at_the_same_moment_one_wins_and_the_other_is_told(pipeline: Pipeline, console: ConsoleApp) -> None:
    request_id, _ = asked(pipeline, "staffed")

    async def both() -> list[object]:
        words = (lambda _: written("seven"), lambda _: written("eight"))
        said = (speak(console, str(request_id), word, None, f"clerk-{at}") for at, word in enumerate(words))
        return list(await asyncio.gather(*said, return_exceptions=True))

    told = asyncio.run(both())
    assert sum(isinstance(each, Refused) for each in told) == 1, told
    pipeline.completed(request_id)
    assert len(pipeline.ends(request_id)) == 1


def test_of_two_who_claim_a_review_one_holds_it_and_the_other_may_not_answer(
    pipeline: Pipeline, console: ConsoleApp
) -> None:
    request_id, _ = asked(pipeline, "staffed")
    name = str(request_id)

    async def both() -> list[object]:
        claims = (take(console, name, f"clerk-{at}") for at in range(2))
        return list(await asyncio.gather(*claims, return_exceptions=True))

    told = asyncio.run(both())
    assert sum(isinstance(each, Refused) for each in told) == 1, told
    holder = next(each["claimed_by"] for each in told if isinstance(each, dict))
    other = "clerk-1" if holder == "clerk-0" else "clerk-0"
    with pytest.raises(Refused, match=f"{holder} has claimed the review"):
        asyncio.run(speak(console, name, lambda _: written(RIGHT), None, other))
    asyncio.run(give_back(console, name, holder))
    asyncio.run(speak(console, name, lambda _: written(RIGHT), None, other))
    assert pipeline.completed(request_id).status == "human"


@pytest.mark.alone
def test_a_review_that_nobody_answers_ends_when_it_is_due(pipeline: Pipeline, console: ConsoleApp) -> None:
    request_id, review = asked(pipeline, "unstaffed")

    end = pipeline.failed(request_id)
    assert end.reason == "review_unanswered"
    assert "clerks were asked, and nobody answered" in end.detail
    assert timedelta() <= end.failed_at - review.due_at < timedelta(seconds=3)
    found = asyncio.run(console.reviews())[request_id]
    assert found.state(end.failed_at) is ReviewState.UNANSWERED
    with pytest.raises(Refused, match="the review is unanswered"):
        asyncio.run(speak(console, str(request_id), last_answer, None, "clerk-3"))
