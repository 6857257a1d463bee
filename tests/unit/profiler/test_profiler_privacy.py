"""The data class rises with what the text holds, and never falls."""

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
from services.profiler.domain.privacy import RISING, raised, sensitive_kinds

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


@pytest.mark.parametrize(
    "request_",
    [
        asked([{"type": "text", "text": CARD}]),
        asked(sources=(Source(id="s1", text=CARD),)),
        RequestSubmitted(messages=({"role": "assistant", "tool_calls": [CALL]},)),
        RequestSubmitted(messages=({"role": "assistant", "tool_calls": [CALL_OF_AN_OBJECT]},)),
    ],
    ids=["a part", "a source", "an earlier tool call", "one given as an object"],
)
def test_every_text_is_looked_at(request_: RequestSubmitted) -> None:
    assert sensitive_kinds(request_) == (Kind.CARD,)


@pytest.mark.parametrize("calls", [None, "pay", ["pay"], [{"function": "pay"}], [{"function": {"arguments": 1}}]])
def test_odd_tool_calls_hold_nothing(calls: Any) -> None:
    assert sensitive_kinds(RequestSubmitted(messages=({"role": "assistant", "tool_calls": calls},))) == ()
