"""An Idempotency-Key over real Kafka and PostgreSQL: what it stands for, for whom, and for how long."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from gateway_at_work import ASK, WITHIN_S, Replicas, gateway, replicas, responding

from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from services.gateway.adapters.claim_store import ClaimStore, Span
from services.gateway.config import GatewayConfig
from services.gateway.domain.chat_request import asked_of
from services.gateway.domain.patience import KEPT_S
from services.gateway.domain.repeats import hash_of_body, hash_of_key


class Two(Replicas):
    """Two replicas over one database, and what they published."""

    async def ask(self, replica: int, key: str, path: str = "chat/completions", **told: Any) -> httpx.Response:
        body = {"model": "auto", "input" if path == "responses" else "messages": ASK, **told}
        async with httpx.AsyncClient(timeout=WITHIN_S) as client:
            return await client.post(f"{self.apps[replica].url}/v1/{path}", json=body, headers={"Idempotency-Key": key})


@pytest.fixture
async def two(bus_config: BusConfig, store_config: StoreConfig) -> AsyncIterator[Two]:
    async with replicas(bus_config, store_config) as both:
        yield Two(both.apps, both.responder)


async def test_a_repeat_is_told_as_it_asks_to_be(two: Two) -> None:
    plain = await two.ask(0, "a")
    streamed = await two.ask(1, "a", stream=True, stream_options={"include_usage": True})
    events = [line.removeprefix("data: ") for line in streamed.text.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    text = "".join(c["delta"].get("content") or "" for event in events[:-1] for c in json.loads(event)["choices"])
    assert text == plain.json()["choices"][0]["message"]["content"]
    assert (plain.headers.get("x-portfolio-repeated"), streamed.headers["x-portfolio-repeated"]) == (None, "true")
    assert len(two.asked) == 1


async def test_anthropics_messages_are_repeated_too(two: Two) -> None:
    first, again = [await two.ask(replica, "m", "messages", max_tokens=50) for replica in (0, 1)]
    assert first.json()["content"] == again.json()["content"]
    other = await two.ask(0, "m", "messages", max_tokens=51)
    assert (other.status_code, other.json()["error"]["type"]) == (422, "invalid_request_error")
    assert len(two.asked) == 1


async def test_openais_responses_are_repeated_too_and_are_the_same_requests_as_chats(two: Two) -> None:
    first, again = [await two.ask(replica, "r", "responses", max_output_tokens=50) for replica in (0, 1)]
    chat = await two.ask(1, "r", max_tokens=50)
    assert first.json()["output"] == again.json()["output"]
    assert first.json()["output"][0]["content"][0]["text"] == chat.json()["choices"][0]["message"]["content"]
    other = await two.ask(0, "r", "responses", max_output_tokens=51)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert len(two.asked) == 1


async def test_a_large_request_is_repeated_by_its_content(two: Two) -> None:
    content = "é" * GatewayConfig().max_inline_bytes
    told = [await two.ask(replica, "large", messages=[{"role": "user", "content": content}]) for replica in (0, 1)]
    assert [one.status_code for one in told] == [200, 200]
    assert told[0].content == told[1].content
    assert len(two.asked) == 1


async def test_what_was_claimed_and_never_said_is_said_by_the_repeat(two: Two, store_config: StoreConfig) -> None:
    lost = uuid4()
    asked = asked_of(json.dumps({"model": "auto", "messages": ASK}).encode(), lost).submitted
    claims = two.apps[0]._claims
    assert claims is not None
    await claims.store.claim("default", hash_of_key("k"), hash_of_body(asked), lost, Span(0, KEPT_S))
    answers = [await two.ask(replica, "k") for replica in (1, 0, 1)]
    assert {answer.headers["x-portfolio-request-id"] for answer in answers} == {str(lost)}
    assert [each.request_id for each in two.asked] == [lost]


async def test_what_is_remembered_late_was_asked_when_it_was(two: Two) -> None:
    claims = two.apps[0]._claims
    assert claims is not None
    early, late = uuid4(), uuid4()
    assert await claims.remember("default", early, 60.0)
    assert await claims.remember("default", late, 0.0)
    stands = [await claims.store.find("default", request_id) for request_id in (early, late)]
    times = [claim.asked_at for claim in stands if claim is not None]
    assert timedelta(seconds=59) < times[1] - times[0] < timedelta(seconds=80)


async def test_keys_are_forgotten_after_a_day(two: Two, store_config: StoreConfig) -> None:
    first = await two.ask(0, "old")
    connection = await asyncpg.connect(store_config.dsn)
    try:
        store = two.apps[0]._claims.store  # type: ignore[union-attr]
        assert isinstance(store, ClaimStore)
        assert await store.forget(connection) == 0
        late = await store.claim("default", b"late", b"body", uuid4(), Span(60, KEPT_S + 7_200))
        await connection.execute("UPDATE gateway.claims SET kept_until = kept_until - interval '25 hours'")
        assert await store.forget(connection) == 1, "one that a person may answer later is kept as much longer"
        assert await store.find("default", late.request_id) == replace(late, is_new=False)
        assert late.asked_at < datetime.now(UTC) - timedelta(seconds=50), "when it was asked, and not when claimed"
        kept = str(await connection.fetch("SELECT * FROM gateway.claims"))
    finally:
        await connection.close()
    anew = await two.ask(0, "old")
    assert first.headers["x-portfolio-request-id"] != anew.headers["x-portfolio-request-id"]
    assert "Louvre" not in kept


async def test_nobody_is_served_unseen_while_the_database_is_away(two: Two) -> None:
    database = two.apps[0]._database
    assert database is not None
    await database.close()
    told = await two.ask(0, "k")
    assert (told.status_code, told.json()["error"]["code"]) == (503, "idempotency_away")
    assert told.headers["x-should-retry"] == "true"
    assert two.asked == []


async def test_tenants_have_keys_of_their_own(bus_config: BusConfig, store_config: StoreConfig) -> None:
    first = "the-first-key-of-all-the-tests"
    async with (
        responding(bus_config) as responder,
        gateway(bus_config, store=store_config, keys="required", admin_key=first) as app,
        httpx.AsyncClient(base_url=app.url, timeout=WITHIN_S) as client,
    ):
        ids: set[str] = set()
        for tenant in ("shop", "bank", "shop"):
            admin = {"authorization": f"Bearer {first}"}
            made = await client.post("/admin/keys", json={"name": "x", "tenant": tenant}, headers=admin)
            headers = {"authorization": f"Bearer {made.json()['key']}", "idempotency-key": "1"}
            told = await client.post("/v1/chat/completions", json={"messages": ASK}, headers=headers)
            ids.add(told.headers["x-portfolio-request-id"])
        assert len(ids) == len(responder.records) == 2
