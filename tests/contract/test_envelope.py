"""CloudEvents 1.0 in binary mode over Kafka headers, and W3C trace context; nobody's header can make reading fail."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.telemetry.context import context_of, span_context_of, traceparent_of
from schemas.envelope import HEARD, Envelope, header, heard_headers, time_from_ms

EVENT_ID = UUID("0197a1f0-6c1e-5000-8000-000000000002")
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ENVELOPE = Envelope(
    id=EVENT_ID,
    type="request.profiled",
    source="profiler",
    subject="0197a1f0-6c1e-7000-8000-000000000001",
    time=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    causation_id="request.submitted:3:41",
    correlation_id="0197a1f0-6c1e-7000-8000-000000000001",
    expires_at=datetime(2026, 3, 2, 9, 1, tzinfo=UTC),
    traceparent=TRACEPARENT,
)
raw_headers = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=40)), max_size=6)


def test_the_headers_are_those_of_cloudevents() -> None:
    told = dict(ENVELOPE.headers())

    assert told == {
        "ce_specversion": b"1.0",
        "ce_id": str(EVENT_ID).encode(),
        "ce_type": b"request.profiled",
        "ce_source": b"profiler",
        "ce_subject": b"0197a1f0-6c1e-7000-8000-000000000001",
        "ce_time": b"2026-03-02T09:00:00+00:00",
        "ce_causationid": b"request.submitted:3:41",
        "ce_correlationid": b"0197a1f0-6c1e-7000-8000-000000000001",
        "ce_expirytime": b"2026-03-02T09:01:00+00:00",
        "content-type": b"application/json",
        "traceparent": TRACEPARENT.encode(),
    }


def test_attribute_names_keep_to_the_letters_that_cloudevents_allows() -> None:
    attributes = [name.removeprefix("ce_") for name, _ in ENVELOPE.headers() if name.startswith("ce_")]

    assert all(name.isascii() and name.isalnum() and name.islower() for name in attributes)


def test_what_is_not_known_is_not_said() -> None:
    bare = Envelope(EVENT_ID, "request.profiled", "profiler", "x", datetime(2026, 3, 2, tzinfo=UTC))

    optional = {"traceparent", "tracestate", "ce_causationid", "ce_correlationid", "ce_expirytime"}
    assert not optional & dict(bare.headers()).keys()


@given(raw_headers, st.text(max_size=5))
def test_no_header_can_make_reading_fail(headers: list[tuple[str, bytes | None]], name: str) -> None:
    found = header(headers, name)
    texts = [value for key, value in headers if key == name and value is not None]

    assert found is None or found.encode() in texts


@given(st.lists(st.tuples(st.sampled_from([*sorted(HEARD), "x"]), st.none() | st.binary(max_size=9)), max_size=9))
def test_what_the_bus_listens_to_is_read_at_once_as_one_by_one(headers: list[tuple[str, bytes | None]]) -> None:
    one_by_one = {name: header(headers, name) for name in HEARD}

    assert heard_headers(headers) == {name: value for name, value in one_by_one.items() if value is not None}


@given(raw_headers, st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_the_last_text_of_a_name_counts(headers: list[tuple[str, bytes | None]], name: str, told: str) -> None:
    binary = [(name, b"\xff\xfe"), (name, None)]

    assert header([*headers, (name, told.encode()), *binary], name) == told


@pytest.mark.parametrize(
    "invalid",
    [
        "",
        "00",
        "hello",
        TRACEPARENT.upper(),
        TRACEPARENT + "-00",
        TRACEPARENT + "\n",
        "ff" + TRACEPARENT[2:],
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        TRACEPARENT.replace("4bf9", "4bf"),
        "00-\uff14bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ],
)
def test_an_invalid_traceparent_is_treated_as_absent(invalid: str) -> None:
    assert span_context_of(invalid) is None
    assert not context_of(invalid)


@given(st.none() | st.text(max_size=60))
def test_no_traceparent_can_make_reading_fail(told: str | None) -> None:
    found = span_context_of(told)

    assert found is None or traceparent_of(found)[:52] == (told or "")[:52]


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_a_valid_traceparent_is_continued(trace_id: int, span_id: int, sampled: bool) -> None:
    told = f"00-{trace_id:032x}-{span_id:016x}-{int(sampled):02x}"
    found = span_context_of(told)

    assert found is not None
    assert found.is_remote
    assert traceparent_of(found) == told


@given(st.integers(-(2**63), 2**63 - 1))
def test_no_timestamp_of_a_record_can_make_reading_fail(timestamp_ms: int) -> None:
    assert time_from_ms(timestamp_ms).tzinfo is UTC


def test_a_time_is_told_to_the_millisecond() -> None:
    assert time_from_ms(1_772_442_000_123) == datetime(2026, 3, 2, 9, 0, 0, 123_000, tzinfo=UTC)
