import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Answer, Body, body_of, fingerprint

MESSAGES = ({"role": "user", "content": "Grüezi?"},)


def test_a_fingerprint_is_the_published_one() -> None:
    """A test vector: a recorded answer is found by it, so it may never change."""
    assert fingerprint(MESSAGES, None, None) == "a941ec0f41bf145a"


def test_a_fingerprint_is_of_canonical_json() -> None:
    text = '{"messages":[{"content":"Grüezi?","role":"user"}],"tools":[{"type":"function"}]}'

    assert fingerprint(MESSAGES, ({"type": "function"},), None) == sha256(text.encode()).hexdigest()[:16]


escaped = st.sampled_from(["\x7f", "\x00", "\\u00fc", '"'])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | escaped,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=3), values, max_size=3))
def test_a_fingerprint_is_of_the_same_text_whatever_is_in_it(told: dict[str, object]) -> None:
    canonical = json.dumps({"messages": [told]}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert fingerprint((told,), None, None) == sha256(canonical.encode()).hexdigest()[:16]


def test_the_order_of_fields_does_not_matter_and_that_of_messages_does() -> None:
    turned = ({"content": "Grüezi?", "role": "user"},)
    second = {"role": "user", "content": "b"}

    assert fingerprint(MESSAGES, None, None) == fingerprint(turned, None, None)
    assert fingerprint((*MESSAGES, second), None, None) != fingerprint((second, *MESSAGES), None, None)


def test_no_tools_and_an_empty_list_of_tools_are_the_same_question() -> None:
    assert fingerprint(MESSAGES, (), None) == fingerprint(MESSAGES, None, None)


@given(st.dictionaries(st.text(), st.text()))
def test_a_body_keeps_its_text_and_says_its_size(value: dict[str, str]) -> None:
    text = json.dumps(value, ensure_ascii=False).encode()
    body = body_of(text)

    assert body.text().encode() == text
    assert (body.bytes, body.sha256) == (len(text), sha256(text).hexdigest())


def test_a_body_by_reference_says_where_its_text_is() -> None:
    with pytest.raises(ValueError, match="object store"):
        Body(ref="bucket/7", sha256="0" * 64, bytes=7).text()


@pytest.mark.parametrize(
    ("message", "text"),
    [({"content": "yes"}, "yes"), ({"content": None}, ""), ({}, ""), ({"content": [{"type": "text"}]}, "")],
)
def test_the_text_of_an_answer(message: dict[str, object], text: str) -> None:
    assert Answer(message=message, finish_reason="stop").content() == text
