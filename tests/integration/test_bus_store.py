"""Rows before events before offsets, on real PostgreSQL: outcomes, rounds, culprits, and a database that goes away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from bus_at_work import (
    LETTERS,
    TOLD,
    Client,
    at_work,
    bus_of,
    cancelled,
    committed,
    feedback,
    request_id,
    told_in,
    until,
)
from own_ports import free_port

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.rows import Poison, Rows
from infra.local.postgres import EmbeddedPostgres
from infra.store.config import StoreConfig
from infra.store.database import Database
from schemas.envelope import header
from schemas.reaction import DONE, STALE, Reaction, Received, Refused, Said, Write
from schemas.review import FeedbackRecorded

CREATE = "CREATE TABLE notes (key text PRIMARY KEY, value integer NOT NULL CHECK (value < 1000), by text)"
WRITE = """
INSERT INTO notes AS n (key, value, by) SELECT * FROM unnest($1::text[], $2::integer[], $3::text[])
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, by = EXCLUDED.by
 WHERE n.value < EXCLUDED.value OR n.by = EXCLUDED.by
RETURNING key
"""


class Notes:
    """A table whose rows only rise: ``stale`` for what comes too late. Counts its statements."""

    def __init__(self) -> None:
        self.statements: list[list[Any]] = []

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        self.statements.append([write.key for write in writes])
        took = await connection.fetch(WRITE, *zip(*((write.key, *write.row) for write in writes), strict=True))
        done = {row["key"] for row in took}
        return {write.key: DONE if write.key in done else STALE for write in writes}


class Sums(Notes):
    """The same, merged: one row a key, whatever the batch holds."""

    def merge(self, earlier: tuple[int, str], later: tuple[int, str]) -> tuple[int, str]:
        return max(earlier, later)


@pytest.fixture
async def database(store_config: StoreConfig) -> AsyncIterator[Database]:
    opened = Database(store_config, "test")
    await opened.open()
    await opened.pool.execute(CREATE)
    yield opened
    await opened.close()


async def rows_of(database: Database) -> dict[str, int]:
    return {row["key"]: row["value"] for row in await database.pool.fetch("SELECT * FROM notes")}


def note(key: str, value: int, by: str = "", table: str = "notes") -> Write:
    return Write(table, key, (value, by))


async def test_a_batch_is_one_statement_a_table_with_rows_in_the_order_of_their_keys(database: Database) -> None:
    notes = Notes()
    rows = Rows(database, {"notes": notes})

    outcomes = await rows.write([[note("c", 1)], [note("a", 1)], [], [note("b", 1), note("d", 1)]])
    assert outcomes == [[DONE], [DONE], [], [DONE, DONE]]
    assert notes.statements == [["a", "b", "c", "d"]]


async def test_rows_of_one_key_are_written_one_after_another(database: Database) -> None:
    notes = Notes()
    outcomes = await Rows(database, {"notes": notes}).write(
        [[note("a", 1, "x")], [note("b", 5, "x")], [note("a", 2, "y")], [note("b", 4, "y")]]
    )

    assert outcomes == [[DONE], [DONE], [DONE], [STALE]]
    assert notes.statements == [["a", "b"], ["a", "b"]]
    assert await rows_of(database) == {"a": 2, "b": 5}


async def test_rows_of_a_merging_table_are_made_one_first(database: Database) -> None:
    sums = Sums()
    outcomes = await Rows(database, {"notes": sums}).write([[note("a", 1)], [note("a", 7)], [note("a", 3)]])

    assert outcomes == [[DONE], [DONE], [DONE]]
    assert sums.statements == [["a"]]
    assert await rows_of(database) == {"a": 7}


async def test_tables_are_written_in_the_order_of_their_binding_and_all_or_none(database: Database) -> None:
    await database.pool.execute(CREATE.replace("notes", "others"))
    order: list[str] = []

    class Named(Notes):
        def __init__(self, name: str) -> None:
            super().__init__()
            self._name = name

        async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
            order.append(self._name)
            if self._name == "second":
                raise asyncpg.PostgresConnectionError("cut") if order.count("second") == 1 else AssertionError
            return await super().write(connection, writes)

    rows = Rows(database, {"first": Named("first"), "second": Named("second")})
    with pytest.raises(AssertionError):
        await rows.write([[note("a", 1, table="second"), note("a", 1, table="first")]])
    assert order == ["first", "second", "first", "second"]
    assert await rows_of(database) == {}


@pytest.mark.parametrize("culprits", [{0}, {7}, {3, 4}, {0, 5, 9}, set(range(10))])
async def test_only_the_culprit_of_a_data_error_is_refused(database: Database, culprits: set[int]) -> None:
    deliveries = [[note(f"k{n}", 9_999 if n in culprits else n)] for n in range(10)]
    outcomes = await Rows(database, {"notes": Notes()}).write(deliveries)

    assert {n for n, outcome in enumerate(outcomes) if isinstance(outcome, Poison)} == culprits
    assert await rows_of(database) == {f"k{n}": n for n in range(10) if n not in culprits}
    assert all("23514" in outcome.detail for outcome in outcomes if isinstance(outcome, Poison))


async def test_all_rows_of_a_culprit_are_left_out(database: Database) -> None:
    outcomes = await Rows(database, {"notes": Notes()}).write([[note("a", 1), note("b", 9_999)], [note("c", 1)]])

    assert isinstance(outcomes[0], Poison)
    assert await rows_of(database) == {"c": 1}


def writing(event: FeedbackRecorded, received: Received) -> Reaction:
    """A row, and by its outcome an event or a dead letter. The note of the event is its value."""
    then = {DONE: (Said(cancelled(event)),), STALE: (Refused("too_late", "another was first"),)}
    return Reaction(writes=(Write("notes", str(event.request_id), (int(event.note or 0), received.event_id), then),))


def bus_with(database: Database, config: BusConfig, notes: Notes | None = None) -> Bus:
    bus = bus_of(config, writing, database=database)
    bus.writes("notes", notes or Notes())
    return bus


async def test_what_is_said_depends_on_what_was_written(bus_config: BusConfig, database: Database) -> None:
    async with Client(bus_config) as client, at_work(bus_with(database, bus_config)):
        await client.tell(1, note="5")
        assert await client.told(1) == [request_id(1)]
        await client.tell(1, note="4")
        (letter,) = await client.log(LETTERS, 1)

        assert (told_in(letter, "reason"), told_in(letter, "detail")) == ("too_late", "another was first")
        assert await client.told(1) == [request_id(1)]
    assert await rows_of(database) == {str(request_id(1)): 5}


async def test_a_culprit_is_a_dead_letter_and_its_neighbours_are_served(
    bus_config: BusConfig, database: Database
) -> None:
    one = bus_config.model_copy(update={"topic_partitions": 1})
    notes = Notes()
    async with Client(one) as client:
        await client.tell(*range(20), note="7")
        await client.tell(20, note="9999")
        nul = [("ce_id", b"a text with a \x00, which PostgreSQL does not take")]
        await client.send(feedback(21, "7").to_json(), headers=nul)
        await client.tell(*range(22, 40), note="7")
        async with at_work(bus_with(database, one, notes)):
            served = [*range(20), *range(22, 40)]
            assert set(await client.told(38)) == set(map(request_id, served))
            letters = await client.log(LETTERS, 2)

    assert [told_in(letter, "reason") for letter in letters] == ["data_error"] * 2
    assert ["23514" in told_in(letter, "detail") for letter in letters] == [True, False]
    assert [FeedbackRecorded.read(letter.value).request_id for letter in letters] == [request_id(20), request_id(21)]
    assert set(await rows_of(database)) == {str(request_id(number)) for number in served}
    assert max(len(keys) for keys in notes.statements) > 1


async def test_a_write_to_a_table_of_nobody_stops_the_reading(bus_config: BusConfig, database: Database) -> None:
    """The code is wrong, not the data: nothing is committed, and the service says that it is broken."""
    bus = bus_of(bus_config, writing, database=database)
    async with Client(bus_config) as client, at_work(bus):
        await client.tell(1, note="1")
        async with asyncio.timeout(30):
            await bus.broken.wait()
        assert await client.log(LETTERS, 0) == []
        assert await client.log(TOLD, 0) == []
    assert await committed(bus_config) == {}


@pytest.fixture
async def own_postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL that may be stopped."""
    server = EmbeddedPostgres(tmp_path / "postgres", free_port())
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


