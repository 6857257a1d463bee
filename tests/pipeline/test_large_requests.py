"""Requests of many megabytes through the gateway: content is kept apart, no event carries it, others are served."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx

from pipeline.kafka_log import Record
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, says
from pipeline.stack import Pipeline
from schemas.content import Body
from schemas.request import RequestProfiled
from schemas.topics import GATEWAY_INTAKE
from schemas.vocabulary import DataClass

SIZE = 15 * 1_048_576
INVOICE = "invoice 4711 of 2024-11-01: EUR 1,234.50, customer 88123, tel. 030 1234567\n"
MUCH_LARGER = 20 * 1_048_576
SMALL_EVENT = 20_000


def records_of(pipeline: Pipeline, request_id: str) -> list[Record]:
    """All that was said of it, its submission included."""
    submitted = [record for record in pipeline.log.on(GATEWAY_INTAKE) if record.key == request_id.encode()]
    return [*submitted, *pipeline.log.of(request_id)]


def bodies_in(records: list[Record]) -> list[Body]:
    """Where the content is, as each event that speaks of it tells."""
    told = [json.loads(record.value or b"{}") for record in records]
    return [Body.of(each["body"]) for each in told if "body" in each]


def test_fifteen_megabytes_are_answered_checked_and_mended_by_reference(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-vast": [says(WRONG), says(RIGHT)]})
    messages = [{"role": "user", "content": script.question}, {"role": "user", "content": "\U0001d11e" * (SIZE // 4)}]
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


def test_of_twenty_megabytes_full_of_numbers_the_rest_is_taken_as_confidential_and_others_are_served(
    pipeline: Pipeline,
) -> None:
    large, small = (pipeline.scripts.expect({model: [says(RIGHT)]}) for model in ("acme-vast", "acme-middle"))
    numbers = INVOICE * (MUCH_LARGER // len(INVOICE))

    def asked(lane: str, *texts: str) -> httpx.Response:
        body = {"model": f"portfolio/{lane}", "messages": [{"role": "user", "content": text} for text in texts]}
        return httpx.post(f"{pipeline.gateway}/v1/chat/completions", json=body, trust_env=False, timeout=90)

    with ThreadPoolExecutor() as clients:
        answers = [
            clients.submit(asked, "vast", large.question, numbers),
            clients.submit(asked, "alone", small.question),
        ]
    told = [answer.result() for answer in answers]
    assert [answer.status_code for answer in told] == [200, 200], [answer.text[:300] for answer in told]

    request_id = told[0].headers["x-portfolio-request-id"]
    profiled = pipeline.log.one(request_id, "request.profiled").event
    assert isinstance(profiled, RequestProfiled)
    assert profiled.request.profile.sensitive == ("phone", "unread")
    assert (profiled.request.data_class, profiled.body.key_id is None) == (DataClass.CONFIDENTIAL, False)
