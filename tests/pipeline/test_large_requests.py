"""A request of twenty megabytes through the gateway: its content is kept apart, and no event carries it."""

import json

import httpx

from pipeline.kafka_log import Record
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, says
from pipeline.stack import Pipeline
from schemas.content import Body
from schemas.topics import GATEWAY_INTAKE

SIZE = 20 * 1_048_576
SMALL_EVENT = 20_000


def records_of(pipeline: Pipeline, request_id: str) -> list[Record]:
    """All that was said of it, its submission included."""
    submitted = [record for record in pipeline.log.on(GATEWAY_INTAKE) if record.key == request_id.encode()]
    return [*submitted, *pipeline.log.of(request_id)]


def bodies_in(records: list[Record]) -> list[Body]:
    """Where the content is, as each event that speaks of it tells."""
    told = [json.loads(record.value or b"{}") for record in records]
    return [Body.of(each["body"]) for each in told if "body" in each]


def test_twenty_megabytes_are_answered_checked_and_mended_by_reference(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-vast": [says(WRONG), says(RIGHT)]})
    messages = [{"role": "user", "content": script.question}, {"role": "user", "content": "é" * (SIZE // 2)}]
    body = {"model": "portfolio/vast", "messages": messages, "response_format": NUMBER_SCHEMA}
    answer = httpx.post(f"{pipeline.gateway}/v1/chat/completions", json=body, trust_env=False, timeout=90)

    assert answer.status_code == 200, answer.text[:300]
    assert answer.json()["choices"][0]["message"]["content"] == RIGHT
    assert answer.headers["x-portfolio-status"] == "verified"
    assert [call["messages"][:2] == messages for call in script.asked] == [True, True]

    request_id = answer.headers["x-portfolio-request-id"]
    pipeline.log.until(lambda: len(bodies_in(records_of(pipeline, request_id))) >= 5, "the events that speak of it")
    pipeline.log.catch_up()
    records = records_of(pipeline, request_id)
    assert max(len(record.value or b"") for record in records) < SMALL_EVENT
    bodies = bodies_in(records)
    assert all(body == bodies[0] for body in bodies)
    assert (bodies[0].inline, bodies[0].bytes > SIZE) == (None, True)
