"""A part of a fact reads what it names as the whole does, and looks at nothing else."""

import pytest
from pydantic import ValidationError

from schemas.examples import story
from schemas.fact import part_of
from schemas.outcome import RequestCompleted
from schemas.request import RequestProfiled

PROFILED = next(event for event in story() if isinstance(event, RequestProfiled))
PART = part_of(RequestProfiled, "request.request_id", "request.profile.task", "body")


def test_what_is_named_is_read_as_the_whole_reads_it() -> None:
    part = PART.read(PROFILED.to_json())

    assert part.request.request_id == PROFILED.request.request_id
    assert part.request.profile.task == PROFILED.request.profile.task
    assert part.body == PROFILED.body


def test_what_is_not_named_is_neither_there_nor_looked_at() -> None:
    wrong = PROFILED.to_json().replace(b'"lane":"', b'"lane":1,"was":"')

    with pytest.raises(ValidationError):
        RequestProfiled.read(wrong)
    with pytest.raises(AttributeError):
        _ = PART.read(wrong).request.lane


def test_what_is_named_is_checked_and_the_place_of_what_is_wrong_told() -> None:
    wrong = PROFILED.to_json().replace(b'"task":"', b'"task":1,"was":"')

    with pytest.raises(ValidationError) as told:
        PART.read(wrong)
    assert told.value.errors()[0]["loc"] == ("request", "profile", "task")


def test_a_field_that_may_be_absent_is_as_absent_as_in_the_whole() -> None:
    part = part_of(RequestCompleted, "request_id", "recalled_from").read(b'{"request_id":"' + b"0" * 32 + b'"}')

    assert part.recalled_from is None


def test_a_field_that_the_fact_has_not_is_refused() -> None:
    with pytest.raises(KeyError):
        part_of(RequestProfiled, "request.nothing")
