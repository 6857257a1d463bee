"""Writers are strict, readers are tolerant: on every event, at every depth."""

import json
from collections.abc import Iterator
from copy import deepcopy
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.example_third import settled
from schemas.examples import story
from schemas.fact import Event, Fact

STORY = (*story(), *settled())
each_event = pytest.mark.parametrize("event", STORY, ids=lambda event: f"{type(event).__name__}/{event.counter}")
Path = tuple[str | int, ...]
PLAIN_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def facts_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, Fact]]:
    """Every fact inside an event, with its place in the JSON."""
    if isinstance(value, Fact):
        yield path, value
        for name, field in type(value).model_fields.items():
            yield from facts_in(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            yield from facts_in(part, (*path, index))
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from facts_in(part, (*path, str(name)))


def open_words_in(event: Event) -> Iterator[Path]:
    """The places of all words that a newer writer may add to."""
    for path, fact in facts_in(event):
        for name, field in type(fact).model_fields.items():
            if is_open(field.annotation) and getattr(fact, name) is not None:
                yield (*path, name)


def is_open(annotation: Any) -> bool:
    """Whether a field takes a known word or any other string."""
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else ()
    return str in options and any(isinstance(option, type) and issubclass(option, StrEnum) for option in options)


def at(told: Any, path: Path) -> Any:
    for step in path:
        told = told[step]
    return told


def read(event: Event, told: Any) -> Event:
    return type(event).read(json.dumps(told))


@each_event
def test_an_event_survives_the_wire(event: Event) -> None:
    assert type(event).read(event.to_json()) == event


@each_event
@settings(max_examples=25)
@given(data=st.data())
def test_a_reader_passes_over_what_it_does_not_know(event: Event, data: st.DataObject) -> None:
    told = json.loads(event.to_json())
    path, fact = data.draw(st.sampled_from(list(facts_in(event))))
    known = {field.alias or name for name, field in type(fact).model_fields.items()} | set(type(fact).model_fields)
    name = data.draw(st.text(max_size=12).filter(lambda it: it not in known))
    at(told, path)[name] = data.draw(PLAIN_JSON)

    assert read(event, told) == event


@each_event
def test_a_reader_keeps_a_word_of_tomorrow(event: Event) -> None:
    told = json.loads(event.to_json())
    for path in open_words_in(event):
        changed = deepcopy(told)
        at(changed, path[:-1])[path[-1]] = "a-word-of-tomorrow"
        again = json.loads(read(event, changed).to_json())
        assert at(again, path) == "a-word-of-tomorrow", path


def test_there_are_words_to_keep() -> None:
    places = {path[-1] for event in STORY for path in open_words_in(event)}

    assert {"reason", "role", "verdict", "status", "action", "data_class", "risk", "state", "kind", "look"} <= places


@each_event
def test_a_writer_may_not_add_a_field(event: Event) -> None:
    for path, fact in facts_in(event):
        fields = {name: getattr(fact, name) for name in type(fact).model_fields}
        by_alias = {field.alias or name: fields[name] for name, field in type(fact).model_fields.items()}
        assert type(fact)(**by_alias) == fact, path
        with pytest.raises(ValidationError, match="surprise"):
            type(fact)(**{**by_alias, "surprise": 1})


@each_event
def test_a_writer_may_not_give_a_field_the_wrong_type(event: Event) -> None:
    fields = {name: getattr(event, name) for name in type(event).model_fields}
    for name, value in fields.items():
        with pytest.raises(ValidationError, match=name):
            type(event)(**{**fields, name: object()})
        if isinstance(value, int | float) or type(value).__name__ in ("UUID", "datetime"):
            with pytest.raises(ValidationError, match=name):
                type(event)(**{**fields, name: str(value)})


@each_event
def test_an_event_cannot_be_changed(event: Event) -> None:
    name = next(iter(type(event).model_fields))

    with pytest.raises(ValidationError, match="frozen"):
        setattr(event, name, getattr(event, name))


@each_event
def test_a_reader_names_the_field_that_is_wrong(event: Event) -> None:
    told = json.loads(event.to_json())
    name = next(name for name, field in type(event).model_fields.items() if field.is_required())
    told[name] = [[]]

    with pytest.raises(ValidationError, match=name):
        read(event, told)


@each_event
def test_what_is_none_is_not_written(event: Event) -> None:
    assert b":null" not in event.to_json()


@each_event
def test_plain_values_are_as_good_as_json(event: Event) -> None:
    assert type(event).of(json.loads(event.to_json())) == event
