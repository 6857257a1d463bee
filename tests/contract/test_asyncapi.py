"""The AsyncAPI document is whole, fresh, and says what the registry and the wiring say."""

import json
from typing import Any

import pytest

from schemas.generate import FOLDER, OVERVIEW, main, stale, write
from schemas.topics import REGISTRY, SERVICES, dead_letters_of, topic_of
from schemas.wiring import WIRING


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads((FOLDER / OVERVIEW).read_text())


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for each in value for found in references(each)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if "$ref" in value else []
    return own + [found for each in value.values() for found in references(each)]


def test_the_committed_document_is_what_the_registry_says() -> None:
    assert stale() == []


def test_a_stale_document_is_found_and_begins_no_version(tmp_path: Any) -> None:
    newest = write(tmp_path)
    (tmp_path / OVERVIEW).write_text("{}")
    assert stale(tmp_path) == [OVERVIEW]
    assert main(["--check"], tmp_path) == 1
    assert write(tmp_path) == newest
    assert stale(tmp_path) == []


def test_every_reference_leads_somewhere(document: Any) -> None:
    found = references(document)
    assert found
    for reference in found:
        file, _, path = reference.partition("#/")
        place = json.loads((FOLDER / file).read_text()) if file else document
        for part in path.split("/") if path else ():
            place = place[part]
        assert place


def test_every_topic_has_a_channel_with_its_policy(document: Any) -> None:
    channels = document["channels"]
    letters = {dead_letters_of(service) for service in SERVICES}
    assert letters <= set(channels)
    assert {topic_of(name).name for name in set(channels) - letters} == {topic.name for topic in REGISTRY}
    revised, dispatched = channels["portfolio.revised"], channels["attempt.dispatched.provider"]
    assert revised["bindings"]["kafka"]["topicConfiguration"] == {"cleanup.policy": ["compact"]}
    assert dispatched["address"] == "attempt.dispatched.{provider}"
    assert set(dispatched["parameters"]) == {"provider"}
    assert {"request.submitted", "request.submitted.client"} <= set(channels)


def test_services_do_what_the_wiring_says(document: Any) -> None:
    done = {
        (told["action"], told["title"], topic_of(told["channel"]["$ref"].removeprefix("#/channels/")).name)
        for told in document["operations"].values()
    }
    wired = {("send", service, name) for name, wiring in WIRING.items() for service in wiring.said_by}
    assert done == wired | {
        ("receive", service, name) for name, wiring in WIRING.items() for service in wiring.heard_by
    }
