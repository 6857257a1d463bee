"""An erased request that is a line of a batch: it leaves the batch's files, over real Kafka and PostgreSQL."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from batches_at_work import begun, comes_to, files_in, line, told_in
from gateway_at_work import NOON, WITHIN_S, client_of, replicas
from gateway_database import database
from openai import AsyncOpenAI
from openai.types import Batch

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.erasure import Erasure
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.content import Body, Owner
from schemas.operator import OperatorActed
from schemas.reaction import Said, Write
from schemas.vocabulary import Deed
from services.gateway.adapters.batch_lines import Flush, LineErased
from services.gateway.adapters.batch_store import BatchStore
from services.gateway.adapters.erased_lines import DUE, ErasedLines, LineErasing
from services.gateway.adapters.file_store import FileStore, NewFile, Part, PartChanged
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.domain.batch import NewBatch, Tally
from services.gateway.domain.erased_lines import Edit, Sought

__all__ = ["database"]
KEYS = f"2026-03:{b64encode(bytes(32)).decode()}"
ASKED = NewBatch(input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h")


@pytest.mark.parametrize("keys", ["", KEYS], ids=["open", "sealed"])
async def test_an_erased_line_leaves_input_output_and_error_file(
    bus_config: BusConfig, store_config: StoreConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    monkeypatch.setenv("OBJECTS_URL", str(tmp_path))
    monkeypatch.setenv("SEALING_KEYS", keys)
    told = [line("a", "Alpha?"), line("b", "Brandt?"), line("c", "Gamma?"), line("d", "Dorn?", model="gpt-9")]
    async with replicas(bus_config, store_config) as two, client_of(two.apps[0]) as client:
        batch = await comes_to(client, await begun(client, *told))
        answers, errors = await told_in(client, batch.output_file_id), await told_in(client, batch.error_file_id)
        for erased in (answers["b"], errors["d"]):
            await _erase(bus_config, erased["response"]["request_id"])
        await _without(client, batch, "b", "d")
        assert set(await told_in(client, batch.output_file_id)) == {"a", "c"}
        assert await told_in(client, batch.error_file_id) == {}
        lines = (await client.files.content(batch.input_file_id)).text.split("\n")
        assert ["Alpha" in lines[0], lines[1].strip(), "Gamma" in lines[2], lines[3].strip()] == [True, "", True, ""]
        output = await client.files.retrieve(str(batch.output_file_id))
        assert output.bytes == len((await client.files.content(output.id)).content)
        assert await client.batches.retrieve(batch.id) == batch, "facts stay"
        await _until_erased(store_config)
        held = [path.read_bytes() for path in files_in(tmp_path)]
        assert not [content for content in held if b"Brandt" in content or b"Dorn" in content]
        again = await comes_to(client, await begun_with(client, batch.input_file_id))
        assert (again.status, set(await told_in(client, again.output_file_id))) == ("completed", {"a", "c"})
        await client.files.delete(batch.input_file_id)


async def test_a_line_of_a_batch_under_way_is_asked_no_more(database: Database) -> None:
    store = BatchStore(database)
    file_id = await _sent(database)
    for _ in range(2):
        await store.create("one", None, ASKED, file_id, None)
    mine, other = await store.leases.lease(2)
    request_id = uuid4()
    await store.lines.ask(mine, 2, 0, request_id)
    await _note(database, request_id)
    await _note(database, request_id)
    assert [await store.lines.erased(each) for each in (mine, other)] == [{2}, {2}]
    with pytest.raises(LineErased):
        await store.lines.ask(mine, 2, 1, uuid4())
    with pytest.raises(LineErased):
        await store.lines.ask(other, 2, 0, uuid4())
    assert (await store.lines.ask(mine, 2, 0, request_id)).request_id == request_id
    assert [(await store.lines.known(each)).asked.keys() for each in (mine, other)] == [{2}, set()]


async def test_an_output_is_looked_into_once_the_line_has_ended(database: Database) -> None:
    store = BatchStore(database)
    await store.create("one", None, ASKED, await _sent(database), None)
    [mine] = await store.leases.lease(1)
    request_id = uuid4()
    await store.lines.ask(mine, 1, 0, request_id)
    await _note(database, request_id, uuid4())
    assert await _due(database) == [(True, False)]
    await database.pool.execute("UPDATE gateway.batch_lines SET input_erased_at = now()")
    assert await _due(database) == []
    await store.lines.flush(mine, Flush([1], Tally(1), []))
    assert await _due(database) == [(False, True)]


@pytest.mark.parametrize("named", [0, 1, 2])
async def test_who_erases_any_request_of_a_line_erases_the_line_and_all_that_it_was(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: int
) -> None:
    """A line that was turned away is asked again as another request, with the same question."""
    monkeypatch.setenv("SEALING_KEYS", KEYS)
    store, objects = BatchStore(database), ObjectStore(ObjectsConfig(url=str(tmp_path)))
    vault = Vault(objects, SealingConfig())
    await store.create("one", None, ASKED, await _sent(database), None)
    [mine] = await store.leases.lease(1)
    tried, another = [uuid4() for _ in range(3)], uuid4()
    for request_id in (*tried, another):
        await vault.key_for(Owner(request_id, "one", NOON.date()))
    for tries, request_id in enumerate(tried):
        await store.lines.ask(mine, 1, tries, request_id)
    await store.lines.ask(mine, 2, 0, another)
    await _note(database, tried[named])
    assert await store.lines.erased(mine) == {1}
    with pytest.raises(LineErased):
        await store.lines.ask(mine, 1, 3, uuid4())
    await LineErasing(database, _Files(FileStore(database), objects, vault)).erase_due()
    erasure = Erasure(objects)
    assert [bool(await erasure.of_request(each)) for each in (*tried, another)] == [False] * 3 + [True]


class _Files(KeptFiles):
    """Files of which no part is kept: only the keys of requests are looked at."""

    async def lose(self, file_id: UUID, tenant: str, sought: Sought, edit: Edit) -> None:
        """Nothing stands in them."""


async def test_of_two_that_replace_a_part_one_does_and_what_is_left_is_erased(database: Database) -> None:
    files, file_id = FileStore(database), await _sent(database)
    [part] = await files.parts(file_id)
    first, second = _part(3), _part(5)
    await files.replace(file_id, [part], {0: first})
    with pytest.raises(PartChanged):
        await files.replace(file_id, [part], {0: second})
    assert await files.parts(file_id) == [first]
    assert (await files.find("one", file_id)).size == 3
    assert await _replaced(database) == {part.body.ref, second.body.ref}


async def test_parts_are_replaced_together_or_none_of_them(database: Database) -> None:
    files, file_id = FileStore(database), await _sent(database, 7, 4, 9)
    before = await files.parts(file_id)
    await files.replace(file_id, before, {2: (third := _part(2))})
    with pytest.raises(PartChanged):
        await files.replace(file_id, before, {0: (first := _part(1)), 1: (second := _part(1))})
    with pytest.raises(PartChanged):
        await files.replace(file_id, before, {})
    assert await files.parts(file_id) == [*before[:2], third]
    await files.replace(file_id, [*before[:2], third], {0: (left := _part(5)), 1: (right := _part(0))})
    assert await files.parts(file_id) == [left, right, third]
    assert (await files.find("one", file_id)).size == 5 + 0 + 2
    await files.let_go(file_id, [let_go := _part(8)])
    assert await _replaced(database) == {each.body.ref for each in (*before, first, second, let_go)}


async def _replaced(database: Database) -> set[str | None]:
    rows = await database.pool.fetch("SELECT body FROM gateway.replaced_parts")
    return {Body.read(row["body"]).ref for row in rows}


async def _sent(database: Database, *sizes: int) -> UUID:
    parts = [_part(size) for size in sizes or (7,)]
    file = NewFile(uuid4(), "one", "batch", "in.jsonl", sum(part.size for part in parts), 3_600.0)
    return (await FileStore(database).keep(file, parts)).id


def _part(size: int) -> Part:
    return Part(Body(ref=f"2026-03-01/{uuid4().hex}", sha256="", bytes=size), size)


async def _note(database: Database, *request_ids: UUID) -> None:
    async with database.pool.acquire() as connection:
        await ErasedLines().write(connection, [Write("erased", each, each) for each in request_ids])  # type: ignore[arg-type]


async def _due(database: Database) -> list[tuple[bool, bool]]:
    return [(row[5], row[6]) for row in await database.pool.fetch(DUE)]


async def _erase(config: BusConfig, request_id: str) -> None:
    """What ``portfolio erase`` says."""
    console = Bus(config, "console", Telemetry(TelemetryConfig(), "console"))
    await console.start()
    await console.say([Said(OperatorActed(by="dora", deed=Deed.CONTENT_ERASED, on=request_id, at=datetime.now(UTC)))])
    await console.stop()


async def begun_with(client: AsyncOpenAI, file_id: str) -> Batch:
    return await client.batches.create(input_file_id=file_id, endpoint="/v1/chat/completions", completion_window="24h")


async def _without(client: AsyncOpenAI, batch: Batch, *names: str) -> None:
    """Until none of the batch's files tells of these lines."""
    async with asyncio.timeout(WITHIN_S):
        while [name for text in [await _all(client, batch)] for name in names if f'"{name}"' in text]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _all(client: AsyncOpenAI, batch: Batch) -> str:
    ids = (batch.input_file_id, str(batch.output_file_id), str(batch.error_file_id))
    return "".join([(await client.files.content(each)).text for each in ids])


async def _until_erased(store_config: StoreConfig) -> None:
    database = Database(store_config, "gateway")
    await database.open()
    async with asyncio.timeout(WITHIN_S):
        while await database.pool.fetchval("SELECT count(*) FROM gateway.replaced_parts"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await database.close()
