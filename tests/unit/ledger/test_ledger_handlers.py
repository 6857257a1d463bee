"""Each event becomes rows of facts, and content never does."""

import inspect
from typing import Any

import pytest
from unit.ledger.late_story import settled
from unit.ledger.ledger_story import ANSWER, NOTE, PATHS, PROMPT, TRACE, Log, Story, revised, tripped

from schemas.fact import Event
from schemas.reaction import Handler, Reaction
from schemas.topics import BY_EVENT
from schemas.vocabulary import CostKind, Reason
from services.ledger.adapters.tables import GROUP, LEDGER
from services.ledger.domain.parts import PARTS
from services.ledger.handlers import Handlers

STORY = Story()
EVENTS = (
    STORY.profiled(),
    STORY.dispatched(),
    STORY.completed(),
    STORY.failed(),
    settled(STORY),
    STORY.accepted(),
    STORY.rejected(),
    STORY.doubted(),
    STORY.escalated(),
    STORY.asked(),
    STORY.ended_well(),
    STORY.ended_badly(),
    STORY.cancelled(),
    STORY.deferred(),
    STORY.feedback(),
    tripped(),
    revised(current=True),
)


def reaction_to(event: Event, **received: Any) -> Reaction:
    heard = Log().say(event, **received)
    return handler_of(event)(heard.event, heard.received)


def handler_of(event: Event) -> Handler:
    found: Handler = getattr(Handlers(), f"on_{BY_EVENT[type(event)].name.replace('.', '_')}")
    return found


def rows_of(event: Event, table: str) -> list[dict[str, Any]]:
    return [write.row for write in reaction_to(event).writes if write.table == table]


def test_every_handler_is_covered_by_an_event_here() -> None:
    handlers = {name for name, _ in inspect.getmembers(Handlers, inspect.isfunction)}
    assert handlers == {f"on_{BY_EVENT[type(event)].name.replace('.', '_')}" for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_the_part_that_is_read_of_an_event_gives_the_rows_of_the_whole(event: Event) -> None:
    heard = Log().say(event)
    part = PARTS.get(type(event), type(event)).read(event.to_json())

    assert handler_of(event)(part, heard.received) == reaction_to(event)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_rows_name_only_columns_of_their_table_and_fill_whole_groups(event: Event) -> None:
    for write in reaction_to(event).writes:
        columns = LEDGER.tables[f"ledger.{write.table}"].columns
        assert set(write.row) <= set(columns.keys())
        groups = {columns[name].info.get(GROUP) for name in write.row}
        filled = {column.name for column in columns if column.info.get(GROUP) in groups}
        assert filled <= set(write.row), "an event that fills half of a group would leave another event's half there"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_the_key_is_the_primary_key_of_the_row(event: Event) -> None:
    for write in reaction_to(event).writes:
        primary = [column.name for column in LEDGER.tables[f"ledger.{write.table}"].primary_key]
        key = tuple(write.row[name] for name in primary)
        assert write.key == (key if len(key) > 1 else key[0])


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_no_content_is_written(event: Event) -> None:
    reaction = reaction_to(event)
    assert reaction.writes
    assert not reaction.says
    for text in (PROMPT, ANSWER, NOTE):
        assert text not in repr(reaction)


def test_a_profile_brings_the_trace_and_the_facts_of_the_request() -> None:
    (row,) = rows_of(STORY.profiled(), "requests")
    assert row["trace_id"] == TRACE
    assert (row["lane"], row["task"], row["data_class"], row["risk"]) == ("simple", "extraction", "confidential", "low")
    assert row["features"].startswith('{"characters":31')


def test_a_failure_has_a_row_of_its_own_and_makes_the_attempt_known() -> None:
    event = STORY.failed(2, Reason.DEADLINE, PATHS[1], cost=70, kind=CostKind.BOUNDED)
    (failure,) = rows_of(event, "failures")
    assert (failure["number"], failure["reason"], failure["model"]) == (2, "deadline", "large")
    assert (failure["cost_micro_usd"], failure["cost_kind"]) == (70, "bounded")
    (attempt,) = rows_of(event, "attempts")
    assert set(attempt) == {"request_id", "number", "admitted_at"}


def test_every_check_of_a_verdict_is_kept_in_its_order_with_its_place() -> None:
    checks = rows_of(STORY.rejected(), "checks")
    assert [(check["position"], check["name"], check["verdict"]) for check in checks] == [
        (0, "not_empty", "pass"),
        (1, "schema", "fail"),
    ]
    assert checks[1]["pointer"] == "/properties/total"
    assert {check["told_by"] for check in checks} == {"rejected"}


def test_only_the_pointer_to_a_revision_makes_it_current() -> None:
    (plain,) = rows_of(revised(), "revisions")
    (pointer,) = rows_of(revised(current=True), "revisions")
    assert "current_at" not in plain
    assert pointer["current_at"] == pointer["said_at"]
    assert plain["document"] == pointer["document"]


def test_money_at_close_is_whole_micro_dollars() -> None:
    (row,) = rows_of(STORY.ended_well(cost_usd="0.001234"), "requests")
    assert row["completed_cost_micro_usd"] == 1_234
