"""Kafka, PostgreSQL and OTLP over TLS, by their variables alone; and nobody is talked to who cannot prove himself."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from metric_receiver import metric_receiver, series_in
from pydantic import SecretStr
from sqlalchemy import text
from tls import Authority, PostgresDoor, TlsKafka

from infra.bus.config import BusConfig
from infra.bus.topics import create, existing
from infra.metrics.health import Health
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.engine import engine_of
from infra.store.migrate import migrate
from infra.telemetry.config import MetricPushConfig, TelemetryConfig
from infra.telemetry.metric_push import MetricPush
from infra.telemetry.telemetry import Telemetry
from services.console.adapters.intake_topic import IntakeTopic

PASSWORD = "secret-of-router"


@pytest.fixture(scope="module")
def authority(scratch: Path) -> Authority:
    return Authority(scratch / "authority")


@pytest.fixture(scope="module")
def stranger(scratch: Path) -> Authority:
    """One that signed nothing here."""
    return Authority(scratch / "stranger")


@pytest.fixture(scope="module")
def kafka_over_tls(scratch: Path, authority: Authority) -> Iterator[TlsKafka]:
    secured = TlsKafka(scratch / "kafka-over-tls", authority)
    with secured.kafka:
        secured.let_in("router", PASSWORD)
        yield secured


def told(monkeypatch: pytest.MonkeyPatch, kafka: TlsKafka, trusts: Authority, **other: str) -> BusConfig:
    """The settings of a service that was told so by its environment."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_SASL_USERNAME": "router",
        "KAFKA_SASL_PASSWORD": PASSWORD,
        "SSL_CERT_FILE": str(trusts.file),
        **other,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return BusConfig()


async def test_a_record_goes_to_kafka_and_comes_back_over_tls_by_a_name_and_a_password(
    monkeypatch: pytest.MonkeyPatch, kafka_over_tls: TlsKafka, authority: Authority
) -> None:
    config = told(monkeypatch, kafka_over_tls, authority)
    await create(config, ["request.submitted"])
    await IntakeTopic(config.connection(), "request.submitted", 1_000_000, 20).submit([(uuid4(), b"{}")])
    consumer = AIOKafkaConsumer("request.submitted", auto_offset_reset="earliest", **config.connection())
    await consumer.start()
    try:
        assert (await asyncio.wait_for(consumer.getone(), 20)).value == b"{}"
    finally:
        await consumer.stop()


@pytest.mark.parametrize(
    "wrong",
    [
        {"KAFKA_SASL_PASSWORD": "secret-that-is-wrong"},
        {"KAFKA_SASL_USERNAME": "nobody"},
        {"KAFKA_SASL_MECHANISM": "PLAIN"},
        {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"},
        {"KAFKA_SECURITY_PROTOCOL": "SSL"},
    ],
    ids=lambda wrong: "-".join(wrong.values()),
)
async def test_kafka_lets_in_nobody_else(
    monkeypatch: pytest.MonkeyPatch, kafka_over_tls: TlsKafka, authority: Authority, wrong: dict[str, str]
) -> None:
    config = told(monkeypatch, kafka_over_tls, authority, **wrong)
    with pytest.raises((KafkaError, OSError)) as caught:
        async with asyncio.timeout(20):
            await existing(config)
    assert "secret" not in f"{caught.value!r} {config!r}"
    assert not isinstance(caught.value, TimeoutError), "it is refused at once"


async def test_a_broker_that_a_stranger_vouches_for_is_told_no_password(
    monkeypatch: pytest.MonkeyPatch, kafka_over_tls: TlsKafka, stranger: Authority
) -> None:
    config = told(monkeypatch, kafka_over_tls, stranger)
    with pytest.raises((KafkaError, OSError)):
        await existing(config)


def over_tls(config: StoreConfig, port: int, trusts: Authority) -> StoreConfig:
    at = urlsplit(config.dsn)
    address = at._replace(netloc=f"{at.username}:{at.password}@127.0.0.1:{port}")
    query = f"sslmode=verify-full&sslrootcert={trusts.file}"
    return StoreConfig(database_url=SecretStr(address._replace(query=query).geturl()))


async def test_postgres_is_migrated_and_asked_over_tls(store_config: StoreConfig, authority: Authority) -> None:
    async with PostgresDoor(authority, urlsplit(store_config.dsn).port or 0) as door:
        secured = over_tls(store_config, door.port, authority)
        await migrate(secured.dsn, "ledger")
        database = Database(secured, "test")
        await database.open()
        assert await database.pool.fetchval("SELECT count(*) FROM ledger.requests") == 0
        await database.close()
        engine = engine_of(secured.dsn)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM ledger.requests")) == 0
        await engine.dispose()
        assert door.shaken >= 3, "a migration, a pool and an engine"


async def test_a_postgres_that_a_stranger_vouches_for_is_told_no_password(
    store_config: StoreConfig, authority: Authority, stranger: Authority
) -> None:
    async with PostgresDoor(authority, urlsplit(store_config.dsn).port or 0) as door:
        with pytest.raises(ssl.SSLCertVerificationError):
            await migrate(over_tls(store_config, door.port, stranger).dsn, "ledger")
        assert door.shaken == 0


@pytest.fixture
async def collector(authority: Authority) -> AsyncIterator[tuple[str, list[str]]]:
    """An OTLP receiver over TLS: its address, and the authorizations of what it took."""
    taken: list[str] = []

    async def take(request: web.Request) -> web.Response:
        await request.read()
        taken.append(request.headers.get("authorization", ""))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=authority.context())
    yield str(server.make_url("")).rstrip("/"), taken
    await server.close()


@pytest.mark.parametrize("known", [True, False], ids=["known", "stranger"])
async def test_spans_go_over_tls_to_whom_the_authority_knows_and_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
    collector: tuple[str, list[str]],
    authority: Authority,
    stranger: Authority,
    known: bool,
) -> None:
    address, taken = collector
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str((stranger if known else authority).file))  # for other traffic
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str((authority if known else stranger).file))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20key")
    telemetry = Telemetry(TelemetryConfig(otel_exporter_otlp_endpoint=address, otel_shutdown_s=3), "test")
    telemetry.tracer.start_span("a span").end()
    await asyncio.to_thread(telemetry.close)
    assert taken == (["Bearer key"] if known else [])
    assert telemetry.spans_lost == (0 if known else 1)


@pytest.mark.parametrize("known", [True, False], ids=["known", "stranger"])
async def test_metrics_go_over_tls_to_whom_the_authority_knows_and_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, stranger: Authority, known: bool
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str((stranger if known else authority).file))  # for other traffic
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str((authority if known else stranger).file))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20key")
    with metric_receiver(authority.context()) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", receiver.address)
        push = MetricPush(MetricPushConfig(otel_shutdown_s=3), [Health("router")])
        await push.start()
        await push.stop()
        assert receiver.authorizations == (["Bearer key"] if known else [])
        pushed = [series_in(post) for post in receiver.posts()]
        started = ("portfolio_started", frozenset({("service", "router")}))
        assert [each[started] for each in pushed] == ([0.0] if known else [])
