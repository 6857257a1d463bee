"""A ledger whose database was restored reads what that lacks again; while one runs, it is refused."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from unit.ledger.ledger_story import PATHS, Story

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.reaction import Said
from schemas.topics import names_to_create
from services.console.__main__ import main
from services.ledger.app import LedgerApp, build_app
from services.ledger.config import LedgerConfig

WITHIN_S, POLL_S = 30, 0.05
STORIES = [Story(f"request {nth}") for nth in range(10)]
REQUESTS = "SELECT count(*) FROM ledger.requests WHERE completed_at IS NOT NULL AND admitted_at IS NOT NULL"


async def started(bus_config: BusConfig, store_config: StoreConfig) -> LedgerApp:
    app = build_app(LedgerConfig(port=0), bus_config, store_config, TelemetryConfig())
    await app.start()
    return app


async def until_all_are_there(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    async with asyncio.timeout(WITHIN_S):
        while await connection.fetchval(REQUESTS) < len(STORIES):  # noqa: ASYNC110 only the database knows
            await asyncio.sleep(POLL_S)
    await connection.close()


async def emptied(dsn: str) -> None:
    """As a backup from before these requests has it."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("TRUNCATE ledger.requests")
    await connection.close()


async def test_it_reads_again_what_was_lost_and_not_while_it_runs(
    bus_config: BusConfig,
    store_config: StoreConfig,
    telemetry: Telemetry,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TOPIC_PREFIX", bus_config.topic_prefix)

    async def rebuild(*more: str) -> tuple[int, Any]:
        kafka = ("--kafka", bus_config.kafka_bootstrap_servers, "--json")
        status = await asyncio.to_thread(main, ["ledger", "rebuild", *more, *kafka])
        return status, capsys.readouterr()

    speaker = Bus(bus_config, "test", telemetry)
    await speaker.create_topics(names_to_create(sorted({path.provider for path in PATHS})))
    await speaker.start()
    app = await started(bus_config, store_config)
    await speaker.say([Said(event) for story in STORIES for event in (story.profiled(), story.ended_well())], None)
    await speaker.stop()
    await until_all_are_there(store_config.dsn)

    status, told = await rebuild("--since", "1h")
    assert (status, "stop them all" in told.err) == (1, True), told

    await app.stop()
    await emptied(store_config.dsn)
    events = {bus_config.physical(name): len(STORIES) for name in ("request.completed", "request.profiled")}
    for more in (["--dry-run"], ["--dry-run"], []):
        status, told = await rebuild("--since", "1h", *more)
        assert (status, json.loads(told.out)["events"]) == (0, events), told
    assert json.loads((await rebuild("--since", "1h"))[1].out)["events"] == {}

    again = await started(bus_config, store_config)
    await until_all_are_there(store_config.dsn)
    await again.stop()
