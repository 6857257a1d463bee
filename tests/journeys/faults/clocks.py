"""Clocks that can be set: what reads them is told another time, by the library faketime that it was started with.

A machine's own clock cannot be set here. Only what is asked for the time of day changes; how long things take does not.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
from confluent_kafka import Producer
from pipeline.waiting import until

from infra.local.kafka import EmbeddedKafka
from infra.local.part import EmbeddedPart
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import Program

Properties = Mapping[str, str | int]
LIBRARIES = tuple(Path(root) for root in ("/usr/lib", "/usr/local/lib", "/usr/lib64"))
NAME = "faketime/libfaketime.so.1"
PROBE = "__clock"
"""A topic that says nothing, and that no book reads."""
NOTICED_S = 2.0
"""A process looks once a second for how far its clock is off."""


def library() -> Path | None:
    """Where it is (Debian's package `faketime`), if it is."""
    found = (path for root in LIBRARIES for path in (root / NAME, *root.glob(f"*/{NAME}")) if path.exists())
    return next(found, None)


@dataclass(slots=True)
class Clock:
    """One clock, of all processes that are started with its `environment`; the machine's, without faketime's library.
    ``steps``: when it was set, and how far off from then on, in seconds."""

    file: Path
    faketime: Path | None
    steps: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def __post_init__(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.set(0)

    def set(self, off_s: float) -> None:
        """From now on it tells this many seconds more, or fewer, than there are."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{off_s:+g}\n")
        self.steps.append((time.time(), off_s))  # before anybody can read it
        fresh.replace(self.file)

    @property
    def environment(self) -> dict[str, str]:
        """With this a process is started that goes by it."""
        if self.faketime is None:
            return {}
        return {
            "LD_PRELOAD": str(self.faketime),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # a mending for an older C library, by which Java's waits never wait
            "FAKETIME_DISABLE_SHM": "1",
        }

    def true(self, told: float) -> float:
        """When it told this time (both seconds since the epoch): the last moment of all at which it can have."""
        ends = [until for until, _ in self.steps[1:]]
        spans = zip(self.steps, [*ends, float("inf")], strict=True)
        moments = [told - off_s for (since, off_s), until in spans if since <= told - off_s <= until + NOTICED_S]
        return max(moments, default=told)


def told_by_kafka(bootstrap: str) -> float:
    """The time that Kafka writes to a record now, in seconds since the epoch."""
    told: list[float] = []
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0})
    producer.produce(PROBE, b"", on_delivery=lambda _, record: told.append(record.timestamp()[1] / 1_000))
    until(lambda: producer.flush(1) == 0, "Kafka takes a record")
    return told[0]


def told_by_http(url: str) -> float:
    """The time that a service gives an answer now, in seconds since the epoch."""
    return parsedate_to_datetime(httpx.get(url, trust_env=False).headers["date"]).timestamp()


class ByClock(EmbeddedPart):
    """A part that is started by a clock that can be set; before the part itself among a class's bases."""

    clock: Clock

    def _prepare(self) -> Program:
        return replace(super()._prepare(), env=self.clock.environment)


class ClockedKafka(ByClock, EmbeddedKafka):
    """Kafka, by a clock that can be set."""

    def __init__(self, clock: Clock, data_dir: Path, port: int, controller_port: int, properties: Properties) -> None:
        super().__init__(data_dir, port, controller_port, properties)
        self.clock = clock


class ClockedPostgres(ByClock, EmbeddedPostgres):
    """PostgreSQL, by a clock that can be set."""

    def __init__(self, clock: Clock, data_dir: Path, port: int) -> None:
        super().__init__(data_dir, port)
        self.clock = clock
