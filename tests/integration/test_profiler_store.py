"""One door in, on real PostgreSQL: the same record, the same body, another body."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from infra.bus.rows import Rows
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.migrate import migrate
from schemas.ids import mirror_id_of
from schemas.reaction import DONE, Write
from services.profiler.adapters.admission_store import AdmissionStore
from services.profiler.domain.admit import DUPLICATE, REUSED, Admission


class Door:
    """The admissions, on a database of the test's own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._store = AdmissionStore()
        self._rows = Rows(database, {"admissions": self._store})

    async def admit(self, *admissions: Admission) -> list[str]:
        """One batch, a delivery each."""
        writes = [[Write("admissions", admission.request_id, admission)] for admission in admissions]
        return [outcome[0] for outcome in await self._rows.write(writes)]  # type: ignore[index]

    async def forget(self, days: int) -> int:
        return await self.database.patiently(lambda connection: self._store.forget(connection, days))


@pytest.fixture
async def door(store_config: StoreConfig) -> AsyncIterator[Door]:
    await migrate(store_config.dsn, "profiler")
    database = Database(store_config, "test")
    await database.open()
    yield Door(database)
    await database.close()


def admission(request_id: UUID, body: bytes = b"body", offset: int = 1, tenant: str = "t") -> Admission:
    return Admission(request_id, tenant, body.ljust(32), f"request.submitted:0:{offset}", "r1")


async def test_a_request_is_let_in_once(door: Door) -> None:
    named = uuid4()

    assert await door.admit(admission(named)) == [DONE]
    assert await door.admit(admission(named)) == [DONE], "the same record again: go on"
    assert await door.admit(admission(named, offset=2)) == [DUPLICATE], "the same body again: drop"
    assert await door.admit(admission(named, b"other", offset=3)) == [REUSED], "another body: refuse"


async def test_the_first_stays_what_it_was(door: Door) -> None:
    named = uuid4()
    await door.admit(admission(named))
    await door.admit(admission(named, b"other", offset=3))

    assert await door.admit(admission(named)) == [DONE]
    (row,) = await door.database.pool.fetch("SELECT * FROM profiler.admissions")
    assert (row["body_hash"], row["origin"]) == (b"body".ljust(32), "request.submitted:0:1")


async def test_all_this_holds_inside_one_batch(door: Door) -> None:
    named, other = uuid4(), uuid4()
    batch = [
        admission(named),
        admission(other, offset=9),
        admission(named, offset=2),
        admission(named, b"other", offset=3),
        admission(named),
    ]

    assert await door.admit(*batch) == [DONE, DONE, DUPLICATE, REUSED, DONE]


def mirror_of(first: Admission) -> Admission:
    return replace(first, request_id=mirror_id_of(first.request_id), tenant="mirror", mirrors=first.request_id)


async def test_a_mirror_is_let_in_with_the_record_that_let_the_first_in(door: Door) -> None:
    first = admission(uuid4())

    assert await door.admit(first, mirror_of(first)) == [DONE, DONE]
    assert await door.admit(first, mirror_of(first)) == [DONE, DONE], "the same record again: go on"
    again = replace(first, origin="request.submitted:0:2")
    assert await door.admit(again, mirror_of(again)) == [DUPLICATE, DUPLICATE]


@pytest.mark.parametrize("body", [b"body", b"other"])
async def test_what_was_let_in_before_its_lane_had_a_mirror_has_none(door: Door, body: bytes) -> None:
    first = admission(uuid4())
    assert await door.admit(first) == [DONE]
    again = admission(first.request_id, body, offset=2)

    assert await door.admit(again, mirror_of(again)) == [DUPLICATE if body == b"body" else REUSED, DUPLICATE]
    assert await door.database.pool.fetchval("SELECT count(*) FROM profiler.admissions") == 1


async def test_replicas_that_are_given_one_id_at_once_let_one_in(door: Door) -> None:
    ids = [uuid4() for _ in range(20)]
    outcomes = await asyncio.gather(
        *(door.admit(*(admission(named, offset=offset) for named in ids)) for offset in range(4))
    )

    assert [of_one.count(DONE) for of_one in zip(*outcomes, strict=True)] == [1] * 20
    assert {outcome for batch in outcomes for outcome in batch} == {DONE, DUPLICATE}


async def test_admissions_are_kept_as_long_as_their_records_and_then_forgotten(door: Door) -> None:
    old, new = uuid4(), uuid4()
    await door.admit(admission(old), admission(new))
    update = "UPDATE profiler.admissions SET admitted_at = now() - interval '9 days' WHERE request_id = $1"
    await door.database.pool.execute(update, old)

    assert await door.forget(10) == 0
    assert await door.forget(8) == 1
    assert [row["request_id"] for row in await door.database.pool.fetch("SELECT * FROM profiler.admissions")] == [new]


async def test_a_schema_is_brought_up_to_date_by_whoever_comes_first(store_config: StoreConfig) -> None:
    await asyncio.gather(*(migrate(store_config.dsn, service) for service in ("profiler", "escalation") * 3))
    await migrate(store_config.dsn, "profiler")
    database = Database(store_config, "test")
    await database.open()
    try:
        for service in ("profiler", "escalation"):
            version = await database.pool.fetchval(f"SELECT version_num FROM {service}.alembic_version")  # noqa: S608
            assert version.startswith(service)
    finally:
        await database.close()
