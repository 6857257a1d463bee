"""Who is the first to ask, on real PostgreSQL; and a first who never says what he would, on real Kafka."""

import asyncio
from uuid import UUID, uuid4

import gateway_at_work
import pytest
from gateway_at_work import ASK, REVISED, client_of, gateway, responding
from gateway_database import database

from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from infra.store.database import Database
from schemas.portfolio import Portfolio
from schemas.standing import PortfolioRevised
from services.gateway.adapters import flights
from services.gateway.adapters.flight_store import FlightStore

__all__ = ["database"]

DEAD = UUID(int=1)


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lane keeps answers."""
    document = REVISED.portfolio.model_dump(mode="json", exclude_none=True)
    document["lanes"]["simple"]["cache"] = {"for_s": 60}
    portfolio = Portfolio.of(document)
    revised = PortfolioRevised(**{**dict(REVISED), "portfolio": portfolio, "revision": portfolio.digest()})
    monkeypatch.setattr(gateway_at_work, "REVISED", revised)


async def test_one_of_many_is_the_first_until_it_is_over(database: Database) -> None:
    replicas, key = [FlightStore(database) for _ in range(2)], uuid4().bytes
    asked = [uuid4() for _ in range(20)]
    told = await asyncio.gather(*(replicas[n % 2].first(key, each, 60) for n, each in enumerate(asked)))
    [first] = {each.request_id for each in told}
    assert first in asked
    assert all(50 < each.left_s <= 60 for each in told)
    await replicas[0].over(key, asked[(asked.index(first) + 1) % 20])
    assert (await replicas[1].first(key, uuid4(), 60)).request_id == first, "nobody ends another's"
    await replicas[0].over(key, first)
    later = uuid4()
    assert (await replicas[1].first(key, later, 60)).request_id == later
    assert (await replicas[1].first(uuid4().bytes, first, 60)).request_id == first


async def test_a_first_whose_time_is_up_binds_nobody(database: Database) -> None:
    store, key, later = FlightStore(database), uuid4().bytes, uuid4()
    await store.first(key, uuid4(), 0)
    assert (await store.first(key, later, 60)).request_id == later
    await store.first(uuid4().bytes, uuid4(), 0)
    assert await database.patiently(store.expire) == 1


async def test_a_first_is_said_until_another_takes_its_place(database: Database) -> None:
    store, key, one, other = FlightStore(database), uuid4().bytes, uuid4(), uuid4()
    await store.first(key, one, 60)
    assert not await store.is_said(key, one)
    await asyncio.gather(store.said(key, one), store.said(key, other), store.said(uuid4().bytes, one))
    assert (await store.first(key, other, 60)).request_id == one
    assert (await store.is_said(key, one), await store.is_said(key, other)) == (True, False)
    await database.patiently(lambda connection: connection.execute("UPDATE gateway.flights SET until = now()"))
    assert (await store.first(key, other, 60)).request_id == other
    assert not await store.is_said(key, other), "that the one before was said tells nothing of this one"


@pytest.mark.usefixtures("keeping")
async def test_that_a_first_was_said_is_noted_for_those_who_wait(
    bus_config: BusConfig, store_config: StoreConfig, database: Database
) -> None:
    async with responding(bus_config), gateway(bus_config, store=store_config) as app, client_of(app) as client:
        await client.chat.completions.create(model="auto", messages=ASK)
    found = await database.patiently(lambda connection: connection.fetch("SELECT is_said FROM gateway.flights"))
    assert [row["is_said"] for row in found] == [True]


@pytest.mark.usefixtures("keeping")
async def test_a_first_that_died_before_it_was_said_holds_nobody_up_for_long(
    bus_config: BusConfig, store_config: StoreConfig, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "FIRST_SIGN_S", 0.5)
    begun: list[bytes] = []
    first = FlightStore.first

    async def behind_the_dead(self: FlightStore, key: bytes, request_id: UUID, for_s: float) -> object:
        begun.append(key)
        await first(self, key, DEAD, for_s)
        return await first(self, key, request_id, for_s)

    monkeypatch.setattr(FlightStore, "first", behind_the_dead)
    async with (
        responding(bus_config) as responder,
        gateway(bus_config, store=store_config) as app,
        client_of(app) as client,
    ):
        told = await client.chat.completions.create(model="auto", messages=ASK)
    assert told.choices[0].message.content == "You asked: Where is the Louvre?"
    assert len(responder.records) == 1
    anybody = uuid4()
    assert (await first(FlightStore(database), begun[0], anybody, 60)).request_id == anybody, "the next is the first"
