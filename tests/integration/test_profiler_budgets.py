"""Tenants' budgets on real PostgreSQL: never one request more than they allow, whoever asks and whatever restarts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from infra.bus.rows import Rows
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.migrate import migrate
from schemas.ids import mirror_id_of
from schemas.portfolio import Tenant
from schemas.reaction import DONE, Write
from services.profiler.adapters.admission_store import AdmissionStore
from services.profiler.adapters.budget_store import Settlements
from services.profiler.domain.admit import DUPLICATE, Admission
from services.profiler.domain.budget import Hold, Spent, limits_of

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
CENT = 10_000
A_DOLLAR_A_DAY = Tenant.of({"budget_usd_per_day": "1"})


class Profiler:
    """The door of one profiler."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.rows = Rows(database, {"admissions": AdmissionStore(), "settlements": Settlements()})

    async def admit(self, *admissions: Admission) -> list[str]:
        """One batch, a delivery each."""
        writes = [[Write("admissions", each.request_id, each)] for each in admissions]
        return [outcome[0] for outcome in await self.rows.write(writes)]  # type: ignore[index]

    async def settle(self, *ends: tuple[UUID, int], bounded: int = 0) -> None:
        await self.rows.write([[Write("settlements", request_id, Spent(cost, bounded))] for request_id, cost in ends])


