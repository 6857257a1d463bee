"""All that stands while faults are injected: Kafka, PostgreSQL, a provider, the services, a client, and the books."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from confluent_kafka.admin import AdminClient, NewTopic
from own_ports import free_port
from pipeline.consumer_groups import Groups
from pipeline.spans import Receiver

from infra.local.documents import read_portfolio
from infra.local.kafka import EmbeddedKafka
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import HOST
from infra.store.config import StoreConfig
from journeys.faults.asking import Asking
from journeys.faults.books import Books, Ledger
from journeys.faults.clocks import PROBE, Clock, ClockedKafka, ClockedPostgres, told_by_http, told_by_kafka
from journeys.faults.fleet import GROUPS, MEMBERS, Fleet, service_of
from journeys.faults.frames import KafkaFrames, PostgresFrames
from journeys.faults.ledger_book import LedgerReader
from journeys.faults.load import Client
from journeys.faults.log_book import LogReader, Place, log_book, settled
from journeys.faults.provider_book import calls_of
from journeys.faults.proxy import Proxy
from journeys.faults.sent import Sent
from journeys.faults.traces import broken_traces
from schemas.ids import request_id_from_origin
from schemas.portfolio import Portfolio
from tests.simulator.call_log import CallReader
from tests.simulator.process import SimulatorProcess

HERE = Path(__file__).parent
CLOCKS = ("kafka", "postgres", "services")
"""Who goes by a clock of their own, that can be set. The client and the provider's simulator go by the machine's."""
PARTITIONS = 4
QUIET_S = 180.0
SPANS_S = 10.0
POLL_S = 0.25
TICK_S = 0.001


@dataclass(slots=True)
class World:
    """One run's ground. ``began`` is where the log ended when the present run began, ``over_at`` when its fault ended,
    ``ready_at`` when all that it took away was ready again. ``steps``: how often clocks had been set when it began.

    ``others`` are accepted requests that the client did not send itself.
    """

    kafka: EmbeddedKafka
    postgres: EmbeddedPostgres
    fleet: Fleet
    before_kafka: Proxy
    before_postgres: Proxy
    client: Client
    asking: Asking
    log: LogReader
    ledger: LedgerReader
    calls: CallReader
    spans: Receiver
    groups: Groups
    portfolio: Portfolio
    clocks: Mapping[str, Clock]
    began: dict[Place, int] = field(default_factory=dict[Place, int])
    began_at: float = 0.0
    over_at: float | None = None
    ready_at: float = 0.0
    steps: int = 0
    poison: set[tuple[str, int, int]] = field(default_factory=set[tuple[str, int, int]])
    others: set[UUID] = field(default_factory=set[UUID])

    def begin(self) -> None:
        """A new run: forget the last one's records, spans, calls and victims."""
        self.began, self.over_at = self.log.skip(), None
        self.began_at = max(time.time(), self.ledger.newest() + TICK_S)  # a clock may have run ahead
        self.steps = self._steps()
        self.fleet.killed.clear()
        self.poison.clear()
        self.others.clear()
        self.asking.forget()
        self.calls.take(ended_only=True)
        self.spans.forget()

    def over(self) -> None:
        """From now on nothing is in the way of recovering: what counts as recovery begins here."""
        self.over_at = time.monotonic()

    def ready(self) -> None:
        """All runs again: a request that ends long after this, and after its deadline, is late."""
        self.ready_at = float("inf") if self._steps() > self.steps else time.time()

    def _steps(self) -> int:
        return sum(len(clock.steps) for clock in self.clocks.values())

    def told_by(self, whose: str) -> float:
        """What time it is (seconds since the epoch), as Kafka, PostgreSQL or a service tells it."""
        if whose == "kafka":
            return told_by_kafka(self.kafka.address)
        return self.ledger.now() if whose == "postgres" else told_by_http(self.asking.url)

    def unquiet(self) -> dict[str, int]:
        """What is not quiet yet, and how much of it; nothing when every request has ended and nobody is behind."""
        sent = self.client.sent
        told = {"requests without an end": len(sent.open()), "calls in progress": self.calls.running()}
        if any(told.values()):
            return {what: count for what, count in told.items() if count}
        return self.ledger.unquiet() or self._behind()

    def _behind(self) -> dict[str, int]:
        lags = settled(self.groups.lags) or {}
        unknown = dict.fromkeys(GROUPS.keys() - lags.keys(), 1)
        return {f"records for {who} to read": lag for who, lag in (lags | unknown).items() if lag}

    def until_quiet(self, within_s: float = QUIET_S) -> tuple[str, ...]:
        """Wait until all is quiet; what is not by then, and what is left that should be gone."""
        limit = time.monotonic() + within_s
        while (left := self.unquiet()) and time.monotonic() < limit:
            time.sleep(POLL_S)
        return (*(f"{count} {what}" for what, count in left.items()), *self._leaks())

    def books(self, sent: Sent, residue: tuple[str, ...]) -> Books:
        """The four books of the run. Spans are waited for a little: every process sends its own by and by."""
        told = self._told(sent, residue)
        limit = time.monotonic() + SPANS_S
        while any(broken_traces(told)) and time.monotonic() < limit:
            time.sleep(POLL_S)
            told = replace(told, spans={trace_id: tuple(self.spans.spans(trace_id)) for trace_id in told.spans})
        return told

    def _told(self, sent: Sent, residue: tuple[str, ...]) -> Books:
        looked_at, log = time.time(), log_book(self.log.read())
        others = self.others | {told.request_id for told in self.asking.told}
        every = sent.all() | others | {request_id_from_origin(*place) for place in self.poison}
        accepted = sent.accepted() | others
        return Books(
            accepted=frozenset(accepted),
            sent=frozenset(every),
            log=log,
            ledger=self._by_true_time(self.ledger.book(list(every), self.began_at)),
            calls=tuple(calls_of(self.calls.take(ended_only=True), self.portfolio)),
            on_unknown={name: str(lane.on_unknown) for name, lane in self.portfolio.lanes.items()},
            spans={said.trace_id: tuple(self.spans.spans(said.trace_id)) for said in log.said},
            poison=frozenset(self.poison),
            killed=frozenset(self.fleet.killed),
            residue=residue,
            looked_at=looked_at,
            told=tuple(self.asking.told),
            ready_at=self.ready_at,
        )

    def _by_true_time(self, ledger: Ledger) -> Ledger:
        """Calls are told by the machine's clock, and what came of them by the database's, which may have stepped."""
        true = self.clocks["postgres"].true
        stored = (replace(each, finished_at=each.finished_at and true(each.finished_at)) for each in ledger.stored)
        return replace(ledger, stored=tuple(stored))

    def _leaks(self) -> Iterator[str]:
        for member, last_words in self.fleet.ended().items():
            yield f"{member} ended by itself: {last_words}"
        for member, count in self.fleet.processes().items():
            if count != 1:
                yield f"{member} is {count} processes"
        most = StoreConfig.model_fields["database_pool_size"].default
        for name, count in self.ledger.connections().items():
            processes = sum(service_of(member) in name for member in MEMBERS)
            if count > most * processes:
                yield f"{count} database connections of {name}, and {most} are the most of each of {processes}"


