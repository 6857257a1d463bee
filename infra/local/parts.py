"""The embedded parts, each started only where its address is not given, and their addresses."""

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.local.jaeger.build import jaeger_binary
from infra.local.jaeger.server import EmbeddedJaeger
from infra.local.kafka import EmbeddedKafka
from infra.local.model import LocalModel
from infra.local.part import EmbeddedPart
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import free_port

Say = Callable[[str], None]

KAFKA_PORT, POSTGRES_PORT, MODEL_PORT, OTLP_PORT, JAEGER_PORT = 29_092, 25_432, 28_090, 4_318, 16_686
VARIABLES = {
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
    "database": "DATABASE_URL",
    "otlp": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "model": "LOCAL_MODEL_URL",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts answer. ``otlp`` and ``jaeger`` are absent when Jaeger is not built and none is given."""

    kafka: str
    database: str
    model: str
    otlp: str | None
    jaeger: str | None


def without_password(address: str) -> str:
    """An address as it may be shown: terminals are recorded and shared."""
    return re.sub(r"(://[^:/@]+):[^@]*@", r"\1@", address)


class Parts:
    """Real Kafka, PostgreSQL and a small model; Jaeger when it is built. Their data lies in ``folder``.

    ``local_model``: whether anybody will call the small model; it is not started for nobody.
    """

    def __init__(self, folder: Path, say: Say, *, local_model: bool) -> None:
        self._folder = folder
        self._say = say
        self._local_model = local_model
        self._given = {name: os.environ.get(variable) for name, variable in VARIABLES.items()}
        self._jaeger_url = os.environ.get("CONSOLE_JAEGER_URL")
        self._started: dict[str, EmbeddedPart] = {}

    def start(self) -> Addresses:
        """Start what is not given, all at once. Raises ``PartError``, with nothing left running."""
        makers = {name: make for name, make in self._makers().items() if not self._given[name]}
        self._started = {name: make() for name, make in makers.items()}
        try:
            with ThreadPoolExecutor(max_workers=len(VARIABLES)) as pool:
                list(pool.map(self._start_one, self._started))
        except BaseException:
            self.stop()
            raise
        return self._addresses()

    def stop(self) -> None:
        """Stop what was started, the model and Jaeger first."""
        for name in ("model", "otlp", "kafka", "database"):
            if part := self._started.get(name):
                part.stop()

    def ended(self) -> dict[str, Path]:
        """The parts that ended by themselves, by their names, and their logs."""
        return {_name(part): part.log for part in self._started.values() if part.has_ended}

    def _makers(self) -> dict[str, Callable[[], EmbeddedPart]]:
        folder = self._folder
        makers: dict[str, Callable[[], EmbeddedPart]] = {
            "kafka": lambda: EmbeddedKafka(folder / "kafka", self._port("Kafka", KAFKA_PORT)),
            "database": lambda: EmbeddedPostgres(folder / "postgres", self._port("PostgreSQL", POSTGRES_PORT)),
        }
        if self._local_model:
            makers["model"] = lambda: LocalModel(folder, self._port("the local model", MODEL_PORT), threads=1)
        if jaeger_binary() is not None:
            makers["otlp"] = lambda: EmbeddedJaeger(
                folder, self._port("OTLP", OTLP_PORT), self._port("Jaeger", JAEGER_PORT)
            )
        return makers

    def _port(self, name: str, preferred: int) -> int:
        port = free_port(preferred)
        if port != preferred:
            self._say(f"[yellow]port {preferred} is taken: {name} is at {port}")
        return port

    def _start_one(self, name: str) -> None:
        part = self._started[name]
        part.start()
        self._say(f"  {_name(part)} is ready at {without_password(part.address)}")

    def _addresses(self) -> Addresses:
        def of(name: str) -> str | None:
            part = self._started.get(name)
            return self._given[name] or (part.address if part else None)

        jaeger = self._started.get("otlp")
        query = jaeger.query_address if isinstance(jaeger, EmbeddedJaeger) else self._jaeger_url
        return Addresses(
            kafka=of("kafka") or "",
            database=of("database") or "",
            model=of("model") or "",
            otlp=of("otlp"),
            jaeger=query,
        )


def _name(part: EmbeddedPart) -> str:
    return type(part).__name__.removeprefix("Embedded")
