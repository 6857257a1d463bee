"""Requests that are asked for now and looked at later, over a real loopback port."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from http_waits import until

from schemas.examples import examples
from schemas.fact import Event
from schemas.outcome import RequestDeferred
from schemas.topics import BY_EVENT
from services.gateway.domain.progress import ROAD, facts_of

ASK: Any = [{"role": "user", "content": "Where is the Louvre?"}]
BODY = {"messages": ASK}
WITHIN_S = 5
Gateway = Callable[..., Any]


def told(event: type[Event]) -> Any:
    """An event of this kind."""
    return examples()[event]


def client_of(running: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=running.url, timeout=WITHIN_S)


async def test_it_is_taken_at_once_and_told_when_it_has_ended(gateway: Gateway):
    async with gateway(remembering=True) as running, client_of(running) as client:
        taken = await client.post("/v1/requests", json=BODY)
        assert taken.status_code == 202
        request_id = taken.json()["id"]
        assert taken.headers["location"] == f"/v1/requests/{request_id}"
        assert (taken.json()["object"], taken.json()["status"]) == ("request", "in_progress")
        told = await client.get(taken.headers["location"])
        assert told.status_code == 200
        assert (told.json()["status"], told.json()["error"]) == ("completed", None)
        assert told.json()["response"]["choices"][0]["message"]["content"] == "Paris."
        assert told.json()["response"]["id"] == f"chatcmpl-{request_id}"
        assert told.headers["x-portfolio-model"] == "small"


async def test_one_under_way_can_be_waited_for(gateway: Gateway, make_completed: Callable[..., Any]):
    async with gateway(lambda asked: None, remembering=True) as running, client_of(running) as client:
        place = (await client.post("/v1/requests", json=BODY)).headers["location"]
        now = await client.get(place)
        assert (now.json()["status"], now.json()["response"]) == ("in_progress", None)
        assert now.headers["retry-after"] == "1"
        assert (await client.get(place, params={"wait": "0.01"})).json()["status"] == "in_progress"
        waiting = asyncio.create_task(client.get(place, params={"wait": "60"}))
        await until(lambda: any(running.memory.searches.values()))
        running.memory.note(make_completed(UUID(now.json()["id"])))
        assert (await waiting).json()["status"] == "completed"
        assert len(running.waiting) == 0


async def test_a_failure_is_told_with_its_reason_and_remedy(gateway: Gateway, make_failed: Callable[..., Any]):
    failing = gateway(lambda asked: make_failed(asked.request_id), remembering=True)
    async with failing as running, client_of(running) as client:
        place = (await client.post("/v1/requests", json=BODY)).headers["location"]
        told = await client.get(place)
    assert (told.status_code, told.json()["status"], told.json()["response"]) == (200, "failed", None)
    assert told.json()["error"]["code"] == "tiers_spent"
    assert told.headers["x-portfolio-status"] == "failed"


async def test_its_road_is_told_as_events(gateway: Gateway, make_completed: Callable[..., Any]):
    async with gateway(lambda asked: None, remembering=True, progress_s=0.01) as running, client_of(running) as client:
        taken = await client.post("/v1/requests", json=BODY)
        request_id = UUID(taken.json()["id"])
        running.memory.roads[request_id] = [told(event) for event in ROAD]
        events: list[tuple[str, Any]] = []
        accept = {"accept": "text/event-stream"}
        async with client.stream("GET", taken.headers["location"], headers=accept) as stream:
            assert stream.headers["content-type"] == "text/event-stream"
            name = ""
            async for line in stream.aiter_lines():
                if line.startswith(": waiting"):
                    running.memory.note(make_completed(request_id))
                elif line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    events.append((name, json.loads(line.removeprefix("data: "))))
        road = [BY_EVENT[event].name for event in ROAD]
        assert [name for name, _ in events] == ["request.in_progress", *road, "request.completed"]
        assert events[-1][1]["response"]["choices"][0]["message"]["content"] == "Paris."
        await until(lambda: len(running.waiting) == 0)


@pytest.mark.parametrize("event", ROAD)
def test_what_is_told_of_the_road_holds_no_content(event: type[Event]):
    found = told(event)
    facts = facts_of(found)
    assert facts
    if event is RequestDeferred:
        return  # it carries none
    content = [text for name in ("body", "answer") if (body := getattr(found, name, None)) and (text := body.inline)]
    assert content
    assert not [text for text in content if text in json.dumps(facts, default=str)]
    assert not {"cost", "usage", "body", "answer"} & set(facts)


async def test_a_client_that_leaves_while_it_waits_leaves_nothing(gateway: Gateway):
    async with gateway(lambda asked: None, remembering=True) as running, client_of(running) as client:
        place = (await client.post("/v1/requests", json=BODY)).headers["location"]
        for headers in ({}, {"accept": "text/event-stream"}):
            waiting = asyncio.create_task(client.get(place, params={"wait": "60"}, headers=headers))
            await until(lambda: len(running.waiting) == 1)
            waiting.cancel()
            await until(lambda: len(running.waiting) == 0 and not any(running.memory.searches.values()))


async def test_under_a_key_it_is_taken_once(gateway: Gateway):
    async with gateway(remembering=True) as running, client_of(running) as client:
        keyed = {"Idempotency-Key": "order-17"}
        first, again = [await client.post("/v1/requests", json=BODY, headers=keyed) for _ in range(2)]
        assert first.headers["location"] == again.headers["location"]
        assert (first.headers.get("x-portfolio-repeated"), again.headers["x-portfolio-repeated"]) == (None, "true")
        chat = await client.post("/v1/chat/completions", json=BODY, headers=keyed)
        assert chat.headers["x-portfolio-request-id"] == first.json()["id"], "the same request, waited for"
        other = await client.post("/v1/requests", json={"messages": ASK, "seed": 1}, headers=keyed)
        assert other.status_code == 422
        assert len(running.kafka.published) == 1


async def test_without_a_key_each_is_a_request_of_its_own(gateway: Gateway):
    async with gateway(remembering=True) as running, client_of(running) as client:
        places = {(await client.post("/v1/requests", json=BODY)).headers["location"] for _ in range(2)}
    assert len(places) == len(running.kafka.published) == 2


@pytest.mark.parametrize("path", [str(uuid4()), "nonsense", "%00"], ids=["unknown", "nonsense", "nul"])
async def test_what_is_not_there_is_not_found(gateway: Gateway, path: str):
    async with gateway(remembering=True) as running, client_of(running) as client:
        told = await client.get(f"/v1/requests/{path}")
    assert (told.status_code, told.json()["error"]["code"]) == (404, "request_not_found")


@pytest.mark.parametrize("wait", ["-1", "61", "soon", "nan", "inf"])
async def test_a_wait_that_cannot_be_is_refused_by_name(gateway: Gateway, wait: str):
    async with gateway(remembering=True) as running, client_of(running) as client:
        place = (await client.post("/v1/requests", json=BODY)).headers["location"]
        told = await client.get(place, params={"wait": wait})
    assert (told.status_code, told.json()["error"]["param"]) == (400, "wait")


async def test_a_stream_is_asked_for_at_its_place_and_not_in_the_body(gateway: Gateway):
    async with gateway(remembering=True) as running, client_of(running) as client:
        told = await client.post("/v1/requests", json={**BODY, "stream": True})
    assert (told.status_code, told.json()["error"]["param"]) == (400, "stream")


async def test_without_a_database_nothing_is_taken_that_could_not_be_looked_at(gateway: Gateway):
    async with gateway() as running, client_of(running) as client:
        for told in (await client.post("/v1/requests", json=BODY), await client.get(f"/v1/requests/{uuid4()}")):
            assert told.status_code == 400
            assert "set DATABASE_URL" in told.json()["error"]["message"]
        assert running.kafka.published == []
