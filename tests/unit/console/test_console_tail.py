"""Requests followed: each thing is told once, in its lane and tenant and state, and long following stays small."""

from dataclasses import replace
from io import StringIO

import pytest
from events import REQUEST_ID, STORY, accepted, completed, dispatched, failed, heard, profiled
from hypothesis import given
from hypothesis import strategies as st

from schemas.example_late import settled_late
from services.console.adapters.terminal.screen import Screen, Terminal
from services.console.adapters.terminal.tails import draw, entry_json
from services.console.domain import tail
from services.console.domain.heard import Heard, Letter
from services.console.domain.tail import Entry, Filter, Following, State


def told(events: list[Heard], wanted: Filter | None = None) -> list[Entry]:
    following = Following(wanted or Filter())
    return [entry for each in events if (entry := following.hear(each))]


def lines(entries: list[Entry]) -> list[str]:
    return [line.text for entry in entries for line in entry.lines]


def test_a_request_is_told_from_its_profile_to_its_end() -> None:
    entries = told(list(map(heard, STORY)))

    assert lines(entries)[0].startswith("task extraction")
    assert lines(entries)[-1] == "verified by large; $0.0001; 900 ms"
    assert [entry.state for entry in entries[-2:]] == [State.RUNNING, State.VERIFIED]
    assert {(entry.tenant, entry.road.lane, entry.road.task) for entry in entries} == {
        ("default", "simple", "extraction")
    }


@given(st.permutations(STORY), st.lists(st.sampled_from(STORY), max_size=5))
def test_in_any_order_and_however_often_each_line_is_told_once(events: list, again: list) -> None:
    entries = told([heard(event) for event in (*events, *again)])

    assert len(lines(entries)) == len(set(lines(entries)))
    assert "verified by large; $0.0001; 900 ms" in lines(entries)


@pytest.mark.parametrize(
    ("wanted", "events"),
    [
        (Filter(lanes=("critical",)), []),
        (Filter(tenants=("acme",)), []),
        (Filter(lanes=("simple", "critical"), tenants=("default",)), ["request.profiled", "request.failed"]),
        (Filter(states=(State.FAILED,)), ["request.failed"]),
        (Filter(states=(State.RUNNING,)), ["request.profiled"]),
    ],
)
def test_only_what_is_wanted_is_shown(wanted: Filter, events: list[str]) -> None:
    entries = told([heard(profiled()), heard(failed())], wanted)

    assert [entry.event for entry in entries] == events


def test_a_request_that_is_met_on_its_way_has_its_lane_and_tenant() -> None:
    (entry,) = told([heard(dispatched(3, "large"))], Filter(lanes=("simple",), tenants=("default",)))

    assert entry.event == "attempt.dispatched"


def test_a_call_that_came_to_its_end_too_late_is_told_once_and_changes_no_end() -> None:
    late = settled_late()
    entries = told([heard(late), heard(late)])

    assert lines(entries) == ["attempt 1: small at local answered 1.2 s after its time, for nobody; $0.000025"]
    assert [(entry.event, entry.state) for entry in entries] == [("attempt.settled", State.RUNNING)]


def test_what_a_service_put_aside_is_told_and_what_the_door_refused_is_an_end() -> None:
    aside = replace(heard(profiled()), event=Letter("ledger", "handler_failed", "no such column"))
    refused = replace(heard(profiled()), event=Letter("profiler", "undecodable", "messages are missing"))

    assert lines(told([aside])) == ["put aside by ledger: handler_failed: no such column"]
    (entry,) = told([refused])
    assert (entry.state, entry.event) == (State.REFUSED, "dead-letters")


def test_a_lane_that_is_not_there_is_doubted_with_the_nearest_right_word() -> None:
    (says,) = tail.doubts(Filter(lanes=("simple", "critcal")), ("simple", "critical"))

    assert says == 'the portfolio in force has no lane "critcal"; did you mean "critical"?'


def test_what_is_told_to_programs_holds_no_answer() -> None:
    (entry,) = told([heard(completed())])

    assert entry_json(entry)["cost_usd"] == "0.0001"
    assert "42" not in str(entry_json(entry))


@pytest.mark.parametrize("width", [60, 200])
def test_a_terminal_of_any_width_shows_all_of_a_line_and_a_pipe_gets_it_whole(width: int) -> None:
    long = "the total is not what the positions add up to, and the currency is missing"
    (entry,) = told([heard(failed(long))])
    screens = Screen(), Screen()
    for screen, on_terminal in zip(screens, (True, False), strict=True):
        screen.console = Terminal(file=StringIO(), width=width, force_terminal=on_terminal, color_system=None)
        draw(screen, entry)
    drawn, piped = (screen.console.file.getvalue() for screen in screens)  # type: ignore[attr-defined]

    assert max(map(len, drawn.splitlines())) <= width
    assert long.replace(" ", "") in "".join(drawn.split())
    assert len(piped.splitlines()) == 1
    assert piped.split("  ")[1:3] == [str(REQUEST_ID), "simple"]


def test_the_request_that_began_first_is_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MOST_REQUESTS", 2)
    following = Following(Filter())
    for key in ("a", "b", "c"):
        following.hear(replace(heard(accepted(1)), key=key))

    assert list(following.requests) == ["b", "c"]
    assert str(REQUEST_ID) not in following.requests
