"""Real servers for the tests: one Kafka and one PostgreSQL a session, a prefix and a database of its own a test.

They are imported where they are started: unit tests run where only one service's packages are installed.
"""

import logging
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import settings
from side_by_side import at_work, turn_of, unit_of
from tools_absent import is_absent

from infra.logs import RETRYING

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

    from infra.bus.config import BusConfig
    from infra.local.kafka import EmbeddedKafka
    from infra.local.postgres import EmbeddedPostgres
    from infra.store.config import StoreConfig
    from infra.telemetry.telemetry import Telemetry

OURS = ("KAFKA_", "LOG_", "TOPIC", "DATABASE_", "OTEL_", "PORTFOLIO_REV", "LOCAL_MODEL_URL", "LIVE", "READY_FILE")
SERVICES = (
    "CONSOLE_",
    "ESCALATION_",
    "GATEWAY_",
    "HEALTH_",
    "LEDGER_",
    "MODEL_WORKER_",
    "OBJECTS_",
    "PROFILER_",
    "ROUTER_",
    "VALIDATOR_",
)
NO_DATA = "recorded data is absent"
NO_NODE = "Node.js is absent"

settings.register_profile(
    "here",
    deadline=None,  # a busy machine is no failure
    derandomize=bool(os.environ.get("CI")),  # what fails there is the change, and not the draw: chance looks elsewhere
    max_examples=int(os.environ.get("EXAMPLES", "100")),
)
settings.load_profile("here")


@pytest.fixture(autouse=True, scope="session")
def _no_settings_or_keys_from_outside() -> Iterator[None]:
    """Nothing that happens to be in the environment changes a test, and no key is ever used."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(OURS + SERVICES) or name.endswith("_API_KEY"):
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _every_line_is_logged() -> Iterator[None]:
    """A test that runs a service as a process does leaves no filter behind: others count what is said."""
    yield
    for name in RETRYING:
        logging.getLogger(name).filters.clear()


@pytest.fixture(autouse=True, scope="session")
def _one_authority(scratch: Path) -> Iterator[None]:
    """Instead of all the world's, which each HTTP client would read anew for 40 ms: none of them leaves the machine."""
    if find_spec("certifi") is None:
        yield
        return
    import certifi

    worlds, one = {certifi.where(), os.environ.get("SSL_CERT_FILE") or ""}, scratch / "authority.pem"
    first, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----\n")
    one.write_text(first + end)
    make = ssl.create_default_context

    def made(*purpose: ssl.Purpose, cafile: str | None = None, **told: Any) -> ssl.SSLContext:
        return make(*purpose, cafile=str(one) if cafile in worlds else cafile, **told)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", made)
        yield


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for the servers' data, gone at the end."""
    path = Path(tempfile.mkdtemp(prefix="model-portfolio-tests-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka(scratch: Path) -> "Iterator[EmbeddedKafka]":
    """A real Kafka for the whole session. Tests keep apart by a topic prefix of their own."""
    from own_ports import free_port

    from infra.local.kafka import EmbeddedKafka

    at_once = {"log.segment.delete.delay.ms": 1_000}
    with EmbeddedKafka(scratch / "kafka", free_port(), free_port(), at_once) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> "Iterator[EmbeddedPostgres]":
    """A real PostgreSQL for the whole session."""
    from own_ports import free_port

    from infra.local.postgres import EmbeddedPostgres

    quick_to_drop = {"fsync": "off"}  # dropping a database waits for the disk, and no test cuts the power
    with EmbeddedPostgres(scratch / "postgres", free_port(), settings=quick_to_drop) as server:
        yield server


@pytest.fixture(scope="session")
def topics(kafka: "EmbeddedKafka") -> "AdminClient":
    """Lists and deletes topics."""
    from confluent_kafka.admin import AdminClient

    return AdminClient({"bootstrap.servers": kafka.address})


@pytest.fixture
def bus_config(kafka: "EmbeddedKafka", topics: "AdminClient") -> "Iterator[BusConfig]":
    """A corner of the Kafka cluster of the test's own, which goes with it: a broker maps two files a partition."""
    from infra.bus.config import BusConfig

    prefix = f"t{uuid4().hex[:8]}."
    yield BusConfig(kafka_bootstrap_servers=kafka.address, topic_prefix=prefix, topic_partitions=4)
    if mine := [name for name in topics.list_topics(timeout=60).topics if name.startswith(prefix)]:
        for deleted in topics.delete_topics(mine, operation_timeout=60).values():
            deleted.result()


@pytest.fixture
async def store_config(postgres: "EmbeddedPostgres") -> "AsyncIterator[StoreConfig]":
    """A database of the test's own."""
    import asyncpg

    from infra.store.config import StoreConfig

    name = f"t{uuid4().hex[:12]}"
    admin = await asyncpg.connect(postgres.address)
    await admin.execute(f'CREATE DATABASE "{name}"')
    base, _, _ = postgres.address.rpartition("/")
    yield StoreConfig(database_url=f"{base}/{name}")
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
def telemetry() -> "Telemetry":
    """Spans that are made and sent nowhere."""
    from infra.telemetry.config import TelemetryConfig
    from infra.telemetry.telemetry import Telemetry

    return Telemetry(TelemetryConfig(otel_exporter_otlp_endpoint=None), "test")


def recorded_folder() -> Path:
    """Where recorded answers of real models would be: outside the project."""
    return Path(os.environ.get("PORTFOLIO_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """The recorded answers of real models."""
    if not recorded_folder().is_dir():
        pytest.skip(f"{NO_DATA}: set PORTFOLIO_DATA to its folder")
    return recorded_folder()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A worker of several has the long ones first. Who runs all by himself has them in the order of folders."""
    if _is_worker(config):
        items.sort(key=lambda item: turn_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Who divides the tests among workers, where pytest-xdist is installed."""
    from xdist.scheduler import LoadScopeScheduling

    class Divided(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return Divided(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outside of pytest-timeout, which counts from within
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A worker's test begins when none that must be alone is under way; and one that must, when no other is."""
    if not _is_worker(item.config):
        return (yield)
    with at_work(alone=item.get_closest_marker("alone") is not None):
        return (yield)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With ``CI`` set, a test that was skipped for no good reason fails the run."""
    for reason in _unexpected_skips(session.config):
        _reporter(session.config).ensure_newline()
        _reporter(session.config).write_line(f"CI: unexpected skip: {reason}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _unexpected_skips(config: pytest.Config) -> list[str]:
    if not os.environ.get("CI") or _is_worker(config):  # workers tell their skips to the process that started them
        return []
    reports = _reporter(config).stats.get("skipped", [])
    reasons = sorted({report.longrepr[2].removeprefix("Skipped: ") for report in reports})
    return [reason for reason in reasons if not _is_expected(reason)]


def _is_expected(reason: str) -> bool:
    """What is said to be absent is, and may be."""
    if reason.startswith(NO_NODE):
        return shutil.which("node") is None or shutil.which("npm") is None
    return is_absent(reason) or (reason.startswith(NO_DATA) and not recorded_folder().is_dir())


def _reporter(config: pytest.Config) -> pytest.TerminalReporter:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    assert isinstance(reporter, pytest.TerminalReporter)
    return reporter