async def test_a_database_goes_and_comes_back_and_nothing_is_lost(
    bus_config: BusConfig, own_postgres: EmbeddedPostgres
) -> None:
    """The batch waits, and its offsets with it; nothing is done twice, and no dead letter is written."""
    database = Database(StoreConfig(database_url=own_postgres.address), "test")
    await database.open()
    await database.pool.execute(CREATE)
    async with Client(bus_config) as client, at_work(bus_with(database, bus_config)) as bus:
        await client.tell(*range(50), note="1")
        await client.told(1)
        await asyncio.to_thread(own_postgres.stop)
        before = len(await client.log(TOLD, 0))
        await client.tell(*range(50, 150), note="1")
        await _waits(database)
        assert len(await client.log(TOLD, 0)) == before
        await asyncio.to_thread(own_postgres.start)

        assert set(await client.told(150)) == set(map(request_id, range(150)))
        assert await rows_of(database) == {str(request_id(number)): 1 for number in range(150)}

        async def are_committed() -> bool:
            return sum((await committed(bus_config)).values()) == 150

        await until(are_committed, "all offsets are committed")
        assert await client.log(LETTERS, 0) == []
        assert not bus.broken.is_set()
        ids = Counter(header(record.headers, "ce_id") for record in await client.log(TOLD, 150))
        assert len(ids) == 150
    await database.close()


async def _waits(database: Database) -> None:
    """Returns when the database has been asked in vain."""

    async def in_vain() -> bool:
        try:
            async with asyncio.timeout(1):
                await database.pool.fetchval("SELECT 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return True
        return False

    await until(in_vain, "the database is away")
