"""Batches over real Kafka and PostgreSQL, by OpenAI's own client: from a file of lines to a file of answers."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import gateway_at_work
import httpx
import pytest
from batches_at_work import CHATS, begun, comes_to, file_of, files_in, line, lines, told_in
from gateway_at_work import Replicas, answered, client_of, gateway, given_up, replicas, responding
from openai import APIStatusError, AsyncOpenAI, BadRequestError, NotFoundError

from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from schemas.request import RequestSubmitted
from services.gateway.app import GatewayApp


@pytest.fixture(autouse=True)
def _objects(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OBJECTS_URL", str(tmp_path))


@pytest.fixture
async def two(bus_config: BusConfig, store_config: StoreConfig) -> AsyncIterator[Replicas]:
    async with replicas(bus_config, store_config) as both:
        yield both


@pytest.fixture
def client(two: Replicas) -> AsyncOpenAI:
    return client_of(two.apps[0], max_retries=0)


async def test_a_file_of_lines_becomes_a_file_of_answers(two: Replicas, client: AsyncOpenAI) -> None:
    batch = await begun(client, *lines(5), line("unknown", "Who?", model="gpt-9"), metadata={"of": "tests"})
    assert (batch.status, batch.endpoint, batch.completion_window) == ("validating", CHATS, "24h")
    over = await comes_to(client, batch)
    assert over.status == "completed", over.errors
    assert over.request_counts is not None
    assert over.usage is not None
    assert (over.request_counts.total, over.request_counts.completed, over.request_counts.failed) == (6, 5, 1)
    assert (over.usage.input_tokens, over.usage.output_tokens, over.usage.total_tokens) == (25, 35, 60)
    assert all((over.in_progress_at, over.finalizing_at, over.completed_at))
    assert over.metadata == {"of": "tests"}
    answers = await told_in(client, over.output_file_id)
    assert sorted(answers) == [f"line-{number}" for number in range(5)]
    for number in range(5):
        told = answers[f"line-{number}"]
        assert told["error"] is None
        assert told["response"]["status_code"] == 200
        assert told["response"]["body"]["object"] == "chat.completion"
        content = told["response"]["body"]["choices"][0]["message"]["content"]
        assert content == f"You asked: What is {number}?"
    wrong = await told_in(client, over.error_file_id)
    assert wrong["unknown"]["response"]["status_code"] == 404
    assert wrong["unknown"]["response"]["body"]["error"]["code"] == "model_not_found"
    assert len(two.asked) == 6
    output = await client.files.retrieve(str(over.output_file_id))
    assert (output.purpose, output.bytes) == ("batch_output", len((await client.files.content(output.id)).content))


async def test_lines_that_are_wrong_are_told_and_none_is_asked(two: Replicas, client: AsyncOpenAI) -> None:
    twice = line("twice", "Again?")
    batch = await begun(
        client,
        twice,
        twice,
        {**line("a", "?"), "url": "/v1/responses"},
        {**line("b", "?"), "method": "GET"},
        line("c", "?", temperature="hot"),
        line("d", "?", stream=True),
        "no object",
    )
    over = await comes_to(client, batch)
    assert over.status == "failed"
    assert over.failed_at
    assert over.errors is not None
    assert [(each.line, each.code, each.param) for each in over.errors.data or ()] == [
        (2, "duplicate_custom_id", "custom_id"),
        (3, "url_mismatch", "url"),
        (4, "invalid_method", "method"),
        (5, "invalid_value", "body.temperature"),
        (6, "invalid_value", "body.stream"),
        (7, "invalid_type", None),
    ]
    assert two.asked == []


async def test_what_a_batch_may_not_be_is_refused_by_name(client: AsyncOpenAI) -> None:
    file = await client.files.create(file=file_of(line("a", "?")), purpose="batch")
    told = {"input_file_id": file.id, "endpoint": CHATS, "completion_window": "24h"}
    for wrong, param in (
        ({"endpoint": "/v1/completions"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"metadata": {"a": "b" * 513}}, "metadata.a"),
        ({"extra_body": {"priority": "high"}}, "priority"),
    ):
        with pytest.raises(BadRequestError) as refused:
            await client.batches.create(**{**told, **wrong})  # type: ignore[arg-type]
        assert refused.value.param == param
    with pytest.raises(NotFoundError):
        await client.batches.create(**{**told, "input_file_id": "file-0"})  # type: ignore[arg-type]
    with pytest.raises(BadRequestError) as refused:
        await client.files.create(file=("a.txt", b"text"), purpose="assistants")
    assert refused.value.param == "purpose"
    for none_of in ("\x00", "assistants"):
        assert (await client.files.list(purpose=none_of)).data == []
    empty = await comes_to(client, await begun(client))
    assert [each.code for each in empty.errors.data or ()] == ["empty_file"]  # type: ignore[union-attr]


async def test_the_limits_are_those_that_are_set(bus_config: BusConfig, store_config: StoreConfig) -> None:
    async with (
        responding(bus_config),
        gateway(bus_config, store_config, batch_max_lines=2, batch_max_bytes=1_000) as app,
        client_of(app, max_retries=0) as client,
    ):
        over = await comes_to(client, await begun(client, *lines(5)))
        assert [each.code for each in over.errors.data or ()] == ["too_many_tasks"]  # type: ignore[union-attr]
        with pytest.raises(APIStatusError) as refused:
            await client.files.create(file=("a.jsonl", b"x" * 1_001), purpose="batch")
        assert refused.value.status_code == 413


async def test_what_is_turned_away_for_the_moment_is_asked_anew(
    two: Replicas, client: AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[RequestSubmitted] = []

    def crowded_at_first(asked: RequestSubmitted):  # type: ignore[no-untyped-def]
        seen.append(asked)
        turned_away = given_up(asked, "rate_limited", "too many at once")
        soon = turned_away.model_copy(update={"retry_at": turned_away.failed_at})
        return soon if len(seen) == 1 else answered(asked)

    monkeypatch.setattr(gateway_at_work, "script", crowded_at_first)
    over = await comes_to(client, await begun(client, line("once", "Now?")))
    assert over.status == "completed"
    assert set(await told_in(client, over.output_file_id)) == {"once"}
    assert len({each.request_id for each in two.asked}) == 2, "as another request, for the first has ended"


async def test_files_and_batches_are_listed_in_pages_and_deleted(
    two: Replicas, client: AsyncOpenAI, tmp_path: Path
) -> None:
    batches = [await comes_to(client, await begun(client, line("a", f"{number}?"))) for number in range(3)]
    assert [each.id async for each in client.batches.list(limit=1)] == [each.id for each in reversed(batches)]
    files = [each async for each in client.files.list(limit=2, order="asc")]
    assert len(files) == 6
    assert [each.created_at for each in files] == sorted(each.created_at for each in files)
    outputs = [each.id async for each in client.files.list(purpose="batch_output")]
    assert sorted(outputs) == sorted(str(each.output_file_id) for each in batches)
    for file in files:
        assert (await client.files.delete(file.id)).deleted
        with pytest.raises(NotFoundError):
            await client.files.content(file.id)
    assert not files_in(tmp_path), "what was deleted lies nowhere any more"


async def test_a_key_tells_of_its_batch_when_the_input_is_deleted(two: Replicas, client: AsyncOpenAI) -> None:
    keyed = {"extra_headers": {"Idempotency-Key": "once"}}
    batch = await comes_to(client, await begun(client, line("a", "?"), **keyed))
    await client.files.delete(batch.input_file_id)
    told = {"input_file_id": batch.input_file_id, "endpoint": CHATS, "completion_window": "24h"}
    again = await client.batches.create(**told, **keyed)  # type: ignore[arg-type]
    assert again == batch, "as it stands, and nothing is asked anew"
    with pytest.raises(APIStatusError) as refused:
        await client.batches.create(**told, metadata={"b": "2"}, **keyed)  # type: ignore[arg-type]
    assert refused.value.status_code == 422
    with pytest.raises(NotFoundError):
        await client.batches.create(**told)  # type: ignore[arg-type]
    assert len(two.asked) == 1


async def test_a_file_is_kept_as_it_came_for_as_long_as_is_asked(client: AsyncOpenAI, tmp_path: Path) -> None:
    content = b"\r\n--x\n" * 1_300_000
    later = {"anchor": "created_at", "seconds": 7_200}
    file = await client.files.create(file=("big.jsonl", content), purpose="batch", expires_after=later)  # type: ignore[arg-type]
    assert (file.bytes, file.filename, file.status) == (len(content), "big.jsonl", "processed")
    assert file.expires_at == file.created_at + 7_200
    assert (await client.files.content(file.id)).content == content
    assert len(files_in(tmp_path)) == 3, "in parts"


async def test_a_file_that_does_not_come_whole_is_not_kept(client: AsyncOpenAI, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=str(client.base_url)) as plain:
        kind = {"content-type": "multipart/form-data; boundary=x"}
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        told = await plain.post("files", content=head + b"y" * 5_000_000, headers=kind)
        assert (told.status_code, told.json()["error"]["code"]) == (400, "invalid_form")
        told = await plain.post("files", json={"purpose": "batch"})
        assert told.status_code == 415
    assert files_in(tmp_path) == []
    assert [each async for each in client.files.list()] == []


async def test_who_has_no_database_says_so(bus_config: BusConfig) -> None:
    async with responding(bus_config), gateway(bus_config) as app, client_of(app, max_retries=0) as client:
        with pytest.raises(BadRequestError) as refused:
            await client.files.create(file=file_of(line("a", "?")), purpose="batch")
        assert refused.value.code == "batches_unavailable"


async def test_tenants_see_their_own_files_and_batches_alone(bus_config: BusConfig, store_config: StoreConfig) -> None:
    first = "the-first-key-of-all-the-tests"
    async with (
        responding(bus_config) as responder,
        gateway(bus_config, store_config, keys="required", admin_key=first) as app,
        client_of(app, max_retries=0) as anyone,
    ):
        owners = [await _client_of_tenant(app, first, tenant) for tenant in ("one", "two")]
        batch = await comes_to(owners[0], await begun(owners[0], line("a", "Mine?")))
        assert batch.status == "completed"
        for wanted in (batch.input_file_id, str(batch.output_file_id)):
            for ask in (owners[1].files.retrieve, owners[1].files.content, owners[1].files.delete):
                with pytest.raises(NotFoundError):
                    await ask(wanted)
        for other in (owners[1].batches.retrieve, owners[1].batches.cancel):
            with pytest.raises(NotFoundError):
                await other(batch.id)
        with pytest.raises(NotFoundError):
            await owners[1].batches.create(input_file_id=batch.input_file_id, endpoint=CHATS, completion_window="24h")
        assert [each async for each in owners[1].batches.list()] == []
        assert [each async for each in owners[1].files.list()] == []
        with pytest.raises(APIStatusError) as refused:
            await anyone.batches.retrieve(batch.id)
        assert refused.value.status_code == 401
        [asked] = [RequestSubmitted.read(record.value) for record in responder.records]
        assert asked.tenant == "one"
        assert asked.grant is not None


async def test_lines_go_under_a_key_that_is_still_good(bus_config: BusConfig, store_config: StoreConfig) -> None:
    first = "the-first-key-of-all-the-tests"
    async with (
        responding(bus_config) as responder,
        gateway(bus_config, store_config, keys="required", admin_key=first) as app,
    ):
        assert app._batches is not None
        app._batches.look = lambda: None  # type: ignore[method-assign]  # it is driven a little later
        owner = await _client_of_tenant(app, first, "one")
        batch = await begun(owner, line("a", "?"))
        connection = await asyncpg.connect(store_config.dsn)
        await connection.execute("UPDATE gateway.keys SET revoked_at = now()")
        await connection.close()
        app._gate._kept.clear()
        another = await _client_of_tenant(app, first, "one")
        over = await comes_to(another, batch)
        wrong = await told_in(another, over.error_file_id)
        assert wrong["a"]["response"]["status_code"] == 401
        assert responder.records == []


async def _client_of_tenant(app: GatewayApp, first: str, tenant: str) -> AsyncOpenAI:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {first}"}) as admin:
        made = await admin.post(f"{app.url}/admin/keys", json={"name": "test", "tenant": tenant})
    return AsyncOpenAI(base_url=f"{app.url}/v1", api_key=made.json()["key"], max_retries=0)
