"""Requests looked at later, over real Kafka and PostgreSQL: from any replica, and by their own tenant alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from gateway_at_work import ASK, WITHIN_S, Responder, gateway, responding

from infra.bus.config import BusConfig
from infra.bus.topics import existing
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.migrate import migrate
from services.gateway.adapters.claim_store import ClaimStore, Span
from services.gateway.config import KeysPolicy
from services.gateway.domain.patience import KEPT_S
from services.gateway.domain.problems import Refused

FIRST = "the-first-key-of-all-the-tests"
BODY = {"messages": ASK}
DAY = Span(0, KEPT_S)
BURST = 500
SLOW = """
CREATE FUNCTION gateway.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.05); RETURN NULL; END';
CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON gateway.claims EXECUTE FUNCTION gateway.slow();
"""
"""Each statement takes its time: one for each request would take longer than a client is kept waiting."""


@asynccontextmanager
async def replica(config: BusConfig, index: int, **told: Any) -> AsyncIterator[httpx.AsyncClient]:
    """One of two gateways, and a client of it."""
    async with (
        gateway(config, replica_index=index, replica_count=2, **told) as app,
        httpx.AsyncClient(base_url=app.url, timeout=2 * WITHIN_S) as client,
    ):
        yield client


def hold(responder: Responder) -> None:
    responder._consumer.pause(*responder._consumer.assignment())


async def deleted(config: BusConfig, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=config.kafka_bootstrap_servers)
    await admin.start()
    await admin.delete_topics([config.physical(topic)])
    while config.physical(topic) in await existing(config):  # noqa: ASYNC110 only Kafka knows
        await asyncio.sleep(0.05)
    await admin.close()


def let_go(responder: Responder) -> None:
    responder._consumer.resume(*responder._consumer.assignment())


async def test_any_replica_tells_how_it_stands_also_one_that_was_not_there(
    bus_config: BusConfig, store_config: StoreConfig
) -> None:
    async with responding(bus_config) as responder, replica(bus_config, 1, store=store_config) as other:
        hold(responder)
        async with replica(bus_config, 0, store=store_config) as first:
            taken = await first.post("/v1/requests", json=BODY)
            assert taken.status_code == 202, taken.text
            place = taken.headers["location"]
            for client in (first, other):
                assert (await client.get(place)).json()["status"] == "in_progress"
        waiting = asyncio.create_task(other.get(place, params={"wait": "20"}))
        let_go(responder)
        told = (await waiting).json()
        assert (told["status"], told["id"]) == ("completed", taken.json()["id"])
        assert told["response"]["choices"][0]["message"]["content"] == "You asked: Where is the Louvre?"
        async with replica(bus_config, 0, store=store_config) as again:
            assert (await again.get(place)).json() == told


async def test_its_events_are_told_as_they_come(bus_config: BusConfig, store_config: StoreConfig) -> None:
    async with responding(bus_config) as responder, replica(bus_config, 0, store=store_config) as client:
        hold(responder)
        place = (await client.post("/v1/requests", json={"model": "gpt-9", **BODY})).headers["location"]
        names: list[str] = []
        async with client.stream("GET", place, headers={"accept": "text/event-stream"}) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    names.append(line.removeprefix("event: "))
                    let_go(responder)
        assert names == ["request.in_progress", "request.failed"]


async def test_another_tenants_request_is_not_there(bus_config: BusConfig, store_config: StoreConfig) -> None:
    keys = {"store": store_config, "keys": KeysPolicy.REQUIRED, "admin_key": FIRST}
    async with responding(bus_config), replica(bus_config, 0, **keys) as client:
        made = [
            await client.post(
                "/admin/keys",
                json={"name": tenant, "tenant": tenant, "requests_per_minute": 1},
                headers={"authorization": f"Bearer {FIRST}"},
            )
            for tenant in ("shop", "bank")
        ]
        shop, bank = [{"authorization": f"Bearer {one.json()['key']}"} for one in made]
        taken = await client.post("/v1/requests", json=BODY, headers=shop)
        place = taken.headers["location"]
        assert (await client.get(place, params={"wait": "20"}, headers=shop)).json()["status"] == "completed"
        assert (await client.get(place, headers=bank)).status_code == 404
        assert (await client.get(place)).status_code == 401
        assert (await client.get(f"/v1/requests/{uuid4()}", headers=shop)).status_code == 404
        paced = await client.post("/v1/requests", json=BODY, headers=shop)
        assert paced.status_code == 429
        assert paced.headers["retry-after"]


async def test_a_burst_is_claimed_in_few_statements(store_config: StoreConfig) -> None:
    await migrate(store_config.dsn, "gateway")
    database = Database(store_config, "test")
    await database.open()
    await database.pool.execute(SLOW)
    store = ClaimStore(database)
    wanted = [(str(number % BURST).encode(), uuid4()) for number in range(2 * BURST)]
    claims = await asyncio.gather(*(store.claim("shop", key, b"body", mine, DAY) for key, mine in wanted))
    assert [claim.request_id for claim in claims[BURST:]] == [claim.request_id for claim in claims[:BURST]]
    assert [claim.is_new for claim in claims] == [True] * BURST + [False] * BURST
    with pytest.raises(Refused, match="another body"):
        await store.claim("shop", wanted[0][0], b"other", uuid4(), DAY)
    await asyncio.gather(
        *(store.said("shop", key, claims[number].request_id) for number, (key, _) in enumerate(wanted))
    )
    found = await asyncio.gather(*(store.find("shop", claim.request_id) for claim in claims))
    assert found == [replace(claim, is_new=False, is_said=True) for claim in claims]
    assert await store.find("bank", claims[0].request_id) is None
    await database.close()


async def test_a_gateway_that_may_not_read_roads_serves_all_but_events(
    bus_config: BusConfig, store_config: StoreConfig, caplog: pytest.LogCaptureFixture
) -> None:
    as_it_is = bus_config.model_copy(update={"topics_create": False})
    async with responding(bus_config):
        await deleted(bus_config, "attempt.rejected")
        async with replica(as_it_is, 0, store=store_config) as client:
            place = (await client.post("/v1/requests", json=BODY)).headers["location"]
            assert (await client.get(place, params={"wait": "20"})).json()["status"] == "completed"
            refused = await client.get(place, headers={"accept": "text/event-stream"})
            assert (await client.get("/ready")).status_code == 200
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "events_unavailable")
    assert "attempt.rejected" in caplog.text
