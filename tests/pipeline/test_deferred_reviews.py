"""A person who answers after the deadline: the client is told at its deadline, and the answer is found later, once."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from infra.bus.config import BusConfig
from pipeline.kafka_log import DEFERRED
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, Script, says
from pipeline.stack import Pipeline
from pipeline.test_trace import ONCE, attempts
from pipeline.traces import DEFERRAL, REVIEW_END, assert_connected, hears, whole_trace
from pipeline.waiting import until
from schemas.outcome import RequestDeferred
from schemas.review import ReviewRequested
from services.console.app import ConsoleApp, build_app
from services.console.commands.reviews import speak
from services.console.config import ConsoleConfig
from services.console.domain.failures import Refused
from services.console.domain.reviews import ReviewState, last_answer, told, written

SOON = timedelta(seconds=3)
"""A second is the promise; the machine of the tests may be busy with others."""


@pytest.fixture
def console(pipeline: Pipeline) -> ConsoleApp:
    return build_app(ConsoleConfig(kafka=pipeline.bootstrap), BusConfig(kafka_bootstrap_servers=pipeline.bootstrap))


@pytest.fixture
def client(pipeline: Pipeline) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=pipeline.gateway, trust_env=False, timeout=90) as client:
        yield client


def unanswerable(pipeline: Pipeline) -> Script:
    """A question whose only model answers wrongly."""
    return pipeline.scripts.expect({"acme-middle": [says(WRONG)]})


def review_of(pipeline: Pipeline, request_id: UUID) -> ReviewRequested:
    [record] = pipeline.log.until(lambda: pipeline.log.of(request_id, "review.requested"), f"{request_id}'s review")
    assert isinstance(record.event, ReviewRequested)
    return record.event


def deferral_of(pipeline: Pipeline, request_id: UUID) -> RequestDeferred:
    """What was said at the deadline, and soon after it."""
    [record] = pipeline.log.until(lambda: pipeline.log.of(request_id, DEFERRED), f"{request_id} is deferred")
    assert isinstance(record.event, RequestDeferred)
    deadline_at = review_of(pipeline, request_id).request.deadline_at
    assert timedelta() <= datetime.fromtimestamp(record.timestamp_ms / 1_000, UTC) - deadline_at < SOON
    return record.event


def state_of(pipeline: Pipeline, request_id: UUID) -> str | None:
    """How a request stands in the ledger, which may not have heard of it yet."""
    told = httpx.get(f"{pipeline.services.ledger}/requests/{request_id}", trust_env=False)
    return None if told.status_code == httpx.codes.NOT_FOUND else told.raise_for_status().json()["request"]["state"]


@pytest.mark.alone
def test_the_client_is_told_at_its_deadline_and_finds_the_answer_of_the_person_later(
    pipeline: Pipeline, console: ConsoleApp, client: httpx.Client
) -> None:
    script, headers = unanswerable(pipeline), {"Idempotency-Key": str(uuid4())}
    body = script.request(model="portfolio/later", response_format=NUMBER_SCHEMA)
    asked_at = datetime.now(UTC)
    answer = client.post("/v1/chat/completions", json=body, headers=headers)

    assert timedelta(seconds=4) <= datetime.now(UTC) - asked_at < timedelta(seconds=4) + SOON
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deferred")
    request_id = UUID(answer.headers["x-portfolio-request-id"])
    until_ = deferral_of(pipeline, request_id).until
    assert until_ == review_of(pipeline, request_id).due_at
    assert pipeline.ends(request_id) == []

    place = f"/v1/requests/{request_id}"
    stands = client.get(place).json()
    assert (stands["status"], stands["until"]) == ("deferred", int(until_.timestamp()))
    again = client.post("/v1/chat/completions", json=body, headers=headers)
    assert (again.status_code, again.json()["error"]["portfolio"]["request_id"]) == (504, str(request_id))
    waits = told(asyncio.run(console.reviews())[request_id], datetime.now(UTC))
    assert waits["deferred"]
    assert 0 < waits["left_s"] <= 120

    with ThreadPoolExecutor() as pool:
        long_poll = pool.submit(client.get, place, params={"wait": "60"})
        events = pool.submit(client.get, place, headers={"accept": "text/event-stream"})
        asyncio.run(speak(console, str(request_id), lambda _: written(RIGHT), "read", "clerk-3"))
        found, road = long_poll.result(60).json(), events.result(60).text
    assert found["status"] == "completed"
    assert found["response"]["choices"][0]["message"]["content"] == RIGHT
    names = [line.removeprefix("event: ") for line in road.splitlines() if line.startswith("event: ")]
    assert names[-2:] == [DEFERRED, "request.completed"]
    at_last = client.post("/v1/chat/completions", json=body, headers=headers)
    assert (at_last.status_code, at_last.headers["x-portfolio-status"]) == (200, "human")

    end = pipeline.completed(request_id)
    assert end.completed_at > end.deadline_at
    assert len(pipeline.ends(request_id)) == 1
    assert len(pipeline.log.of(request_id, "request.profiled")) == 1, "the key was used three times, and said once"
    story = pipeline.ledger.story(request_id)
    assert (story["request"]["state"], story["request"]["status"]) == ("completed", "human")
    assert story["request"]["deferred_until"] is not None
    assert script.models() == ["acme-middle"]
    wanted = (
        ONCE
        + attempts(calls=1, answers=1)
        + hears("escalation", attempt_rejected=1, review_answered=1)
        + hears("gateway", request_deferred=1, request_completed=1)
        + Counter({DEFERRAL: 1, REVIEW_END: 1, ("gateway", "POST /v1/chat/completions"): 1})
    )
    assert end.trace_id is not None
    assert_connected(whole_trace(pipeline.collector, end.trace_id, wanted))


@pytest.mark.alone
def test_without_a_key_it_is_found_by_its_id_and_one_that_nobody_answers_ends_once(
    pipeline: Pipeline, console: ConsoleApp, client: httpx.Client
) -> None:
    body = unanswerable(pipeline).request(model="portfolio/late", response_format=NUMBER_SCHEMA)
    answer = client.post("/v1/chat/completions", json=body)
    assert answer.json()["error"]["code"] == "deferred"
    request_id = UUID(answer.headers["x-portfolio-request-id"])
    due_at = review_of(pipeline, request_id).due_at

    end = pipeline.failed(request_id)
    assert (end.reason, len(pipeline.ends(request_id))) == ("review_unanswered", 1)
    assert end.deadline_at < due_at
    assert timedelta() <= end.failed_at - due_at < SOON
    stands = client.get(f"/v1/requests/{request_id}").json()
    assert (stands["status"], stands["error"]["code"], stands["until"]) == ("failed", "review_unanswered", None)
    story = pipeline.ledger.story(request_id)
    assert (story["request"]["state"], story["request"]["reason"]) == ("failed", "review_unanswered")
    assert asyncio.run(console.reviews())[request_id].state(end.failed_at) is ReviewState.UNANSWERED
    with pytest.raises(Refused, match="the review is unanswered"):
        asyncio.run(speak(console, str(request_id), last_answer, None, "clerk-3"))


def test_nothing_is_lost_when_all_is_away_at_the_deadline_and_a_rejection_beyond_it_ends_once(
    pipeline: Pipeline, console: ConsoleApp, client: httpx.Client
) -> None:
    body = unanswerable(pipeline).request(lane="later", response_format=NUMBER_SCHEMA)
    request_id = pipeline.submit(body)
    deadline_at = review_of(pipeline, request_id).request.deadline_at
    with pipeline.services.stopped():
        until(lambda: datetime.now(UTC) > deadline_at, "the deadline is past")
    [record] = pipeline.log.until(lambda: pipeline.log.of(request_id, DEFERRED), "it is deferred afterwards")
    until(lambda: state_of(pipeline, request_id) == "deferred", "the ledger knows")
    with pipeline.services.stopped():
        pass

    asyncio.run(speak(console, str(request_id), lambda _: None, "not ours to decide", "clerk-3"))
    end = pipeline.failed(request_id)
    assert (end.reason, end.detail) == ("review_rejected", "not ours to decide")
    assert len(pipeline.ends(request_id)) == 1
    assert json.loads(record.value or b"")["until"] > end.deadline_at.isoformat()
    with pytest.raises(Refused, match="the review is rejected by clerk-3"):
        asyncio.run(speak(console, str(request_id), last_answer, None, "clerk-4"))
