"""The data class rises with what the text holds, and never falls."""

from collections.abc import Sequence
from typing import Any

import pytest
from asking import asked, portfolio, received
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Source
from schemas.request import RequestSubmitted
from schemas.sensitive import Kind
from schemas.vocabulary import DataClass
from services.profiler.domain.admit import Terms, profile
from services.profiler.domain.privacy import MOST_LOOKED_AT, RISING, UNREAD, raised, sensitive_kinds

CARD = "4111 1111 1111 1111"
TERMS = Terms("rev-1", longest_deadline_s=3_600, reply_topics=frozenset())


@given(st.sampled_from(DataClass), st.sets(st.sampled_from(Kind)))
def test_a_declared_class_is_never_lowered(declared: DataClass, kinds: set[Kind]) -> None:
    assert RISING.index(raised(declared, kinds)) >= RISING.index(declared)


@given(st.sampled_from(DataClass), st.sets(st.sampled_from(Kind)), st.sampled_from(Kind))
def test_one_find_more_never_lowers_it(declared: DataClass, kinds: set[Kind], more: Kind) -> None:
    assert RISING.index(raised(declared, {*kinds, more})) >= RISING.index(raised(declared, kinds))


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("When do you open?", DataClass.PUBLIC),
        ("Write to ada@example.com", DataClass.INTERNAL),
        (f"My card is {CARD}", DataClass.CONFIDENTIAL),
    ],
)
def test_a_request_is_as_sensitive_as_its_text(text: str, becomes: DataClass) -> None:
    event = profile(asked(text, data_class=DataClass.PUBLIC), received(), "bank", portfolio(), TERMS)
    assert event.request.data_class == becomes


def test_the_profile_names_the_kinds_and_not_the_data() -> None:
    event = profile(asked(f"{CARD}, ada@example.com"), received(), "bank", portfolio(), TERMS)
    assert event.request.profile.sensitive == ("email", "card")
    assert CARD not in event.request.to_json().decode()


CALL = {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": f'{{"card": "{CARD}"}}'}}
CALL_OF_AN_OBJECT = {"function": {"name": "pay", "arguments": {"by": [{"card": CARD}]}}}
TOOL = {"type": "function", "function": {"name": "pay", "description": f"Pays with {CARD}", "parameters": {}}}
ONE_OF = {"type": "object", "properties": {"card": {"enum": [CARD]}}}
BEHIND_A_LINE = {"function": {"name": "note", "arguments": f'{{"text": "Paid with\\n{CARD}"}}'}}


def said(**message: Any) -> RequestSubmitted:
    """A request whose one message says this."""
    return RequestSubmitted(messages=({"role": "assistant", **message},))


@pytest.mark.parametrize(
    "request_",
    [
        asked([{"type": "text", "text": CARD}]),
        asked([{"type": "text", "text": CARD[:9]}, {"type": "text", "text": CARD[9:]}]),
        asked(sources=(Source(id="s1", text=CARD),)),
        said(tool_calls=[CALL]),
        said(tool_calls=[CALL_OF_AN_OBJECT]),
        said(tool_calls=[BEHIND_A_LINE]),
        said(function_call={"name": "pay", "arguments": CARD}),
        said(name=CARD),
        said(refusal=CARD),
        said(reasoning_content=CARD),
        said(content=[{"type": "refusal", "refusal": CARD}]),
        said(content=[{"type": "file", "file": {"filename": CARD, "file_data": "data:,"}}]),
        said(content=[{"type": "image_url", "image_url": {"url": f"https://example.com/{CARD}"}}]),
        asked("Pay.", tools=(TOOL,)),
        asked("Pay.", response_format={"type": "json_schema", "json_schema": {"name": "paid", "schema": ONE_OF}}),
        asked("Pay.", params={"stop": [CARD]}),
        asked("Pay.", checks=({"kind": "contains", "text": CARD},)),
    ],
    ids=[
        "a part",
        "two parts, a half in each",
        "a source",
        "an earlier tool call",
        "one given as an object",
        "one with a line's end before it",
        "an old function call",
        "a name",
        "a refusal",
        "reasoning",
        "a part of another type",
        "a file's name",
        "an address",
        "a tool",
        "a schema",
        "a parameter",
        "a check",
    ],
)
def test_every_text_that_a_model_is_given_is_looked_at(request_: RequestSubmitted) -> None:
    assert sensitive_kinds(request_) == (Kind.CARD,)


@pytest.mark.parametrize(
    "request_",
    [
        asked([{"type": "text", "text": f"{CARD}1"}, {"type": "text", "text": "1"}]),
        asked([{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{CARD}"}}]),
        asked([{"type": "input_audio", "input_audio": {"data": CARD, "format": "wav"}}]),
        said(tool_calls=[{"id": CARD}]),
    ],
    ids=["a longer number", "an image", "a sound", "an id"],
)
def test_data_and_ids_are_no_texts_and_what_ends_in_its_own_part_is_whole(request_: RequestSubmitted) -> None:
    assert sensitive_kinds(request_) == ()


@pytest.mark.parametrize("calls", [None, "pay", ["pay"], [{"function": "pay"}], [{"function": {"arguments": 1}}]])
def test_odd_tool_calls_hold_nothing(calls: Any) -> None:
    assert sensitive_kinds(said(tool_calls=calls)) == ()


@pytest.mark.parametrize("place", [0, 1], ids=["at its beginning", "at its end"])
def test_of_what_is_too_long_both_ends_are_looked_at_and_what_is_between_may_be_anything(place: int) -> None:
    rest = ", " * (MOST_LOOKED_AT // 2)
    held = (f"{CARD}{rest}", f"{rest}{CARD}")[place]
    assert sensitive_kinds(asked(held)) == (Kind.CARD, UNREAD)
    event = profile(asked(rest + rest, data_class=DataClass.PUBLIC), received(), "bank", portfolio(), TERMS)
    assert (event.request.data_class, event.request.profile.sensitive) == (DataClass.CONFIDENTIAL, (UNREAD,))


def test_behind_the_most_that_is_looked_at_no_text_is_read_and_all_before_it_is() -> None:
    texts = (CARD, "," * MOST_LOOKED_AT, "ada@example.com")
    parts = [{"type": "text", "text": text} for text in texts]
    looked: list[str] = []

    def look_through(told: Sequence[str]) -> frozenset[Kind]:
        looked.extend(told)
        return frozenset()

    assert sensitive_kinds(asked(parts), look_through) == (UNREAD,)
    assert sum(map(len, looked)) == MOST_LOOKED_AT
