"""Measures as Prometheus reads them, and what a service says that it waits for."""

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from infra.metrics.exposition import Exposition
from infra.metrics.health import Health
from infra.metrics.measure import Buckets, Measure, counter, gauge

BOUNDS = (1, 2, 5)


async def samples(*services: Health) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by its name and its labels' values in the order of their names, by Prometheus's parser."""
    text = (await Exposition(services).text()).decode()
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}


@given(st.lists(st.tuples(st.floats(min_value=0, max_value=9), st.integers(min_value=1, max_value=9))))
def test_a_histogram_counts_each_value_once_below_its_bound(values: list[tuple[float, int]]) -> None:
    buckets = Buckets(BOUNDS)
    for value, times in values:
        buckets.add(value, times)

    assert sum(buckets.counts) == sum(times for _, times in values)
    for number, bound in enumerate(BOUNDS):
        assert sum(buckets.counts[: number + 1]) == sum(times for value, times in values if value <= bound)


async def test_services_of_one_process_share_a_metric_and_keep_apart_by_label() -> None:
    one, other = Health("router"), Health("model_worker", labels={"provider": "acme"})
    one.measure(counter("portfolio_said_total", "Said.", lambda: Counter({"a": 2}), "topic"))
    other.measure(
        counter("portfolio_said_total", "Said.", lambda: Counter({'b"\n': 3}), "topic"),
        gauge("portfolio_held", "Held.", lambda: 1),
    )
    found = await samples(one, other)

    assert found["portfolio_said_total", ("router", "a")] == 2
    assert found["portfolio_said_total", ("acme", "model_worker", 'b"\n')] == 3
    assert found["portfolio_held", ("acme", "model_worker")] == 1
    assert found["process_resident_memory_bytes", ()] > 0


async def test_a_histogram_is_told_as_prometheus_wants_it() -> None:
    buckets = Buckets(BOUNDS)
    buckets.add(2, 3)
    buckets.add(7)
    service = Health("router")
    service.measure(Measure("portfolio_batch", "histogram", "Sizes.", lambda: buckets))
    found = await samples(service)

    told = {labels[0]: value for (name, labels), value in found.items() if name == "portfolio_batch_bucket"}
    assert told == {"1.0": 0, "2.0": 3, "5.0": 3, "+Inf": 4}
    assert (found["portfolio_batch_count", ("router",)], found["portfolio_batch_sum", ("router",)]) == (4, 13)


async def test_a_service_says_what_it_waits_for_step_by_step() -> None:
    service, gate = Health("router"), asyncio.Event()
    assert await service.unready() == ["to be started"]

    start = asyncio.create_task(service.after("the database", gate.wait()))
    await asyncio.sleep(0)
    assert await service.unready() == ["the database"]
    gate.set()
    assert await start is True
    service.started()
    assert await service.unready() == []
    service.stopping()
    assert await service.unready() == ["nothing: it is stopping"]


async def test_what_ails_a_started_service_is_told_and_never_waited_for_long(monkeypatch) -> None:
    monkeypatch.setattr("infra.metrics.health.CHECK_S", 0.01)
    service = Health("router")

    async def hangs() -> None:
        await asyncio.Event().wait()

    async def fails() -> None:
        raise ConnectionRefusedError("postgresql://user:secret@db")

    async def holds() -> None:
        return None

    for name, check in (("Kafka", hangs), ("the database", fails), ("reading", holds)):
        service.check(name, check)
    service.before_scrape(hangs)
    service.started()

    assert await service.unready() == [
        "Kafka does not answer within 0.01 s",
        "the database does not answer (ConnectionRefusedError)",
    ]
    assert (await samples(service))["portfolio_started", ("router",)] == 1


async def test_a_scrape_tells_what_ready_would_say() -> None:
    service, ails = Health("gateway"), ["the database does not answer"]

    async def ailing() -> str | None:
        return ails[0] if ails else None

    service.check("the database", ailing)
    assert (await samples(service))["portfolio_ready", ("gateway",)] == 0
    service.started()
    assert (await samples(service))["portfolio_ready", ("gateway",)] == 0
    ails.clear()
    assert (await samples(service))["portfolio_ready", ("gateway",)] == 1


async def test_services_of_one_process_fetch_at_once_so_that_a_scrape_waits_for_the_slowest_alone() -> None:
    together = asyncio.Barrier(2)
    fetched: list[str] = []

    def service_that_waits(name: str) -> Health:
        async def fetch() -> None:
            await together.wait()
            fetched.append(name)

        service = Health(name)
        service.before_scrape(fetch)
        return service

    await Exposition([service_that_waits("router"), service_that_waits("ledger")]).text()
    assert sorted(fetched) == ["ledger", "router"]
