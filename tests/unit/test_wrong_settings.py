"""A service whose settings are wrong says which, without their values, and ends with code 2 and no traceback."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from infra.bus.config import BusConfig
from infra.bus.topics import TopicsUnlike
from infra.entry import WRONG_USAGE, App, run
from infra.http_server import PortTaken
from infra.metrics.health import Health
from infra.store.config import StoreConfig
from infra.store.database import Database
from services.gateway.app import build_app as build_gateway
from services.gateway.config import GatewayConfig
from services.profiler.app import build_app as build_profiler
from services.profiler.config import ProfilerConfig

DATABASE = "postgresql://nobody:open-sesame@127.0.0.1:1/none"


class Starting:
    """An app whose start is one step."""

    def __init__(self, step: Callable[[], Awaitable[None]]) -> None:
        self.health = Health("router")
        self.broken = asyncio.Event()
        self._step = step

    async def start(self) -> None:
        await self._step()

    async def stop(self) -> None:
        pass


def told_of(build: Callable[[], Awaitable[App]], caplog: pytest.LogCaptureFixture) -> str:
    assert run(build) == WRONG_USAGE
    [said] = [each for each in caplog.records if each.name == "infra.entry"]
    assert said.exc_info is None
    assert "open-sesame" not in caplog.text
    return said.getMessage()


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "SASL"}, "KAFKA_SECURITY_PROTOCOL: "),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_USERNAME": "u"}, "KAFKA_SASL_PASSWORD"),
        ({"KAFKA_SASL_MECHANISM": "NOSUCH"}, "KAFKA_SASL_MECHANISM: "),
        ({"GATEWAY_KEYS": "required"}, "GATEWAY_KEYS=required needs DATABASE_URL"),
        ({"GATEWAY_ADMIN_KEY": "open-sesame"}, "GATEWAY_ADMIN_KEY: Value should have at least 24 characters"),
        ({"GATEWAY_REPLICA_INDEX": "3"}, "wrong settings: GATEWAY_REPLICA_INDEX counts from 0"),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, dict) else "",
)
def test_a_gateway_names_the_setting(
    environment: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    async def build() -> App:
        return build_gateway(GatewayConfig())

    assert says in told_of(build, caplog)


@pytest.mark.parametrize(("name", "value"), [("PROFILER_CLASSIFIER", "/nosuch"), ("PROFILER_REPLY_TOPICS", "[broken")])
def test_a_profiler_names_the_setting(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    monkeypatch.setenv(name, value)

    async def build() -> App:
        return build_profiler(ProfilerConfig())

    assert f"{name}: " in told_of(build, caplog)


@pytest.mark.parametrize(
    "error", [TopicsUnlike("set TOPIC_PARTITIONS=4"), PortTaken(98, "set GATEWAY_HOST and GATEWAY_PORT")]
)
def test_what_a_start_finds_wrong_is_told_the_same(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    async def step() -> None:
        raise error

    async def build() -> App:
        return Starting(step)

    assert "set " in told_of(build, caplog)


def test_a_health_port_that_is_taken_is_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def step() -> None:
        raise AssertionError("it listens first")

    async def build() -> App:
        return Starting(step)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("HEALTH_PORT", str(taken.getsockname()[1]))
        assert "HEALTH_PORT" in told_of(build, caplog)


@pytest.mark.parametrize(
    "address", ["nonsense", "postgresql://u:open-sesame@127.0.0.1:port/x", "mysql://open-sesame/x"]
)
def test_a_database_address_that_cannot_be_read_is_not_waited_for(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def build() -> App:
        return Starting(Database(StoreConfig.model_validate({"database_url": address}), "router").open)

    assert "DATABASE_URL" in told_of(build, caplog)


@pytest.mark.parametrize("written", ["one, two,", '["one", "two"]'])
def test_reply_topics_are_written_by_commas_or_as_a_list(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILER_REPLY_TOPICS", written)
    assert ProfilerConfig().reply_topics == ("one", "two")


def test_what_kafka_is_told_is_what_the_settings_say() -> None:
    told = {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_sasl_username": "u", "kafka_sasl_password": "p"}
    assert BusConfig.model_validate(told).connection()["sasl_mechanism"] == "PLAIN"
