"""Today's events and every committed version of the contract understand each other, both ways."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from compatibility import incompatible, unreadable

from schemas.fact import Event, Fact
from schemas.generate import SEAL, differing, digest, document_schema, main, reader_schema, release, versions, write
from schemas.portfolio import Portfolio
from schemas.topics import BY_NAME, REGISTRY, Topic

VERSIONS = versions()
EVERY = [
    (version, topic) for version in VERSIONS for topic in REGISTRY if (version / f"{topic.name}.schema.json").exists()
]
each_version_of_each_event = pytest.mark.parametrize(("version", "topic"), EVERY, ids=lambda it: it.name)


def loaded(version: Path, name: str, kind: str) -> Any:
    return json.loads((version / f"{name}.{kind}.json").read_text())


def today(topic: Topic) -> Any:
    return loaded(VERSIONS[-1], topic.name, "example")


def holds(told: Any, part: Any) -> bool:
    """Whether nothing of ``part`` got lost in ``told``, which may have more fields."""
    if isinstance(part, dict):
        return isinstance(told, dict) and all(name in told and holds(told[name], part[name]) for name in part)
    if isinstance(part, list):
        return isinstance(told, list) and len(told) == len(part) and all(map(holds, told, part))
    return told == part


def is_valid(schema: Any, value: Any) -> bool:
    return jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(value)


def test_the_committed_files_are_what_the_contract_says() -> None:
    assert differing() == []


def test_every_event_has_a_schema_and_an_example() -> None:
    assert {topic.name for _, topic in EVERY} == set(BY_NAME)


@each_version_of_each_event
def test_todays_model_reads_the_example_of_every_version(version: Path, topic: Topic) -> None:
    example = loaded(version, topic.name, "example")
    event = topic.event.read(json.dumps(example))

    assert isinstance(event, Event)
    assert holds(json.loads(event.to_json()), example)


@each_version_of_each_event
def test_every_version_takes_todays_example(version: Path, topic: Topic) -> None:
    assert is_valid(loaded(version, topic.name, "schema"), today(topic))


@each_version_of_each_event
def test_every_version_takes_its_own_example_and_no_nonsense(version: Path, topic: Topic) -> None:
    schema = loaded(version, topic.name, "schema")

    assert is_valid(schema, loaded(version, topic.name, "example"))
    assert not is_valid(schema, [])
    assert not is_valid(schema, {})


@each_version_of_each_event
def test_no_version_parts_from_todays_contract(version: Path, topic: Topic) -> None:
    assert incompatible(loaded(version, topic.name, "schema"), reader_schema(topic.event, topic.name)) == []


@pytest.mark.parametrize("version", VERSIONS, ids=lambda it: it.name)
def test_a_portfolio_file_of_every_version_can_still_be_applied(version: Path) -> None:
    assert Portfolio.of(loaded(version, "portfolio", "example"))
    assert is_valid(document_schema(), loaded(version, "portfolio", "example"))
    assert unreadable(loaded(version, "portfolio", "schema"), document_schema()) == []


@pytest.mark.parametrize("version", VERSIONS, ids=lambda it: it.name)
def test_a_released_version_is_as_it_was_released(version: Path) -> None:
    sealed = version / SEAL

    assert sealed.exists() or version == VERSIONS[-1]
    assert not sealed.exists() or sealed.read_text().strip() == digest(version)


@pytest.mark.parametrize("topic", REGISTRY, ids=lambda it: it.name)
def test_nothing_that_may_be_left_out_on_the_wire_is_needed_by_a_reader(topic: Topic) -> None:
    """``None`` is left out when an event is written, so a field that may be ``None`` needs a default."""
    for fact in facts_of(topic.event):
        needed = [
            name for name, field in fact.model_fields.items() if field.is_required() and may_be_none(field.annotation)
        ]
        assert not needed, fact


def facts_of(fact: type[Fact]) -> set[type[Fact]]:
    found = {fact}
    for field in fact.model_fields.values():
        found |= {inner for part in types_in(field.annotation) for inner in facts_of(part)}
    return found


def types_in(annotation: Any) -> list[type[Fact]]:
    if isinstance(annotation, type) and issubclass(annotation, Fact):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in types_in(part)]


def may_be_none(annotation: Any) -> bool:
    return type(None) in getattr(annotation, "__args__", ())


def test_check_fails_when_a_file_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version = write(tmp_path)
    assert main(["--check"], tmp_path) == 0

    (version / "request.failed.schema.json").write_text("{}")

    assert main(["--check"], tmp_path) == 1
    assert "request.failed.schema.json" in capsys.readouterr().err


def test_check_fails_when_nothing_was_ever_written(tmp_path: Path) -> None:
    assert main(["--check"], tmp_path) == 1


def test_a_file_of_an_event_that_is_gone_goes(tmp_path: Path) -> None:
    (write(tmp_path) / "request.guessed.schema.json").write_text("{}")

    assert main(["--check"], tmp_path) == 1
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0


def test_a_released_version_is_never_written_again(tmp_path: Path) -> None:
    first = write(tmp_path)
    (first / "request.failed.schema.json").write_text("{}")
    (first / SEAL).write_text(digest(first))
    before = {path.name: path.read_bytes() for path in first.iterdir()}

    assert write(tmp_path).name == "v2"
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    assert [path.name for path in versions(tmp_path)] == ["v1", "v2"]


def test_a_release_seals_what_the_contract_says(tmp_path: Path) -> None:
    version = release(tmp_path)

    assert (version / SEAL).read_text().strip() == digest(version)
    assert write(tmp_path) == version
