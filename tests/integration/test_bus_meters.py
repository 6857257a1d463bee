"""What a bus counts, on real Kafka; and what a service at work says of what it needs."""

import asyncio
import math
import re
import sys
from collections.abc import Awaitable, Callable

import pytest
from bus_at_work import HEARD, LETTERS, PATIENCE_S, TOLD, Client, at_work, bus_of, echo, request_id, until
from prometheus_client.parser import text_string_to_metric_families

from infra.bus import meters
from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.metrics.exposition import Exposition
from infra.metrics.health import Health
from schemas.reaction import NotYet, Reaction, Received
from schemas.review import FeedbackRecorded


def watched(bus: Bus) -> Health:
    """Its health, with nothing but the bus to tell of."""
    health = Health("router", bus)
    health.started()
    return health


async def figures(health: Health) -> dict[tuple[str, str], float]:
    """Values by name and by the one label that a bus has beside its service."""
    text = (await Exposition([health]).text()).decode()
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(s.name, next((v for k, v in s.labels.items() if k != "service"), "")): s.value for s in found}


async def test_events_batches_and_letters_are_counted_and_the_lag_is_gone(bus_config: BusConfig) -> None:
    bus = bus_of(bus_config, echo)
    health = watched(bus)
    async with Client(bus_config) as client, at_work(bus):
        await client.tell(1, 2, 3)
        await client.send(b"no JSON")
        await client.told(3)
        await client.log(LETTERS, 1)

        async def all_done() -> dict[tuple[str, str], float] | None:
            found = await figures(health)
            return found if found.get(("portfolio_events_heard_total", HEARD)) == 4 else None

        found = await until(all_done, "all is counted")
        assert await health.unready() == []
    assert found["portfolio_events_said_total", TOLD] == 3
    assert found["portfolio_events_said_total", LETTERS] == 1
    assert found["portfolio_dead_letters_total", "not_json"] == 1
    assert found["portfolio_consumer_lag_events", HEARD] == 0
    assert found["portfolio_batch_events_sum", ""] == 4
    assert found["portfolio_hop_seconds_count", ""] == 4
    assert 0 < found["portfolio_hop_seconds_sum", ""] < 300
    assert 1 <= found["portfolio_batch_seconds_count", ""] <= 4


async def test_what_waits_behind_a_batch_is_lag_though_nobody_reads_it(
    bus_config: BusConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, at_hand = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("infra.bus.bus.NOT_YET_TRIES", sys.maxsize)
    monkeypatch.setattr(meters, "PATIENCE_S", math.inf)

    def waits(event: FeedbackRecorded, received: Received) -> Reaction:
        if event.request_id == request_id(1) and not gate.is_set():
            at_hand.set()
            raise NotYet("a revision")
        return echo(event, received)

    bus = bus_of(bus_config, waits)
    health = watched(bus)
    async with Client(bus_config) as client, at_work(bus):

        async def lag() -> float | None:
            return (await figures(health)).get(("portfolio_consumer_lag_events", HEARD))

        await client.tell(1)
        await asyncio.wait_for(at_hand.wait(), PATIENCE_S)
        await client.tell(*range(2, 12))
        await until(lambda: is_now(lag, 11), "what waits is lag")
        assert await health.unready() == []

        monkeypatch.setattr(meters, "PATIENCE_S", 0.0)
        (why,) = await health.unready()
        assert re.match(r"a batch of 1 events has waited \d+ s for what its events need: content, its key, or a ", why)

        gate.set()
        await client.told(11)
        await until(lambda: is_now(lag, 0), "all is done")
        assert await health.unready() == []


async def is_now(lag: Callable[[], Awaitable[float | None]], count: int) -> bool:
    return await lag() == count


async def test_a_service_whose_reading_broke_is_not_ready(bus_config: BusConfig) -> None:
    bus = bus_of(bus_config)
    health = watched(bus)
    async with Client(bus_config), at_work(bus):
        assert await health.unready() == []
        bus.broken.set()
        assert await health.unready() == ["it broke: its log says why"]
    assert "Kafka: not connected" in await health.unready()
