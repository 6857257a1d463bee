"""What one request costs the whole pipeline as processes, partitions or escalations grow: CPU of all parts together.

Each point is a pipeline of its own (one process a service, real Kafka and PostgreSQL), under the same paced load.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from tests.performance.bench import APART, PER_SERVICE, until_served
from tests.performance.ground import ground
from tests.performance.growth_table import Point
from tests.performance.load import LoadClient
from tests.performance.processes import Fleet, cpu_seconds

RATE, SECONDS, WARM = 100.0, 15.0, 1_500
WORKER = "worker synthetic"


@dataclass(frozen=True, slots=True)
class Setup:
    """A pipeline. ``rejected``: the share of requests whose first answer a check refuses."""

    workers: int = 1
    partitions: int = 16
    rejected: float = 0.0


SERIES: dict[str, tuple[str, tuple[tuple[float, Setup], ...]]] = {
    "workers": ("processes", tuple((n, Setup(workers=n)) for n in (1, 2, 4))),
    "partitions": ("partitions", tuple((n, Setup(partitions=n)) for n in (1, 4, 16))),
    "escalations": ("% of requests", tuple((100 * share, Setup(rejected=share)) for share in (0.0, 0.25, 0.5))),
}


async def with_pipelines(series: str, tell: Callable[[str], None]) -> list[Point]:
    """The points of one series, and for escalations the attempts a request beside the CPU."""
    unit, setups = SERIES[series]
    points: list[Point] = []
    for size, setup in setups:
        tell(f"pipeline: {size:g} {unit} ...")
        cost_us, attempts = await measured(setup)
        points.append(Point(f"{series}: the pipeline, a request", unit, size, cost_us))
        if series == "escalations":
            points.append(Point(f"{series}: the pipeline, an attempt", unit, size, cost_us / attempts))
    return points


async def measured(setup: Setup) -> tuple[float, float]:
    """Microseconds of CPU a request in all parts, and the attempts a request. Raises when a request is lost."""
    with ground("growth", setup.partitions) as stand:
        stand.begins(PER_SERVICE)
        for number in range(1, setup.workers):
            stand.fleet.start(f"{WORKER} {number}", *PER_SERVICE[WORKER])
        return await _paced(setup, stand.fleet, list(stand.parts.values()), stand.kafka.address)


async def _paced(setup: Setup, fleet: Fleet, parts: list[int], bootstrap: str) -> tuple[float, float]:
    client = LoadClient(bootstrap, setup.rejected)
    pids = [*parts, *(pid for name, pid in fleet.pids().items() if name not in APART)]
    try:
        await until_served(client, fleet, Console(quiet=True))
        await client.saturated(WARM, 300)
        before = sum(map(cpu_seconds, pids))
        tally = await client.paced(RATE, SECONDS)
        spent = sum(map(cpu_seconds, pids)) - before
    finally:
        await client.stop()
    if tally.completed + tally.failed < tally.sent:
        raise RuntimeError(f"requests were lost: {tally.reasons}")
    return spent / tally.sent * 1e6, tally.attempts / tally.sent
