"""One running stack for all tests of the pipeline; each test has requests of its own."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from own_ports import free_port
from playwright.sync_api import expect

from infra.local.bus import bus_config
from infra.local.jaeger import jaeger_binary
from infra.local.kafka import EmbeddedKafka
from infra.local.parts import Addresses
from infra.local.postgres import EmbeddedPostgres
from infra.local.services import apply_portfolio
from pipeline import spans
from pipeline.document import SILENT, document
from pipeline.kafka_log import Client, Log
from pipeline.replicas import Replica, two_replicas
from pipeline.requests import Ledger
from pipeline.scripts import Scripts
from pipeline.spans import Collector
from pipeline.stack import Background, Pipeline, Services, new_database
from pipeline.waiting import PATIENCE_S, until
from schemas.portfolio import Portfolio

PREFIX = "pipeline."
REPLY_TOPIC = "answers.billing"
LATE_TOPIC = "answers.to-come"
"""Declared, too; it is not there until a test makes it."""
SEALING_KEYS = f"2026-11:{b64encode(bytes(range(32))).decode()}"
DEADLINE_IS_NOW = """
UPDATE escalation.requests SET next_at = now(), deadline_at = now() WHERE request_id = $1 AND state = 'open'
"""
RECORDED = "Which bird repeats what it hears?"
expect.set_options(timeout=PATIENCE_S * 1_000)


@pytest.fixture(scope="package")
def background() -> Iterator[Background]:
    loop = Background()
    yield loop
    loop.close()


@pytest.fixture(scope="package")
def scripts(background: Background) -> Iterator[Scripts]:
    providers = Scripts()
    background.run(providers.serve())
    yield providers
    background.run(providers.hang_up())


@pytest.fixture(scope="package")
def collector(scratch: Path) -> Iterator[Collector]:
    """Real Jaeger where it is built; else a receiver of the tests' own."""
    with spans.receiver() if jaeger_binary() is None else spans.jaeger(scratch) as taking:
        yield taking


@pytest.fixture(scope="package")
def portfolio(scripts: Scripts, scratch: Path) -> Portfolio:
    answers = scratch / "answers.jsonl"
    message = {"role": "assistant", "content": "A parrot."}
    recording = {"request": {"messages": [{"role": "user", "content": RECORDED}]}, "model": "parrot"}
    answers.write_text(json.dumps({**recording, "answers": [{"message": message}]}) + "\n")
    return document(scripts.url, answers)


@pytest.fixture(scope="package")
def addresses(
    kafka: EmbeddedKafka, postgres: EmbeddedPostgres, collector: Collector, background: Background
) -> Addresses:
    database = background.run(new_database(postgres.address, "pipeline"))
    return Addresses(kafka.address, database, "", collector.otlp, None)


@pytest.fixture(scope="package")
def services(
    background: Background, portfolio: Portfolio, addresses: Addresses, scripts: Scripts, scratch: Path
) -> Iterator[Services]:
    """Every service, and a worker for every provider but the silent one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOPIC_PREFIX", PREFIX)
        patch.setenv("PROFILER_REPLY_TOPICS", json.dumps([REPLY_TOPIC, LATE_TOPIC]))
        patch.setenv("OTEL_FLUSH_MS", "200")
        patch.setenv("OBJECTS_URL", str(scratch / "objects"))
        patch.setenv("SEALING_KEYS", SEALING_KEYS)
        create_topic(addresses.kafka, f"{PREFIX}{REPLY_TOPIC}")
        background.run(apply_portfolio(portfolio, addresses, bus_config(addresses)))
        served = {name: entry for name, entry in portfolio.providers.items() if name != SILENT}
        worked = portfolio.model_copy(update={"providers": served})
        running = Services(background, worked, addresses, (free_port(), free_port()))
        running.start()
        yield running
        background.run(scripts.hang_up())
        running.stop()


def create_topic(bootstrap: str, name: str) -> None:
    """A topic of one partition, as another team makes its own."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)
    # Kafka acknowledges a topic before every broker knows it.
    until(lambda: name in admin.list_topics(timeout=30).topics, f"{name} is listed")


@pytest.fixture(scope="package")
def pipeline(services: Services, addresses: Addresses, scripts: Scripts, collector: Collector) -> Iterator[Pipeline]:
    log, client = Log(addresses.kafka, PREFIX), Client(addresses.kafka, PREFIX)
    yield Pipeline(
        services=services,
        scripts=scripts,
        client=client,
        log=log,
        ledger=Ledger(services.ledger),
        collector=collector,
        gateway=services.gateway,
        bootstrap=addresses.kafka,
        prefix=PREFIX,
    )
    client.close()
    log.close()


@pytest.fixture(scope="package")
def silent(pipeline: Pipeline) -> Pipeline:
    """The pipeline, once the router believes that the silent provider has a worker.

    The last word of a worker that was killed still stands: it was ready, and nobody has missed it yet.
    """
    told = {"provider": SILENT, "worker": "killed", "ready": True, "at": "2026-01-01T00:00:00Z"}
    pipeline.client.send("worker.ready", json.dumps(told).encode(), key=SILENT.encode())

    def is_believed() -> bool:
        request_id = pipeline.submit(pipeline.scripts.expect().request(lane="lost", deadline_s=1))
        pipeline.log.end_of(request_id)
        pipeline.log.catch_up()
        return bool(pipeline.log.of(request_id, f"attempt.dispatched.{SILENT}"))

    until(is_believed, "the router hears of the silent provider's worker")
    return pipeline


@pytest.fixture(scope="module")
def replicas(pipeline: Pipeline, addresses: Addresses, scratch: Path) -> Iterator[list[Replica]]:
    with two_replicas(addresses, scratch) as running:
        yield running


@pytest.fixture
def expire(addresses: Addresses) -> Callable[[UUID], None]:
    """Let a request's deadline be now, once escalation has heard of its attempt."""

    async def moved(request_id: UUID) -> str:
        connection = await asyncpg.connect(addresses.database)
        try:
            return await connection.execute(DEADLINE_IS_NOW, request_id)
        finally:
            await connection.close()

    def wait(request_id: UUID) -> None:
        until(lambda: asyncio.run(moved(request_id)) == "UPDATE 1", f"escalation waits for {request_id}")

    return wait


@pytest.fixture
def kept(addresses: Addresses) -> Callable[[httpx.Response], httpx.Response]:
    """Wait until the answer to a request is in the cache."""

    async def count(request_id: str) -> int:
        connection = await asyncpg.connect(addresses.database)
        try:
            return await connection.fetchval("SELECT count(*) FROM gateway.answers WHERE request_id = $1", request_id)
        finally:
            await connection.close()

    def wait(answer: httpx.Response) -> httpx.Response:
        assert answer.status_code == 200, answer.text
        request_id = answer.headers["x-portfolio-request-id"]
        until(lambda: asyncio.run(count(request_id)), f"the answer to {request_id} is kept")
        return answer

    return wait
