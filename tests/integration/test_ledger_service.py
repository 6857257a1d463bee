"""The whole ledger over a real Kafka and a real PostgreSQL: events in, a story out, one span a request."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import asyncpg
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from unit.ledger.ledger_story import PATHS, Story, revised, tripped

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.http_server import PortTaken
from infra.store.config import StoreConfig
from infra.store.migrate import migrate
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.reaction import Said
from schemas.topics import names_to_create
from services.ledger.app import LedgerApp, build_app
from services.ledger.config import LedgerConfig

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
WITHIN_S = 30
ENDED = ["rejected", "accepted"]


async def eventually(told: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """What is told once it holds; the last answer fails the test when the deadline passes."""
    deadline = time.monotonic() + WITHIN_S
    while not holds(found := await told()):
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {found}"
        await asyncio.sleep(0.05)
    return found


@pytest.fixture
def spans() -> Iterator[tuple[str, list[Any]]]:
    """An OTLP receiver, and the spans that came."""
    received: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                received.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server, ThreadPoolExecutor(1) as thread:
        thread.submit(server.serve_forever)
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()


@pytest.fixture
async def database(store_config: StoreConfig) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(store_config.dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def app(
    bus_config: BusConfig, store_config: StoreConfig, spans: tuple[str, list[Any]]
) -> AsyncIterator[LedgerApp]:
    told = TelemetryConfig(otel_exporter_otlp_endpoint=spans[0], otel_flush_ms=50)
    app = build_app(LedgerConfig(port=0), bus_config, store_config, told)
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def speaker(bus_config: BusConfig, telemetry: Telemetry) -> AsyncIterator[Bus]:
    bus = Bus(bus_config, "test", telemetry)
    await bus.create_topics(names_to_create(sorted({path.provider for path in PATHS})))
    await bus.start()
    yield bus
    await bus.stop()


async def test_events_become_a_story(
    speaker: Bus, app: LedgerApp, spans: tuple[str, list[Any]], database: "asyncpg.Connection[Any]"
) -> None:
    story, (small, large) = Story(), PATHS
    events = (
        *(story.ended_well(cost_usd="0.00075", path=large), story.feedback(), story.accepted(2, large)),
        *(story.profiled(), story.dispatched(1, small), story.completed(1, small, cost=50), story.rejected(1)),
        *(story.escalated(2), story.dispatched(2, large), story.completed(2, large, cost=700)),
        *(story.accepted(2, large), tripped(), revised(), revised(current=True)),
    )
    assert await speaker.say([Said(event) for event in events], TRACEPARENT) == {}
    async with httpx.AsyncClient(base_url=app.url) as client:

        async def tell() -> Any:
            return (await client.get(f"/requests/{story.request_id}")).json()

        def is_whole(told: Any) -> bool:
            outcomes = [attempt["outcome"] for attempt in told.get("attempts", ())]
            return outcomes == ENDED and told["totals"]["cost_micro_usd"] == 750 and told["request"]["trace_id"]

        told = await eventually(tell, is_whole)
        assert (await client.get("/ready")).json() == {"status": "ready"}

    async def spans_now() -> list[Any]:
        return list(spans[1])

    async def standing() -> list[int]:
        counts = "SELECT count(*) FROM ledger.breakers UNION ALL SELECT count(current_at) FROM ledger.revisions"
        return [row[0] for row in await database.fetch(counts)]

    assert [attempt["outcome"] for attempt in told["attempts"]] == ENDED
    assert told["request"]["trace_id"] == TRACEPARENT.split("-")[1]
    (span,) = await eventually(spans_now, bool)
    assert await eventually(standing, all) == [1, 1]
    assert span.name == "process request.profiled"
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == tuple(TRACEPARENT.split("-")[1:3])


async def test_after_a_restart_it_goes_on_where_it_was(
    speaker: Bus, app: LedgerApp, bus_config: BusConfig, store_config: StoreConfig
) -> None:
    story = Story()
    await speaker.say([Said(story.profiled())], TRACEPARENT)
    async with httpx.AsyncClient(base_url=app.url) as client:

        async def state() -> Any:
            return (await client.get(f"/requests/{story.request_id}")).json().get("request", {}).get("state")

        await eventually(state, lambda told: told == "open")
    await app.stop()
    await speaker.say([Said(story.ended_well())], TRACEPARENT)
    again = build_app(LedgerConfig(port=0), bus_config, store_config, TelemetryConfig())
    await again.start()
    async with httpx.AsyncClient(base_url=again.url) as client:
        await eventually(state, lambda told: told == "completed")
    await again.stop()


async def test_two_that_start_at_once_on_a_new_database_share_the_work(
    speaker: Bus, bus_config: BusConfig, store_config: StoreConfig, database: "asyncpg.Connection[Any]"
) -> None:
    stories = [Story(f"request {number}") for number in range(20)]
    await speaker.say([Said(story.profiled()) for story in stories], TRACEPARENT)
    both = [build_app(LedgerConfig(port=0), bus_config, store_config, TelemetryConfig()) for _ in range(2)]
    await asyncio.gather(*(app.start() for app in both))
    await speaker.say([Said(story.ended_well()) for story in stories], TRACEPARENT)

    async def completed() -> int:
        return await database.fetchval("SELECT count(*) FROM ledger.request_view WHERE state = 'completed'")

    try:
        await eventually(completed, lambda count: count == len(stories))
        assert await database.fetchval("SELECT count(*) FROM ledger.requests") == len(stories)
        assert await database.fetchval("SELECT count(*) FROM ledger.alembic_version") == 1
    finally:
        await asyncio.gather(*(app.stop() for app in both))


async def test_a_migration_runs_while_another_ledger_reads_and_writes(
    speaker: Bus, app: LedgerApp, store_config: StoreConfig, database: "asyncpg.Connection[Any]"
) -> None:
    stories = [Story(f"request {number}") for number in range(200)]
    saying = asyncio.create_task(speaker.say([Said(story.profiled()) for story in stories], TRACEPARENT))
    for _ in range(5):
        await migrate(store_config.dsn, "ledger")

    async def heard() -> int:
        return await database.fetchval("SELECT count(*) FROM ledger.requests")

    assert await saying == {}
    await eventually(heard, lambda count: count == len(stories))
    assert not app.broken.is_set()


async def test_a_port_that_is_taken_says_which_setting_moves_it(
    app: LedgerApp, bus_config: BusConfig, store_config: StoreConfig
) -> None:
    port = int(app.url.rpartition(":")[2])
    second = build_app(LedgerConfig(port=port), bus_config, store_config, TelemetryConfig())
    with pytest.raises(PortTaken, match="LEDGER_PORT"):
        await second.start()
    await second.stop()
