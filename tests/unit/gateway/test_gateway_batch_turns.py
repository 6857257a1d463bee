"""Tenants share a replica's seats, whatever their number and however many batches they have: nobody starves."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from batch_trials import DAY, Trial, line
from http_waits import until
from hypothesis import given
from hypothesis import strategies as st

from schemas.outcome import RequestCompleted
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.adapters import batch_output, batch_run, batches
from services.gateway.domain.batch import BatchStatus
from services.gateway.domain.turns import TURN_S, Seated, Standing, makes_way, whose_turn

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEP_S = 20.0
Names = dict[str, int]
TENANTS = st.dictionaries(st.sampled_from([f"tenant-{n}" for n in range(20)]), st.integers(1, 30), min_size=1)


class House:
    """Seats by the clock: batches that never end, of tenants that begin them all at once, or one after the other."""

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.waiting: Counter[str] = Counter()
        self.seated: dict[UUID, tuple[str, float]] = {}
        self.last: dict[str, datetime] = {}
        self.now = 0.0

    def standing(self) -> dict[str, Standing]:
        driven = self.driven()
        return {
            tenant: Standing(driven[tenant], self.waiting[tenant], self.last.get(tenant))
            for tenant in {*self.waiting, *driven}
        }

    def driven(self) -> Counter[str]:
        return Counter(tenant for tenant, _ in self.seated.values())

    def step(self) -> None:
        """What a replica does each time that it looks."""
        while len(self.seated) < self.seats and (turn := whose_turn(self.standing())) is not None:
            self.waiting[turn] -= 1
            self.seated[uuid4()] = (turn, self.now)
        seated = [Seated(each, tenant, self.now - since) for each, (tenant, since) in self.seated.items()]
        if (gone := makes_way(seated, self.standing())) is not None:
            tenant, _ = self.seated.pop(gone)
            self.waiting[tenant] += 1
            self.last[tenant] = NOON + timedelta(seconds=self.now)
        self.now += STEP_S


@given(TENANTS, st.integers(1, 8))
def test_nobody_has_more_while_another_waits_that_has_less(tenants: Names, seats: int) -> None:
    house = House(seats)
    for tenant, count in sorted(tenants.items()):
        house.waiting[tenant] += count
        house.step()
    for _ in range(2 * seats):
        house.step()
        house.step()
        least = min((each.driven for each in house.standing().values() if each.waiting), default=seats)
    assert max(house.driven().values(), default=0) <= least + 1
    assert len(house.seated) >= min(seats, sum(tenants.values())) - 1, "one at most is on its way out"


@given(TENANTS, st.integers(1, 8))
def test_every_tenant_has_its_turn_again_and_again(tenants: Names, seats: int) -> None:
    house = House(seats)
    house.waiting.update(tenants)
    steps_a_turn = int(TURN_S / STEP_S) + 2
    for _ in range(3):
        seen: set[str] = set()
        for _ in range(len(tenants) * steps_a_turn):
            house.step()
            seen.update(house.driven())
        assert seen == set(tenants)


@given(TENANTS, st.integers(1, 8))
def test_what_is_shared_as_it_should_be_stays_as_it_is(tenants: Names, seats: int) -> None:
    alone = [Seated(uuid4(), "one", 10 * TURN_S) for _ in range(seats)]
    assert makes_way(alone, {"one": Standing(seats, 30, NOON)}) is None
    assert makes_way(alone, {}) is None
    even = [Seated(uuid4(), tenant, 10 * TURN_S) for tenant in tenants]
    assert makes_way(even, {tenant: Standing(1, count, NOON) for tenant, count in tenants.items()}) is None


def test_a_tenant_that_always_has_new_batches_does_not_pass_by_one_that_waits_longer() -> None:
    standing = {"eager": Standing(0, 9, NOON), "patient": Standing(0, 1, NOON - timedelta(seconds=5))}
    assert whose_turn(standing) == "patient"
    assert whose_turn(standing | {"new": Standing(0, 1, None)}) == "new"
    assert whose_turn(standing | {"new": Standing(1, 1, None)}) == "patient"


@pytest.fixture
def trial(revised: PortfolioRevised, monkeypatch: pytest.MonkeyPatch) -> Trial:
    for module, name in ((batch_run, "RENEW_S"), (batch_run, "GRACE_S"), (batch_output, "FLUSH_S")):
        monkeypatch.setattr(module, name, 0.01)
    monkeypatch.setattr(batches, "LOOK_S", 0.01)
    return Trial(revised, lambda asked: None)


async def test_a_tenant_that_comes_late_has_a_seat_and_what_is_past_its_window_needs_none(trial: Trial) -> None:
    many = [trial.store.add(trial.files.add(line(f"a{n}"))) for n in range(10)]
    all_batches = trial.batches()
    driving = asyncio.create_task(all_batches.drive(trial.asking()))
    await until(lambda: len(all_batches) == batches.MOST_DRIVEN)
    others = [trial.store.add(trial.files.add(line(tenant)), tenant) for tenant in ("two", "three")]
    await until(lambda: all(trial.store.batches[each].status == BatchStatus.IN_PROGRESS for each in others))
    assert len(all_batches) <= batches.MOST_DRIVEN
    trial.store.change(many[-1], expires_at=datetime.now(UTC) - DAY)
    await until(lambda: trial.store.batches[many[-1]].status == BatchStatus.EXPIRED)
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)
    assert trial.store.driven == set(), "each is given back"


async def test_what_is_handed_over_keeps_its_outcomes_and_asks_no_further_line(
    trial: Trial, make_completed: Callable[..., RequestCompleted]
) -> None:
    def first_alone(asked: RequestSubmitted) -> RequestCompleted | None:
        return make_completed(asked.request_id) if len(trial.said) == 1 else None

    trial.pipeline, trial.settings = first_alone, {"batch_in_flight": 2}
    batch = trial.store.add(trial.files.add(*(line(str(n)) for n in range(9))))
    [leased] = await trial.store.leases.lease(1)
    run = batch_run.BatchRun(trial.asking(), trial.files, leased, lambda outcome: None)  # type: ignore[arg-type]
    driving = asyncio.create_task(run.drive())
    await until(lambda: len(trial.said) == 3)
    run.hand_over()
    async with asyncio.timeout(10):
        await driving
    assert (len(trial.said), set(trial.files.told)) == (3, {"0"})
    assert trial.store.batches[batch].status == BatchStatus.IN_PROGRESS, "another goes on with it"
    assert trial.cancelled == []
