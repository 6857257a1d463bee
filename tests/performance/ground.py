"""What a measurement of the whole pipeline stands on: real Kafka and PostgreSQL, and the processes before them."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.kafka import EmbeddedKafka
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import free_port
from tests.performance.processes import Fleet

PORTFOLIO = Path(__file__).with_name("portfolio.yaml")
Commands = Mapping[str, tuple[str, ...]]
"""By a process's name: its module and arguments."""


def environment_of(kafka: str, postgres: str, provider_port: int, partitions: int) -> dict[str, str]:
    """What every process of a benchmark is told."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "TOPIC_PARTITIONS": str(partitions),
        "DATABASE_URL": postgres,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{provider_port}",
        "BENCH_PROVIDER_URL": f"http://127.0.0.1:{provider_port}/v1",
        "GATEWAY_PORT": str(free_port()),
        "LEDGER_PORT": str(free_port()),
    }


@dataclass(frozen=True, slots=True)
class Ground:
    """``fleet`` is told where all is, and has started nothing until it :meth:`begins`."""

    folder: Path
    kafka: EmbeddedKafka
    postgres: EmbeddedPostgres
    provider_port: int
    environment: Mapping[str, str]
    fleet: Fleet

    @property
    def parts(self) -> dict[str, int]:
        """The process ids of Kafka and PostgreSQL."""
        return {"kafka": self.kafka.pid or 0, "postgres": self.postgres.pid or 0}

    def begins(
        self, commands: Commands, portfolio: Path = PORTFOLIO, provider: str = "tests.performance.provider"
    ) -> None:
        """Start the provider, put the portfolio in force, and start the services, without waiting for them."""
        self.fleet.start("provider", provider, str(self.provider_port))
        self.fleet.run("services.console", "apply", str(portfolio))
        for name, command in commands.items():
            self.fleet.start(name, *command)


@contextmanager
def ground(name: str, partitions: int, logs: Path | None = None, *, traced: bool = True) -> Iterator[Ground]:
    """Kafka and PostgreSQL in a scratch folder; all that the fleet started is stopped before them."""
    with tempfile.TemporaryDirectory(prefix=f"portfolio-{name}-") as scratch:
        folder = Path(scratch)
        with (
            EmbeddedKafka(folder / "kafka", free_port()) as kafka,
            EmbeddedPostgres(folder / "postgres", free_port()) as postgres,
        ):
            port = free_port()
            environment = environment_of(kafka.address, postgres.address, port, partitions)
            if not traced:
                del environment["OTEL_EXPORTER_OTLP_ENDPOINT"]
            fleet = Fleet(environment, logs or folder / "logs")
            try:
                yield Ground(folder, kafka, postgres, port, environment, fleet)
            finally:
                fleet.stop()
