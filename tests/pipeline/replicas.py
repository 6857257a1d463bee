"""Two replicas of the gateway, as processes, in front of the running stack."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from journeys.processes import Service
from own_ports import free_port

from infra.local.parts import Addresses
from infra.local.processes import HOST
from pipeline.scripts import Script

COUNT = 2


class Replica:
    """One of two gateways, as a process that can be killed and started again at the same address.

    It is launched at once, and ready a while later.
    """

    def __init__(self, index: int, addresses: Addresses, folder: Path, settings: Mapping[str, str]) -> None:
        self._port = free_port()
        self._folder = folder / f"replica-{index}"
        self._folder.mkdir(exist_ok=True)
        self._environment = {
            "GATEWAY_PORT": str(self._port),
            "GATEWAY_REPLICA_INDEX": str(index),
            "GATEWAY_REPLICA_COUNT": str(COUNT),
            "KAFKA_BOOTSTRAP_SERVERS": addresses.kafka,
            "DATABASE_URL": addresses.database,
            "TOPICS_CREATE": "false",
            **settings,
        }
        self._launch()

    def _launch(self) -> None:
        self.process = Service("gateway", folder=self._folder, environment=self._environment)

    def start(self) -> None:
        self._launch()
        self.process.until_ready()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://{HOST}:{self._port}", trust_env=False, timeout=90)

    def ask(self, script: Script, key: str, headers: Mapping[str, str] | None = None, **told: object) -> httpx.Response:
        """A chat under this Idempotency-Key."""
        with self.client() as client:
            body = {**script.request(), **told}
            return client.post("/v1/chat/completions", json=body, headers={"Idempotency-Key": key, **(headers or {})})


@contextmanager
def two_replicas(addresses: Addresses, folder: Path, **settings: str) -> Iterator[list[Replica]]:
    """Both ready, and started at once; ended with the block."""
    with ExitStack() as stack:
        running: list[Replica] = []
        for index in range(COUNT):
            replica = Replica(index, addresses, folder, settings)
            stack.callback(lambda replica=replica: replica.process.clean_up())
            running.append(replica)
        for replica in running:
            replica.process.until_ready()
        yield running
