"""Bad feedback and the answer cache, on real Kafka and PostgreSQL: whichever came first, and whoever said it."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from gateway_at_work import WITHIN_S, gateway, responding
from gateway_database import database
from prometheus_client.parser import text_string_to_metric_families

from infra.bus.config import BusConfig
from infra.metrics.exposition import Exposition
from infra.store.config import StoreConfig
from infra.store.database import Database
from schemas.content import body_of
from schemas.recall import Recalled
from schemas.review import FeedbackRecorded
from services.gateway.adapters.answer_store import AnswerStore
from services.gateway.app import GatewayApp
from services.gateway.domain.cache import ANYBODYS, DROPPED_KEPT_HOURS, Bad, Given, Kept

__all__ = ["database"]

ROUNDS = 30


@pytest.fixture
def store(database: Database) -> AnswerStore:
    return AnswerStore(database, 1_000_000)


def kept() -> Kept:
    answer = body_of(json.dumps({"message": {"content": "Paris."}, "finish_reason": "stop"}).encode())
    told: Any = {"request_id": uuid4(), "lane": "simple", "model": "small", "provider": "acme"}
    return Kept(uuid4().bytes * 2, "shop", 60, Recalled(**told, answer=answer))


async def is_served(store: AnswerStore, one: Kept) -> bool:
    return await store.find(one.key, "shop") is not None


@pytest.mark.parametrize(("tenant", "served"), [("shop", False), (ANYBODYS, False), ("bank", True)])
async def test_what_was_wrong_before_it_was_kept_is_not_kept(store: AnswerStore, tenant: str, served: bool) -> None:
    one = kept()
    await store.drop(Bad(one.recalled.request_id, tenant))
    await store.write([one], [])
    assert await is_served(store, one) is served


async def test_what_was_wrong_before_it_was_noted_as_given_is_dropped(store: AnswerStore) -> None:
    one, served = kept(), uuid4()
    await store.write([one], [])
    await store.drop(Bad(served, "bank"))
    assert await store.write([], [Given(uuid4(), "shop", one.recalled.request_id)]) == 0
    assert await is_served(store, one)
    await store.drop(Bad(served, "shop"))
    assert await store.write([], [Given(served, "shop", one.recalled.request_id)]) == 1
    assert not await is_served(store, one)


async def test_what_is_said_at_the_same_time_is_never_lost(store: AnswerStore) -> None:
    for _ in range(ROUNDS):
        one, other, served = kept(), kept(), uuid4()
        await store.write([other], [])
        await asyncio.gather(
            store.write([one], [Given(served, "shop", other.recalled.request_id)]),
            store.drop(Bad(one.recalled.request_id, "shop")),
            store.drop(Bad(served, "shop")),
        )
        assert [await is_served(store, each) for each in (one, other)] == [False, False]


async def test_an_answer_that_was_dropped_does_not_come_back_when_its_end_is_told_again(
    store: AnswerStore, database: Database
) -> None:
    one = kept()
    await store.write([one], [])
    await store.drop(Bad(one.recalled.request_id, "shop"))
    await database.patiently(store.expire)
    await store.write([one], [])
    assert not await is_served(store, one)
    async with database.pool.acquire() as connection:
        late = "UPDATE gateway.dropped SET dropped_at = now() - make_interval(hours => $1)"
        await connection.execute(late, DROPPED_KEPT_HOURS + 1)
        await store.expire(connection)  # type: ignore[arg-type]  a proxy of the connection
        assert await connection.fetchval("SELECT count(*) FROM gateway.dropped") == 0


def feedback(request_id: UUID, score: float, tenant: str | None = None) -> bytes:
    told: Any = {"request_id": request_id, "feedback_id": uuid4(), "source": "user", "tenant": tenant}
    return FeedbackRecorded(**told, score=score, recorded_at=datetime.now(UTC)).to_json()


async def counted(app: GatewayApp) -> float:
    """How many dropped answers the gateway's metrics tell."""
    families = text_string_to_metric_families((await Exposition([app.health]).text()).decode())
    [value] = [s.value for family in families for s in family.samples if s.name == "portfolio_cache_dropped_total"]
    return value


async def test_what_kafka_clients_say_drops_it_too_also_while_no_gateway_runs(
    bus_config: BusConfig, store_config: StoreConfig, store: AnswerStore
) -> None:
    good, bad, other, later = kept(), kept(), kept(), kept()
    await store.write([good, bad, other, later], [])

    async def gone(one: Kept) -> None:
        async with asyncio.timeout(WITHIN_S):
            while await is_served(store, one):  # noqa: ASYNC110 only the database knows
                await asyncio.sleep(0.01)

    async with responding(bus_config) as responder:

        async def say(one: Kept, score: float, tenant: str | None = None) -> None:
            key = str(one.recalled.request_id).encode()
            await responder.say_raw("feedback.recorded", feedback(one.recalled.request_id, score, tenant), key)

        async with gateway(bus_config, store=store_config):
            await responder.say_raw("feedback.recorded", b"not JSON", None)
            await say(good, 0.9)
            await say(other, 0.0, "bank")
            await say(bad, 0.2)
            await gone(bad)
        await say(later, 0.0, "shop")
        async with gateway(bus_config, store=store_config) as app:
            await gone(later)
            assert await counted(app) == 1
    assert [await is_served(store, one) for one in (good, other)] == [True, True]
