"""No byte of anybody's key, value or header can raise anything but Undecodable."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_records import record
from pydantic import ValidationError

from infra.bus.decode import Undecodable, decode, received_of
from infra.telemetry.context import parent_of
from infra.telemetry.lean_span import LeanSpans
from schemas.attempt import AttemptFailed
from schemas.examples import story
from schemas.fact import Event
from schemas.request import RequestSubmitted

TRACEPARENT = "00-" + "a1" * 16 + "-" + "b2" * 8 + "-01"

SECRET = "the customer's secret"
HELLO = {"role": "user", "content": "hello"}


def refused(value: bytes | None, event: type[Event] = RequestSubmitted) -> Undecodable:
    with pytest.raises(Undecodable) as raised:
        decode(event, record(value))
    return raised.value


@pytest.mark.parametrize("event", story(), ids=lambda event: f"{type(event).__name__}/{event.counter}")
def test_an_event_is_what_its_record_says(event: Event) -> None:
    assert decode(type(event), record(event.to_json())) == event


@pytest.mark.parametrize(
    ("value", "reason", "says"),
    [
        (None, "no_value", "has no value"),
        (b"", "not_json", "not JSON"),
        (b"hello", "not_json", "not JSON"),
        (b"\xff\xfe\x00", "not_json", "not JSON"),
        (b"[" * 100_000, "not_json", "not JSON"),
        (b'{"messages":' * 100_000, "not_json", "not JSON"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', "not_json", "not JSON"),
        (b"[]", "wrong_shape", "the value: "),
        (b"null", "wrong_shape", "the value: "),
        (b"{}", "wrong_shape", "messages: Field required"),
        (b'{"messages": [], "lane": 7}', "wrong_shape", "lane: Input should be a valid string"),
        (b'{"messages": [{"role": 1}]}', "wrong_shape", "messages.0: a message needs a role"),
        (b'{"messages": []}', "wrong_shape", "messages: at least 1 is wanted"),
    ],
)
def test_what_is_no_event_is_told_by_field(value: bytes | None, reason: str, says: str) -> None:
    error = refused(value)

    assert error.reason == reason
    assert says in error.detail


def test_what_follows_from_another_fault_is_not_told() -> None:
    """With its one message gone the list is empty: its sender sent one."""
    wanted = "messages.0: a message's content is a string, a list of parts, or null"
    assert refused(b'{"messages": [{"role": "user", "content": 5}]}').detail == wanted


def test_a_reason_never_shows_content() -> None:
    told = {"messages": SECRET, "lane": [SECRET], "task": {"x": SECRET}, "deadline_s": SECRET, "risk": SECRET}
    error = refused(json.dumps(told).encode())

    assert SECRET not in error.detail
    assert SECRET not in refused(f'{{"messages": "{SECRET}'.encode()).detail


def test_many_errors_are_not_all_told() -> None:
    error = refused(b'{"attempt": {}}', AttemptFailed)

    assert error.detail.count("Field required") == 5
    assert error.detail.endswith("more)")


@given(st.none() | st.binary(max_size=300))
def test_no_value_raises_anything_else(value: bytes | None) -> None:
    try:
        decode(RequestSubmitted, record(value))
    except Undecodable as error:
        assert error.reason in ("no_value", "not_json", "wrong_shape")


headers = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_source", "traceparent", "reply_to", "x"]), st.none() | st.binary(max_size=60)
    ),
    max_size=8,
)


@given(headers, st.none() | st.binary(), st.none() | st.binary(), st.integers(-(2**63), 2**63 - 1))
def test_no_record_can_make_reading_fail(
    told: list[tuple[str, bytes | None]], key: bytes | None, value: bytes | None, timestamp: int
) -> None:
    received = received_of(record(value, headers=tuple(told), key=key, timestamp=timestamp), None)

    assert (received.key, received.value) == (key, value or b"")
    assert received.traceparent is None


def test_a_record_of_anybodys_client_has_an_id_by_where_it_stands() -> None:
    assert received_of(record(), None).event_id == "p.request.submitted:3:41"
    assert received_of(record(headers=(("ce_id", b"given"),)), None).event_id == "given"


def test_what_is_received_carries_the_context_of_its_span() -> None:
    span = LeanSpans([].append).event("process", parent_of(TRACEPARENT), b"", 0)
    received = received_of(record(), span)

    assert received.trace_id == TRACEPARENT[3:35]
    assert received.traceparent == span.traceparent
    assert span.traceparent.startswith(TRACEPARENT[:36])


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": [1] * 1_000},
        {"messages": [HELLO], "tools": [1] * 1_000},
        {"messages": [HELLO], "checks": [1] * 1_000},
        {"messages": [HELLO], "sources": [1] * 1_000},
        {"messages": [HELLO], "grant": {"key": "k", "lanes": [1] * 1_000}},
        {"messages": [HELLO], "grant": {"key": "k", "data_classes": [1] * 1_000}},
    ],
)
def test_a_request_that_is_wrong_in_a_thousand_places_makes_few_errors(wrong: dict[str, Any]) -> None:
    """A megabyte of them held the intake up for seconds: an error each, and each takes a kilobyte."""
    with pytest.raises(ValidationError) as caught:
        RequestSubmitted.read(json.dumps(wrong))
    assert caught.value.error_count() <= 2
