import pytest
from test_schemas_portfolio import portfolio

from schemas.portfolio import Client
from schemas.topics import (
    BY_NAME,
    GATEWAY_INTAKE,
    REGISTRY,
    SERVICES,
    dead_letters_of,
    dispatched_to,
    names_to_create,
    submitted_by,
    topic_of,
    topics_of,
)


@pytest.mark.parametrize("topic", REGISTRY, ids=lambda topic: topic.name)
def test_a_topic_is_found_by_its_name(topic) -> None:
    assert topic_of(topic.name) is topic


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("attempt.dispatched.azure", "attempt.dispatched"),
        ("attempt.dispatched.a.b", "attempt.dispatched"),
        ("request.submitted.savings-bank", "request.submitted"),
        (GATEWAY_INTAKE, "request.submitted"),
    ],
)
def test_a_topic_of_one_client_or_provider_is_found(name: str, found: str) -> None:
    assert topic_of(name) is BY_NAME[found]


@pytest.mark.parametrize("name", ["request.profiled.x", "attempt.dispatchedazure", "", "dead-letters.router"])
def test_a_name_of_no_entry_is_an_error(name: str) -> None:
    with pytest.raises(KeyError):
        topic_of(name)


def test_every_topic_is_created_and_each_provider_has_its_own() -> None:
    names = names_to_create(["azure", "local"])

    assert set(BY_NAME) - {"attempt.dispatched"} <= set(names)
    assert {dispatched_to("azure"), dispatched_to("local")} <= set(names)
    assert {dead_letters_of(service) for service in SERVICES} <= set(names)
    assert GATEWAY_INTAKE in names
    assert "attempt.dispatched" not in names
    assert len(names) == len(set(names))


def test_names_are_what_kafka_takes() -> None:
    assert all(name.replace(".", "").replace("-", "").isalnum() for name in names_to_create(["azure"]))
    assert dead_letters_of("model_worker") == "dead-letters.model-worker"


def test_each_client_that_is_declared_has_its_own() -> None:
    plain = portfolio()
    assert topics_of(plain) == names_to_create(plain.providers)
    with_clients = plain.model_copy(update={"clients": {"bank": Client()}})
    assert topics_of(with_clients) == [*topics_of(plain), submitted_by("bank")]
