"""Published test vectors of the ids: clients in any language may compute them (UUIDv5, RFC 9562, section 5.5)."""

from uuid import NAMESPACE_DNS, UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from schemas.example_third import settled
from schemas.examples import story
from schemas.ids import NAMESPACE, attempt_id_of, event_id_text, request_id_from_origin
from schemas.topics import BY_EVENT, BY_NAME

PUBLISHED_NAMESPACE = UUID("d574fd1c-2bd6-578c-b1df-b101710616b8")
REQUEST = UUID("0197a1f0-6c1e-7000-8000-000000000001")
REQUEST_IDS = {
    ("request.submitted", 0, 0): "fb7fa9cf-3d68-5860-9a78-4d5974ee606a",
    ("request.submitted", 3, 41): "350bd7b0-7b93-545c-a3db-dc0d92ff7034",
    ("request.submitted.savings-bank", 15, 9_223_372_036_854_775_807): "72567683-fe62-5765-badf-bff1c58435b1",
}
ATTEMPT_IDS = {
    1: "f719b897-b262-5680-bf69-c95b39904c25",
    2: "3710474d-f81b-532c-87c2-e5402fdab3b7",
    10: "6652dba2-7a2c-59bd-a060-70fb9cec64a0",
}
EVENT_IDS = {
    ("request.profiled", str(REQUEST), ""): "e2d9a4d8-a64b-561a-80f7-8ace1d160b61",
    ("attempt.completed", str(REQUEST), "2"): "512d5be7-4302-57ce-9450-ea9f475d6e6c",
    ("attempt.failed", str(REQUEST), "2/timeout"): "59a3115d-c141-5c81-b49a-5cc7efc0538c",
    ("portfolio.revised", "current", "7"): "d2ddd9ea-c682-56e0-b340-eff99deedf95",
}


def test_the_namespace() -> None:
    assert PUBLISHED_NAMESPACE == NAMESPACE == uuid5(NAMESPACE_DNS, "model-portfolio")


def test_the_id_of_a_request_that_came_without_one() -> None:
    assert {origin: str(request_id_from_origin(*origin)) for origin in REQUEST_IDS} == REQUEST_IDS


def test_the_id_of_an_attempt() -> None:
    assert {number: str(attempt_id_of(REQUEST, number)) for number in ATTEMPT_IDS} == ATTEMPT_IDS


def test_the_id_of_an_event() -> None:
    assert {said: event_id_text(*said) for said in EVENT_IDS} == EVENT_IDS


@given(st.sampled_from(sorted(BY_NAME)), st.uuids(), st.integers(1, 10))
def test_saying_a_thing_again_is_recognised(name: str, subject: UUID, number: int) -> None:
    said = UUID(event_id_text(name, str(subject), str(number)))

    assert str(said) == event_id_text(name, str(subject), str(number))
    assert said.version == 5
    next_one = event_id_text(name, str(subject), str(number + 1))
    assert len({str(said), next_one, str(attempt_id_of(subject, number))}) == 3


def test_no_two_events_of_the_stories_have_one_id() -> None:
    said = (*story(), *settled())
    ids = {event_id_text(BY_EVENT[type(event)].name, str(subject_of(event)), event.counter) for event in said}

    assert len(ids) == len(said)


def subject_of(event: object) -> str:
    """A request that is only submitted has no subject of its own yet: its key is the client's."""
    try:
        return str(event.subject)  # type: ignore[attr-defined]
    except NotImplementedError:
        return "submitted"
