import re

import pytest

from infra.bus.bus import Hearing
from infra.bus.config import BusConfig
from infra.bus.topics import settings_of
from schemas.reaction import NOTHING
from schemas.topics import BY_NAME, REGISTRY, dead_letters_of, names_to_create
from schemas.wiring import WIRING

CONFIG = BusConfig(topic_prefix="p.", topic_partitions=12)
DAY_MS = 24 * 3600 * 1000


def nothing(event: object, received: object) -> object:
    return NOTHING


def heard(name: str, suffix: str | None = None) -> re.Pattern[str]:
    topic = BY_NAME[name]
    return re.compile(Hearing(topic, topic.event, nothing, suffix).pattern("p."))


@pytest.mark.parametrize("name", names_to_create(["azure"]))
def test_every_topic_keeps_the_brokers_time_and_has_its_prefix(name: str) -> None:
    topic = settings_of(CONFIG, name)

    assert topic.name == f"p.{name}"
    assert topic.settings["message.timestamp.type"] == "LogAppendTime"


@pytest.mark.parametrize("topic", REGISTRY, ids=lambda topic: topic.name)
def test_topics_of_requests_have_equal_partitions_and_compacted_ones_a_single_one(topic) -> None:
    wanted = settings_of(CONFIG, topic.name)

    assert wanted.partitions == (12 if topic.by_request else 1)
    assert (wanted.settings.get("cleanup.policy") == "compact") is topic.compacted
    assert ("retention.ms" in wanted.settings) is not topic.compacted


def test_dead_letters_are_kept_longer_than_what_they_are_about() -> None:
    letters = settings_of(CONFIG, dead_letters_of("model_worker"))

    assert letters.name == "p.dead-letters.model-worker"
    assert int(letters.settings["retention.ms"]) == 30 * DAY_MS
    heard = [topic for topic in REGISTRY if WIRING[topic.name].heard_by and topic.name != "operator.acted"]
    assert all(topic.retention.total_seconds() * 1000 < 30 * DAY_MS for topic in heard), "but the record of deeds"


def test_what_is_kept_for_less_than_a_day_is_let_go_of_in_segments_as_short() -> None:
    chunks, others = (settings_of(CONFIG, name).settings for name in ("answer.streamed", "attempt.completed"))

    assert int(chunks["retention.ms"]) == int(chunks["segment.ms"]) == DAY_MS / 24
    assert "segment.ms" not in others


def test_a_name_of_nobody_has_no_settings() -> None:
    with pytest.raises(KeyError):
        settings_of(CONFIG, "request.guessed")


@pytest.mark.parametrize(
    ("name", "suffix", "topic", "hears"),
    [
        ("request.profiled", None, "p.request.profiled", True),
        ("request.profiled", None, "p.request.profiled.x", False),
        ("request.profiled", None, "p-request.profiled", False),
        ("request.profiled", None, "pp.request.profiled", False),
        ("request.submitted", None, "p.request.submitted", True),
        ("request.submitted", None, "p.request.submitted.bank", True),
        ("request.submitted", None, "p.request.submittedx", False),
        ("attempt.dispatched", "azure", "p.attempt.dispatched.azure", True),
        ("attempt.dispatched", "azure", "p.attempt.dispatched.azure2", False),
        ("attempt.dispatched", "azure", "p.attempt.dispatched", False),
        ("attempt.dispatched", "a.c", "p.attempt.dispatched.abc", False),
        ("attempt.dispatched", None, "p.attempt.dispatched.azure", True),
    ],
)
def test_an_event_is_heard_on_its_topics_and_no_others(name: str, suffix: str | None, topic: str, hears: bool) -> None:
    assert (heard(name, suffix).fullmatch(topic) is not None) is hears


def test_a_prefix_goes_on_and_off() -> None:
    assert CONFIG.physical("request.profiled") == "p.request.profiled"
    assert CONFIG.logical("p.request.profiled") == "request.profiled"
    assert CONFIG.logical("request.profiled") == "request.profiled"


def test_a_password_is_handed_to_the_client_and_never_shown() -> None:
    config = BusConfig(
        kafka_security_protocol="SASL_PLAINTEXT", kafka_sasl_username="u", kafka_sasl_password="open-sesame"
    )

    assert config.connection()["sasl_plain_password"] == "open-sesame"
    assert "open-sesame" not in repr(config)
    assert "open-sesame" not in str(config.model_dump_json())
