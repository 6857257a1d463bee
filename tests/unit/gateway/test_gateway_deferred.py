"""A person may answer later than the deadline: the client is told so then, and where the answer is found."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from http_waits import until

from schemas.outcome import RequestDeferred
from schemas.portfolio import Portfolio
from schemas.request import RequestSubmitted
from services.gateway.domain.load import is_overdue
from services.gateway.domain.patience import KEPT_S, kept_s
from services.gateway.domain.repeats import hash_of_key

Gateway = Callable[..., Any]
BODY = {"model": "auto", "messages": [{"role": "user", "content": "May we?"}]}
BODIES = {"/v1/messages": {**BODY, "max_tokens": 9}, "/v1/responses": {"input": BODY["messages"]}}
UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)


def later(asked: RequestSubmitted) -> RequestDeferred:
    """Nobody answered by the deadline, and a person still may."""
    assert asked.request_id is not None
    return RequestDeferred(request_id=asked.request_id, tenant="default", until=UNTIL, detail="clerks were asked")


def client_of(running: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=running.url, timeout=5)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages"])
@pytest.mark.parametrize("keyed", [{}, {"Idempotency-Key": "order-17"}])
async def test_the_client_is_told_at_its_deadline_in_its_apis_shape_and_finds_the_answer_later(
    gateway: Gateway, make_completed: Callable[..., Any], path: str, keyed: dict[str, str]
):
    async with gateway(later, remembering=True) as running, client_of(running) as client:
        told = await client.post(path, json=BODIES.get(path, BODY), headers=keyed)
        request_id = told.headers["x-portfolio-request-id"]
        assert told.status_code == 504
        assert told.headers["x-portfolio-status"] == "deferred"
        error = told.json()["error"]
        assert f"a person may still give one, until {UNTIL:%Y-%m-%dT%H:%M:%SZ}" in error["message"]
        assert f"GET /v1/requests/{request_id} gives the answer" in error["message"]
        facts = error["portfolio"]
        assert (facts["request_id"], facts["status"]) == (request_id, "deferred")
        assert datetime.fromisoformat(facts["until"]) == UNTIL
        if path == "/v1/messages":
            assert (told.json()["type"], error["type"]) == ("error", "deferred")
        else:
            assert (error["type"], error["code"]) == ("server_error", "deferred")
        assert told.headers["x-should-retry"] == "false"

        stands = await client.get(f"/v1/requests/{request_id}")
        assert (stands.json()["status"], stands.json()["until"]) == ("deferred", int(UNTIL.timestamp()))
        assert (stands.headers["retry-after"], stands.headers["x-portfolio-status"]) == ("30", "deferred")
        running.memory.note(make_completed(UUID(request_id), status="human"))
        stands = await client.get(f"/v1/requests/{request_id}")
        assert (stands.json()["status"], stands.json()["until"]) == ("completed", None)
        assert stands.json()["response"]["choices"][0]["message"]["content"] == "Paris."


async def test_without_a_key_it_is_remembered_since_it_was_asked_and_until_a_day_after_the_answer(gateway: Gateway):
    async with gateway(later, remembering=True) as running, client_of(running) as client:
        told = await client.post("/v1/chat/completions", json=BODY)
    span = running.memory.spans[UUID(told.headers["x-portfolio-request-id"])]
    assert span.asked_s_ago > 0
    left_s = (UNTIL - datetime.now(UTC)).total_seconds()
    assert KEPT_S + left_s <= span.kept_s < KEPT_S + left_s + 60


async def test_without_a_database_it_says_which_command_tells_how_it_ends(gateway: Gateway):
    async with gateway(later) as running, client_of(running) as client:
        told = await client.post("/v1/chat/completions", json=BODY)
    request_id = told.headers["x-portfolio-request-id"]
    assert f"`portfolio show {request_id}` tells how it ends" in told.json()["error"]["message"]


async def test_the_same_key_is_told_at_once_and_gets_the_answer_when_it_is_there(
    gateway: Gateway, make_completed: Callable[..., Any]
):
    keyed = {"Idempotency-Key": "order-17"}
    async with gateway(later, remembering=True) as running, client_of(running) as client:
        first = await client.post("/v1/chat/completions", json=BODY, headers=keyed)
        again = await client.post("/v1/chat/completions", json=BODY, headers=keyed)
        assert (again.status_code, again.json()["error"]["code"]) == (504, "deferred")
        assert again.headers["x-portfolio-request-id"] == first.headers["x-portfolio-request-id"]
        assert again.headers["x-portfolio-repeated"] == "true"
        running.memory.note(make_completed(UUID(first.headers["x-portfolio-request-id"]), status="human"))
        answered = await client.post("/v1/chat/completions", json=BODY, headers=keyed)
        assert (answered.status_code, answered.headers["x-portfolio-status"]) == (200, "human")
        assert len(running.kafka.published) == 1
        assert hash_of_key("order-17") in {key for _, key in running.memory.rows}


async def test_a_stream_that_has_begun_ends_with_it(gateway: Gateway):
    async with gateway(lambda asked: None, remembering=True, progress_s=0.01) as running, client_of(running) as client:
        lines: list[str] = []
        async with client.stream("POST", "/v1/chat/completions", json={**BODY, "stream": True}) as stream:
            async for line in stream.aiter_lines():
                if line.startswith(": waiting"):
                    running.kafka._end(later(running.asked))
                lines.append(line)
    assert stream.status_code == 200
    [data] = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert json.loads(data)["error"]["portfolio"]["status"] == "deferred"


async def test_a_stream_that_showed_an_answer_says_that_it_was_not_verified(gateway: Gateway):
    def shown(asked: RequestSubmitted) -> Any:
        return ("Pa",), later(asked)

    async with gateway(shown, remembering=True) as running, client_of(running) as client:
        told = await client.post("/v1/chat/completions", json={**BODY, "stream": True})
        last = json.loads(told.text.strip().rpartition("data: ")[2])["error"]
        assert last["code"] == "deferred"
        assert last["message"].startswith("The text shown was not verified. No answer came before the deadline")
        assert running.live.ended == {"cut_short": 1}


async def test_who_waits_at_its_place_waits_on_for_the_answer(gateway: Gateway, make_completed: Callable[..., Any]):
    async with gateway(later, remembering=True) as running, client_of(running) as client:
        place = (await client.post("/v1/requests", json=BODY)).headers["location"]
        assert (await client.get(place, params={"wait": "0.01"})).json()["status"] == "deferred"
        waiting = asyncio.create_task(client.get(place, params={"wait": "60"}))
        await until(lambda: any(running.memory.searches.values()))
        running.memory.note(make_completed(UUID(place.rpartition("/")[2]), status="human"))
        assert (await waiting).json()["status"] == "completed"


@pytest.mark.parametrize(
    ("asked", "beyond_s"),
    [({}, 7_200), ({"lane": "simple"}, 0), ({"lane": "critical"}, 7_200), ({"model": "portfolio/simple"}, 0)],
)
def test_a_key_is_kept_as_long_as_a_person_may_answer_where_the_request_can_come_to(
    revised: Any, asked: dict[str, str], beyond_s: int
):
    document = json.loads(revised.portfolio.to_json())
    reviews = {"ask": "clerks", "within_s": 7_200, "after_deadline_s": 7_200}
    document["lanes"]["critical"]["reviews"] = reviews
    submitted = RequestSubmitted(messages=({"role": "user", "content": "May we?"},), **asked)
    assert kept_s(submitted, Portfolio.of(document)) == KEPT_S + beyond_s


def test_people_who_take_their_time_are_no_load() -> None:
    asked = RequestSubmitted(request_id=UUID(int=1), messages=({"role": "user", "content": "May we?"},))
    assert not is_overdue(later(asked))
