"""A short part of ``make chaos``, from one seed: each fault strikes amid a hundred requests, and the books agree."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from journeys.faults.campaign import Load, inject
from journeys.faults.world import World, standing

SEED = "7"
LOAD = Load(requests=300, rate=150)
pytestmark = pytest.mark.alone  # nine services under load, and their requests have deadlines


@pytest.fixture(scope="module")
def world(scratch: Path) -> Iterator[World]:
    folder = scratch / "fault-journeys"
    folder.mkdir()
    with standing(folder) as world:
        yield world


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", ["kill several", "stop postgres", "kill kafka", "every event twice"])
def test_nothing_is_lost_doubled_or_paid_twice(world: World, fault: str) -> None:
    run = inject(world, fault, SEED, LOAD)
    assert run.findings == ()
    assert run.counts
    assert run.completed > (run.requests - run.overdue) / 2, "a slow machine has honest ends at deadlines"
