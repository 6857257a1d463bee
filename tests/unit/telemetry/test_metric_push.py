"""Metrics that are pushed: what a scrape gives, to a receiver that reads OTLP; and nothing unless it is asked for."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from metric_receiver import MetricReceiver, Series, metric_receiver, metrics_in, series_in
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from infra.entry import Alone
from infra.metrics.config import HealthConfig
from infra.metrics.exposition import Exposition
from infra.metrics.health import Health
from infra.metrics.measure import Buckets, Measure, counter, gauge
from infra.telemetry.config import MetricPushConfig
from infra.telemetry.metric_push import MetricPush
from infra.wrong_settings import wrong_settings

HOURLY = 3_600_000


@pytest.fixture
def receiver() -> Iterator[MetricReceiver]:
    with metric_receiver() as taking:
        yield taking


def service(name: str, **labels: str) -> Health:
    """One with a metric of each kind."""
    batches = Buckets((1, 2.5, 10))
    batches.add(2, 3)
    batches.add(70)
    told = Health(name, labels=labels)
    told.measure(
        counter("portfolio_said_total", "Said.", lambda: Counter({"request.profiled": 2, "worker.ready": 1}), "topic"),
        counter("portfolio_moves_total", "Moves.", lambda: {("0", "go"): 7}, "tier", "passage"),
        counter("portfolio_unheard_total", "Nothing of it yet.", dict, "topic"),
        gauge("portfolio_held", "Held.", lambda: 1.5),
        gauge("portfolio_ready", "1 while it is.", lambda: {"acme": True}, "provider_named"),
        Measure("portfolio_batch_events", "histogram", "Events in a batch.", lambda: batches),
    )
    return told


def pushed_to(receiver: MetricReceiver, every_ms: int = HOURLY) -> MetricPushConfig:
    return MetricPushConfig(
        otel_exporter_otlp_metrics_endpoint=receiver.address, otel_metric_export_interval=every_ms, otel_shutdown_s=3
    )


@asynccontextmanager
async def pushing(config: MetricPushConfig, *services: Health) -> AsyncIterator[None]:
    push = MetricPush(config, services)
    await push.start()
    yield
    await push.stop()


async def scraped(*services: Health) -> dict[Series, float]:
    families = text_string_to_metric_families((await Exposition(services).text()).decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def of_ours(found: dict[Series, float]) -> dict[Series, float]:
    return {series: value for series, value in found.items() if not series[0].startswith("process_")}


@pytest.mark.parametrize(
    "services",
    [
        [service("router")],
        [service("router"), service("model_worker", provider="acme"), service("model_worker", provider="local")],
    ],
    ids=["alone", "in one process"],
)
async def test_what_is_pushed_is_what_a_scrape_is_given(receiver: MetricReceiver, services: list[Health]) -> None:
    async with pushing(pushed_to(receiver), *services):
        wanted = await scraped(*services)
    pushed = series_in(receiver.after(0))

    assert of_ours(pushed) == of_ours(wanted)
    assert len(of_ours(pushed)) == 13 * len(services)
    assert set(pushed) == set(wanted), "the process's own, too"


async def test_the_resource_names_the_service_and_each_worker_has_its_own(receiver: MetricReceiver) -> None:
    async with pushing(pushed_to(receiver), service("router"), service("model_worker", provider="acme")):
        pass
    found = [resource for resource, metric in metrics_in(receiver.after(0)) if metric.name == "portfolio_held"]

    assert [(each["service.name"], each["service.namespace"], each.get("provider")) for each in found] == [
        ("router", "model-portfolio", None),
        ("model_worker", "model-portfolio", "acme"),
    ]
    assert all(each["service.instance.id"] for each in found)


async def test_a_process_is_told_with_its_only_service_and_else_by_itself(receiver: MetricReceiver) -> None:
    for services in ([service("router")], [service("router"), service("ledger")]):
        before = len(receiver.posts())
        async with pushing(pushed_to(receiver), *services):
            pass
        named = {
            resource["service.name"]
            for resource, metric in metrics_in(receiver.after(before))
            if metric.name == "process_cpu_seconds_total"
        }
        assert named == ({"router"} if len(services) == 1 else {"model-portfolio"})


async def test_counters_rise_from_the_start_of_the_process(receiver: MetricReceiver) -> None:
    async with pushing(pushed_to(receiver, every_ms=100), service("router")):
        await asyncio.to_thread(receiver.after, 1)
    first, second = (
        next(metric.sum for _, metric in metrics_in(post) if metric.name == "portfolio_said_total")
        for post in receiver.posts()[:2]
    )
    assert first.is_monotonic
    assert first.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
    begun, again = first.data_points[0], second.data_points[0]
    assert begun.start_time_unix_nano == again.start_time_unix_nano < begun.time_unix_nano < again.time_unix_nano


async def test_what_only_another_system_knows_is_fetched_before_a_push(receiver: MetricReceiver) -> None:
    lag = {"request.profiled": 0}

    async def ask() -> None:
        lag["request.profiled"] = 5

    told = Health("router")
    told.measure(gauge("portfolio_lag", "Lag.", lambda: lag, "topic"))
    told.before_scrape(ask)
    async with pushing(pushed_to(receiver, every_ms=100), told):
        pushed = series_in(await asyncio.to_thread(receiver.after, 0))
    assert pushed["portfolio_lag", frozenset({("service", "router"), ("topic", "request.profiled")})] == 5


async def test_a_receiver_that_was_away_is_told_again_with_one_line_each(
    receiver: MetricReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 400
    with caplog.at_level(logging.WARNING, "infra.telemetry"):
        async with pushing(pushed_to(receiver, every_ms=100), service("router")):
            await asyncio.to_thread(receiver.asked, 2)
            receiver.status = 200
            await asyncio.to_thread(receiver.after, 1)
    assert [record.message for record in caplog.records if record.name.startswith("infra.")] == [
        "no OTLP receiver takes the metrics",
        "the OTLP receiver takes metrics again",
    ]


class Idle:
    """A service that does nothing."""

    def __init__(self) -> None:
        self.health = service("router")
        self.broken = asyncio.Event()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


async def test_a_service_with_a_process_to_itself_pushes_a_last_time_when_it_stops(
    receiver: MetricReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.root)
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp")
    alone = Alone(Idle(), HealthConfig(), MetricPushConfig())
    await alone.start()
    assert receiver.posts() == []
    await alone.stop()
    assert series_in(receiver.after(0))["portfolio_held", frozenset({("service", "router")})] == 1.5


@pytest.mark.parametrize(
    ("told", "endpoint"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://jaeger:4318"}, None),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, "http://localhost:4318/v1/metrics"),
        ({"OTEL_METRICS_EXPORTER": "prometheus, otlp"}, "http://localhost:4318/v1/metrics"),
        ({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1/"}, "http://a:1/v1/metrics"),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://b:2/own/path"}, "http://b:2/own/path"),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://b:2/", "OTEL_METRICS_EXPORTER": ""}, "http://b:2/"),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://b:2/", "OTEL_METRICS_EXPORTER": "none"}, None),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://b:2/", "OTEL_METRICS_EXPORTER": "prometheus"}, None),
    ],
)
def test_metrics_are_pushed_only_where_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str], endpoint: str | None
) -> None:
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert MetricPushConfig().endpoint == endpoint


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("OTEL_METRICS_EXPORTER", "console", "console is not among otlp, prometheus and none"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta", "Input should be 'cumulative'"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "greater than or equal to 100"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "collector:4318", "http:// or https://"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        MetricPushConfig()
    [told] = wrong_settings(caught.value)
    assert told.startswith(f"{name}: ")
    assert says in told
