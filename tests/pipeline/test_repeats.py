"""An Idempotency-Key on the real pipeline: two replicas, of which one is killed, and answers that are paid for once."""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from aiohttp import web
from scripted_provider import Answer

from pipeline.replicas import COUNT, Replica
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, fails, says
from pipeline.stack import Pipeline
from pipeline.waiting import until


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def held_until(released: threading.Event, then: Answer) -> Answer:
    """An answer that comes once it is let go."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await asyncio.to_thread(released.wait, 60)
        return await then(request)

    return answer


def test_a_key_is_asked_in_parallel_at_both_replicas_and_paid_for_once(
    pipeline: Pipeline, replicas: list[Replica], clients: ThreadPoolExecutor
) -> None:
    script, key = pipeline.scripts.expect({"acme-small": [says("Seven.")]}), str(uuid4())
    answers = list(clients.map(lambda number: replicas[number % COUNT].ask(script, key), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["choices"][0]["message"]["content"] == "Seven."
    assert script.models() == ["acme-small"]
    assert sorted(answer.headers.get("x-portfolio-repeated", "") for answer in answers) == [""] + ["true"] * 15


def test_a_replica_that_is_killed_loses_no_answer(
    pipeline: Pipeline, replicas: list[Replica], clients: ThreadPoolExecutor
) -> None:
    released = threading.Event()
    script = pipeline.scripts.expect({"acme-small": [held_until(released, says("Seven."))]})
    first, second = replicas
    key = str(uuid4())
    lost = clients.submit(first.ask, script, key)
    until(lambda: script.asked, "the model is asked")
    first.process.kill()
    assert isinstance(lost.exception(30), httpx.TransportError)
    again = clients.submit(second.ask, script, key)
    released.set()
    answer = again.result(60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == "Seven."
    first.start()
    later = first.ask(script, key)
    assert later.content == answer.content
    assert later.headers["x-portfolio-repeated"] == "true"
    assert later.headers["x-portfolio-trace-id"] == answer.headers["x-portfolio-trace-id"]
    assert script.models() == ["acme-small"], "nothing is paid twice"


def test_another_body_under_the_key_is_refused_and_a_failure_stands(
    pipeline: Pipeline, replicas: list[Replica]
) -> None:
    failing = pipeline.scripts.expect({"acme-middle": [fails(400)]})
    key = str(uuid4())
    failed = [replica.ask(failing, key, model="middle") for replica in replicas]
    assert failed[0].status_code >= 400
    assert failed[0].json() == failed[1].json()
    assert failed[0].headers["x-portfolio-request-id"] == failed[1].headers["x-portfolio-request-id"]
    assert failing.models() == ["acme-middle"]
    other = replicas[1].ask(pipeline.scripts.expect(), key, model="middle")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert other.json()["error"]["param"] == "Idempotency-Key"


def test_a_request_is_followed_on_its_real_road(pipeline: Pipeline, replicas: list[Replica]) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(WRONG), says(RIGHT)]})
    body = {**script.request(), "response_format": NUMBER_SCHEMA}
    with replicas[0].client() as first, replicas[1].client() as second:
        taken = first.post("/v1/requests", json=body, headers={"Idempotency-Key": str(uuid4())})
        assert taken.status_code == 202, taken.text
        with second.stream("GET", taken.headers["location"], headers={"accept": "text/event-stream"}) as stream:
            lines = list(stream.iter_lines())
        told = second.get(taken.headers["location"]).json()
    assert [line.removeprefix("event: ") for line in lines if line.startswith("event: ")] == [
        "request.in_progress",
        "request.profiled",
        "attempt.completed",
        "attempt.rejected",
        "request.escalated",
        "attempt.completed",
        "attempt.accepted",
        "request.completed",
    ]
    facts = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert facts[-1] == told
    assert told["response"]["choices"][0]["message"]["content"] == RIGHT
    assert WRONG not in str(facts[:-1]), "an answer that is not checked is nobody's"
