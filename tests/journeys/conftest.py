"""The ground that services stand on when each is a process: Kafka, PostgreSQL, a portfolio in force, providers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from own_ports import free_port
from pipeline.document import document
from pipeline.kafka_log import Client, Log
from pipeline.requests import Ledger, Requests
from pipeline.scripts import Scripts
from pipeline.stack import Background, new_database

from infra.bus.config import BusConfig
from infra.local.kafka import EmbeddedKafka
from infra.local.parts import Addresses
from infra.local.postgres import EmbeddedPostgres
from infra.local.services import apply_portfolio
from journeys.processes import Service

PREFIX = "journeys."


@dataclass(frozen=True, slots=True)
class Ground:
    """What every service is told by its environment, and where it may write."""

    folder: Path
    environment: dict[str, str]
    scripts: Scripts

    def start(self, name: str, *arguments: str) -> Service:
        """Start one service, without waiting for it."""
        return Service(name, *arguments, folder=self.folder, environment=self.environment)

    def told(self, **environment: str) -> "Ground":
        """The same ground, with other words in the environment."""
        return replace(self, environment={**self.environment, **environment})

    @property
    def ledger(self) -> str:
        return f"http://127.0.0.1:{self.environment['LEDGER_PORT']}"


@pytest.fixture(scope="package")
def background() -> Iterator[Background]:
    loop = Background()
    yield loop
    loop.close()


@pytest.fixture(scope="package")
def scripts(background: Background) -> Iterator[Scripts]:
    providers = Scripts()
    background.run(providers.serve())
    yield providers
    background.run(providers.hang_up())


@pytest.fixture(scope="package")
def ground(
    background: Background, scripts: Scripts, kafka: EmbeddedKafka, postgres: EmbeddedPostgres, scratch: Path
) -> Ground:
    folder = scratch / "journeys"
    folder.mkdir()
    answers = folder / "answers.jsonl"
    answers.write_text(json.dumps({"request": {"messages": [{}]}, "model": "parrot", "answers": [{"message": {}}]}))
    database = background.run(new_database(postgres.address, "journeys"))
    bus = BusConfig(kafka_bootstrap_servers=kafka.address, topic_prefix=PREFIX, topic_partitions=2)
    addresses = Addresses(kafka.address, database, "", None, None)
    background.run(apply_portfolio(document(scripts.url, answers), addresses, bus))
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
        "DATABASE_URL": database,
        "TOPIC_PREFIX": PREFIX,
        "TOPIC_PARTITIONS": str(bus.topic_partitions),
        "GATEWAY_PORT": str(free_port()),
        "LEDGER_PORT": str(free_port()),
    }
    return Ground(folder, environment, scripts)


@pytest.fixture(scope="package")
def requests(ground: Ground, kafka: EmbeddedKafka) -> Iterator[Requests]:
    """A client of the services that stand on the ground."""
    log, client = Log(kafka.address, PREFIX), Client(kafka.address, PREFIX)
    yield Requests(ground.scripts, client, log, Ledger(ground.ledger))
    client.close()
    log.close()
