"""Each service is a process of its own: it starts without the others, and stops in good order."""

import httpx
import pytest
from confluent_kafka.admin import AdminClient
from own_ports import free_port
from pipeline.waiting import until

from infra.local.processes import HOST
from journeys.conftest import Ground

SERVICES = [
    ("gateway",),
    ("profiler",),
    ("router",),
    ("model_worker", "--provider", "acme"),
    ("validator",),
    ("escalation",),
    ("ledger",),
]


@pytest.mark.parametrize("command", SERVICES, ids=lambda command: command[0])
def test_it_starts_alone_and_stops_when_told(ground: Ground, command: tuple[str, ...]) -> None:
    service = ground.start(*command)
    try:
        service.until_ready()
        assert service.stop() == 0, service.output()
    finally:
        service.clean_up()
    assert "Traceback" not in service.output()


def test_it_stops_when_told_while_it_still_waits_for_a_portfolio(ground: Ground) -> None:
    kafka = AdminClient({"bootstrap.servers": ground.environment["KAFKA_BOOTSTRAP_SERVERS"], "log_level": 0})
    port = free_port()
    told = {"TOPIC_PREFIX": "nothing-applied.", "TOPIC_PARTITIONS": "1", "HEALTH_PORT": str(port)}
    service = ground.told(**told).start("router")
    try:
        until(
            lambda: "nothing-applied.portfolio.revised" in kafka.list_topics().topics, "the router has made its topics"
        )
        until(lambda: "portfolio apply" in waits_for(port, "router"), "the router says what it waits for")
        assert service.stop() == 0, service.output()
    finally:
        service.clean_up()


def waits_for(port: int, service: str) -> str:
    """What a service that is not ready waits for."""
    answer = httpx.get(f"http://{HOST}:{port}/ready", trust_env=False)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    return " ".join(answer.json()["waits_for"][service])


@pytest.mark.parametrize(("variable", "value"), [("DATABASE_URL", ""), ("MODEL_WORKER_CONCURRENCY", "many")])
def test_a_wrong_setting_is_told_by_its_name(ground: Ground, variable: str, value: str) -> None:
    service = ground.told(**{variable: value}).start("model_worker", "--provider", "acme")
    try:
        assert service.ended() != 0
    finally:
        service.clean_up()
    assert variable in service.output()
    assert "Traceback" not in service.output()
