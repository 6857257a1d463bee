"""Confidential requests over all services: topics, tables, objects, logs and spans hold nothing of them."""

import asyncio
import logging
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.local.parts import Addresses
from pipeline.requests import steps
from pipeline.scripts import Script, says
from pipeline.sealed_search import objects_that_hold, tables_that_hold, topics_that_hold
from pipeline.stack import Pipeline
from pipeline.waiting import until
from schemas.content import Json
from schemas.outcome import RequestCompleted
from schemas.request import RequestProfiled
from schemas.topics import GATEWAY_INTAKE, INTAKE

CITY: Json = {"type": "object", "properties": {"city": {"type": "string", "pattern": "^right"}}, "required": ["city"]}
FORMAT: Json = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
CONFIDENTIAL: Json = {"data_class": "confidential"}


@pytest.fixture
def marker() -> str:
    """A word that stands in a prompt and in its answers, and nowhere else."""
    return f"brandt{uuid4().hex}"


@pytest.fixture
def seen(pipeline: Pipeline, addresses: Addresses, scratch: Path, caplog: pytest.LogCaptureFixture) -> Any:
    """Where a word is found that should be nowhere."""
    caplog.set_level(logging.INFO)

    def look(marker: str) -> set[str]:
        found = topics_that_hold(pipeline, marker) | asyncio.run(tables_that_hold(addresses.database, marker))
        found |= {str(path) for path in objects_that_hold(scratch / "objects", marker)}
        return found | ({"a log"} if marker in caplog.text else set())

    return look


def asked(pipeline: Pipeline, script: Script, marker: str, **portfolio: Any) -> httpx.Response:
    messages = [{"role": "user", "content": script.question}, {"role": "user", "content": f"About {marker}?"}]
    body = {"model": "auto", "messages": messages, "response_format": FORMAT, "portfolio": portfolio}
    return httpx.post(f"{pipeline.gateway}/v1/chat/completions", json=body, trust_env=False, timeout=60)


def ended(pipeline: Pipeline, answer: httpx.Response) -> str:
    """The id of an answered request, once the log was read up to its end."""
    request_id = answer.headers["x-portfolio-request-id"]
    pipeline.log.until(lambda: pipeline.log.of(request_id, "request.completed"), f"the end of {request_id}")
    return request_id


def assert_unseen_in_spans(pipeline: Pipeline, answer: httpx.Response, marker: str) -> None:
    trace_id, request_id = (answer.headers[f"x-portfolio-{name}-id"] for name in ("trace", "request"))
    until(lambda: request_id in pipeline.collector.text(trace_id), "spans that name the request")
    assert marker not in pipeline.collector.text(trace_id)


def test_a_confidential_request_is_mended_and_answered_and_is_read_nowhere(
    pipeline: Pipeline, marker: str, seen: Any
) -> None:
    wrong, right = f'{{"city": "{marker}"}}', f'{{"city": "right {marker}"}}'
    script = pipeline.scripts.expect({"acme-small": [says(wrong), says(right)]})
    answer = asked(pipeline, script, marker, **CONFIDENTIAL)

    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == right
    assert "at /city" in script.asked[1]["messages"][-1]["content"], "the model is told what is wrong"
    request_id = ended(pipeline, answer)
    assert steps(pipeline.ledger.story(request_id, steps)) == [("repair", "check_failed")]
    assert seen(marker) == set()
    assert_unseen_in_spans(pipeline, answer, marker)
    end = pipeline.log.one(request_id, "request.completed")
    assert isinstance(end.event, RequestCompleted)
    assert (end.event.answer, end.event.body is not None) == (None, True)


@pytest.mark.parametrize("lane", ["agreed", "judged"])
def test_a_second_look_at_a_confidential_answer_is_read_nowhere(
    pipeline: Pipeline, marker: str, seen: Any, lane: str
) -> None:
    right = says(f'{{"city": "right {marker}"}}')
    grade = says('{"reason": "it is right", "grade": 9}')
    looks = {"agreed": [right], "judged": [grade, grade]}[lane]
    script = pipeline.scripts.expect({"acme-small": [right], "acme-middle": looks, "backup-small": [right]})
    answer = asked(pipeline, script, marker, lane=lane, **CONFIDENTIAL)

    assert answer.status_code == 200, answer.text
    assert marker in answer.text
    pipeline.ledger.story(ended(pipeline, answer))
    assert seen(marker) == set()


def test_what_came_in_the_open_and_is_found_to_be_confidential_is_sealed_from_there_on(
    pipeline: Pipeline, marker: str, seen: Any
) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(f"As {marker} said.")]})
    card = {"role": "user", "content": f"{marker} pays with 4111 1111 1111 1111."}
    request = script.request(data_class="internal")
    request_id = pipeline.submit({**request, "messages": [*request["messages"], card]})

    assert pipeline.completed(request_id).answer is None
    profiled = pipeline.log.one(request_id, "request.profiled").event
    assert isinstance(profiled, RequestProfiled)
    assert (profiled.request.data_class, profiled.body.key_id is not None) == ("confidential", True)
    pipeline.ledger.story(request_id)
    assert seen(marker) == {INTAKE}


def test_a_request_of_another_class_is_as_it_was(pipeline: Pipeline, marker: str, seen: Any) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(f'{{"city": "right {marker}"}}')]})
    answer = asked(pipeline, script, marker, data_class="internal")

    assert answer.status_code == 200, answer.text
    request_id = ended(pipeline, answer)
    pipeline.ledger.story(request_id)
    assert {GATEWAY_INTAKE, "request.profiled", "request.completed"} <= seen(marker)
    end = pipeline.log.one(request_id, "request.completed")
    assert isinstance(end.event, RequestCompleted)
    assert (end.event.answer is not None, end.event.body) == (True, None)