@contextmanager
def standing(folder: Path, faketime: Path | None = None, before: Path | None = None) -> Iterator[World]:
    """Everything started, and stopped at the end. Clocks can be set with the library faketime.

    ``before``: the checkout of an older version, of which the services are at first.
    """
    python = str(before / ".venv/bin/python") if before else sys.executable
    portfolio = read_portfolio(HERE / "portfolio.yaml")
    with ExitStack() as stack:
        clocks = {whose: Clock(folder / "clocks" / whose, faketime) for whose in CLOCKS}
        kafka, before_kafka = _kafka(folder, clocks["kafka"], stack)
        admin = AdminClient({"bootstrap.servers": kafka.address})
        admin.create_topics([NewTopic(PROBE, 1, 1)])[PROBE].result()
        postgres = stack.enter_context(ClockedPostgres(clocks["postgres"], folder / "postgres", free_port()))
        receiver = Receiver()
        stack.callback(receiver.close)
        simulator = stack.enter_context(SimulatorProcess(folder, free_port()))
        before_postgres = Proxy(free_port(), postgres.port, PostgresFrames)
        stack.callback(before_postgres.close)
        environment = _environment(before_kafka, postgres.address, before_postgres, receiver, simulator)
        subprocess.run(
            [python, "-m", "services.console", "apply", str(HERE / "portfolio.yaml")],
            cwd=folder,
            env={**os.environ, **environment},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        fleet = Fleet(folder / "services", environment | clocks["services"].environment, python)
        stack.callback(fleet.close)
        fleet.launch(MEMBERS)
        fleet.until_ready()
        log, client = LogReader(kafka.address), Client(kafka.address)
        stack.callback(log.close)
        stack.callback(client.close)
        yield World(
            kafka,
            postgres,
            fleet,
            before_kafka,
            before_postgres,
            client,
            Asking(f"http://{HOST}:{environment['GATEWAY_PORT']}"),
            log,
            LedgerReader(postgres.address),
            CallReader(simulator.book),
            receiver,
            Groups(kafka.address, ""),
            portfolio,
            clocks,
        )


def _kafka(folder: Path, clock: Clock, stack: ExitStack) -> tuple[EmbeddedKafka, Proxy]:
    """Kafka with a listener more, whose address, told to all who connect there, is the proxy's."""
    port, controller, behind = free_port(), free_port(), free_port()
    proxy = Proxy(free_port(), behind, KafkaFrames)
    stack.callback(proxy.close)
    plain, control = f"PLAINTEXT://{HOST}:{port}", f"CONTROLLER://{HOST}:{controller}"
    properties = {
        "listeners": f"{plain},PROXIED://{HOST}:{behind},{control}",
        "advertised.listeners": f"{plain},PROXIED://{HOST}:{proxy.port},{control}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
    }
    return stack.enter_context(ClockedKafka(clock, folder / "kafka", port, controller, properties)), proxy


def _environment(
    before_kafka: Proxy, database: str, before_postgres: Proxy, receiver: Receiver, simulator: SimulatorProcess
) -> dict[str, str]:
    """What every service is told. It reaches Kafka and PostgreSQL through the proxies."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{before_kafka.port}",
        "TOPIC_PARTITIONS": str(PARTITIONS),
        "DATABASE_URL": urlsplit(database)._replace(netloc=_elsewhere(database, before_postgres.port)).geturl(),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.otlp,
        "SIMULATOR_URL": simulator.address,
        "GATEWAY_PORT": str(free_port()),
        "LEDGER_PORT": str(free_port()),
    }


def _elsewhere(dsn: str, port: int) -> str:
    """The user and the password of a DSN, at another port."""
    return f"{urlsplit(dsn).netloc.rpartition('@')[0]}@{HOST}:{port}"
