"""What is shown of an answer is the beginning of one attempt's, and the rest of another is never added to it."""

from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from schemas.streamed import AnswerStreamed
from services.gateway.domain.shown import Shown

PIECES = st.lists(st.text(min_size=1, max_size=10), max_size=8)
ONE, OTHER = uuid4(), uuid4()


def chunk(sequence: int, attempt: Any = ONE, fence: int = 1, **delta: Any) -> AnswerStreamed:
    return AnswerStreamed(request_id=ONE, attempt_id=attempt, fence=fence, sequence=sequence, delta=delta)


def call(index: int, arguments: str, call_id: str | None = None) -> dict[str, Any]:
    named = {"id": call_id, "type": "function"} if call_id else {}
    function = {"name": "find", "arguments": arguments} if call_id else {"arguments": arguments}
    return {"index": index, **named, "function": function}


@given(pieces=PIECES, lost=st.sets(st.integers(0, 7)), twice=st.integers(0, 8))
def test_what_was_shown_and_the_rest_are_the_answer_whatever_was_lost(
    pieces: list[str], lost: set[int], twice: int
) -> None:
    shown, read = Shown(), ""
    coming = [(n, piece) for n, piece in enumerate(pieces) if n not in lost]
    for sequence, piece in coming[:twice] + coming:
        if shown.takes(chunk(sequence, content=piece)):
            read += piece
    answer = "".join(pieces)
    rest = shown.rest({"content": answer})
    assert rest is not None
    assert read + rest.get("content", "") == answer


@given(pieces=PIECES, others=PIECES, order=st.lists(st.booleans(), max_size=16))
def test_two_attempts_are_never_mixed(pieces: list[str], others: list[str], order: list[bool]) -> None:
    shown, read = Shown(), ""
    coming = {True: list(enumerate(pieces)), False: list(enumerate(others))}
    for is_first in order:
        if coming[is_first]:
            sequence, piece = coming[is_first].pop(0)
            if shown.takes(chunk(sequence, fence=1 if is_first else 2, content=piece)):
                read += piece
    assert "".join(pieces).startswith(read) or "".join(others).startswith(read)
    for answer in ("".join(pieces), "".join(others)):
        rest = shown.rest({"content": answer})
        assert (rest is None) == (not answer.startswith(read))


@given(
    arguments=st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=3), max_size=3), shown_of=st.integers(0, 9)
)
def test_tool_calls_are_continued_where_they_were_left(arguments: list[list[str]], shown_of: int) -> None:
    parts = [
        call(index, text, f"call_{index}" if first else None)
        for index, texts in enumerate(arguments)
        for first, text in zip([True] + [False] * 3, texts, strict=False)
    ]
    shown = Shown()
    read = [part for n, part in enumerate(parts[:shown_of]) if shown.takes(chunk(n, tool_calls=[part]))]
    whole = [call(index, "".join(texts), f"call_{index}") for index, texts in enumerate(arguments)]
    rest = shown.rest({"content": None, "tool_calls": [{**each} for each in whole]})
    assert rest is not None
    told = dict.fromkeys(range(len(arguments)), "")
    for part in [*read, *rest.get("tool_calls", [])]:
        told[part["index"]] += part["function"]["arguments"]
    assert told == {index: "".join(texts) for index, texts in enumerate(arguments)}


def test_an_answer_that_calls_another_tool_is_not_the_one_that_was_shown() -> None:
    shown = Shown()
    assert shown.takes(chunk(0, tool_calls=[call(0, "{", "call_1")]))
    assert shown.rest({"tool_calls": [call(0, "{}", "call_2")]}) is None
    assert shown.rest({"content": "No tool."}) is None


def test_what_could_not_be_told_in_every_api_is_left_to_the_end() -> None:
    shown = Shown()
    assert shown.takes(chunk(0, tool_calls=[call(0, "{", "call_1"), call(1, "{", "call_2")]))
    assert not shown.takes(chunk(1, tool_calls=[call(0, "}")])), "an earlier call has ended"
    assert not Shown().takes(chunk(0, tool_calls=[call(0, "{")])), "a call begins with its id"
    assert not shown.takes(chunk(1, content="Then text.")), "text comes before calls"


def test_an_attempt_of_which_nothing_was_shown_gives_way() -> None:
    shown = Shown()
    assert not shown.takes(chunk(3, content="its beginning was lost"))
    assert shown.takes(chunk(0, attempt=OTHER, content="Yes"))
    assert shown.attempt_id == OTHER