@dataclass
class Fleet:
    """Profilers on one database."""

    store: StoreConfig
    profilers: list[Profiler]

    async def start(self) -> Profiler:
        database = Database(self.store, "test")
        await database.open()
        self.profilers.append(Profiler(database))
        return self.profilers[-1]

    async def stop(self) -> None:
        for profiler in self.profilers:
            await profiler.database.close()
        self.profilers.clear()

    async def spending(self) -> dict[str, tuple[int, int]]:
        """Held and spent, in cents, by period."""
        rows = await self.profilers[0].database.pool.fetch("SELECT * FROM profiler.spending")
        return {row["period"]: (row["held_micro_usd"] // CENT, row["spent_micro_usd"] // CENT) for row in rows}


@pytest.fixture
async def fleet(store_config: StoreConfig) -> AsyncIterator[Fleet]:
    await migrate(store_config.dsn, "profiler")
    fleet = Fleet(store_config, [])
    await fleet.start()
    await fleet.start()
    yield fleet
    await fleet.stop()


def admission(number: int, tenant: Tenant = A_DOLLAR_A_DAY, at: datetime = NOON, cents: int = 1) -> Admission:
    hold = Hold(cents * CENT, at.date(), limits_of(tenant, at))
    return Admission(uuid4(), "shop", b"body".ljust(32), f"request.submitted:0:{number}", "r1", hold)


async def test_200_at_once_over_two_profilers_and_a_restart_get_what_the_budget_has_for_100(fleet: Fleet) -> None:
    asked = [admission(number) for number in range(200)]
    first, second = fleet.profilers
    parts = [asked[at : at + 5] for at in range(0, 200, 5)]
    told = await asyncio.gather(*((first, second)[number % 2].admit(*part) for number, part in enumerate(parts[:30])))
    await fleet.stop()
    third, fourth = await fleet.start(), await fleet.start()
    told += await asyncio.gather(
        *((third, fourth)[number % 2].admit(*part) for number, part in enumerate(parts[30:])),
        *(fourth.admit(*part) for part in parts[:30]),
    )
    outcomes = [outcome for part in told[:40] for outcome in part]
    assert Counter(outcomes) == {DONE: 100, "over_day": 100}
    again = [outcome for part in told[40:] for outcome in part]
    assert again == outcomes[:150], "a redelivery says what was said before"
    assert await fleet.spending() == {"day": (100, 0)}


async def test_many_single_requests_at_two_profilers_hold_no_more_than_there_is(fleet: Fleet) -> None:
    told = await asyncio.gather(*(fleet.profilers[number % 2].admit(admission(number)) for number in range(200)))
    assert Counter(outcome for [outcome] in told) == {DONE: 100, "over_day": 100}


async def test_what_a_request_did_not_cost_is_there_for_others_once(fleet: Fleet) -> None:
    first, second = fleet.profilers
    asked = [admission(number, cents=50) for number in range(3)]
    assert Counter(await first.admit(*asked)) == {DONE: 2, "over_day": 1}
    held = [each.request_id for each in asked]
    assert await fleet.spending() == {"day": (100, 0)}
    ends = [(request_id, 10 * CENT) for request_id in held]
    await asyncio.gather(first.settle(*ends), second.settle(*ends), first.settle(*reversed(ends)))
    assert await fleet.spending() == {"day": (0, 20)}
    assert await second.admit(admission(3, cents=81)) == ["over_day"]
    assert await second.admit(admission(4, cents=80)) == [DONE]


@pytest.mark.parametrize(("known", "bounded", "spent"), [(10, 3, 13), (10, 400, 50), (60, 400, 60)])
async def test_of_a_bound_no_more_is_spent_than_was_held_for_it(
    fleet: Fleet, known: int, bounded: int, spent: int
) -> None:
    """A failed call may have written all that its context holds, which would take a day's budget away."""
    profiler = fleet.profilers[0]
    asked = admission(0, cents=50)
    assert await profiler.admit(asked) == [DONE]
    await profiler.settle((asked.request_id, known * CENT), bounded=bounded * CENT)
    assert await fleet.spending() == {"day": (0, spent)}


async def test_a_duplicate_holds_nothing(fleet: Fleet) -> None:
    one = admission(1)
    copy = Admission(one.request_id, one.tenant, one.body_hash, "request.submitted:0:2", "r1", one.hold)
    assert await fleet.profilers[0].admit(one) == [DONE]
    assert await fleet.profilers[1].admit(copy) == [DUPLICATE]
    assert await fleet.spending() == {"day": (1, 0)}


async def test_a_day_is_over_at_midnight_and_a_month_goes_on(fleet: Fleet) -> None:
    tenant = Tenant.of({"budget_usd_per_day": "0.02", "budget_usd_per_month": "0.03"})
    [first, _] = fleet.profilers
    days = [NOON.replace(day=day) for day in (15, 15, 15, 16, 16)] + [NOON.replace(month=4)]
    told = [await first.admit(admission(number, tenant, day)) for number, day in enumerate(days)]
    assert [outcome for [outcome] in told] == [DONE, DONE, "over_day", DONE, "over_month", DONE]


async def test_what_is_held_for_an_end_that_was_lost_is_free_once_no_end_can_come(fleet: Fleet) -> None:
    first, second = fleet.profilers
    lost, new = admission(1), admission(2)
    await first.admit(lost, new)
    settlements = Settlements()
    assert await second.database.patiently(settlements.expire) == 0
    update = "UPDATE profiler.admissions SET admitted_at = now() - $2::interval WHERE request_id = $1"
    await first.database.pool.execute(update, lost.request_id, timedelta(days=6, hours=1))
    assert await second.database.patiently(settlements.expire) == 0, "a person may have answered it just now"
    await first.database.pool.execute(update, lost.request_id, timedelta(days=7, hours=1))
    assert await second.database.patiently(lambda connection: AdmissionStore().forget(connection, 1)) == 0
    assert await second.database.patiently(settlements.expire) == 1
    assert await fleet.spending() == {"day": (1, 0)}


async def test_an_end_frees_what_was_held_of_the_limits_that_there_were(fleet: Fleet) -> None:
    first, second = fleet.profilers
    month = Tenant.of({"budget_usd_per_month": "10"})
    both = Tenant.of({"budget_usd_per_day": "1", "budget_usd_per_month": "10"})
    before = [admission(number, month, cents=50) for number in range(2)]
    after = [admission(number, both, cents=50) for number in range(2, 4)]
    assert await first.admit(*before) + await first.admit(*after) == [DONE] * 4
    assert await fleet.spending() == {"month": (200, 0), "day": (100, 0)}
    await second.settle(*((each.request_id, 0) for each in before))
    assert await fleet.spending() == {"month": (100, 0), "day": (100, 0)}
    assert await first.admit(*(admission(number, both, cents=50) for number in range(4, 6))) == ["over_day"] * 2
    await second.settle(*((each.request_id, 20 * CENT) for each in after))
    assert await fleet.spending() == {"month": (0, 40), "day": (0, 40)}


async def test_what_an_older_release_held_is_freed_of_every_limit(fleet: Fleet) -> None:
    first, second = fleet.profilers
    old = admission(1, Tenant.of({"budget_usd_per_day": "1", "budget_usd_per_month": "10"}), cents=50)
    await first.admit(old)
    await first.database.pool.execute("UPDATE profiler.admissions SET held_of = NULL")
    await second.settle((old.request_id, 20 * CENT))
    assert await fleet.spending() == {"month": (0, 20), "day": (0, 20)}


@pytest.mark.parametrize("budget", [None, A_DOLLAR_A_DAY], ids=["a mirror that nobody limits", "one of a budget's own"])
async def test_what_its_tenant_cannot_pay_is_not_mirrored(fleet: Fleet, budget: Tenant | None) -> None:
    profiler, limits = await fleet.start(), limits_of(A_DOLLAR_A_DAY, NOON)
    dear = Admission(uuid4(), "t", bytes(32), "request.submitted:0:1", "r1", Hold(200 * CENT, NOON.date(), limits))
    own = Hold(CENT, NOON.date(), limits_of(budget, NOON)) if budget else None
    mirror = replace(dear, request_id=mirror_id_of(dear.request_id), tenant="mirror", hold=own, mirrors=dear.request_id)
    cheap = replace(dear, request_id=uuid4(), hold=Hold(CENT, NOON.date(), limits))
    its = replace(mirror, request_id=mirror_id_of(cheap.request_id), mirrors=cheap.request_id)

    assert await profiler.admit(dear, mirror, cheap, its) == ["over_day", "over_day", DONE, DONE]
    assert await profiler.admit(dear, mirror, cheap, its) == ["over_day", DUPLICATE, DONE, DONE], "again"
