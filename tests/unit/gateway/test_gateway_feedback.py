"""What a client says of an outcome: taken by any id that it holds, under its key's tenant; nonsense is named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.gateway.adapters.gate import ANYONE, BEGINNING, Visit
from services.gateway.domain.feedback import feedback_of, recorded
from services.gateway.domain.keys import Key
from services.gateway.domain.problems import Refused

REQUEST = UUID("0197a1f0-6c1e-7000-8000-00000000000a")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def body(**told: Any) -> bytes:
    return json.dumps({"request_id": str(REQUEST), "score": 1} | told).encode()


@pytest.mark.parametrize("mark", ["", "chatcmpl-", "resp_", "msg_"])
def test_an_answers_own_id_names_its_request(mark: str):
    assert feedback_of(body(request_id=f"{mark}{REQUEST}")).request_id == REQUEST


@pytest.mark.parametrize(
    ("told", "param", "code"),
    [
        (body(score=1.01), "score", "invalid_value"),
        (body(score="1"), "score", "invalid_value"),
        (body(score=True), "score", "invalid_value"),
        (body(score=float("nan")), None, "invalid_json"),
        (body(request_id="the last one"), "request_id", "invalid_value"),
        (body(request_id=7), "request_id", "invalid_value"),
        (body(label="a\x00b"), "label", "invalid_value"),
        (body(source=""), "source", "invalid_value"),
        (body(attempt=0), "attempt", "invalid_value"),
        (body(attempt="2"), "attempt", "invalid_value"),
        (body(lable="right"), "lable", "unknown_parameter"),
        (b'{"score": 1}', "request_id", "missing_required_parameter"),
        (b"[]", None, "invalid_type"),
        (b"{", None, "invalid_json"),
    ],
)
def test_what_is_wrong_is_named(told: bytes, param: str | None, code: str):
    with pytest.raises(Refused) as refused:
        feedback_of(told)
    problem = refused.value.problem
    assert (problem.status, problem.param, problem.code) == (400, param, code)


def test_an_id_of_the_clients_own_is_kept_so_that_a_repeat_counts_once():
    own = uuid4()
    told = feedback_of(body(feedback_id=str(own), attempt=2))
    once, again = (recorded(told, "shop", uuid4(), NOON) for _ in range(2))
    assert once == again
    assert once.attempt == 2
    assert (once.feedback_id, once.tenant, once.source) == (own, "shop", "user")


def test_a_key_speaks_for_its_tenant_and_where_none_is_needed_of_any():
    shop = Key(id="mp-1", name="the shop", tenant="shop", created_at=BEGINNING)
    assert (Visit(shop, None).speaks_for, Visit(ANYONE, None).speaks_for) == ("shop", None)


async def test_it_is_said_and_answered_with_its_ids(gateway: Callable[..., Any]):
    async with gateway() as running, httpx.AsyncClient() as client:
        told = {"request_id": f"chatcmpl-{REQUEST}", "score": 0.25, "label": "wrong total", "note": "it is 42"}
        answer = await client.post(f"{running.url}/v1/feedback", json=told)
        [event] = running.kafka.feedback
        [span] = running.spans.get_finished_spans()
    assert answer.status_code == 201
    assert answer.json()["request_id"] == str(event.request_id) == str(REQUEST)
    assert answer.json()["feedback_id"] == str(event.feedback_id)
    assert (event.score, event.label, event.note, event.tenant) == (0.25, "wrong total", "it is 42", None)
    assert span.name == "POST /v1/feedback"


async def test_it_is_refused_in_openais_shape_and_when_kafka_is_away(gateway: Callable[..., Any]):
    async with gateway(publish_timeout_s=0.05) as running, httpx.AsyncClient() as client:
        wrong = await client.post(f"{running.url}/v1/feedback", json={"request_id": str(REQUEST), "score": 9})
        running.kafka.away = True
        away = await client.post(f"{running.url}/v1/feedback", json={"request_id": str(REQUEST), "score": 1})
        assert running.kafka.feedback == []
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "score")
    assert (away.status_code, away.json()["error"]["code"]) == (503, "not_acknowledged")
