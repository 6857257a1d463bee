"""Kept answers on real PostgreSQL: for whom, for how long, how many; and a cache whose database is away."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from gateway_at_work import ASK, REVISED
from gateway_database import database

from infra.store.config import StoreConfig
from infra.store.database import Database
from schemas.content import body_of
from schemas.portfolio import Portfolio
from schemas.recall import Recalled
from schemas.standing import PortfolioRevised
from services.gateway.adapters.answer_cache import AWAY_S, AnswerCache
from services.gateway.adapters.answer_store import AnswerStore
from services.gateway.domain.cache import ANYBODYS, Bad, Given, Kept, Wish
from services.gateway.domain.chat_request import asked_of

__all__ = ["database"]

MAX_BYTES = 3_000


@pytest.fixture
def store(database: Database) -> AnswerStore:
    return AnswerStore(database, MAX_BYTES)


def kept(key: bytes, text: str = "Paris.", for_s: int = 60, first: UUID | None = None) -> Kept:
    answer = body_of(json.dumps({"message": {"content": text}, "finish_reason": "stop"}).encode())
    told: Any = {"request_id": first or uuid4(), "lane": "simple", "model": "small", "provider": "acme"}
    return Kept(key, "shop", for_s, Recalled(**told, answer=answer))


def key() -> bytes:
    return uuid4().bytes * 2


async def test_an_answer_is_its_tenants_alone(store: AnswerStore) -> None:
    one = kept(key())
    await store.write([one], [])
    assert await store.find(one.key, "shop") == one.recalled
    assert await store.find(one.key, "bank") is None
    assert await store.find(key(), "shop") is None


async def test_the_newest_of_a_key_is_kept(store: AnswerStore) -> None:
    first, second, third = (kept(one, text) for one in [key()] for text in ("1", "2", "3"))
    await store.write([first, second], [])
    assert await store.find(first.key, "shop") == second.recalled
    await store.write([third], [])
    assert await store.find(first.key, "shop") == third.recalled


async def test_it_is_kept_for_its_time(store: AnswerStore, database: Database) -> None:
    one = kept(key(), for_s=60)
    await store.write([one], [])
    left = "SELECT extract(epoch FROM expires_at - now()) FROM gateway.answers WHERE key = $1"
    async with database.pool.acquire() as connection:
        assert 50 < float(await connection.fetchval(left, one.key)) <= 60
        await connection.execute("UPDATE gateway.answers SET expires_at = now() WHERE key = $1", one.key)
        assert await store.find(one.key, "shop") is None
        await store.expire(connection)  # type: ignore[arg-type]  a proxy of the connection
        assert not await connection.fetchval("SELECT count(*) FROM gateway.answers WHERE key = $1", one.key)


async def test_the_oldest_make_room(store: AnswerStore, database: Database) -> None:
    many = [kept(key(), "x" * 500) for _ in range(8)]
    for each in many:
        await store.write([each], [])
    async with database.pool.acquire() as connection:
        await store.trim(connection)  # type: ignore[arg-type]  a proxy of the connection
        size = await connection.fetchval("SELECT sum(octet_length(recalled)) FROM gateway.answers")
    left = [await store.find(each.key, "shop") is not None for each in many]
    assert MAX_BYTES / 2 < size <= MAX_BYTES
    assert left == sorted(left), "the newest are those that stay"


async def test_a_wrong_answer_is_dropped_by_any_request_that_got_it_and_does_not_come_back(store: AnswerStore) -> None:
    one, served = kept(key()), uuid4()
    await store.write([one], [Given(served, "shop", one.recalled.request_id)])
    assert not await store.drop(Bad(served, "bank")), "nobody drops another tenant's"
    assert not await store.drop(Bad(uuid4(), ANYBODYS))
    assert await store.drop(Bad(served, "shop"))
    await store.write([one], [Given(served, "shop", one.recalled.request_id)])  # its end is told again
    assert await store.find(one.key, "shop") is None
    better = kept(one.key, "Rome.")
    await store.write([better], [])
    assert await store.find(one.key, "shop") == better.recalled
    assert await store.drop(Bad(better.recalled.request_id, ANYBODYS))


async def test_a_cache_that_is_away_costs_a_request_nothing(store_config: StoreConfig) -> None:
    document = REVISED.portfolio.model_dump(mode="json", exclude_none=True)
    document["lanes"]["simple"]["cache"] = {"for_s": 60}
    revised = PortfolioRevised(**{**dict(REVISED), "portfolio": Portfolio.of(document)})
    away = Database(store_config, "test")
    await away.open()
    await away.close()
    clock = [100.0]
    looked: list[bytes] = []

    class Store(AnswerStore):
        async def find(self, key: bytes, tenant: str) -> Recalled | None:
            looked.append(key)
            return await super().find(key, tenant)

    cache = AnswerCache(Store(away, MAX_BYTES), 1_000, 100_000, lambda: clock[0])
    asked = asked_of(json.dumps({"messages": ASK}).encode(), uuid4()).submitted
    for after_s, looks in ((0.0, 1), (AWAY_S - 1, 1), (AWAY_S, 2)):
        clock[0] = 100.0 + after_s
        found = await cache.look_up(asked, "shop", revised, Wish.ANSWER)
        assert found.recall is not None
        assert (found.recall.found, len(looked)) == (None, looks)
    assert (await cache.look_up(asked, "shop", revised, Wish.NOTHING)).recall is None
    assert len(looked) == 2
