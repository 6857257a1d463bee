"""Batches that are cancelled, run out of time, change hands or are forgotten, over real Kafka and PostgreSQL."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from batches_at_work import begun, comes_to, files_in, line, lines, told_in
from gateway_at_work import Replicas, Responder, client_of, replicas, until
from openai import AsyncOpenAI, ConflictError, NotFoundError

from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from schemas.outcome import RequestCancelled
from services.gateway.adapters import batch_run
from services.gateway.adapters.batch_leases import BatchLeases, Leased

KEYS = f"2026-11:{b64encode(bytes(range(32))).decode()}"


@pytest.fixture(autouse=True)
def _objects(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OBJECTS_URL", str(tmp_path))
    monkeypatch.setattr(batch_run, "GRACE_S", 0.5)


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Once it is set, what was asked is answered."""
    event, say = asyncio.Event(), Responder.say

    async def later(self: Responder, end: Any, key: bytes | None) -> int:
        async def send() -> None:
            await event.wait()
            await say(self, end, key)

        sending.add(asyncio.ensure_future(send()))
        return 0

    sending: set[asyncio.Future[None]] = set()
    monkeypatch.setattr(Responder, "say", later)
    return event


@pytest.fixture
async def two(bus_config: BusConfig, store_config: StoreConfig) -> AsyncIterator[Replicas]:
    async with replicas(bus_config, store_config, batch_in_flight=4, stop_grace_s=0) as both:
        yield both


@pytest.fixture
def client(two: Replicas) -> AsyncOpenAI:
    return client_of(two.apps[0], max_retries=0)


def driving(two: Replicas) -> int:
    """Which of them drives a batch."""
    return next(number for number, app in enumerate(two.apps) if app._batches)


async def test_another_goes_on_and_no_line_is_asked_twice(
    two: Replicas, client: AsyncOpenAI, released: asyncio.Event
) -> None:
    batch = await begun(client, *lines(10))
    await until(lambda: len(two.asked) == 4)
    first = driving(two)
    await two.apps[first].stop()
    released.set()
    other = client_of(two.apps[1 - first])
    over = await comes_to(other, batch)
    assert over.status == "completed"
    assert len(await told_in(other, over.output_file_id)) == 10
    ids = [each.request_id for each in two.asked]
    questions = {str(each.messages[-1]["content"]) for each in two.asked}
    assert (len(set(ids)), len(questions)) == (10, 10), "one request a line; said again, it has the same id"
    assert over.request_counts is not None
    assert over.request_counts.completed == 10


