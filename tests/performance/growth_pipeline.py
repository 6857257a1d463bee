"""What one request costs the whole pipeline as processes, partitions or escalations grow: CPU of all parts together.

Each point is a pipeline of its own (one process a service, real Kafka and PostgreSQL), under the same paced load.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from infra.local.kafka import EmbeddedKafka
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import free_port
from tests.performance.bench import APART, HERE, PER_SERVICE, environment_of, until_served
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
    with tempfile.TemporaryDirectory(prefix="portfolio-growth-") as scratch:
        folder = Path(scratch)
        with (
            EmbeddedKafka(folder / "kafka", free_port()) as kafka,
            EmbeddedPostgres(folder / "postgres", free_port()) as postgres,
        ):
            provider = free_port()
            fleet = Fleet(environment_of(kafka.address, postgres.address, provider, setup.partitions), folder / "logs")
            try:
                fleet.start("provider", "tests.performance.provider", str(provider))
                fleet.run("services.console", "apply", str(HERE / "portfolio.yaml"))
                for name, command in PER_SERVICE.items():
                    fleet.start(name, *command)
                for number in range(1, setup.workers):
                    fleet.start(f"{WORKER} {number}", *PER_SERVICE[WORKER])
                return await _paced(setup, fleet, [kafka.pid or 0, postgres.pid or 0], kafka.address)
            finally:
                fleet.stop()


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
