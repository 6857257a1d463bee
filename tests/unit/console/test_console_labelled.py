"""What teaches the classifier: requests whose task was named, and of those only what may be learned from."""

import json
from typing import Any

import pytest
from unit.ledger.ledger_story import Story

from schemas.content import body_of
from schemas.request import Refusal, RequestProfiled
from schemas.vocabulary import DataClass, Reason
from services.console.domain.labelled import LONGEST_TEXT, Gathering

OPEN = {"data_class": DataClass.PUBLIC}
NAMED = {"task": "faq", "confidence": 1.0}


def asked(
    text: Any = "When do you open?", *, profile: Any = NAMED, request: Any = OPEN, **event: Any
) -> RequestProfiled:
    told = Story("asked").profiled()
    its = told.request.profile.model_copy(update=profile)
    messages = b'{"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": %s}]}'
    body = body_of(messages % json.dumps(text).encode())
    changed = told.request.model_copy(update={**request, "profile": its})
    return told.model_copy(update={"request": changed, "body": body, **event})


def gathered(*events: RequestProfiled, most: int = 9) -> list[tuple[str, str]]:
    gathering = Gathering(["faq", "code"], most)
    for event in events:
        gathering.hear(event)
    return list(gathering.labelled())


def test_a_request_that_named_its_task_teaches_it_once() -> None:
    assert gathered(asked(), asked()) == [("When do you open?", "faq")]


def test_the_newest_of_a_task_are_kept() -> None:
    assert gathered(*(asked(f"question {n}") for n in range(5)), most=2) == [
        ("question 3", "faq"),
        ("question 4", "faq"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        asked(profile={**NAMED, "confidence": 0.9}),
        asked(profile={**NAMED, "classifier": "abc"}),
        asked(profile={**NAMED, "task": "gone"}),
        asked(profile={**NAMED, "sensitive": ("email",)}),
        asked(request={"data_class": DataClass.CONFIDENTIAL}),
        asked(request={"data_class": DataClass.RESTRICTED}),
        asked(refusal=Refusal(reason=Reason.UNKNOWN_MODEL, detail="no")),
        asked([{"type": "text", "text": "in parts"}]),
        asked("x" * (LONGEST_TEXT + 1)),
        asked(" "),
    ],
    ids="guessed classified gone sensitive confidential restricted refused in-parts long empty".split(),
)
def test_what_was_not_named_or_may_not_be_learned_from_teaches_nothing(event: RequestProfiled) -> None:
    assert gathered(event) == []


def test_content_that_is_sealed_or_kept_apart_is_not_asked_for() -> None:
    event = asked()
    sealed = event.body.model_copy(update={"key_id": "k/2026-01-01/0"})
    apart = event.body.model_copy(update={"inline": None, "ref": "2026-01-01/0"})
    assert gathered(event.model_copy(update={"body": sealed}), event.model_copy(update={"body": apart})) == []


def test_a_question_of_another_shape_teaches_nothing_and_stops_nothing() -> None:
    broken = asked().model_copy(update={"body": body_of(b'{"messages": "no list"}')})
    assert gathered(broken, asked()) == [("When do you open?", "faq")]
