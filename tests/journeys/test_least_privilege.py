"""Every service under a Kafka user and a database role of its own, with what it was granted and no more."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from own_ports import free_port
from pipeline.document import document
from pipeline.scripts import Scripts, says
from pipeline.stack import Background, new_database
from pydantic import SecretStr

from infra.bus.config import BusConfig
from infra.bus.topics import existing
from infra.local.parts import Addresses
from infra.local.postgres import EmbeddedPostgres
from infra.local.services import apply_portfolio
from infra.store.roles import WITH_SCHEMA, role_of, roles_sql
from journeys.processes import Service
from journeys.secured_kafka import SecuredKafka, password_of
from schemas.topics import GATEWAY_INTAKE, INTAKE
from services.console.domain.acls import Grant, grants

PREFIX = "guarded."
PROVIDERS = ("acme",)
GATEWAY_PORT = free_port()
COMMANDS = {
    "profiler": ("profiler",),
    "router": ("router",),
    "model-worker-acme": ("model_worker", "--provider", "acme"),
    "validator": ("validator",),
    "escalation": ("escalation",),
    "ledger": ("ledger",),
    "gateway": ("gateway",),
}


@pytest.fixture(scope="module")
def secured(scratch: Path) -> Iterator[SecuredKafka]:
    secured = SecuredKafka(scratch / "secured", [*COMMANDS, "console", "bank", "nobody"])
    with secured.kafka:
        secured.grant([*grants(PREFIX, PROVIDERS), Grant("bank", "topic", f"{PREFIX}{INTAKE}", False, "write")])
        yield secured


@pytest.fixture(scope="module")
def database(background: Background, postgres: EmbeddedPostgres) -> str:
    """A database with the generated roles; its owner's address."""
    dsn = background.run(new_database(postgres.address, "guarded"))
    background.run(executed(dsn, roles_sql("guarded")))
    background.run(executed(dsn, roles_sql("guarded")))  # it may be run again
    for service in WITH_SCHEMA:
        role = role_of(service)
        background.run(executed(dsn, f"ALTER ROLE {role} PASSWORD '{password_of(role)}'"))
    return dsn


async def executed(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def as_role(dsn: str, service: str) -> str:
    role, at = role_of(service), urlsplit(dsn)
    return f"postgresql://{role}:{password_of(role)}@{at.hostname}:{at.port}{at.path}"


def bus_of(secured: SecuredKafka, user: str) -> BusConfig:
    return BusConfig.model_validate(
        {
            "kafka_bootstrap_servers": secured.address,
            "kafka_security_protocol": "SASL_PLAINTEXT",
            "kafka_sasl_username": user,
            "kafka_sasl_password": password_of(user),
            "topic_prefix": PREFIX,
            "topic_partitions": 2,
        }
    )


@pytest.fixture(scope="module")
def fleet(
    secured: SecuredKafka, database: str, scripts: Scripts, background: Background, scratch: Path
) -> Iterator[dict[str, Service]]:
    """Every service as a process of its own, under its own names; the portfolio was applied by the console's user."""
    folder = scratch / "guarded"
    folder.mkdir()
    portfolio = document(scripts.url, folder / "none.jsonl")
    background.run(
        apply_portfolio(portfolio, Addresses(secured.address, database, "", None, None), bus_of(secured, "console"))
    )
    common = {
        "KAFKA_BOOTSTRAP_SERVERS": secured.address,
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "TOPICS_CREATE": "false",
        "TOPIC_PREFIX": PREFIX,
        "TOPIC_PARTITIONS": "2",
        "GATEWAY_PORT": str(GATEWAY_PORT),
        "LEDGER_PORT": str(free_port()),
        "OBJECTS_URL": str(folder / "objects"),
    }
    with ExitStack() as stack:
        running: dict[str, Service] = {}
        for user, (name, *arguments) in COMMANDS.items():
            told = {"KAFKA_SASL_USERNAME": user, "KAFKA_SASL_PASSWORD": password_of(user)}
            if name in WITH_SCHEMA:
                told["DATABASE_URL"] = as_role(database, name)
            service = running[user] = Service(name, *arguments, folder=folder, environment=common | told)
            stack.callback(service.clean_up)
        for service in running.values():
            service.until_ready()
        yield running


def test_a_request_is_answered_by_services_that_may_do_only_what_they_must(
    fleet: dict[str, Service], scripts: Scripts
) -> None:
    script = scripts.expect({"acme-small": [says("Seven.")]})
    url = f"http://127.0.0.1:{GATEWAY_PORT}/v1/chat/completions"
    answer = httpx.post(url, json=script.request(), trust_env=False, timeout=60)

    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == "Seven."
    for user, service in fleet.items():
        assert service.stop() == 0, service.output()
        told = service.output()
        assert "Traceback" not in told, user
        assert "secret-of" not in told, user
        assert "Seven." not in told, user
        assert script.question not in told, user


@pytest.mark.parametrize(
    ("user", "others", "own"),
    [
        ("router", "request.completed", "dead-letters.router"),
        ("router", GATEWAY_INTAKE, "dead-letters.router"),
        ("gateway", INTAKE, GATEWAY_INTAKE),
        ("gateway", "request.completed", "feedback.recorded"),
        ("bank", GATEWAY_INTAKE, INTAKE),
    ],
)
async def test_nobody_can_say_what_is_not_his_own(secured: SecuredKafka, user: str, others: str, own: str) -> None:
    producer = AIOKafkaProducer(acks="all", enable_idempotence=True, **bus_of(secured, user).connection())
    await producer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(f"{PREFIX}{others}", b"{}")
        await producer.send_and_wait(f"{PREFIX}{own}", b"{}")
    finally:
        await producer.stop()


async def test_a_wrong_password_opens_nothing(secured: SecuredKafka) -> None:
    wrong = bus_of(secured, "router").model_copy(update={"kafka_sasl_password": SecretStr("secret-that-is-wrong")})
    with pytest.raises(KafkaError) as caught:
        await existing(wrong)
    assert "secret" not in f"{caught.value!r} {wrong!r}"


async def test_who_was_granted_nothing_sees_nothing(secured: SecuredKafka) -> None:
    assert await existing(bus_of(secured, "nobody")) == {}


async def test_a_role_sees_its_own_schema_and_no_other(database: str, fleet: dict[str, Service]) -> None:
    connection = await asyncpg.connect(as_role(database, "ledger"))
    try:
        assert await connection.fetchval("SELECT count(*) FROM ledger.requests") >= 0
        for sql in (
            "SELECT * FROM profiler.admissions",
            "DELETE FROM model_worker.attempts",
            "CREATE SCHEMA other",
            "CREATE TABLE public.other (id int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)
    finally:
        await connection.close()
