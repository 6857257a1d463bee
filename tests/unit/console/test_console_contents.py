"""What a request asked and was answered: where it is looked for, and how people read it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from unit.ledger.ledger_story import ANSWER, PROMPT, Story

from schemas.attempt import AttemptCompleted
from schemas.content import Body
from schemas.outcome import RequestCompleted
from schemas.request import RequestProfiled
from services.console.domain.contents import MOST_SHOWN, Piece, body_in, readable, wanted_of
from services.console.domain.failures import Refused

AT = "2026-05-04T10:00:00+00:00"


def told(state: str = "completed", attempts: int = 1, **request: Any) -> dict[str, Any]:
    """A story as the ledger tells it."""
    lines = [
        {"number": n, "role": "repair" if n > 1 else None, "model": "small", "provider": "local", "completed_at": AT}
        for n in range(1, attempts + 1)
    ]
    return {"request": {"state": state, "admitted_at": AT, "ended_at": AT, **request}, "attempts": lines}


def test_the_question_each_answer_and_the_end_are_looked_for_at_their_times() -> None:
    wanted = wanted_of(told(attempts=2))

    assert [each.event for each in wanted] == [RequestProfiled, AttemptCompleted, AttemptCompleted, RequestCompleted]
    assert [each.attempt for each in wanted] == [None, 1, 2, None]
    assert wanted[2].title == "Answer of attempt 2, repair: small at local"
    assert {each.at for each in wanted} == {datetime(2026, 5, 4, 10, tzinfo=UTC)}
    assert [wanted[2].is_it(Story().completed(number)) for number in (1, 2)] == [False, True]
    assert wanted[0].gone == (
        "not in the log: request.profiled is kept for 7 days, and this was said about 2026-05-04 10:00 UTC"
    )


@pytest.mark.parametrize("state", ["open", "failed", "cancelled", "deferred"])
def test_a_request_without_an_answer_has_none_to_look_for(state: str) -> None:
    assert [each.event for each in wanted_of(told(state, attempts=0, ended_at=None))] == [RequestProfiled]


def test_an_attempt_that_never_answered_has_none_either() -> None:
    story = told("failed")
    story["attempts"][0]["completed_at"] = None
    assert len(wanted_of(story)) == 1


def test_what_the_ledger_does_not_know_yet_is_said_so() -> None:
    with pytest.raises(Refused, match="try again in a moment"):
        wanted_of(told("open", admitted_at=None))


def test_the_content_of_each_event_is_the_one_that_is_meant() -> None:
    story = Story()
    asked, answered = body_in(story.profiled()), body_in(story.completed())
    assert asked and PROMPT in asked.text()
    assert answered and ANSWER in answered.text()
    end = story.ended_well()
    given = body_in(end.model_copy(update={"answer": {"message": {"content": ANSWER}}}))
    assert given and json.loads(given.text()) == {"message": {"content": ANSWER}}
    away = Body(ref="2026-05-04/" + "0" * 32, sha256="0" * 64, bytes=9)
    assert body_in(end.model_copy(update={"answer": None, "body": away})) == away
    assert body_in(end.model_copy(update={"answer": None})) is None


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ({"messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Why?"}]},
         "system: Be short.\nuser: Why?"),
        ({"messages": [{"role": "user", "content": "Why?"}], "tools": [], "params": {"temperature": 0}},
         'user: Why?\n\n{\n  "params": {\n    "temperature": 0\n  }\n}'),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "See"}, {"type": "image_url"}]}]},
         "user: See\n[image_url]"),
        ({"message": {"role": "assistant", "content": None,
                      "tool_calls": [{"function": {"name": "look_up", "arguments": '{"id": 7}'}}]}},
         'assistant: calls look_up({"id": 7})'),
        ({"message": {"role": "assistant", "content": "Because."}, "finish_reason": "stop"}, "assistant: Because."),
        ({"embeddings": [{"index": 0, "embedding": "AAAA"}]}, "vectors: 1"),
        ({"messages": "nonsense"}, '{"messages": "nonsense"}'),
        ([1], "[1]"),
    ],
)  # fmt: skip
def test_people_read_words_and_not_json(content: Any, read: str) -> None:
    assert readable(json.dumps(content)) == read


def test_what_is_no_json_is_read_as_it_is_and_what_is_long_is_cut() -> None:
    assert readable("not { json") == "not { json"
    assert readable("é" * (MOST_SHOWN + 5)).endswith("é\n... and 5 characters more")


def test_programs_are_told_content_or_why_there_is_none() -> None:
    assert Piece("What was asked", None, '{"messages": []}').told() == {
        "title": "What was asked", "attempt": None, "content": {"messages": []},
    }  # fmt: skip
    assert Piece("An answer", 1, gone="it is gone").told() == {"title": "An answer", "attempt": 1, "gone": "it is gone"}