async def test_a_cancelled_batch_asks_no_further_line(
    two: Replicas, client: AsyncOpenAI, released: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = _cancellations(two, monkeypatch)
    batch = await begun(client, *lines(10))
    await until(lambda: len(two.asked) == 4)
    told = await client.batches.cancel(batch.id)
    assert (told.status, bool(told.cancelling_at)) == ("cancelling", True)
    assert (await client.batches.cancel(batch.id)).status == "cancelling"
    with pytest.raises(ConflictError):
        await client.files.delete(batch.input_file_id)
    over = await comes_to(client, batch)
    assert over.status == "cancelled"
    assert over.cancelled_at
    errors = await told_in(client, over.error_file_id)
    assert [each["error"]["code"] for each in errors.values()] == ["batch_cancelled"] * 10
    assert {each["response"] for each in errors.values()} == {None}
    assert len(two.asked) == 4
    assert sorted(cancelled) == sorted(str(each.request_id) for each in two.asked)
    with pytest.raises(ConflictError):
        await client.batches.cancel(batch.id)


async def test_a_line_that_was_written_and_never_said_is_said_under_its_id(
    two: Replicas, client: AsyncOpenAI, store_config: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = uuid4()
    with monkeypatch.context() as patch:
        patch.setattr(BatchLeases, "lease", _none)
        batch = await begun(client, line("a", "Lost?"), line("b", "And?"))
        told = f"SELECT id, 1, '{lost}', now() FROM gateway.batches"  # noqa: S608
        await _execute(store_config, f"INSERT INTO gateway.batch_lines (batch_id, number, request_id, asked_at) {told}")
    over = await comes_to(client, batch)
    assert over.status == "completed"
    assert (await told_in(client, over.output_file_id))["a"]["response"]["request_id"] == str(lost)
    assert len({each.request_id for each in two.asked}) == len(two.asked) == 2


async def test_a_cancelled_batch_that_changes_hands_says_nothing_more(
    two: Replicas, client: AsyncOpenAI, store_config: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(BatchLeases, "lease", _none)
        batch = await begun(client, line("a", "Lost?"), line("b", "And?"))
        told = f"SELECT id, 1, '{uuid4()}', now() FROM gateway.batches"  # noqa: S608
        await _execute(store_config, f"INSERT INTO gateway.batch_lines (batch_id, number, request_id, asked_at) {told}")
        await _execute(store_config, "UPDATE gateway.batches SET in_progress_at = now(), total = 2")
        await client.batches.cancel(batch.id)
    over = await comes_to(client, batch)
    assert over.status == "cancelled"
    errors = await told_in(client, over.error_file_id)
    assert {each["error"]["code"] for each in errors.values()} == {"batch_cancelled"}
    assert (len(errors), two.asked) == (2, [])


async def _none(self: BatchLeases, most: int, tenant: str | None = None, *, is_over: bool = False) -> list[Leased]:
    return []


def _cancellations(two: Replicas, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    for app in two.apps:
        publish = app._submissions.publish

        async def noted(event: Any, *told: Any, publish: Any = publish) -> None:
            if isinstance(event, RequestCancelled):
                seen.append(str(event.request_id))
            await publish(event, *told)

        monkeypatch.setattr(app._submissions, "publish", noted)
    return seen


async def test_a_batch_out_of_time_tells_what_it_has(
    two: Replicas, client: AsyncOpenAI, released: asyncio.Event, store_config: StoreConfig
) -> None:
    batch = await begun(client, *lines(6))
    await until(lambda: len(two.asked) == 4)
    released.set()
    await until(lambda: len(two.asked) == 6)
    released.clear()
    over = await comes_to(client, batch)
    assert over.status == "completed"
    late = await begun(client, *lines(6))
    await until(lambda: len(two.asked) == 10)
    await _execute(store_config, "UPDATE gateway.batches SET expires_at = now()")
    over = await comes_to(client, late)
    assert over.status == "expired"
    assert over.expired_at
    errors = await told_in(client, over.error_file_id)
    assert [each["error"]["code"] for each in errors.values()] == ["batch_expired"] * 6
    assert over.request_counts is not None
    assert (over.request_counts.total, over.request_counts.failed) == (6, 6)


async def test_files_are_sealed_wherever_anything_is(
    bus_config: BusConfig, store_config: StoreConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALING_KEYS", KEYS)
    async with replicas(bus_config, store_config) as two, client_of(two.apps[0]) as client:
        batch = await comes_to(client, await begun(client, line("a", "Brandt?"), line("b", "Brandt?", model="gpt-9")))
        assert batch.status == "completed"
        assert set(await told_in(client, batch.output_file_id)) == {"a"}
        assert set(await told_in(client, batch.error_file_id)) == {"b"}
        files = [path.read_bytes() for path in files_in(tmp_path)]
        assert files
        assert not [content for content in files if b"Brandt" in content or b"gpt-9" in content]
        assert "Brandt" not in str(await _rows(store_config))
        await client.files.delete(str(batch.output_file_id))
        with pytest.raises(NotFoundError):
            await client.files.content(str(batch.output_file_id))


async def test_what_is_old_is_forgotten(
    two: Replicas, client: AsyncOpenAI, store_config: StoreConfig, tmp_path: Path
) -> None:
    batch = await comes_to(client, await begun(client, line("a", "?")))
    batches = two.apps[0]._batches
    assert batches is not None
    connection = await asyncpg.connect(store_config.dsn)
    assert (await batches.files.forget_expired(), await batches.store.forget(connection, 30)) == (0, 0)
    await connection.execute("UPDATE gateway.files SET expires_at = now()")
    await connection.execute("UPDATE gateway.batches SET created_at = now() - interval '31 days'")
    assert (await batches.files.forget_expired(), await batches.store.forget(connection, 30)) == (2, 1)
    await connection.close()
    with pytest.raises(NotFoundError):
        await client.batches.retrieve(batch.id)
    assert set((await _rows(store_config)).values()) == {0}
    assert not files_in(tmp_path)


async def _execute(store_config: StoreConfig, statement: str) -> None:
    connection = await asyncpg.connect(store_config.dsn)
    await connection.execute(statement)
    await connection.close()


async def _rows(store_config: StoreConfig) -> dict[str, Any]:
    """How many rows each table of batches has; of one that has some, the rows."""
    connection = await asyncpg.connect(store_config.dsn)
    names = ("files", "file_parts", "batches", "batch_lines", "earlier_requests")
    found = {name: await connection.fetch(f"SELECT * FROM gateway.{name}") for name in names}  # noqa: S608
    await connection.close()
    return {name: str(rows) if rows else 0 for name, rows in found.items()}
